//! Simulated customers, one after another, and what became of their calls.

use std::time::Duration;

use serde_json::{Value, json};
use sim::Says;
use sim::meta::{CallPlan, SimUser};
use tokio::time::Instant;
use wire::rest::{CallDetail, CallState};

use super::stage::Stage;
use super::story;
use crate::cli::DemoArgs;

/// Who calls.
const NAMES: [&str; 5] = ["Maria", "João", "Fatima", "Deniz", "Noor"];
/// What they say: a tone unlike the agents'.
const TONE_HZ: f64 = 440.0;
/// How long a call may take beside its talking.
const CALL_MAX: Duration = Duration::from_secs(60);
/// How long after its end a call's books may still be open.
const BOOKS_MAX: Duration = Duration::from_secs(15);
/// How often the books are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Places the calls and returns a row per call.
pub(crate) async fn play(stage: &Stage, args: &DemoArgs) -> anyhow::Result<Vec<Value>> {
    let mut rows = Vec::new();
    for number in 0_u32.. {
        if args.calls > 0 && number >= args.calls {
            break;
        }
        let detail = place(stage, args, number).await?;
        if !args.json {
            story::tell(stage, &detail);
        }
        if args.calls > 0 {
            rows.push(row(stage, &detail));
        }
        let last = args.calls > 0 && number + 1 == args.calls;
        if !args.exit && !last {
            tokio::time::sleep(Duration::from_secs(args.every)).await;
        }
    }
    Ok(rows)
}

async fn place(stage: &Stage, args: &DemoArgs, number: u32) -> anyhow::Result<CallDetail> {
    let name = NAMES[number as usize % NAMES.len()];
    let from = SimUser {
        phone: Some(format!("1555000{:04}", 2_000 + number % 8_000)),
        bsuid: None,
        name: name.to_owned(),
    };
    let mut plan = CallPlan::new(stage.line.clone(), from);
    plan.says = Says::Tone(TONE_HZ);
    let talk = Duration::from_secs(args.talk);
    plan.hang_up_after_answer = Some(talk);
    let call = stage.meta.ring(plan).await?;
    call.wait_for(|state| state.end().is_some(), CALL_MAX + talk).await?;
    let deadline = Instant::now() + BOOKS_MAX;
    loop {
        if let Some(id) = stage.running.store.call_of(call.wacid(), None).await?
            && let Some(detail) = stage.running.store.call(&stage.workspace, id).await?
            && is_complete(&detail)
        {
            return Ok(detail);
        }
        anyhow::ensure!(
            Instant::now() < deadline,
            "the books of call {number} were not closed in time"
        );
        tokio::time::sleep(LOOK).await;
    }
}

/// Ended, and its recording (if it has one) is finished.
fn is_complete(detail: &CallDetail) -> bool {
    let summary = &detail.summary;
    summary.state == CallState::Ended
        && (summary.recording.is_none() || !detail.recordings.is_empty())
}

fn row(stage: &Stage, detail: &CallDetail) -> Value {
    let summary = &detail.summary;
    let recording =
        detail.recordings.first().map(|recording| stage.running.vault.join(&recording.path));
    json!({
        "id": summary.id,
        "direction": summary.direction,
        "disposition": summary.disposition,
        "claimed_by": summary.claimed_by,
        "ring_ms": summary.ring_ms,
        "claim_to_audio_ms": summary.claim_to_audio_ms,
        "duration_ms": summary.duration_ms,
        "billed_micros": summary.billed_micros,
        "recording": recording,
    })
}
