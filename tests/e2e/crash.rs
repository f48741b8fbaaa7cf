//! After kill -9 every call has a CDR, its recording plays, and Meta is told.

use std::time::Duration;

use crate::hearing::{assert_channel, hears_only, probe};
use crate::world::{AGENT_HZ, CALLER_HZ, Setup, World, answer, ended, hang_up, talking};

#[tokio::test(flavor = "multi_thread")]
async fn f1_a_killed_daemon_closes_its_calls_at_the_next_start() {
    let mut world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    world.kill();
    world.start_again().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "restarted", "{closed:#}");
    assert_eq!(closed["disposition"], "answered");
    assert_eq!(closed["claimed_by"], "ana");
    let proven_ms = closed["duration_ms"].as_i64().expect("a duration");
    assert!(proven_ms > 3_000, "settled to the end of what was recorded: {closed:#}");
    assert_eq!(closed["recording"], closed["recordings"][0]["id"]);
    let recording = &closed["recordings"][0];
    assert_eq!(recording["recovered"], true, "{closed:#}");
    let file =
        world.folder.path().join("recordings").join(recording["path"].as_str().expect("a path"));
    let (channels, duration_ms) = probe(&file);
    assert_eq!(channels, 2);
    assert!(duration_ms > 3_000.0, "at most a second is lost: {duration_ms} ms");
    assert_channel(&file, 0, CALLER_HZ, AGENT_HZ);
    assert_channel(&file, 1, AGENT_HZ, CALLER_HZ);
    ended(&phone).await;
    assert_eq!(world.asked("terminate", phone.wacid()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c7_a_hang_up_that_meta_did_not_answer_survives_kill_9() {
    let mut world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    world.meta.set_outage(Some(503));
    hang_up(&mut ana, call).await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "agent_hung_up", "the books are closed");
    world.kill();
    assert!(phone.ended().is_none(), "Meta has not been told");

    world.start_again().await;
    world.meta.set_outage(None);
    ended(&phone).await;
    let again = world.closed(&call.to_string()).await;
    assert_eq!(again["end"], closed["end"], "the books stay as they were");
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.kill();
    let asked = world.asked("terminate", phone.wacid());
    world.start_again().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.asked("terminate", phone.wacid()), asked, "what was told is forgotten");
}
