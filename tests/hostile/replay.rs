//! T4: what was said once is heard once, and a recording of a dead leg does not keep it alive.

use std::time::{Duration, Instant};

use wire::agent::ServerEvent;

use crate::house::{House, PATIENCE, Setup};
use crate::packets::Kind;
use crate::tell;

#[tokio::test(flavor = "multi_thread")]
async fn t4_replayed_srtp_and_srtcp_is_not_passed_on() {
    let talk = House::talk(Setup::default()).await;
    // Long enough for several reports of both far ends.
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (from, to) in [(&talk.caller, &talk.agent), (&talk.agent, &talk.caller)] {
        let mut tape = from.recorded(Kind::Rtp);
        let reports = from.recorded(Kind::Rtcp);
        assert!(tape.len() > 100 && !reports.is_empty(), "{} + {}", tape.len(), reports.len());
        tape.extend(reports);
        let (before, begun) = (to.sent_by_daemon(Kind::Rtp), Instant::now());
        for _ in 0..5 {
            for packet in &tape {
                from.inject(packet).await;
                tokio::time::sleep(Duration::from_micros(200)).await;
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        let natural = begun.elapsed().as_millis() as u64 / 20;
        let passed = to.sent_by_daemon(Kind::Rtp) - before;
        tell(&format!(
            "{} replays, {passed} packets passed on, {natural} expected",
            5 * tape.len()
        ));
        assert!(passed <= natural + natural / 10 + 5, "{passed} packets instead of {natural}");
    }
    talk.stands_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t4_replays_do_not_keep_a_dead_agent_leg_alive() {
    let mut talk = House::talk(Setup::default()).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    talk.robot.cut_media();
    let mut tape = talk.agent.recorded(Kind::Rtp);
    tape.extend(talk.agent.recorded(Kind::Rtcp));
    let is_down = |event: &ServerEvent| {
        matches!(event, ServerEvent::MediaState { up: false, .. } | ServerEvent::CallEnd { .. })
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        for packet in tape.iter().step_by(5) {
            talk.agent.inject(packet).await;
        }
        let told = talk.robot.wait_for("the loss", is_down, Duration::from_millis(200)).await;
        if told.is_ok() {
            break;
        }
        assert!(Instant::now() < deadline, "a recording keeps the leg alive");
    }
}
