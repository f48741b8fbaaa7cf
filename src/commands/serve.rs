//! `ringdown serve`.

use std::process::ExitCode;

use crate::cli::ConfigArgs;
use crate::{lifecycle, logging, wiring};

/// Live calls were cut because the drain took too long or was cut short.
const CALLS_WERE_CUT: u8 = 75;

pub(crate) async fn run(args: ConfigArgs) -> anyhow::Result<ExitCode> {
    let config = config::load(&args.files, config::environment())?;
    logging::start(config.log.format, config.log.level);
    // Every device is a socket, and so is every leg towards Meta: the usual soft limit of 1,024
    // files is too few for a house.
    bench::gauge::allow_many_files();
    let running = wiring::start(&config).await?;
    tracing::info!(
        address = %running.address,
        admin = %running.admin_address,
        vault = %running.vault.display(),
        "ringdown serves"
    );
    let cut = lifecycle::until_stopped(running).await?;
    Ok(if cut == 0 { ExitCode::SUCCESS } else { ExitCode::from(CALLS_WERE_CUT) })
}
