//! A caller whose agent fails hears that they are not forgotten: ringback, or the line's hold music.

use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use wire::agent::ServerEvent;

use crate::hearing::hears_only;
use crate::world::{
    AGENT_HZ, CALLER_HZ, PATIENCE, Setup, World, answer, daemon, events, open, rung, talking,
};

/// The built-in ringing tone.
pub(crate) const RINGBACK_HZ: f64 = 425.0;
/// The test's hold music; no harmonic of anybody else's tone.
pub(crate) const HOLD_HZ: f64 = 620.0;
/// Meta's side gives up on a business that sends nothing; this is the alarm long before.
const GAP_MAX: Duration = Duration::from_secs(2);

/// Two seconds of a sine, 16 kHz mono.
pub(crate) fn write_hold_music(path: &Path) {
    let pcm: Vec<u8> = (0..32_000)
        .map(|n| (12_000.0 * (TAU * HOLD_HZ * f64::from(n) / 16_000.0).sin()) as i16)
        .flat_map(i16::to_le_bytes)
        .collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + pcm.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(16_000_u32.to_le_bytes());
    file.extend(32_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((pcm.len() as u32).to_le_bytes());
    file.extend(pcm);
    std::fs::write(path, file).expect("a scratch folder");
}

#[tokio::test(flavor = "multi_thread")]
async fn a5_it_rings_again_and_the_caller_hears_it_ring() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let mut ben = world.agent("ben").await;
    let phone = world.ring(world.plan()).await;
    let call = rung(&mut ana).await;
    rung(&mut ben).await;
    ana.cut_media();
    ana.claim(call).await.expect("sent");
    assert_eq!(rung(&mut ben).await, call, "it rings again");
    hears_only("the caller", || phone.heard(), RINGBACK_HZ, AGENT_HZ).await;
    ben.claim(call).await.expect("sent");
    open(&mut ben, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, RINGBACK_HZ).await;
    let heard = phone.heard();
    assert!(heard.longest_gap < GAP_MAX, "{:?} without a packet", heard.longest_gap);
    assert_eq!(heard.ssrcs.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn d4_a_lost_agent_is_waited_for_with_the_lines_own_music_and_comes_back() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("hold.wav");
    write_hold_music(&file);
    let setup = Setup { hold_music: Some(file), recording: "always", ..Setup::default() };
    let world = World::with(setup).await;
    let mut ana = world.agent("ana").await;
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut ana).await;
    talking(&phone).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, HOLD_HZ).await;

    ana.cut_media();
    hears_only("the caller", || phone.heard(), HOLD_HZ, AGENT_HZ).await;
    assert_eq!(world.asked("terminate", phone.wacid()), 0);

    ana.wait_for("the loss", |e| matches!(e, ServerEvent::MediaState { up: false, .. }), PATIENCE)
        .await
        .expect("told");
    ana.go_ready().await.expect("a new leg on the same call");
    open(&mut ana, call).await;
    hears_only("the caller", || phone.heard(), AGENT_HZ, HOLD_HZ).await;
    hears_only("the agent", || ana.heard(), CALLER_HZ, AGENT_HZ).await;
    let heard = phone.heard();
    assert!(heard.longest_gap < GAP_MAX, "{:?} without a packet", heard.longest_gap);
    assert_eq!(heard.ssrcs.len(), 1, "one stream through speech, music and speech");

    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered");
    assert_eq!(closed["recordings"].as_array().map(Vec::len), Some(1), "one recording of it all");
    let events = events(&closed);
    let place = |name: &str| events.iter().position(|event| *event == name);
    assert!(
        place("agent_lost").is_some() && place("agent_lost") < place("agent_back"),
        "{events:?}"
    );
}

#[test]
fn hold_music_that_cannot_be_played_is_a_mistake_of_the_configuration() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let config = folder.path().join("ringdown.toml");
    let not_sound = folder.path().join("notes.ogg");
    std::fs::write(&not_sound, "somebody's notes").expect("written");
    let lines: String = ["gone.wav", "notes.ogg"]
        .iter()
        .enumerate()
        .map(|(id, name)| {
            let file = folder.path().join(name).display().to_string();
            format!("[[lines]]\nid = \"{}\"\nhold_music = {file:?}\n", id + 1)
        })
        .collect();
    let secrets = "app_secret = \"a\"\nverify_token = \"b\"\naccess_token = \"c\"";
    std::fs::write(&config, format!("[whatsapp]\n{secrets}\n{lines}")).expect("written");
    for command in [&["serve"][..], &["config", "check"]] {
        let output = daemon().args(command).arg("--config").arg(&config).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{command:?}: {said}");
        for part in
            ["2 problems", "lines[0].hold_music", "gone.wav", "lines[1].hold_music", "to mend it"]
        {
            assert!(said.contains(part), "{command:?}: no {part} in {said}");
        }
    }
}
