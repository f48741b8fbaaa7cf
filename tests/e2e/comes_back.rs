//! An agent who is lost in mid-call comes back into it, or the others get it.

use std::time::{Duration, Instant};

use wire::agent::{ClientCommand, LeftWhy, ServerEvent};

use crate::hearing::hears_only;
use crate::music::RINGBACK_HZ;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, events, open, refused, rung};

const BEN_HZ: f64 = 1_300.0;

#[tokio::test(flavor = "multi_thread")]
async fn d2_a_reloaded_page_gets_its_call_back_within_three_seconds_of_being_ready() {
    let world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let (ana, phone, call) = world.talks("ana").await;
    ana.close().await;

    let mut again = world.signed_in("ana").await;
    let ServerEvent::Welcome { snapshot, .. } = again.welcome() else { panic!("no welcome") };
    assert_eq!(snapshot.active.as_ref().map(|active| active.call), Some(call), "shown at once");
    let begun = Instant::now();
    again.speak(true);
    again.go_ready().await.expect("a new leg");
    open(&mut again, call).await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || again.heard(), CALLER_HZ, AGENT_HZ).await;
    assert!(phone.heard().longest_gap < Duration::from_secs(2));
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["recordings"].as_array().map(Vec::len), Some(1), "one recording of it all");
    assert_eq!(world.asked("accept", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_an_agent_who_does_not_come_back_loses_the_call_to_the_others() {
    let setup = Setup { rules: "agent_grace_seconds = 2", ..Setup::default() };
    let world = World::with(setup).await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut ben = world.agent_saying("ben", BEN_HZ).await;
    ana.cut_media();
    assert_eq!(rung(&mut ben).await, call, "the others are rung");
    hears_only("the caller", || phone.heard(), RINGBACK_HZ, AGENT_HZ).await;
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hears_only("the caller", || phone.heard(), BEN_HZ, RINGBACK_HZ).await;
    let over = |e: &ServerEvent| matches!(e, ServerEvent::CallLeft { why: LeftWhy::GraceOver, .. });
    ana.wait_for("the truth", over, PATIENCE).await.expect("d5: the old device is told");
    refused(&mut ana, ClientCommand::Hold { call, on: true }).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["claimed_by"], "ben");
    assert!(events(&closed).contains(&"agent_lost"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_where_the_house_says_so_the_call_ends_after_the_grace() {
    let setup =
        Setup { rules: "agent_grace_seconds = 2\nafter_grace = \"end\"", ..Setup::default() };
    let world = World::with(setup).await;
    let (ana, phone, call) = world.talks("ana").await;
    ana.cut_media();
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_leg_failed");
    assert_eq!(world.asked("terminate", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d6_the_same_agent_goes_on_at_another_device_and_never_on_both() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    // Within the lease a second claim is another tab that answers the same ring.
    tokio::time::sleep(Duration::from_secs(4)).await;
    let mut phone_of_ana = world.agent_saying("ana", BEN_HZ).await;
    phone_of_ana.claim(call).await.expect("sent");
    open(&mut phone_of_ana, call).await;
    let moved =
        |e: &ServerEvent| matches!(e, ServerEvent::CallLeft { why: LeftWhy::ResumedElsewhere, .. });
    ana.wait_for("the parting", moved, PATIENCE).await.expect("told");
    hears_only("the caller", || phone.heard(), BEN_HZ, AGENT_HZ).await;
}
