//! What each purpose needs, how to see whether it is there, and where it comes from.

use super::{Purpose, browser, node};
use crate::process::find;

/// One thing that must be installed.
#[derive(Debug)]
pub(crate) struct Need {
    /// In words.
    pub(crate) what: &'static str,
    pub(crate) purpose: Purpose,
    pub(crate) is_there: fn() -> bool,
    /// Debian's packages.
    pub(crate) packages: &'static [&'static str],
    /// Where others find it.
    pub(crate) elsewhere: &'static str,
}

const NEEDS: [Need; 6] = [
    Need {
        what: "a C compiler and make (they build Opus and SQLite)",
        purpose: Purpose::Demo,
        is_there: || find("cc").is_some() && find("make").is_some(),
        packages: &["gcc", "libc6-dev", "make"],
        elsewhere: "the packages gcc and make; on macOS `xcode-select --install`",
    },
    Need {
        what: "cmake (it builds Opus)",
        purpose: Purpose::Demo,
        is_there: || find("cmake").is_some(),
        packages: &["cmake"],
        elsewhere: "the package cmake, or https://cmake.org/download",
    },
    Need {
        what: "Node.js 20.19 or newer with npm (it builds the desk)",
        purpose: Purpose::Demo,
        is_there: node::is_there,
        packages: &["nodejs", "npm"],
        elsewhere: "https://nodejs.org/en/download, version 22",
    },
    Need {
        what: "Chromium (the browser tests drive it)",
        purpose: Purpose::Tests,
        is_there: || browser().is_some(),
        packages: &["chromium"],
        elsewhere: "Chromium or Google Chrome, https://www.google.com/chrome; \
                    the variable CHROMIUM may name its program",
    },
    Need {
        what: "opusinfo (a foreign reader of our recordings)",
        purpose: Purpose::Tests,
        is_there: || find("opusinfo").is_some(),
        packages: &["opus-tools"],
        elsewhere: "the package opus-tools, or https://opus-codec.org/downloads",
    },
    Need {
        what: "ffmpeg and ffprobe (foreign decoders of our recordings)",
        purpose: Purpose::Tests,
        is_there: || find("ffmpeg").is_some() && find("ffprobe").is_some(),
        packages: &["ffmpeg"],
        elsewhere: "the package ffmpeg, or https://ffmpeg.org/download.html",
    },
];

/// What is not there yet.
pub(crate) fn missing(purpose: Purpose) -> Vec<&'static Need> {
    NEEDS
        .iter()
        .filter(|need| purpose == Purpose::Tests || need.purpose == Purpose::Demo)
        .filter(|need| !(need.is_there)())
        .collect()
}
