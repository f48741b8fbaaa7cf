//! The first agent to answer and the caller hear each other, and the call is metered.

use std::time::Duration;

use model::CallId;
use serde_json::Value;
use sim::meta::ViolationKind;
use wire::agent::{ClientCommand, RingEnd, ServerEvent};

use crate::hearing::{hears_nothing, hears_only};
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, World, answer, ended, hang_up, talking};

#[tokio::test(flavor = "multi_thread")]
async fn both_sides_hear_each_other_and_the_call_is_metered() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;

    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    let told = ben
        .wait_for("who took it", |e| matches!(e, ServerEvent::RingEnd { .. }), PATIENCE)
        .await
        .expect("ben is told");
    assert!(
        matches!(&told, ServerEvent::RingEnd { why: RingEnd::ClaimedElsewhere, winner: Some(name), .. } if name == "Ana"),
        "{told:?}"
    );

    ana.command(ClientCommand::Mute { call, on: true }).await.expect("sent");
    hears_nothing("the caller", || phone.heard(), [AGENT_HZ, CALLER_HZ]).await;
    ana.command(ClientCommand::Mute { call, on: false }).await.expect("sent");
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    assert_eq!(phone.heard().ssrcs.len(), 1, "one SSRC across silence, speech and mute");

    // Long enough that there is something to meter.
    tokio::time::sleep(Duration::from_millis(600)).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered", "{closed:#}");
    assert_eq!(closed["end"]["cause"], "caller_hung_up");
    assert_eq!(closed["claimed_by"], "ana");
    assert_eq!(closed["billed_micros"], 0);
    assert!(closed["claim_to_audio_ms"].as_i64().is_some(), "{closed:#}");
    assert_metered(&closed);
    assert_journal(&closed);

    assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
    assert_eq!(world.asked("accept", phone.wacid()), 1);
    assert_eq!(world.asked("terminate", phone.wacid()), 0, "Meta is not told what it told us");
    let violations = world.meta.violations();
    assert!(violations.is_empty(), "Meta would complain: {violations:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn c5_accept_carries_the_very_bytes_of_pre_accept() {
    let world = World::start().await;
    // At leisure, at once, and by another agent than before: the answer to Meta is fixed first.
    for (name, pause_ms) in [("ana", 1_000), ("ben", 0)] {
        let mut agent = world.agent(name).await;
        let phone = world.ring(world.plan()).await;
        let call = crate::world::rung(&mut agent).await;
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
        agent.claim(call).await.expect("sent");
        talking(&phone).await;
        phone.hang_up().await;
        world.closed(&call.to_string()).await;
        let answers: Vec<_> = world
            .meta
            .requests()
            .into_iter()
            .filter(|request| request.call_id.as_ref() == Some(phone.wacid()))
            .filter_map(|request| Some((request.action, request.sdp?)))
            .collect();
        let [(first, offered), (second, accepted)] = answers.as_slice() else {
            panic!("{answers:?}");
        };
        assert_eq!([first.as_str(), second.as_str()], ["pre_accept", "accept"]);
        assert_eq!(offered.as_str().as_bytes(), accepted.as_str().as_bytes());
    }
}

fn assert_metered(closed: &Value) {
    let duration_ms = closed["duration_ms"].as_i64().expect("a duration");
    assert!(duration_ms > 500, "{closed:#}");
    let lines = closed["ledger"].as_array().expect("lines");
    assert_eq!(lines.len(), 2, "double entry: {closed:#}");
    let sum: i64 =
        lines.iter().map(|line| line["amount_micros"].as_i64().expect("an amount")).sum();
    assert_eq!(sum, 0);
    let pulses = (duration_ms as u64).div_ceil(6_000);
    assert!(
        lines[0]["memo"].as_str().expect("a memo").contains(&format!("{pulses} pulses")),
        "{closed:#}"
    );
}

fn assert_journal(closed: &Value) {
    let events: Vec<&str> = closed["timeline"]
        .as_array()
        .expect("a timeline")
        .iter()
        .filter_map(|e| e["event"].as_str())
        .collect();
    let place = |name: &str| {
        events
            .iter()
            .position(|event| *event == name)
            .unwrap_or_else(|| panic!("{name}: {events:?}"))
    };
    assert!(place("ring_started") < place("claim_won"));
    assert!(place("claim_won") < place("accept_requested"));
    assert!(place("accept_requested") < place("accepted"));
    assert!(place("accepted") < place("bridged"));
    assert_eq!(events.last(), Some(&"ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_hangs_up_and_meta_is_told() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hang_up(&mut ana, call).await;
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_hung_up");
    assert_eq!(closed["end"]["class"], "completed");
    assert_eq!(world.asked("terminate", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_takes_a_second_call_with_the_same_warm_leg() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut calls: Vec<CallId> = Vec::new();
    for _ in 0..2 {
        let phone = world.ring(world.plan()).await;
        let call = answer(&mut ana).await;
        talking(&phone).await;
        hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
        phone.hang_up().await;
        world.closed(&call.to_string()).await;
        calls.push(call);
    }
    assert_ne!(calls[0], calls[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_talking_agent_sees_a_second_call_but_cannot_take_it_yet() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let first = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&first).await;
    let second = world.ring(world.plan()).await;
    let ring = ana
        .wait_for(
            "the second ring",
            |e| matches!(e, ServerEvent::Ring { ringing } if ringing.call != call),
            PATIENCE,
        )
        .await
        .expect("told");
    let ServerEvent::Ring { ringing } = ring else { panic!("not a ring") };
    assert!(!ringing.claimable);
    ana.claim(ringing.call).await.expect("sent");
    let refused = |e: &ServerEvent| {
        matches!(e, ServerEvent::Error { code: wire::agent::ErrorCode::OnCall, .. })
    };
    ana.wait_for("a refusal", refused, PATIENCE).await.expect("refused");
    hang_up(&mut ana, call).await;
    let free = |e: &ServerEvent| matches!(e, ServerEvent::RingUpdate { claimable: true, .. });
    ana.wait_for("that it can be taken", free, PATIENCE).await.expect("told");
    ana.claim(ringing.call).await.expect("sent");
    crate::world::open(&mut ana, ringing.call).await;
    hears_only("the second caller", || second.heard(), AGENT_HZ, CALLER_HZ).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sound_reaches_the_phone_before_accept() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = crate::world::rung(&mut ana).await;
    // Ringing for a while: ICE and DTLS are up, yet nothing may be sent.
    tokio::time::sleep(Duration::from_secs(1)).await;
    ana.claim(call).await.expect("sent");
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    let early = world.meta.violations().into_iter().any(|v| v.kind == ViolationKind::MediaTooEarly);
    assert!(!early, "sound before accept starts the caller's timer");
}
