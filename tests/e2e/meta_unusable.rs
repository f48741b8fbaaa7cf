//! While Meta does not serve a line its new calls are turned away instead of ringing people in
//! vain; what is live goes on, what had to be ended is ended, and the line opens by itself.

use std::time::{Duration, Instant};

use serde_json::Value;
use sim::agent::Robot;
use sim::meta::SimCall;
use wire::agent::ServerEvent;

use crate::hearing::hears_only;
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, ended, hang_up, rung, talking,
};

/// How soon a line must be open again once Meta or the token is well.
const OPEN_AGAIN_WITHIN: Duration = Duration::from_secs(5);

async fn does_not_ring(robot: &mut Robot) {
    let ring = robot.wait_for("a ring", |e| matches!(e, ServerEvent::Ring { .. }), PATIENCE / 60);
    assert!(ring.await.is_err(), "nobody rings for a call that cannot be accepted");
}

/// The newest call, once it has ended.
async fn turned_away(world: &World, phone: &SimCall, before: &Value) -> Value {
    let deadline = Instant::now() + PATIENCE;
    while world.newest().await["id"] == before["id"] {
        assert!(Instant::now() < deadline, "the call is not kept");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let closed = world.newest_closed().await;
    let asked: Vec<String> = world
        .meta
        .requests()
        .into_iter()
        .filter(|request| request.call_id.as_ref() == Some(phone.wacid()))
        .map(|request| request.action)
        .collect();
    assert!(asked.len() <= 5 && asked.iter().all(|action| action == "reject"), "{asked:?}");
    closed
}

/// Whether Meta was told, and heard, that the call is over.
fn terminated(world: &World, phone: &SimCall) -> bool {
    world.meta.requests().into_iter().any(|request| {
        request.call_id.as_ref() == Some(phone.wacid())
            && request.action == "terminate"
            && request.status == 200
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_while_meta_is_down_calls_are_turned_away_live_ones_go_on_and_hang_ups_are_kept() {
    let world = World::with(Setup { keeps_log: true, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let live = world.ring(world.plan()).await;
    let talk = answer(&mut ana).await;
    talking(&live).await;
    let mut ben = world.agent("ben").await;

    world.meta.set_outage(Some(503));
    // One call is enough to find out: pre_accept, accept and terminate are not answered.
    let unlucky = world.ring(world.plan()).await;
    let call = rung(&mut ben).await;
    ben.claim(call).await.expect("sent");
    let lost = world.closed(&call.to_string()).await;
    assert_eq!(lost["end"]["cause"], "accept_unresolved", "{lost:#}");
    world.metric("lines_unusable{cause=\"down\"} 1").await;
    assert!(world.logged().contains("Meta does not answer for this line"), "an alarm is logged");

    let late = world.ring(world.plan()).await;
    let closed = turned_away(&world, &late, &lost).await;
    assert_eq!(closed["end"]["cause"], "carrier_down", "{closed:#}");
    assert_eq!(closed["end"]["class"], "carrier_fault");
    assert_eq!(closed["disposition"], "rejected");
    does_not_ring(&mut ben).await;
    late.hang_up().await;

    hears_only("the caller", || live.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    hang_up(&mut ana, talk).await;
    let done = world.closed(&talk.to_string()).await;
    assert_eq!(done["end"]["cause"], "agent_hung_up", "the books do not wait for Meta");
    assert!(live.ended().is_none(), "Meta does not know yet");

    world.meta.set_outage(None);
    let well = Instant::now();
    world.metric("lines_unusable{cause=\"down\"} 0").await;
    assert!(well.elapsed() < OPEN_AGAIN_WITHIN, "{:?}", well.elapsed());
    let next = world.ring(world.plan()).await;
    answer(&mut ben).await;
    talking(&next).await;
    for phone in [&live, &unlucky] {
        ended(phone).await;
        let deadline = Instant::now() + PATIENCE / 10;
        while !terminated(&world, phone) {
            assert!(Instant::now() < deadline, "the hang-up was not kept: {:?}", phone.timeline());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn c8_a_revoked_token_closes_the_line_until_a_new_one_is_in_its_file() {
    let setup = Setup { token_in_file: true, keeps_log: true, ..Setup::default() };
    let world = World::with(setup).await;
    let mut ana = world.agent("ana").await;
    let live = world.ring(world.plan()).await;
    answer(&mut ana).await;
    talking(&live).await;
    let mut ben = world.agent("ben").await;

    world.meta.change_token("fresh");
    let first = world.ring(world.plan()).await;
    let call = rung(&mut ben).await;
    let over = |e: &ServerEvent| matches!(e, ServerEvent::RingEnd { .. });
    ben.wait_for("the end of ringing", over, PATIENCE).await.expect("withdrawn");
    let refused = world.closed(&call.to_string()).await;
    assert_eq!(refused["end"]["cause"], "carrier_refused", "{refused:#}");
    world.metric("lines_unusable{cause=\"needs_auth\"} 1").await;
    assert!(world.logged().contains("Meta does not take the access token"), "an alarm is logged");
    first.hang_up().await;

    let second = world.ring(world.plan()).await;
    let closed = turned_away(&world, &second, &refused).await;
    assert_eq!(closed["end"]["cause"], "needs_auth", "{closed:#}");
    assert_eq!(closed["end"]["class"], "our_fault");
    does_not_ring(&mut ben).await;
    second.hang_up().await;
    hears_only("the caller", || live.heard(), AGENT_HZ, CALLER_HZ).await;

    world.new_token("fresh\n");
    let mended = Instant::now();
    world.metric("lines_unusable{cause=\"needs_auth\"} 0").await;
    assert!(mended.elapsed() < OPEN_AGAIN_WITHIN, "{:?}", mended.elapsed());
    let third = world.ring(world.plan()).await;
    answer(&mut ben).await;
    talking(&third).await;
    let log = world.logged();
    assert!(!log.contains("fresh"), "no token is logged");
}
