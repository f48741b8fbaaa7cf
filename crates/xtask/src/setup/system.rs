//! Which system this is.

use std::fs;

/// A system, as far as setting up is concerned.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum System {
    /// Debian, Ubuntu or a child of theirs: apt-get installs.
    Debian,
    /// Anything else, by name.
    Other(String),
}

/// The system this runs on.
pub(crate) fn this() -> System {
    // os-release(5): the second place is the fallback.
    let text = fs::read_to_string("/etc/os-release")
        .or_else(|_| fs::read_to_string("/usr/lib/os-release"))
        .unwrap_or_default();
    of(&text)
}

fn of(os_release: &str) -> System {
    let value = |key: &str| {
        os_release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches(['"', '\'']))
    };
    let kin = [value("ID"), value("ID_LIKE")];
    let is_debian = kin
        .into_iter()
        .flatten()
        .flat_map(str::split_whitespace)
        .any(|id| matches!(id, "debian" | "ubuntu"));
    if is_debian {
        System::Debian
    } else {
        let name = value("PRETTY_NAME").or(value("ID"));
        System::Other(name.unwrap_or(std::env::consts::OS).to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debian_ubuntu_and_their_children_are_known() {
        for text in [
            "ID=debian\n",
            "NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n",
            "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
        ] {
            assert_eq!(of(text), System::Debian, "{text}");
        }
    }

    #[test]
    fn others_are_named() {
        let fedora = "ID=fedora\nPRETTY_NAME=\"Fedora Linux 43\"\nVARIANT_ID=debian\n";
        assert_eq!(of(fedora), System::Other("Fedora Linux 43".to_owned()));
        assert_eq!(of(""), System::Other(std::env::consts::OS.to_owned()));
    }
}
