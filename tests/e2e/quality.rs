//! How a call sounded is in its CDR, its timeline, its log line and the metrics; how it sounds, at the desk.

use serde_json::Value;
use wire::agent::ServerEvent;

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, talking};

/// What a busy machine makes of a loopback call is not for this test to say; that it says it, is.
fn assert_judged(leg: &Value) {
    let mos = leg["mos_milli"].as_u64().expect("a score");
    assert!((1_000..=4_500).contains(&mos), "{leg}");
    assert!(["good", "fair", "poor"].iter().any(|word| leg["verdict"] == *word), "{leg}");
    assert!(leg["loss_ppm"].is_u64() && leg["jitter_ms"].is_u64(), "{leg}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talked_call_is_judged_leg_by_leg() {
    let world = World::with(Setup { keeps_log: true, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    let looked = |event: &ServerEvent| matches!(event, ServerEvent::CallUpdate { active } if active.call == call && active.quality.is_some());
    ana.wait_for("the quality", looked, PATIENCE).await.expect("the desk is told");

    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    let quality = &closed["quality"];
    assert_judged(&quality["caller"]);
    assert_judged(&quality["agent"]);
    let verdict = quality["verdict"].as_str().expect("a verdict");
    assert_eq!(quality["network"].is_string(), verdict != "good", "{quality}");
    let timeline = closed["timeline"].as_array().expect("a timeline");
    let judged = timeline.iter().find(|event| event["event"] == "quality_judged");
    assert_eq!(judged.map(|event| &event["detail"]), Some(quality));
    assert_eq!(timeline.last().map(|event| &event["event"]), Some(&Value::from("ended")));
    world.metric("call_verdicts_total{").await;
    world.metric("leg_mos_count{leg=\"whatsapp\"} 1").await;
    world.metric("leg_mos_count{leg=\"agent\"} 1").await;
    let logged = world.logged();
    let line = logged.lines().find(|line| line.contains("call ended")).expect("its line");
    assert!(line.contains("agent_mos") && line.contains(verdict), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_nobody_took_has_no_quality() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = crate::world::rung(&mut ana).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert!(closed.get("quality").is_none(), "{closed:#}");
}
