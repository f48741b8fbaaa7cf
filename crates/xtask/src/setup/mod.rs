//! Finds out what a machine lacks and, where it knows how, installs it after asking once.

mod debian;
mod need;
mod node;
mod rustup;
mod system;

use std::env;
use std::path::PathBuf;

use need::Need;
use system::System;

use crate::talk::say;
use crate::{Outcome, process};

/// What the machine is to be able to do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Debug)]
pub(crate) enum Purpose {
    /// Build and run.
    Demo,
    /// That, and run every test.
    Tests,
    /// That, and talk with WebRTC stacks of others.
    Interop,
}

/// Names under which Chromium and its kin are installed.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Installs what is missing. `yes` answers the question; so does `CI=true`.
pub(crate) fn set_up(purpose: Purpose, yes: bool) -> Outcome {
    if purpose != Purpose::Demo {
        rustup::add_missing_components()?;
    }
    let missing = need::missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    let agreed = yes || env::var("CI").is_ok_and(|value| value == "true");
    match system::this() {
        System::Debian => debian::install(&missing, agreed)?,
        System::Other(name) => return Err(by_hand(&name, &missing)),
    }
    let still = need::missing(purpose);
    if still.is_empty() {
        say("Everything needed is there now.");
        Ok(())
    } else {
        Err(by_hand("this system", &still))
    }
}

fn by_hand(system: &str, missing: &[&Need]) -> String {
    let mut text = format!(
        "on {system} this must be installed by hand; put it on the PATH and run the task again:"
    );
    for need in missing {
        text.push_str(&format!("\n  - {}: {}", need.what, need.elsewhere));
    }
    text
}

/// The browser for tests: the one named by `CHROMIUM`, else the first known one on the path.
pub(crate) fn browser() -> Option<PathBuf> {
    env::var_os("CHROMIUM")
        .map(PathBuf::from)
        .filter(|path| path.is_file())
        .or_else(|| BROWSERS.iter().find_map(|name| process::find(name)))
}
