//! Installs with apt-get on Debian, Ubuntu and their children.

use std::path::Path;

use super::need::Need;
use super::node;
use crate::talk::{ask, say};
use crate::{Outcome, process};

/// Asks once, then installs everything that is missing.
pub(crate) fn install(missing: &[&Need], agreed: bool) -> Outcome {
    let all: Vec<&str> = missing.iter().flat_map(|need| need.packages).copied().collect();
    let prefix = privileged_prefix()?;
    let command = format!(
        "{0}apt-get update && {0}apt-get install -y --no-install-recommends {1}",
        prefix.map_or(String::new(), |sudo| format!("{sudo} ")),
        all.join(" ")
    );
    for need in missing {
        say(&format!("Missing: {}.", need.what));
    }
    let question = format!("Install {} with apt-get?", all.join(", "));
    match agreed.then_some(true).or_else(|| ask(&question)) {
        Some(true) => {}
        Some(false) => return Err(format!("nothing was installed; do it yourself:\n  {command}")),
        None => {
            return Err(format!("nobody can be asked here; add --yes, or run:\n  {command}"));
        }
    }
    apt_get(prefix, &["update"])?;
    let packages = available(missing, &candidate)?;
    let mut arguments = vec!["install", "-y", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(prefix, &arguments)
}

/// What to put before apt-get: nothing for root, else sudo.
fn privileged_prefix() -> Outcome<Option<&'static str>> {
    if process::first_line("id", &["-u"]).as_deref() == Some("0") {
        Ok(None)
    } else if process::find("sudo").is_some() {
        Ok(Some("sudo"))
    } else {
        Err("system packages are missing; run `cargo xtask setup --tests` as root, or install \
             sudo"
            .to_owned())
    }
}

fn apt_get(prefix: Option<&str>, arguments: &[&str]) -> Outcome {
    let mut words = vec!["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
    words.extend(arguments);
    words.splice(0..0, prefix);
    process::run(&mut process::command(words[0], &words[1..], Path::new("/")))
}

/// The version that apt-get would install.
fn candidate(package: &str) -> Option<String> {
    let policy = process::command("apt-cache", &["policy", package], Path::new("/"))
        .env("LC_ALL", "C")
        .output()
        .ok()?;
    candidate_of(&String::from_utf8_lossy(&policy.stdout))
}

fn candidate_of(policy: &str) -> Option<String> {
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
        .map(str::to_owned)
}

/// The packages to install, or, for all needs that this release cannot meet, what to do.
fn available<'n>(
    missing: &[&'n Need],
    candidate: &dyn Fn(&str) -> Option<String>,
) -> Outcome<Vec<&'n str>> {
    let mut packages = Vec::new();
    let mut unmet = String::new();
    for need in missing {
        let mut is_met = true;
        for package in need.packages.iter().copied() {
            let version = candidate(package);
            if package == "npm" && !packages.contains(&"nodejs") {
                continue; // Node comes from NodeSource, with npm in it, or not at all.
            }
            match version {
                Some(version) if is_usable(package, &version) => {
                    packages.push(package);
                    if package == "nodejs" && version.contains("nodesource") {
                        break;
                    }
                }
                Some(_) | None => is_met = false,
            }
        }
        if !is_met {
            unmet.push_str(&format!("\n  - {}: {}", need.what, need.elsewhere));
        }
    }
    if unmet.is_empty() {
        Ok(packages)
    } else {
        Err(format!(
            "this release of the system has no suitable package for the following; install it \
             by hand, then run the task again:{unmet}"
        ))
    }
}

/// Node must be new enough; a "snap" version is an empty shell around another installer that
/// containers do not have.
fn is_usable(package: &str, version: &str) -> bool {
    !version.contains("snap") && (package != "nodejs" || node::is_enough(version))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::setup::Purpose;

    const NODE: Need = Need {
        what: "Node.js",
        purpose: Purpose::Demo,
        is_there: || false,
        packages: &["nodejs", "npm"],
        elsewhere: "nodejs.org",
    };
    const BROWSER: Need = Need {
        what: "Chromium",
        purpose: Purpose::Tests,
        is_there: || false,
        packages: &["chromium"],
        elsewhere: "chrome",
    };

    fn with(versions: &[(&str, &str)]) -> Outcome<Vec<&'static str>> {
        available(&[&NODE, &BROWSER], &|package| {
            let found = versions.iter().find(|(name, _)| *name == package);
            found.map(|(_, version)| (*version).to_owned())
        })
    }

    #[test]
    fn the_systems_packages_are_taken_when_they_are_new_enough() {
        let trixie = [("nodejs", "20.19.2+dfsg-1"), ("npm", "9.2.0"), ("chromium", "140.0")];
        assert_eq!(with(&trixie), Ok(vec!["nodejs", "npm", "chromium"]));
    }

    #[test]
    fn a_node_that_brings_npm_along_is_installed_alone() {
        let nodesource = [("nodejs", "22.21.0-1nodesource1"), ("npm", "9"), ("chromium", "1")];
        assert_eq!(with(&nodesource), Ok(vec!["nodejs", "chromium"]));
    }

    #[test]
    fn an_old_node_and_a_browser_that_is_a_snap_are_to_be_installed_by_hand() {
        let failure = with(&[
            ("nodejs", "18.20.4+dfsg-1~deb12u1"),
            ("npm", "9.2.0"),
            ("chromium", "2:1snap1-0ubuntu2"),
        ]);
        let failure = failure.unwrap_err();
        assert!(failure.contains("nodejs.org") && failure.contains("chrome"), "{failure}");
        assert!(with(&[]).is_err());
    }

    #[test]
    fn the_candidate_is_read_from_the_policy() {
        let policy = "cmake:\n  Installed: (none)\n  Candidate: 3.25.1-1\n  Version table:\n";
        assert_eq!(candidate_of(policy).as_deref(), Some("3.25.1-1"));
        assert_eq!(candidate_of("x:\n  Candidate: (none)\n"), None);
        assert_eq!(candidate_of(""), None);
    }
}
