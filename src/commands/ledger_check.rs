//! `ringdown ledger`.

use std::process::ExitCode;

use crate::cli::LedgerCommand;
use crate::wiring;

pub(crate) async fn run(command: LedgerCommand) -> anyhow::Result<ExitCode> {
    let LedgerCommand::Verify(args) = command;
    let config = config::load(&args.files, config::environment())?;
    let store = wiring::open_store(&config).await?;
    let report = store.verify_ledger().await?;
    store.close().await;
    for finding in report.mismatches.iter().chain(&report.unbalanced).chain(&report.leaked) {
        super::say(finding);
    }
    let (entries, accounts) = (report.entries, report.accounts);
    if report.is_sound() {
        super::say(&format!("the ledger sums: {entries} entries of {accounts} accounts"));
        Ok(ExitCode::SUCCESS)
    } else {
        super::talk(&format!(
            "{} findings in {entries} entries; nothing was changed. Correct with new entries (an \
             adjustment), or restore the database",
            report.findings()
        ));
        Ok(ExitCode::FAILURE)
    }
}
