//! `ringdown openapi`.

use std::process::ExitCode;

pub(crate) fn run() -> anyhow::Result<ExitCode> {
    super::say(api::openapi().trim_end());
    Ok(ExitCode::SUCCESS)
}
