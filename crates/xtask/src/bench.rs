//! Builds the measuring program, and the daemon where it is measured, and runs it.

use std::process::{Command, ExitCode};

use crate::place::Place;
use crate::setup::{self, Purpose};
use crate::talk::say;
use crate::{Outcome, desk, process};

/// Sets up, builds, and measures; figures go to stdout.
pub(crate) fn run(place: &Place, yes: bool, rest: &[String]) -> Outcome<ExitCode> {
    setup::set_up(Purpose::Demo, yes)?;
    let mut command = match rest.split_first() {
        Some((first, rest)) if first == "switchboard" => {
            desk::build(place)?;
            process::run(process::cargo(&place.root).args([
                "build",
                "--release",
                "--package",
                "ringdown",
            ]))?;
            let mut command = switchboard(place, "release")?;
            command.args(rest);
            command
        }
        Some((first, rest)) if first == "ledger" => {
            desk::build(place)?;
            let daemon = ["build", "--release", "--package", "ringdown"];
            process::run(process::cargo(&place.root).args(daemon))?;
            let mut command = build(place)?;
            command.arg("ledger").arg("--daemon").arg(place.daemon("release")).args(rest);
            command
        }
        _ => {
            let mut command = build(place)?;
            command.arg("run").args(rest);
            command
        }
    };
    let status =
        command.status().map_err(|error| format!("the measurement cannot be started: {error}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Fails when the engine carries less of the bare loop's calls than it must.
pub(crate) fn short(place: &Place) -> Outcome {
    process::run(build(place)?.args(["run", "--short"]))
}

/// Fails when something is really wrong with how fast the switchboard tells devices. Its daemon
/// is the one that the tests run: limits are wide enough for it.
pub(crate) fn short_switchboard(place: &Place) -> Outcome {
    process::run(switchboard(place, "debug")?.arg("--short"))
}

/// The measurement of the daemon as it was built in this profile.
fn switchboard(place: &Place, profile: &str) -> Outcome<Command> {
    let mut command = build(place)?;
    command.arg("switchboard").arg("--daemon").arg(place.daemon(profile));
    Ok(command)
}

/// As it is published: leaving the optimisation across crates out would save a tenth of the build,
/// and measure something else.
fn build(place: &Place) -> Outcome<Command> {
    say("Building the measuring program …");
    let arguments = ["build", "--release", "--package", "bench", "--bin", "bench"];
    process::run(process::cargo(&place.root).args(arguments))?;
    Ok(Command::new(place.program("release", "bench")))
}
