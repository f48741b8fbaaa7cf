//! Builds everything and becomes `ringdown demo`.

use std::process::{Command, ExitCode};

use crate::place::Place;
use crate::setup::{self, Purpose};
use crate::talk::say;
use crate::{Outcome, desk, process};

/// Sets up, builds, and runs the demo with the rest of the arguments, its input, output and exit
/// code being ours.
pub(crate) fn run(place: &Place, dev: bool, yes: bool, rest: &[String]) -> Outcome<ExitCode> {
    setup::set_up(Purpose::Demo, yes)?;
    desk::build(place)?;
    say("Building the daemon …");
    let (profile, folder) = if dev { ("dev", "debug") } else { ("release", "release") };
    process::run(process::cargo(&place.root).args([
        "build",
        "--profile",
        profile,
        "--package",
        "ringdown",
    ]))?;
    let mut demo = Command::new(place.daemon(folder));
    demo.arg("demo").args(rest);
    become_program(&mut demo)
}

/// Replaces this process, so that signals (Ctrl-C) reach the demo alone.
#[cfg(unix)]
fn become_program(command: &mut Command) -> Outcome<ExitCode> {
    use std::os::unix::process::CommandExt;
    let error = command.exec();
    Err(format!("the demo cannot be started: {error}"))
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Outcome<ExitCode> {
    let status =
        command.status().map_err(|error| format!("the demo cannot be started: {error}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
