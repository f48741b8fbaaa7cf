//! A call's sound: nothing before it may speak, then silence, then two people, then silence.

use std::time::Duration;

use media::{LegDown, MediaEvent, Tap};
use model::Track;

use crate::far::{OPUS, Part};
use crate::stage::{Stage, a_while, assert_one_stream, eventually, talk};

const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_from_ringing_to_hang_up() {
    let mut stage = Stage::new();
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let (browser, agent) = stage.connected(Part::Browser).await;

    // Ringing: the legs are up and bridged, and still nothing may reach the caller.
    stage.plane.bridge(whatsapp, agent).await;
    for _ in 0..10 {
        browser.say(OPUS, b"too early").await;
    }
    a_while().await;
    assert_eq!(meta.heard(), []);
    stage.plane.unbridge(agent).await;

    // Accepted: silence at once, with reports.
    stage.plane.speak(whatsapp).await;
    eventually("silence flows", async || meta.heard().len() > 5).await;
    assert!(meta.heard().iter().all(|note| note.payload[..] == SILENCE));
    eventually("reports flow", async || meta.rtcp_heard() > 0).await;
    assert_eq!(browser.heard(), [], "nothing is sent to an agent without a bridge");

    // Bridged: both hear each other, and each direction is announced once.
    stage.plane.bridge(whatsapp, agent).await;
    talk(&meta, &browser, b"caller").await;
    talk(&browser, &meta, b"agent").await;
    for (from, to) in [(whatsapp, agent), (agent, whatsapp)] {
        let forwarded = |event: &MediaEvent| matches!(event, MediaEvent::Forwarded { from: f, to: t, .. } if (*f, *t) == (from, to));
        stage.until(forwarded).await;
        // Once for this bridge; the caller was not heard by the first one, nor the agent.
        assert_eq!(stage.seen().iter().filter(|event| forwarded(event)).count(), 1);
    }
    let first_heard = |event: &&MediaEvent| matches!(event, MediaEvent::FirstRtp { .. });
    assert_eq!(stage.seen().iter().filter(first_heard).count(), 2);

    // Muted: the caller hears silence instead, the agent still hears the caller.
    stage.plane.mute(agent, true).await;
    let before = stage.plane.stats(agent).await.unwrap();
    for _ in 0..5 {
        browser.say(OPUS, b"secret").await;
    }
    eventually("the muted words arrive here", async || {
        let now = stage.plane.stats(agent).await.unwrap();
        now.packets_in >= before.packets_in + 5
    })
    .await;
    let count = meta.heard().len();
    eventually("silence fills the gap", async || meta.heard().len() > count + 5).await;
    assert!(meta.heard()[count..].iter().all(|note| note.payload[..] == SILENCE));
    talk(&meta, &browser, b"still there?").await;
    stage.plane.mute(agent, false).await;
    talk(&browser, &meta, b"yes").await;

    // Parted: silence again.
    stage.plane.unbridge(whatsapp).await;
    let count = meta.heard().len();
    eventually("silence returns", async || meta.heard().len() > count + 5).await;
    let tail = &meta.heard()[count + 1..];
    assert!(tail.iter().all(|note| note.payload[..] == SILENCE));

    assert_one_stream(&meta.heard());
    assert_one_stream(&browser.heard());
    assert!(meta.heard().iter().all(|note| note.payload_type == OPUS));
    assert!(!meta.heard().iter().any(|note| note.payload[..] == *b"secret"));

    // Closed: nothing more, and the leg is forgotten.
    stage.plane.close(whatsapp).await;
    assert_eq!(stage.plane.stats(whatsapp).await, None);
    let count = meta.heard().len();
    a_while().await;
    assert_eq!(meta.heard().len(), count);
    assert!(stage.plane.stats(agent).await.unwrap().up);
    browser.close().await;
    let gone = MediaEvent::LegDown { leg: agent, why: LegDown::ClosedByPeer };
    stage.until(|event| *event == gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_agent_takes_over_on_the_same_stream() {
    let mut stage = Stage::new();
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let (one, first) = stage.connected(Part::Browser).await;
    let (two, second) = stage.connected(Part::Browser).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, first).await;
    talk(&one, &meta, b"agent one").await;
    stage.plane.bridge(whatsapp, second).await;
    talk(&two, &meta, b"agent two").await;
    let count = meta.heard().len();
    one.say(OPUS, b"one is gone").await;
    talk(&meta, &two, b"caller").await;
    assert!(!meta.heard()[count..].iter().any(|note| note.payload[..] == *b"one is gone"));
    assert!(!one.heard().iter().any(|note| note.payload[..] == *b"caller"));
    assert_one_stream(&meta.heard());
    let markers = meta.heard().iter().filter(|note| note.marker).count();
    // Between them there may have been silence, which is a third.
    assert!(markers >= 2, "each new voice starts with a marker: {markers}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_tapped_leg_says_reaches_the_recorder_while_it_is_tapped() {
    let mut stage = Stage::new();
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let (browser, agent) = stage.connected(Part::Browser).await;
    let tap = Tap {
        recording: "rec_000000000000000000000000000000aa".parse().unwrap(),
        track: Track::Caller,
    };
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    talk(&meta, &browser, b"not yet").await;
    stage.plane.tap(whatsapp, Some(tap)).await;
    talk(&meta, &browser, b"words").await;
    stage.plane.tap(whatsapp, None).await;
    let _obeyed = stage.plane.stats(whatsapp).await;
    talk(&meta, &browser, b"off the record").await;

    let mut frames = Vec::new();
    stage.taps.drain(&mut |frame| {
        assert_eq!((frame.recording, frame.track), (tap.recording, tap.track));
        frames.push((frame.seq, frame.rtp_timestamp, frame.payload.to_vec()));
    });
    assert!(frames.len() >= 5);
    assert!(frames.iter().all(|(_, _, payload)| payload == b"words"));
    for pair in frames.windows(2) {
        let steps = (pair[1].0 - pair[0].0) as u32;
        assert_eq!(pair[1].1.wrapping_sub(pair[0].1), steps * 960);
    }
    assert!(frames.iter().any(|(seq, ..)| *seq > 65_535), "numbers go on past the wrap");
    assert_eq!(stage.taps.dropped(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_leg_reports_the_next_sign_of_life() {
    let mut stage = Stage::new();
    let (browser, agent) = stage.connected(Part::Browser).await;
    let lives = |stage: &mut Stage| {
        let heard = |event: &&MediaEvent| matches!(event, MediaEvent::FirstRtp { leg, .. } if *leg == agent);
        stage.seen().iter().filter(heard).count()
    };
    for expected in 1..=3 {
        eventually("sound arrives", async || {
            browser.say(OPUS, b"hm").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
            stage.plane.stats(agent).await.unwrap().packets_in >= expected * 5
        })
        .await;
        assert_eq!(lives(&mut stage), expected as usize);
        stage.plane.watch(agent).await;
    }
}
