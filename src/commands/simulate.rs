//! `ringdown simulate`: a simulated Meta against a daemon.

use std::process::ExitCode;
use std::time::Duration;

use sim::meta::{CallPlan, Meta, MetaConfig, SimLine, SimUser};

use crate::cli::SimulateArgs;
use crate::lifecycle::Signals;

/// How long a simulated call may take at most.
const CALL_MAX: Duration = Duration::from_secs(120);

pub(crate) async fn run(args: SimulateArgs) -> anyhow::Result<ExitCode> {
    let line = SimLine { id: args.line.clone(), display_phone_number: "15550001111".to_owned() };
    let mut config =
        MetaConfig::new(args.app_secret, args.verify_token, args.access_token, vec![line]);
    config.listen = args.listen;
    config.webhook_url = Some(args.webhook_url);
    let meta = Meta::start(config).await?;
    super::talk(&format!(
        "the simulated Graph is at {}; the control API at /sim/calls",
        meta.graph_url()
    ));
    meta.verify_webhook().await?;
    super::talk("the daemon answered the webhook handshake");
    let mut failed = 0_u32;
    for number in 1..=args.calls {
        let mut plan = CallPlan::new(args.line.clone(), caller(number));
        plan.says = args.says.parse()?;
        plan.hang_up_after_answer = Some(Duration::from_secs(args.talk));
        let call = meta.ring(plan).await?;
        let ended = call.wait_for(|state| state.end().is_some(), CALL_MAX).await;
        let heard = call.heard();
        let answered = call.ended().and_then(|end| end.duration_s);
        let story = match answered {
            Some(seconds) => format!("answered, {seconds} s, heard {} packets", heard.packets),
            None => "not answered".to_owned(),
        };
        failed += u32::from(ended.is_err());
        super::say(&format!("call {number}: {story}"));
    }
    if args.calls == 0 {
        Signals::listen()?.next().await;
    }
    for violation in meta.violations() {
        super::talk(&format!("violation: {violation:?}"));
    }
    meta.shut_down().await;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn caller(number: u32) -> SimUser {
    SimUser {
        phone: Some(format!("1555000{number:04}")),
        bsuid: None,
        name: format!("Caller {number}"),
    }
}
