//! `ringdown config`.

use std::process::ExitCode;

use crate::cli::ConfigCommand;
use crate::sounds;

pub(crate) fn run(command: ConfigCommand) -> anyhow::Result<ExitCode> {
    match command {
        ConfigCommand::Check(args) => {
            let config = config::load(&args.files, config::environment())?;
            sounds::load(&config)?;
            super::say("the configuration is fine");
        }
        ConfigCommand::Show(args) => {
            let config = config::load(&args.files, config::environment())?;
            super::say(&format!("{config:#?}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}
