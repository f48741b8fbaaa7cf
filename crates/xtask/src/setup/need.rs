//! What each purpose needs, how to see whether it is there, and where it comes from.

use super::{Purpose, browser, node};
use crate::interop;
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

const NEEDS: [Need; 9] = [
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
    Need {
        what: "PostgreSQL's server (the tests of money run one of their own)",
        purpose: Purpose::Tests,
        is_there: has_postgres,
        packages: &["postgresql"],
        elsewhere: "the package postgresql; its programs below /usr/lib/postgresql",
    },
    Need {
        what: "Firefox (a foreign agent's browser)",
        purpose: Purpose::Interop,
        is_there: || interop::firefox().is_some(),
        packages: &["firefox-esr"],
        elsewhere: "https://www.mozilla.org/firefox, not as a snap",
    },
    Need {
        what: "Python 3 with venv and GStreamer's webrtcbin (a foreign stack)",
        purpose: Purpose::Interop,
        is_there: interop::has_gstreamer,
        packages: &[
            "python3-venv",
            "python3-gst-1.0",
            "gir1.2-gst-plugins-base-1.0",
            "gir1.2-gst-plugins-bad-1.0",
            "gstreamer1.0-plugins-base",
            "gstreamer1.0-plugins-good",
            "gstreamer1.0-plugins-bad",
            "gstreamer1.0-nice",
        ],
        elsewhere: "https://gstreamer.freedesktop.org, with its Python bindings",
    },
];

/// Debian keeps the server's programs off the path, by version.
fn has_postgres() -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin/initdb")).any(|initdb| initdb.is_file())
}

/// What is not there yet.
pub(crate) fn missing(purpose: Purpose) -> Vec<&'static Need> {
    NEEDS.iter().filter(|need| need.purpose <= purpose).filter(|need| !(need.is_there)()).collect()
}
