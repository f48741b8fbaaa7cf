//! A winner who cannot be heard gives the call back, and another agent gets it.

use wire::agent::{ClientCommand, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, World, open, rung, talking};

fn released(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::ClaimReleased { .. })
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a_dead_leg_is_noticed_within_the_lease_and_the_others_ring_again() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    assert_eq!(rung(&mut ben).await, call);
    ana.cut_media();
    ana.claim(call).await.expect("sent");
    ana.wait_for("the release", released, PATIENCE).await.expect("told");
    assert_eq!(rung(&mut ben).await, call, "it rings again");
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("ben", || ben.heard(), CALLER_HZ, AGENT_HZ).await;
    assert_eq!(world.asked("accept", phone.wacid()), 1);
    assert_eq!(phone.heard().ssrcs.len(), 1);
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ben");
    assert_eq!(closed["disposition"], "answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_a_device_that_reports_a_failed_microphone_is_released_at_once() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    rung(&mut ben).await;
    ana.cut_media();
    ana.claim(call).await.expect("sent");
    ana.wait_for("the win", |e| matches!(e, ServerEvent::ClaimWon { .. }), PATIENCE)
        .await
        .expect("won");
    let failed = ClientCommand::MediaFailed { reason: "microphone unplugged".to_owned() };
    ana.command(failed).await.expect("sent");
    ana.wait_for("the release", released, PATIENCE).await.expect("told");
    assert_eq!(rung(&mut ben).await, call);
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_another_agent_the_call_is_ended_as_our_fault() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.cut_media();
    ana.claim(call).await.expect("sent");
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_leg_failed");
    assert_eq!(closed["end"]["class"], "our_fault");
    assert_eq!(world.asked("terminate", phone.wacid()), 1);
}
