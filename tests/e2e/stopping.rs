//! A stopping daemon lets calls finish; told twice, it ends them politely and loses nothing.

use std::time::Duration;

use crate::hearing::{hears_only, probe};
use crate::world::{AGENT_HZ, CALLER_HZ, Setup, World, answer, ended, talking};

/// Both sounds have flowed for a moment, so that there is something to lose.
const TALK: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn f3_the_first_signal_refuses_new_calls_and_cuts_none() {
    let mut world = World::start().await;
    let mut ana = world.agent("ana").await;
    let _ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    world.sigterm();
    while world.admin("/ready").await.0 != 503 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let late = world.ring(world.plan()).await;
    ended(&late).await;
    world.asked_at_last("reject", late.wacid(), 1).await;
    assert_eq!(world.newest_closed().await["end"]["cause"], "shut_down");
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    assert_eq!(world.exit_code().await, Some(0), "nothing was cut");
    world.start_again().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "caller_hung_up", "{closed:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn f4_the_second_signal_ends_calls_and_finishes_their_recordings() {
    let mut world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    tokio::time::sleep(TALK).await;
    world.sigterm();
    while world.admin("/ready").await.0 != 503 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    world.sigterm();
    assert_eq!(world.exit_code().await, Some(75), "it says that a call was cut");
    ended(&phone).await;
    world.asked_at_last("terminate", phone.wacid(), 1).await;
    let vault = world.folder.path().join("recordings");
    world.start_again().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "shut_down", "{closed:#}");
    assert_eq!(closed["disposition"], "answered");
    assert!(closed["duration_ms"].as_i64().is_some_and(|ms| ms >= 1_000), "{closed:#}");
    let recording = &closed["recordings"][0];
    assert_eq!(recording["recovered"], false, "it was finished, not repaired: {closed:#}");
    let (channels, duration_ms) = probe(&vault.join(recording["path"].as_str().expect("a path")));
    assert_eq!(channels, 2);
    assert!(duration_ms >= 1_000.0, "{duration_ms}");
}
