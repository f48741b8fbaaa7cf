//! A caller hears one unbroken stream although each agent lives on another thread.

use std::num::NonZeroU16;

use media::{LegDown, MediaConfig, MediaError, MediaEvent, Tap};
use model::Track;

use crate::far::Part;
use crate::stage::{Stage, assert_one_stream, eventually, talk};

const TWO: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_goes_from_agent_to_agent_across_threads_without_a_break() {
    let mut stage = Stage::with_shards(TWO);
    let addresses = stage.plane.agent_addresses();
    assert_eq!(addresses.len(), 2);
    // The first two legs to be opened are on different shards.
    let (one, first) = stage.connected(Part::Browser).await;
    let (two, second) = stage.connected(Part::Browser).await;
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let tap = Tap {
        recording: "rec_000000000000000000000000000000aa".parse().unwrap(),
        track: Track::Caller,
    };
    stage.plane.speak(whatsapp).await;
    stage.plane.tap(whatsapp, Some(tap)).await;
    eventually("silence flows", async || meta.heard().len() > 5).await;
    for (browser, agent, words) in
        [(&one, first, b"one"), (&two, second, b"two"), (&one, first, b"six")]
    {
        stage.plane.bridge(whatsapp, agent).await;
        talk(browser, &meta, words).await;
        talk(&meta, browser, words).await;
    }
    stage.plane.unbridge(whatsapp).await;
    let count = meta.heard().len();
    eventually("silence again", async || meta.heard().len() > count + 5).await;
    assert_one_stream(&meta.heard());
    let stats = stage.plane.stats(whatsapp).await.expect("it is known wherever it is");
    assert_eq!((stats.up, stats.lost), (true, 0));
    assert_eq!(stats.packets_out, meta.heard().len() as u64);

    let mut heard = [0; 3];
    stage.taps.drain(&mut |frame| {
        let said = [b"one", b"two", b"six"].iter().position(|words| frame.payload == *words);
        heard[said.expect("only what the caller said")] += 1;
    });
    assert!(heard.iter().all(|count| *count >= 5), "all of it is recorded: {heard:?}");

    stage.plane.close(whatsapp).await;
    assert_eq!(stage.plane.stats(whatsapp).await, None);
    assert!(stage.plane.totals().await.unwrap().forwarded >= 30);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_that_ends_while_its_thread_changes_ends_once() {
    let mut stage = Stage::with_shards(TWO);
    let (_one, first) = stage.connected(Part::Browser).await;
    let (_two, second) = stage.connected(Part::Browser).await;
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    for round in 0..20 {
        stage.plane.bridge(whatsapp, if round % 2 == 0 { first } else { second }).await;
    }
    meta.close().await;
    let down = MediaEvent::LegDown { leg: whatsapp, why: LegDown::ClosedByPeer };
    stage.until(|event| *event == down).await;
    stage.plane.bridge(whatsapp, first).await;
    stage.plane.bridge(whatsapp, second).await;
    assert_eq!(stage.seen().iter().filter(|event| **event == down).count(), 1);
    assert!(!stage.plane.stats(whatsapp).await.unwrap().up);
    stage.plane.close(whatsapp).await;
    stage.plane.bridge(whatsapp, first).await;
    for agent in [first, second] {
        assert!(stage.plane.stats(agent).await.unwrap().up);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn agents_of_two_threads_cannot_be_joined_and_nothing_else_happens() {
    let mut stage = Stage::with_shards(TWO);
    let (one, first) = stage.connected(Part::Browser).await;
    let (two, second) = stage.connected(Part::Browser).await;
    stage.plane.bridge(first, second).await;
    one.say(crate::far::OPUS, b"hello").await;
    crate::stage::a_while().await;
    assert_eq!(two.heard(), []);
    assert!(stage.plane.stats(first).await.unwrap().up);
}

#[test]
fn each_thread_has_the_next_port_and_there_must_be_enough() {
    let config = MediaConfig { shards: TWO, agent_port: 65_535, ..MediaConfig::default() };
    assert!(matches!(media::start(config), Err(MediaError::Ports { first: 65_535, .. })));
}
