//! Builds the measuring program and runs it.

use std::process::{Command, ExitCode};

use crate::place::Place;
use crate::setup::{self, Purpose};
use crate::talk::say;
use crate::{Outcome, process};

/// Sets up, builds, and measures; figures go to stdout.
pub(crate) fn run(place: &Place, yes: bool, rest: &[String]) -> Outcome<ExitCode> {
    setup::set_up(Purpose::Demo, yes)?;
    let status = build(place)?
        .args(rest)
        .status()
        .map_err(|error| format!("the measurement cannot be started: {error}"))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Fails when the engine carries less of the bare loop's calls than it must.
pub(crate) fn short(place: &Place) -> Outcome {
    process::run(build(place)?.arg("--short"))
}

/// As it is published: leaving the optimisation across crates out would save a tenth of the build,
/// and measure something else.
fn build(place: &Place) -> Outcome<Command> {
    say("Building the measuring program …");
    let arguments = ["build", "--release", "--package", "bench", "--bin", "bench"];
    process::run(process::cargo(&place.root).args(arguments))?;
    let mut command = Command::new(place.program("release", "bench"));
    command.arg("run");
    Ok(command)
}
