//! An agent who is removed rings no more, and a call they were on is not dropped for it.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use wire::agent::{ByeReason, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, World, answer, open, rung, talking};

fn signed_out(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::Bye { why: ByeReason::SignedOut })
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_an_agent_who_is_removed_mid_ring_rings_no_more_and_the_others_do() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    assert_eq!(rung(&mut ben).await, call);
    let start = Instant::now();
    world.send(Method::DELETE, "/v1/agents/ana", json!({})).await;
    ana.wait_for("goodbye", signed_out, PATIENCE).await.expect("told");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    phone.hang_up().await;
    assert_eq!(world.closed(&call.to_string()).await["claimed_by"], "ben");
}

#[tokio::test(flavor = "multi_thread")]
async fn a10_an_agent_who_is_removed_mid_call_leaves_a_caller_who_is_kept() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    world.send(Method::DELETE, "/v1/agents/ana", json!({})).await;
    ana.wait_for("goodbye", signed_out, PATIENCE).await.expect("told");
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let state = world.get(&format!("/v1/calls/{call}")).await["state"].clone();
        if state == "reconnecting" {
            break;
        }
        assert_eq!(state, "bridged", "the call is kept");
        assert!(Instant::now() < deadline, "nobody noticed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    talking(&phone).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ana", "what was stays");
    assert_eq!(closed["end"]["cause"], "caller_hung_up");
}
