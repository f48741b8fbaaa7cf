//! The agent puts the caller on hold: music, and one recording through all of it.

use std::time::Duration;

use model::CallId;
use serde_json::json;
use wire::agent::{ClientCommand, ErrorCode, ServerEvent};

use crate::hearing::hears_only;
use crate::music::{HOLD_HZ, write_hold_music};
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, done, events, refused, talking,
};

fn hold(call: CallId, on: bool) -> ClientCommand {
    ClientCommand::Hold { call, on }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_caller_hears_music_and_the_agent_hears_nothing_until_they_come_back() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("hold.wav");
    write_hold_music(&file);
    let setup = Setup { hold_music: Some(file), recording: "always", ..Setup::default() };
    let world = World::with(setup).await;
    let (mut ana, phone, call) = world.talks("ana").await;

    done(&mut ana, hold(call, true)).await;
    let is_held = |e: &ServerEvent| matches!(e, ServerEvent::CallUpdate { active } if active.held);
    ana.wait_for("the hold", is_held, PATIENCE).await.expect("told");
    hears_only("the caller", || phone.heard(), HOLD_HZ, AGENT_HZ).await;
    let packets = ana.heard().packets;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(ana.heard().packets <= packets + 1, "the agent hears nothing at all");

    done(&mut ana, hold(call, false)).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, HOLD_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    assert_eq!(phone.heard().ssrcs.len(), 1, "one stream through talk, music and talk");

    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    let events = events(&closed);
    assert_eq!(events.iter().filter(|event| **event == "held").count(), 2, "{events:?}");
    assert_eq!(closed["recordings"].as_array().map(Vec::len), Some(1), "one recording of it all");
    assert_eq!(closed["disposition"], json!("answered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn d12_a_storm_of_hold_and_mute_leaves_the_last_word_and_one_stream() {
    let world = World::start().await;
    let (mut ana, phone, call) = world.talks("ana").await;
    let mut last = 0;
    for step in 0..24 {
        let on = step % 2 == 0;
        ana.command(hold(call, on)).await.expect("sent");
        last = ana.command(ClientCommand::Mute { call, on }).await.expect("sent");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let is_last = |e: &ServerEvent| matches!(e, ServerEvent::Done { to } if *to == last);
    ana.wait_for("the last reply", is_last, PATIENCE).await.expect("all are answered");
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    assert_eq!(phone.heard().ssrcs.len(), 1);
    phone.hang_up().await;
    world.closed(&call.to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_but_the_calls_agent_holds_it() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.signed_in("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    assert_eq!(refused(&mut ben, hold(call, true)).await, ErrorCode::NoSuchCall);
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
}
