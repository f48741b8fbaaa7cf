//! A flood of webhooks, good and forged, is answered in time beside a call that goes on.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, LINE, Setup, World, answer, talking};

/// Pairs of a good and a forged webhook per second.
const PAIRS_PER_SECOND: u32 = 200;
const SECONDS: u32 = 3;
/// Every hundredth pair is as large as Meta's largest.
const LARGE_EVERY: u32 = 100;
const LARGE_BYTES: usize = 3 * 1024 * 1024;
/// Meta gives up at 20 s. These machines are slow and busy with other tests; what a quiet one does
/// is measured by the bench.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_secs(10);

/// A hang-up of a call nobody knows: it has to be kept, so each one is a write.
fn good(number: u32) -> Vec<u8> {
    let body = json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "calls", "value": {
            "metadata": { "phone_number_id": LINE },
            "calls": [{ "id": format!("wacid.FLOOD{number}"), "from": "15550002222",
                "event": "terminate", "timestamp": "1700000000", "status": "COMPLETED",
                "direction": "USER_INITIATED" }] } }] }] });
    let mut body = body.to_string().into_bytes();
    if number.is_multiple_of(LARGE_EVERY) {
        body.resize(LARGE_BYTES, b' ');
    }
    body
}

#[tokio::test(flavor = "multi_thread")]
async fn b10_a_flood_of_good_and_forged_webhooks_leaves_a_live_call_alone() {
    // Every refusal is a line of log: into a file with them.
    let setup = Setup { keeps_log: true, ..Setup::default() };
    let world = Arc::new(World::with(setup).await);
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;

    let before = phone.heard().packets;
    let (mut posted, begun) = (JoinSet::new(), Instant::now());
    let total = PAIRS_PER_SECOND * SECONDS;
    for number in 0..total {
        let due = begun + Duration::from_secs(1) / PAIRS_PER_SECOND * number;
        tokio::time::sleep_until(due.into()).await;
        let body = good(number);
        let forged = world.meta.sign(b"something else");
        let signature = world.meta.sign(&body);
        for (signature, expected) in [(signature, 200), (forged, 401)] {
            let (world, body) = (world.clone(), body.clone());
            posted.spawn(async move {
                let sent = Instant::now();
                let status = world.meta.post_raw(body, Some(signature)).await;
                (status, expected, sent.elapsed())
            });
        }
    }
    let mut slowest = Duration::ZERO;
    while let Some(answered) = posted.join_next().await {
        let (status, expected, took) = answered.expect("it only posts");
        assert_eq!(status, expected);
        slowest = slowest.max(took);
    }
    assert!(slowest < ACKNOWLEDGED_WITHIN, "{slowest:?}");

    // The sound of the call came all the while: 50 packets a second, and never a hole.
    let hole = phone.heard().longest_gap;
    assert!(hole < Duration::from_secs(2), "{hole:?}");
    let (heard, took) = (phone.heard().packets - before, begun.elapsed());
    let expected = took.as_millis() as u64 / 20;
    assert!(heard * 10 > expected * 9, "{heard} of {expected} packets");
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered", "{closed:#}");
    world.metric(&format!("webhook_rejected_total{{why=\"signature\"}} {total}")).await;
}
