//! Runs programs; their talk goes to stderr.

use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// The cargo that started us, else the one on the path.
pub(crate) fn cargo(root: &Path) -> Command {
    let program = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(root);
    // Set for this process by the outer cargo; a build script that watches them would re-run.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_MANIFEST_PATH"] {
        command.env_remove(name);
    }
    command
}

/// A program with arguments in a folder.
pub(crate) fn command(program: &str, arguments: &[&str], folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder);
    command
}

/// Runs to the end with both outputs on stderr.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = shown(command);
    let status = command
        .stdout(Stdio::from(io::stderr()))
        .status()
        .map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status})")) }
}

/// Runs to the end and returns what it wrote to stdout.
pub(crate) fn output(command: &mut Command) -> Outcome<Vec<u8>> {
    let shown = shown(command);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("`{shown}` cannot be started: {error}"))?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(format!("`{shown}` failed ({})", output.status))
    }
}

/// What a program says about its version, if it runs at all.
pub(crate) fn first_line(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then(|| text.lines().next().unwrap_or_default().to_owned())
}

/// Where on the path a program is.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    find_in(program, &env::var_os("PATH")?)
}

fn find_in(program: &str, path: &OsString) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|candidate| candidate.is_file())
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(command.get_program());
    let mut shown = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        shown.push(' ');
        shown.push_str(&argument.to_string_lossy());
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_which_command_failed() {
        let failure = run(&mut command("false", &["--now"], Path::new("/")));
        assert_eq!(failure.unwrap_err(), "`false --now` failed (exit status: 1)");
        let failure = run(&mut command("no-such-program", &[], Path::new("/")));
        assert!(failure.unwrap_err().contains("cannot be started"));
    }

    #[test]
    fn a_program_is_looked_for_along_the_path() {
        let path = OsString::from("/nowhere:/bin:/usr/bin");
        assert!(find_in("sh", &path).is_some());
        assert_eq!(find_in("no-such-program", &path), None);
    }
}
