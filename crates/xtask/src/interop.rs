//! Runs the interop tests in a Python environment of their own.

use std::path::{Path, PathBuf};

use crate::place::Place;
use crate::process::{command, find, first_line, run as run_command};
use crate::{Outcome, setup, talk};

/// The system's Python: others on the path do not see the system's GStreamer bindings.
const PYTHON: &str = "/usr/bin/python3";
/// Fails unless webrtcbin, its ICE and a Python environment can be had.
const PROBE: &str = "import ensurepip, gi; gi.require_version('GstWebRTC', '1.0'); \
    gi.require_version('Gst', '1.0'); from gi.repository import Gst; Gst.init(None); \
    assert all(map(Gst.ElementFactory.find, ('webrtcbin', 'nicesrc', 'opusenc', 'rtpopuspay')))";

/// Firefox under the names it is installed by.
pub(crate) fn firefox() -> Option<PathBuf> {
    ["firefox-esr", "firefox"].into_iter().find_map(find)
}

/// Whether GStreamer's WebRTC parts can be used from Python.
pub(crate) fn has_gstreamer() -> bool {
    first_line(PYTHON, &["-c", PROBE]).is_some()
}

/// Makes the environment if it is not there, and runs the tests.
pub(crate) fn run(place: &Place) -> Outcome {
    let folder = place.root.join("tests/interop");
    let environment = place.root.join("target/interop-python");
    let python = environment.join("bin/python");
    let python = python.to_string_lossy();
    if !environment.join("bin/python").is_file() {
        talk::say("Making a Python environment …");
        let path = environment.to_string_lossy();
        let make = ["-m", "venv", "--system-site-packages", &path];
        run_command(&mut command(PYTHON, &make, Path::new("/")))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "-r", "requirements.txt"];
    run_command(&mut command(&python, &install, &folder))?;
    let browser = setup::browser().ok_or("Chromium is gone; run the task again")?;
    let firefox = firefox().ok_or("Firefox is gone; run the task again")?;
    run_command(
        command(&python, &["-m", "unittest", "-v"], &folder)
            .env("RINGDOWN_BIN", place.daemon("debug"))
            .env("CHROMIUM", browser)
            .env("FIREFOX", firefox),
    )
}
