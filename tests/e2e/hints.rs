//! The desk learns at once why nobody is heard and which keys the caller presses; the log never does.

use std::time::Duration;

use model::{Hint, PhoneKey};
use serde_json::{Value, json};
use wire::RecordingState;
use wire::agent::{ClientCommand, RecordAction, ServerEvent};

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, open, rung, talking};

fn hinted(wanted: Option<Hint>) -> impl Fn(&ServerEvent) -> bool {
    move |event| matches!(event, ServerEvent::CallUpdate { active } if active.hint == wanted)
}

fn details<'c>(closed: &'c Value, event: &str) -> Vec<&'c Value> {
    let timeline = closed["timeline"].as_array().expect("a timeline");
    timeline.iter().filter(|one| one["event"] == event).map(|one| &one["detail"]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_whose_browser_sends_nothing_is_told_before_meta_gives_up() {
    let world = World::with(Setup { lease_seconds: 15, ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    ana.speak(false);
    // A frame or two of sound may have left before; the bridge must not have carried them.
    let told = ana.wait_for("the hint", hinted(Some(Hint::NoSound)), PATIENCE).await;
    told.expect("told");
    ana.speak(true);
    open(&mut ana, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    world.metric("silent_calls_total{cause=\"agent_sends_nothing\"} 1").await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(details(&closed, "silent_call"), [&json!({ "cause": "agent_sends_nothing" })]);
}

#[tokio::test(flavor = "multi_thread")]
async fn e1_a_caller_who_falls_silent_is_a_hint_and_the_call_goes_on() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hush(true);
    ana.wait_for("the hint", hinted(Some(Hint::CallerSilent)), PATIENCE).await.expect("told");
    // What was told before the hint is not its end.
    while ana.next_event(Duration::from_millis(50)).await.is_ok() {}
    phone.hush(false);
    ana.wait_for("the end of the hint", hinted(None), PATIENCE).await.expect("told");
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["end"]["cause"], "caller_hung_up");
    assert_eq!(details(&closed, "caller_silent").len(), 1);
    assert_eq!(details(&closed, "caller_back").len(), 1);
}

async fn pressed(ana: &mut sim::agent::Robot, key: char) {
    let wanted = PhoneKey::try_from(key).expect("a key");
    let told =
        |event: &ServerEvent| matches!(event, ServerEvent::Key { key, .. } if *key == wanted);
    ana.wait_for("the key", told, PATIENCE).await.expect("the desk is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn t17_keys_are_told_live_and_kept_only_while_speech_is_kept() {
    let setup = Setup { recording: "always", keeps_log: true, ..Setup::default() };
    let world = World::with(setup).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    phone.press('7').await.expect("pressed");
    pressed(&mut ana, '7').await;
    for (action, state) in
        [(RecordAction::Pause, RecordingState::Paused), (RecordAction::Resume, RecordingState::On)]
    {
        ana.command(ClientCommand::Record { call, action }).await.expect("sent");
        let done = |e: &ServerEvent| matches!(e, ServerEvent::CallUpdate { active } if active.recording == state);
        ana.wait_for("the recorder", done, PATIENCE).await.expect("told");
        if state == RecordingState::Paused {
            phone.press('4').await.expect("pressed");
            pressed(&mut ana, '4').await;
        }
    }
    phone.press('#').await.expect("pressed");
    pressed(&mut ana, '#').await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    let kept = details(&closed, "key_pressed");
    assert_eq!(kept, [&json!({ "key": "7" }), &json!({}), &json!({ "key": "#" })]);
    let logged = world.logged();
    assert!(!logged.contains("key_pressed") && !logged.contains("PhoneKey"), "{logged}");
}
