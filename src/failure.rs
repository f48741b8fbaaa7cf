//! How a command that failed says so, and with which exit code.

use std::process::ExitCode;

/// The operation failed.
const FAILED: u8 = 1;
/// `EX_CONFIG` of sysexits: starting again will not help.
const CONFIG: u8 = 78;

/// Prints the error with everything behind it, and chooses the exit code.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if let Some(problems) = error.downcast_ref::<config::Problems>() {
        say(&problems.to_string());
        return ExitCode::from(CONFIG);
    }
    say(&format!("ringdown: {error:#}"));
    ExitCode::from(FAILED)
}

#[expect(clippy::print_stderr, reason = "the last words of a command go to the terminal")]
fn say(text: &str) {
    eprintln!("{text}");
}
