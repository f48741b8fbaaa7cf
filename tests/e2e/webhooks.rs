//! Webhooks that are late, doubled, reordered or forged change nothing.

use std::time::Duration;

use serde_json::json;
use sim::meta::Delivery;
use wire::agent::ServerEvent;

use crate::world::{LINE, PATIENCE, Setup, World, answer, ended, events, rung, talking};

#[tokio::test(flavor = "multi_thread")]
async fn b1_a_connect_that_is_delivered_twice_rings_once() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut plan = world.plan();
    plan.webhook = Delivery { duplicate: true, ..Delivery::default() };
    let phone = world.ring(plan).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    let again = ana.wait_for(
        "a second ring",
        |e| matches!(e, ServerEvent::Ring { .. }),
        Duration::from_millis(500),
    );
    assert!(again.await.is_err());
    phone.hang_up().await;
    world.closed(&call.to_string()).await;
    assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
    assert_eq!(world.asked("accept", phone.wacid()), 1);
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn b2_a_terminate_that_overtakes_its_connect_leaves_a_missed_call_and_no_ring() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut plan = world.plan();
    plan.webhook = Delivery { terminate_first: true, ..Delivery::default() };
    let phone = world.ring(plan).await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["end"]["cause"], "terminated_before_connect", "{closed:#}");
    assert_eq!(closed["missed"], "caller_gave_up");
    let ring = ana.wait_for(
        "a ring",
        |e| matches!(e, ServerEvent::Ring { .. }),
        Duration::from_millis(500),
    );
    assert!(ring.await.is_err());
    let asked = world
        .meta
        .requests()
        .into_iter()
        .filter(|r| r.call_id.as_ref() == Some(phone.wacid()))
        .count();
    assert_eq!(asked, 0, "nothing is asked of Meta about a dead call");
}

#[tokio::test(flavor = "multi_thread")]
async fn b3_a_connect_that_is_sent_again_after_the_hang_up_is_counted_and_nothing_else() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    phone.hang_up().await;
    world.closed(&call.to_string()).await;
    let asked = world.meta.requests().len();
    // Meta did not see our answer to the first one and tries for as long as it likes.
    let body = connect(phone.wacid().as_str()).to_string().into_bytes();
    for _ in 0..3 {
        let signature = world.meta.sign(&body);
        assert_eq!(world.meta.post_raw(body.clone(), Some(signature)).await, 200);
    }
    let ring = ana.wait_for("a ring", |e| matches!(e, ServerEvent::Ring { .. }), PATIENCE / 60);
    assert!(ring.await.is_err());
    assert_eq!(world.meta.requests().len(), asked, "nothing is asked of Meta");
    world.metric("repeated_connects_total 3").await;
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn b12_with_two_subscribed_apps_every_event_comes_twice_at_once_and_counts_once() {
    const CALLS: usize = 5;
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    for _ in 0..CALLS {
        let mut plan = world.plan();
        plan.webhook = Delivery { two_apps: true, ..Delivery::default() };
        let phone = world.ring(plan).await;
        let call = answer(&mut ana).await;
        talking(&phone).await;
        phone.hang_up().await;
        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["disposition"], "answered", "{closed:#}");
        assert_eq!(events(&closed).iter().filter(|event| **event == "ended").count(), 1);
        assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
        assert_eq!(world.asked("accept", phone.wacid()), 1);
        assert_eq!(world.asked("terminate", phone.wacid()), 0);
    }
    let ring = ana.wait_for("a ring", |e| matches!(e, ServerEvent::Ring { .. }), PATIENCE / 60);
    assert!(ring.await.is_err(), "no call rang twice");
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(CALLS));
    world.metric(&format!("repeated_connects_total {CALLS}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b7_a_stale_connect_asks_nothing_of_meta() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut plan = world.plan();
    plan.webhook = Delivery { stale_by: Some(Duration::from_secs(100)), ..Delivery::default() };
    let phone = world.ring(plan).await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["end"]["cause"], "stale_connect", "{closed:#}");
    assert_eq!(closed["missed"], "arrived_too_late");
    let ring = ana.wait_for(
        "a ring",
        |e| matches!(e, ServerEvent::Ring { .. }),
        Duration::from_millis(500),
    );
    assert!(ring.await.is_err());
    let asked = world
        .meta
        .requests()
        .into_iter()
        .filter(|r| r.call_id.as_ref() == Some(phone.wacid()))
        .count();
    assert_eq!(asked, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_a_wrong_or_missing_signature_is_refused_and_nothing_happens() {
    let world = World::start().await;
    let _ana = world.agent("ana").await;
    let body = connect("wacid.FORGED").to_string().into_bytes();
    let right = world.meta.sign(&body);
    assert_eq!(world.meta.post_raw(body.clone(), None).await, 401);
    assert_eq!(world.meta.post_raw(body.clone(), Some("sha256=00".to_owned())).await, 401);
    let wrong = right.replace(|c: char| c.is_ascii_digit(), "a");
    assert_eq!(world.meta.post_raw(body.clone(), Some(wrong)).await, 401);
    let other = connect("wacid.OTHER").to_string().into_bytes();
    assert_eq!(world.meta.post_raw(other, Some(right.clone())).await, 401);
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"], json!([]));
    assert_eq!(world.meta.post_raw(body, Some(right)).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn b9_while_the_secret_changes_both_are_good() {
    let world = World::with(Setup { rotated_secret: true, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    world.ring(world.plan()).await;
    rung(&mut ana).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b8_a_captured_webhook_replayed_after_the_call_changes_nothing() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut plan = world.plan();
    plan.gives_up_after = Some(Duration::from_millis(300));
    let phone = world.ring(plan).await;
    let call = rung(&mut ana).await;
    ended(&phone).await;
    world.closed(&call.to_string()).await;
    let body = connect(phone.wacid().as_str()).to_string().into_bytes();
    let signature = world.meta.sign(&body);
    assert_eq!(world.meta.post_raw(body, Some(signature)).await, 200);
    let ring = ana.wait_for("a ring", |e| matches!(e, ServerEvent::Ring { .. }), PATIENCE / 60);
    assert!(ring.await.is_err());
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}

fn connect(wacid: &str) -> serde_json::Value {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
        "field": "calls", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "15550001111", "phone_number_id": LINE },
            "calls": [{ "id": wacid, "from": "15550002222", "event": "connect",
                "timestamp": now.to_string(), "direction": "USER_INITIATED",
                "session": { "sdp_type": "offer", "sdp": "<<RFC 8866 SDP>>" } }] } }] }] })
}
