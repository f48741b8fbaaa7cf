//! When Meta does not say what it did, sound from the caller tells; what surely failed is ended.

use serde_json::Value;
use sim::meta::Fault;
use wire::agent::{RingEnd, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, World, answer, ended, hang_up, open, rung, talking,
};

fn journalled(closed: &Value, name: &str) -> bool {
    let timeline = closed["timeline"].as_array().expect("a timeline");
    timeline.iter().any(|event| event["event"] == name)
}

#[tokio::test(flavor = "multi_thread")]
async fn c1_an_accept_whose_answer_is_lost_is_known_by_the_callers_sound() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.meta.fail_next("accept", Fault::TimeOutButSucceed);
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered", "{closed:#}");
    assert!(journalled(&closed, "accept_unclear"), "{closed:#}");
    assert_eq!(world.asked("terminate", phone.wacid()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c2_an_accept_that_never_happened_ends_and_the_agent_knows() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    for _ in 0..3 {
        world.meta.fail_next("accept", Fault::Status(500));
    }
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    let over =
        |e: &ServerEvent| matches!(e, ServerEvent::CallEnd { call: ended, .. } if *ended == call);
    ana.wait_for("the end", over, PATIENCE).await.expect("told");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "accept_unresolved", "{closed:#}");
    assert_eq!(closed["missed"], "fault");
    assert_eq!(closed["duration_ms"], 0);
    assert_eq!(world.asked("accept", phone.wacid()), 3);
    world.asked_at_last("terminate", phone.wacid(), 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn c3_a_refused_pre_accept_withdraws_the_ring_and_rejects() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    world.meta.fail_next("pre_accept", Fault::Error(138_008, 400));
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    let told = ana
        .wait_for("the end of ringing", |e| matches!(e, ServerEvent::RingEnd { .. }), PATIENCE)
        .await
        .expect("told");
    assert!(matches!(told, ServerEvent::RingEnd { why: RingEnd::CallEnded, .. }), "{told:?}");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "carrier_refused", "{closed:#}");
    world.asked_at_last("reject", phone.wacid(), 1).await;
    assert_eq!(world.asked("accept", phone.wacid()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn c4_after_a_pre_accept_that_failed_an_agent_can_still_answer() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    for fault in [Fault::Status(500), Fault::Garbage, Fault::Status(503)] {
        world.meta.fail_next("pre_accept", fault);
    }
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered");
    assert!(journalled(&closed, "pre_accept_unclear"), "{closed:#}");
    assert_eq!(world.asked("accept", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c6_a_limit_of_the_line_ends_the_call_with_its_reason_and_few_requests() {
    for (action, code) in [("pre_accept", 138_002), ("accept", 138_005)] {
        let world = World::start().await;
        let mut ana = world.agent("ana").await;
        world.meta.fail_next(action, Fault::Error(code, 429));
        let phone = world.ring(world.plan()).await;
        let call = rung(&mut ana).await;
        if action == "accept" {
            ana.claim(call).await.expect("sent");
        }
        let told = |e: &ServerEvent| match e {
            ServerEvent::RingEnd { call: ended, .. } | ServerEvent::CallEnd { call: ended, .. } => {
                *ended == call
            }
            _ => false,
        };
        ana.wait_for("why it is over", told, PATIENCE).await.expect("told");
        ended(&phone).await;
        let closed = world.closed(&call.to_string()).await;
        assert_eq!(closed["end"]["cause"], "carrier_refused", "{closed:#}");
        assert_eq!(closed["end"]["class"], "carrier_fault");
        let asked = world
            .meta
            .requests()
            .into_iter()
            .filter(|request| request.call_id.as_ref() == Some(phone.wacid()))
            .count();
        assert!(asked <= 5, "{asked} requests are a storm");
        // The next call is none the worse.
        let next = world.ring(world.plan()).await;
        answer(&mut ana).await;
        talking(&next).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c10_a_garbled_answer_to_accept_is_unclear_and_the_callers_sound_decides() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    // Garbage once: the same bytes again succeed. Garbage for good: nobody is left in the dark.
    world.meta.fail_next("accept", Fault::Garbage);
    let phone = world.ring(world.plan()).await;
    answer(&mut ana).await;
    talking(&phone).await;
    phone.hang_up().await;
    ended(&phone).await;
    for _ in 0..3 {
        world.meta.fail_next("accept", Fault::Garbage);
    }
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "accept_unresolved", "{closed:#}");
    assert_eq!(world.asked("accept", phone.wacid()), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn c9_a_terminate_that_fails_is_repeated_beside_the_closed_books() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    for _ in 0..3 {
        world.meta.fail_next("terminate", Fault::Status(500));
    }
    hang_up(&mut ana, call).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_hung_up");
    assert!(journalled(&closed, "farewell_unconfirmed"), "{closed:#}");
    ended(&phone).await;
    world.asked_at_last("terminate", phone.wacid(), 4).await;
}
