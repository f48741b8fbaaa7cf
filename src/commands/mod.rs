//! What each command of the command line does.

mod bench;
mod cdr_parquet;
mod demo;
mod export;
mod keys;
mod ledger_check;
mod openapi;
mod rates;
mod serve;
mod settings;
mod simulate;

use std::process::ExitCode;

use crate::cli::{Cli, Command};

/// Runs one command to its end.
pub(crate) fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Serve(args) => on_runtime(serve::run(args)),
        Command::Demo(args) => on_runtime(demo::run(args)),
        Command::Simulate(args) => on_runtime(simulate::run(args)),
        Command::Config(command) => settings::run(command),
        Command::Key(command) => on_runtime(keys::run(command)),
        Command::Ledger(command) => on_runtime(ledger_check::run(command)),
        Command::Rates(command) => on_runtime(rates::run(command)),
        Command::Export(command) => on_runtime(export::run(command)),
        Command::Openapi => openapi::run(),
        Command::Bench(command) => bench::run(command),
    }
}

fn on_runtime<F: Future<Output = anyhow::Result<ExitCode>>>(work: F) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

/// Prints a line of a command's answer. A reader that went away is no failure.
pub(crate) fn say(line: &str) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Prints talk that is not the answer.
#[expect(clippy::print_stderr, reason = "talk goes to the terminal, answers to standard output")]
pub(crate) fn talk(line: &str) {
    eprintln!("{line}");
}
