//! An agent's browser restarts ICE from another port in the middle of a call; the caller hears one
//! stream without a hole.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use media::MediaEvent;

use crate::far::{Far, OPUS, Part};
use crate::stage::{Stage, assert_one_stream, eventually, talk};

/// Frames in two seconds. Where nothing comes from the agent the caller gets a frame of silence
/// every 20 ms, so the longest run of those is the longest hole.
const TWO_SECONDS: usize = 100;

fn times_heard(far: &Far, words: &[u8]) -> usize {
    far.heard().iter().filter(|note| note.payload == words).count()
}

fn longest_hole(caller: &Far, words: &[u8]) -> usize {
    let heard = caller.heard();
    let first = heard.iter().position(|note| note.payload == words).expect("it was heard");
    let runs = heard[first..].split(|note| note.payload == words);
    runs.map(<[_]>::len).max().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn d3_a_call_goes_on_through_a_restart_from_another_port() {
    let mut stage = Stage::new();
    let (caller, whatsapp) = stage.connected(Part::Meta).await;
    let (browser, agent) = stage.connected(Part::Browser).await;
    let browser = Arc::new(browser);
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    talk(&browser, &caller, b"agent").await;
    talk(&caller, &browser, b"caller").await;

    let talks = Arc::new(AtomicBool::new(true));
    let talking = tokio::spawn({
        let (browser, talks) = (Arc::clone(&browser), Arc::clone(&talks));
        async move {
            while talks.load(Ordering::Relaxed) {
                browser.say(OPUS, b"agent").await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    for round in 0..2 {
        let offer = browser.restart_offer().await;
        let answer = stage.plane.restart_agent_leg(agent, &offer).await;
        browser.answered(&answer.expect("an offer that fits")).await;
        let words = format!("for the agent after restart {round}");
        talk(&caller, &browser, words.as_bytes()).await;
        let before = times_heard(&caller, b"agent");
        eventually("the agent is heard on", async || times_heard(&caller, b"agent") > before + 50)
            .await;
    }
    talks.store(false, Ordering::Relaxed);
    talking.await.expect("it only talks");

    let hole = longest_hole(&caller, b"agent");
    assert!(hole < TWO_SECONDS, "{hole} frames without the agent");
    assert_one_stream(&caller.heard());
    // What was under way to the port that is gone is lost; the stream is still the same.
    let heard = browser.heard();
    assert!(heard.iter().all(|note| note.ssrc == heard[0].ssrc));
    assert!(stage.plane.stats(agent).await.expect("the leg lives").up);
    let is_down = |event: &MediaEvent| matches!(event, MediaEvent::LegDown { .. });
    assert!(!stage.seen().iter().any(is_down));
    browser.close().await;
    caller.close().await;
}
