//! A recording has the caller on the left and the agent on the right, and any player plays it.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use wire::RecordingState;
use wire::agent::{ClientCommand, RecordAction, ServerEvent};

use crate::hearing::{assert_channel, assert_opusinfo_is_happy, hears_only, probe};
use crate::world::{AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, talking};

fn file_of(world: &World, closed: &Value) -> PathBuf {
    let path = closed["recordings"][0]["path"].as_str().expect("a recording");
    world.folder.path().join("recordings").join(path)
}

/// A call of some seconds; returns it closed.
async fn recorded_call(world: &World) -> Value {
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    phone.hang_up().await;
    world.closed(&call.to_string()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ogg_opus_recording_passes_foreign_decoders() {
    let world = World::with(Setup { recording: "always", ..Setup::default() }).await;
    let closed = recorded_call(&world).await;
    let file = file_of(&world, &closed);
    assert_opusinfo_is_happy(&file);
    let (channels, duration_ms) = probe(&file);
    assert_eq!(channels, 2);
    let said = closed["recordings"][0]["duration_ms"].as_f64().expect("a duration");
    assert!((duration_ms - said).abs() <= 60.0, "ffprobe {duration_ms} ms, manifest {said} ms");
    let recorded_from = offset(&closed, "recording_started");
    let recorded_to = offset(&closed, "recording_stopped");
    assert!(
        (duration_ms - (recorded_to - recorded_from)).abs() <= 60.0,
        "{duration_ms} ms of {closed:#}"
    );
    assert_channel(&file, 0, CALLER_HZ, AGENT_HZ);
    assert_channel(&file, 1, AGENT_HZ, CALLER_HZ);

    let bytes = std::fs::read(&file).expect("the file");
    let cut = world.folder.path().join("cut.opus");
    std::fs::write(&cut, &bytes[..bytes.len() * 2 / 3]).expect("written");
    assert_channel(&cut, 0, CALLER_HZ, AGENT_HZ);
    assert_channel(&cut, 1, AGENT_HZ, CALLER_HZ);

    let id = closed["recordings"][0]["id"].as_str().expect("an id");
    let served = reqwest::Client::builder()
        .timeout(PATIENCE)
        .build()
        .expect("a client")
        .get(world.url(&format!("/v1/recordings/{id}/audio")))
        .bearer_auth(&world.key)
        .send()
        .await
        .expect("served");
    assert_eq!(served.bytes().await.expect("bytes").as_ref(), bytes.as_slice());
}

fn offset(closed: &Value, event: &str) -> f64 {
    let events = closed["timeline"].as_array().expect("a timeline");
    let found = events
        .iter()
        .find(|e| e["event"] == event)
        .unwrap_or_else(|| panic!("{event} in {closed:#}"));
    found["offset_ms"].as_f64().expect("an offset")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wav_recording_has_the_same_sides() {
    let world = World::with(Setup { recording: "always", format: "wav", ..Setup::default() }).await;
    let closed = recorded_call(&world).await;
    let file = file_of(&world, &closed);
    assert_eq!(file.extension().and_then(|e| e.to_str()), Some("wav"));
    let (channels, duration_ms) = probe(&file);
    assert_eq!(channels, 2);
    let said = closed["recordings"][0]["duration_ms"].as_f64().expect("a duration");
    assert!((duration_ms - said).abs() <= 60.0);
    assert_channel(&file, 0, CALLER_HZ, AGENT_HZ);
    assert_channel(&file, 1, AGENT_HZ, CALLER_HZ);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_demand_records_from_the_button_on_and_off_never_does() {
    let world = World::with(Setup { recording: "on_demand", ..Setup::default() }).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, CALLER_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    for (action, state) in [
        (RecordAction::Start, RecordingState::On),
        (RecordAction::Pause, RecordingState::Paused),
        (RecordAction::Resume, RecordingState::On),
    ] {
        ana.command(ClientCommand::Record { call, action }).await.expect("sent");
        let done = |e: &ServerEvent| matches!(e, ServerEvent::CallUpdate { active } if active.recording == state);
        ana.wait_for("the recorder", done, PATIENCE).await.expect("told");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    let (channels, duration_ms) = probe(&file_of(&world, &closed));
    assert_eq!(channels, 2);
    assert!(duration_ms > 2_500.0, "the pause keeps its time: {duration_ms} ms");

    let off = World::start().await;
    let mut ben = off.agent("ben").await;
    let phone = off.ring(off.plan()).await;
    let call = answer(&mut ben).await;
    ben.command(ClientCommand::Record { call, action: RecordAction::Start }).await.expect("sent");
    let refused = |e: &ServerEvent| {
        matches!(e, ServerEvent::Error { code: wire::agent::ErrorCode::NotAllowed, .. })
    };
    ben.wait_for("a refusal", refused, PATIENCE).await.expect("refused");
    phone.hang_up().await;
    let closed = off.closed(&call.to_string()).await;
    assert_eq!(closed["recordings"], serde_json::json!([]));
    let left_behind =
        std::fs::read_dir(off.folder.path().join("recordings")).expect("the vault").count();
    assert_eq!(left_behind, 0);
}
