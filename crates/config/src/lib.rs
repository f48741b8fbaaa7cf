//! The configuration file and environment as one checked value.
//!
//! Beside the floors; only the daemon's root package reads it. Order of precedence: environment
//! variable `RINGDOWN__SECTION__KEY`, then the files (a later one wins key by key), then the
//! defaults. Nothing is ignored: an unknown key or `RINGDOWN__` variable is a [`Problem`], and
//! all problems are reported at once. Every secret has a twin `…_file` that names a file with it.
//!
//! Relative paths mean the daemon's working directory. A variable set to nothing is set to
//! nothing; it does not fall back to the file.

mod nearest;
mod origin;
mod problem;
mod reader;
mod secret;
mod section;
mod sections;
mod tree;

use std::io;
use std::path::{Path, PathBuf};

pub use problem::{Place, Problem, Problems};
pub use sections::{
    AfterGrace, Agents, BeforeRinging, Config, Deliveries, Ledger, Line, Log, LogFormat, LogLevel,
    Media, PortRange, Recording, Ringback, Rules, Server, Store, Turn, WhatsApp, Workspace,
};

/// How every variable that configures the daemon begins.
pub const VARIABLE_PREFIX: &str = "RINGDOWN__";

/// Reads the files and lays the variables over them.
///
/// # Errors
/// [`Problems`] with everything that is wrong, in one go; the daemon then exits 78.
pub fn load(
    files: &[PathBuf],
    env: impl Iterator<Item = (String, String)>,
) -> Result<Config, Problems> {
    load_with(files, env, &|path| std::fs::read_to_string(path))
}

/// [`load`] with another way to read configuration and secret files.
///
/// # Errors
/// [`Problems`] with everything that is wrong, in one go.
pub fn load_with(
    files: &[PathBuf],
    env: impl Iterator<Item = (String, String)>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> Result<Config, Problems> {
    let (config, problems, _) = sections::read(files, env, read);
    if problems.is_empty() { Ok(config) } else { Err(Problems::new(problems)) }
}

/// The process environment for [`load`]; text that is not UTF-8 is replaced, never skipped.
pub fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| {
        (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
    })
}
