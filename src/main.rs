//! The daemon `ringdown`: arguments, wiring, run. No call rules here.

use std::process::ExitCode;

use clap::Parser;

mod cli;
mod commands;
mod failure;
mod lifecycle;
mod logging;
mod sounds;
mod token_file;
mod wiring;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // One TLS stack: whoever comes first chooses, and that shall be us.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match commands::run(cli) {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}
