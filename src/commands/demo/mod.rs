//! `ringdown demo`: daemon, simulated Meta, callers and a robot agent in one process, over real
//! sockets.

mod callers;
mod robot;
mod stage;
mod story;

use std::process::ExitCode;
use std::time::Duration;

use crate::cli::DemoArgs;
use crate::lifecycle::Signals;
use stage::Stage;

/// How long the robot waits in a run that only wants the figures.
const HURRY: Duration = Duration::from_millis(300);

pub(crate) async fn run(args: DemoArgs) -> anyhow::Result<ExitCode> {
    let stage = Stage::set(&args).await?;
    if args.manual {
        super::say(&stage.directions().to_string());
        Signals::listen()?.next().await;
        stage.strike().await;
        return Ok(ExitCode::SUCCESS);
    }
    let patience = if args.exit { HURRY } else { Duration::from_secs(args.patience) };
    let robot = robot::start(&stage, patience).await?;
    if !args.json {
        story::welcome(&stage, &args);
    }
    let mut signals = Signals::listen()?;
    let played = tokio::select! {
        played = callers::play(&stage, &args) => Some(played?),
        () = signals.next() => None,
    };
    let good = match &played {
        Some(calls) => {
            if args.json {
                super::say(&serde_json::to_string_pretty(&serde_json::json!({ "calls": calls }))?);
            }
            calls.iter().all(|call| call["disposition"] == "answered")
        }
        None => true,
    };
    if played.is_some() && !args.exit {
        super::talk("all calls are placed; the desk stays open until you press Ctrl+C");
        signals.next().await;
    }
    robot.abort();
    stage.strike().await;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
