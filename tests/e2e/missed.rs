//! A call that nobody takes is rejected at Meta and listed as missed, with the reason.

use wire::agent::{RingEnd, ServerEvent};

use crate::world::{PATIENCE, Setup, World, ended, rung};

#[tokio::test(flavor = "multi_thread")]
async fn a6_nobody_answers_within_the_ring_time() {
    let world = World::with(Setup { ring_seconds: 5, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    let told = ana
        .wait_for("the end of ringing", |e| matches!(e, ServerEvent::RingEnd { .. }), PATIENCE)
        .await
        .expect("told");
    assert!(matches!(told, ServerEvent::RingEnd { why: RingEnd::TimedOut, .. }), "{told:?}");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "missed");
    assert_eq!(closed["missed"], "nobody_answered");
    assert_eq!(closed["duration_ms"], 0);
    assert!(
        closed["ledger"].as_array().is_some_and(Vec::is_empty),
        "an unanswered call costs nothing"
    );
    assert_eq!(world.asked("reject", phone.wacid()), 1);
    assert_eq!(world.asked("accept", phone.wacid()), 0);
    ana.wait_for(
        "the missed call",
        |e| matches!(e, ServerEvent::Missed { missed } if missed.iter().any(|one| one.call == call)),
        PATIENCE,
    )
    .await
    .expect("told");
    let missed = world.get("/v1/missed").await;
    assert!(missed.to_string().contains(&call.to_string()), "{missed:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_a_decline_silences_one_agent_and_all_declines_end_the_call() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    rung(&mut ben).await;
    ana.decline(call).await.expect("sent");
    ana.wait_for(
        "silence",
        |e| matches!(e, ServerEvent::RingEnd { why: RingEnd::Declined, .. }),
        PATIENCE,
    )
    .await
    .expect("told");
    let still = ben.wait_for(
        "nothing",
        |e| matches!(e, ServerEvent::RingEnd { .. }),
        std::time::Duration::from_millis(300),
    );
    assert!(still.await.is_err(), "ben's ring goes on");
    ben.decline(call).await.expect("sent");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["missed"], "declined_by_all");
    assert_eq!(world.asked("reject", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_caller_hangs_up_while_it_rings() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    phone.hang_up().await;
    let told = ana
        .wait_for("the end of ringing", |e| matches!(e, ServerEvent::RingEnd { .. }), PATIENCE)
        .await
        .expect("told");
    assert!(matches!(told, ServerEvent::RingEnd { why: RingEnd::CallerHungUp, .. }), "{told:?}");
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["missed"], "caller_gave_up");
    assert_eq!(world.asked("reject", phone.wacid()) + world.asked("terminate", phone.wacid()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_ready_agent_the_call_is_rejected_at_once() {
    let world = World::start().await;
    let _signed_in_only = world.signed_in("ana").await;
    let phone = world.ring(world.plan()).await;
    ended(&phone).await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["missed"], "nobody_ready");
    assert_eq!(world.asked("reject", phone.wacid()), 1);
    assert_eq!(world.asked("pre_accept", phone.wacid()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a7_the_last_ready_agent_leaves_while_it_rings() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.command(wire::agent::ClientCommand::GoAway {}).await.expect("sent");
    ended(&phone).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["missed"], "nobody_ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_call_is_told_to_its_group_and_to_supervisors_and_to_nobody_else() {
    let world = World::start().await;
    world.line_rings(serde_json::json!({}), &[("ana", 0)]).await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let mut eve = world.supervisor("eve", 900.0).await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    phone.hang_up().await;
    let of_it = move |e: &ServerEvent| matches!(e, ServerEvent::Missed { missed } if missed.iter().any(|one| one.call == call));
    ana.wait_for("the missed call", of_it, PATIENCE).await.expect("she was rung");
    eve.wait_for("the missed call", of_it, PATIENCE).await.expect("she supervises");
    let brief = std::time::Duration::from_millis(500);
    assert!(ben.wait_for("nothing", of_it, brief).await.is_err(), "no business of ben's");
}
