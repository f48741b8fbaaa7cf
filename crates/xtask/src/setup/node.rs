//! Whether Node.js is new enough for the tools that build the desk.

use crate::process;

/// Node of a sufficient version, and npm.
pub(crate) fn is_there() -> bool {
    process::first_line("node", &["--version"])
        .is_some_and(|version| is_enough(version.trim_start_matches('v')))
        && process::find("npm").is_some()
}

/// Reads `20.19.2`, and a package's `20.19.2+dfsg-1` or `1:20.19.2~rc`.
pub(crate) fn is_enough(version: &str) -> bool {
    let version = version.split_once(':').map_or(version, |(_, rest)| rest);
    let mut numbers =
        version.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    // What Vite asks for: it wants `require` of ES modules, which came with these.
    match major {
        20 => minor >= 19,
        22 => minor >= 12,
        other => other > 22,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_versions_are_not_enough() {
        for enough in ["20.19.0", "20.20.2", "22.12.0", "20.19.2+dfsg-1", "1:24.1.0"] {
            assert!(is_enough(enough), "{enough}");
        }
        for old in ["20.18.3", "18.20.4+dfsg-1~deb12u1", "21.7.3", "22.11.0", "(none)", ""] {
            assert!(!is_enough(old), "{old}");
        }
    }
}
