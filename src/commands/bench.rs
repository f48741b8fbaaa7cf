//! `ringdown bench`.

use std::process::ExitCode;

use bench::engine::{self, EngineConfig};
use bench::gauge;

use crate::cli::BenchCommand;

pub(crate) fn run(command: BenchCommand) -> anyhow::Result<ExitCode> {
    match command {
        BenchCommand::Engine { http, shards, record } => {
            gauge::allow_many_files();
            let ready = |address| super::say(&format!("listening on {address}"));
            engine::serve(EngineConfig { http, shards, record }, ready)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
