//! A supervisor joins a call over real UDP, on the thread the call is on.

use std::num::NonZeroU16;
use std::time::Duration;

use media::{MediaError, MediaEvent, SuperviseError, Supervision, SupervisionEnd};
use model::LegId;

use crate::far::{Far, OPUS, Part};
use crate::stage::{Stage, assert_one_stream};

#[path = "../../src/mix/tone.rs"]
mod tone;
use tone::{Talker, decoded, level};

const TWO: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);
/// Of caller, agent, supervisor.
const HERTZ: [f32; 3] = [400.0, 700.0, 1_100.0];
const AMPLITUDE: f32 = 8_000.0;

/// All talk for a while; says for each whom it heard.
async fn talk(fars: [&Far; 3], talkers: &mut [Talker; 3]) -> [[bool; 3]; 3] {
    let before = fars.map(|far| far.heard().len());
    for _ in 0..75 {
        for (far, talker) in fars.iter().zip(talkers.iter_mut()) {
            far.say(OPUS, &talker.packet()).await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    std::array::from_fn(|at| {
        let heard = &fars[at].heard()[before[at]..];
        let payloads: Vec<_> = heard.iter().map(|note| note.payload.clone()).collect();
        let pcm = decoded(&payloads);
        let pcm = &pcm[pcm.len().min(14_400)..];
        // The machine may be busy and lose some of it; a tone that is not there is far below.
        HERTZ.map(|hertz| pcm.len() >= 4_800 && level(pcm, hertz) > AMPLITUDE / 4.0)
    })
}

async fn near(stage: &mut Stage, leg: LegId) -> (Far, LegId) {
    let far = Far::new(Part::Browser).await;
    let opened = stage.plane.open_agent_leg_near(&far.offer().await, leg).await;
    let opened = opened.expect("the leg is known");
    far.answered(&opened.answer).await;
    let leg = opened.leg;
    stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
    (far, leg)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_supervisor_listens_whispers_and_barges_in() {
    let mut stage = Stage::with_shards(TWO);
    let (agent, agent_leg) = stage.connected(Part::Browser).await;
    let (caller, whatsapp) = stage.connected(Part::Meta).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent_leg).await;
    let (supervisor, leg) = near(&mut stage, whatsapp).await;
    let fars = [&caller, &agent, &supervisor];
    let mut talkers = HERTZ.map(|hertz| Talker::new(hertz, AMPLITUDE));
    let (by_caller, by_agent, both) =
        ([true, false, false], [false, true, false], [true, true, false]);
    let (with_caller, with_agent) = ([true, false, true], [false, true, true]);
    for (supervision, heard) in [
        (Supervision::Listen, [by_agent, by_caller, both]),
        (Supervision::Whisper, [by_agent, with_caller, both]),
        (Supervision::Barge, [with_agent, with_caller, both]),
    ] {
        stage.plane.supervise(leg, whatsapp, supervision).await.expect("all are on one thread");
        assert_eq!(talk(fars, &mut talkers).await, heard, "{supervision:?}");
    }
    stage.plane.unsupervise(leg).await;
    assert_eq!(talk(fars, &mut talkers).await, [by_agent, by_caller, [false; 3]]);
    stage.plane.supervise(leg, whatsapp, Supervision::Listen).await.expect("once more");
    stage.plane.close(whatsapp).await;
    let ended =
        MediaEvent::SupervisionEnded { supervisor: leg, whatsapp, why: SupervisionEnd::CallEnded };
    stage.until(|event| *event == ended).await;
    for far in fars {
        assert_one_stream(&far.heard());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_that_moves_to_another_thread_leaves_its_supervisor_behind() {
    let mut stage = Stage::with_shards(TWO);
    let (_one, first) = stage.connected(Part::Browser).await;
    let (_two, second) = stage.connected(Part::Browser).await;
    let (_meta, whatsapp) = stage.connected(Part::Meta).await;
    stage.plane.bridge(whatsapp, first).await;
    let (_far, leg) = near(&mut stage, whatsapp).await;
    stage.plane.supervise(leg, whatsapp, Supervision::Whisper).await.expect("on one thread");
    stage.plane.bridge(whatsapp, second).await;
    let why = SupervisionEnd::Moved;
    let ended = MediaEvent::SupervisionEnded { supervisor: leg, whatsapp, why };
    stage.until(|event| *event == ended).await;
    let refused = stage.plane.supervise(leg, whatsapp, Supervision::Listen).await;
    assert!(matches!(refused, Err(MediaError::Supervise(SuperviseError::Apart { .. }))));
    let gone = LegId(u64::MAX);
    let refused = stage.plane.supervise(leg, gone, Supervision::Listen).await;
    assert!(matches!(refused, Err(MediaError::Supervise(SuperviseError::Gone { .. }))));
    let far = Far::new(Part::Browser).await;
    let refused = stage.plane.open_agent_leg_near(&far.offer().await, gone).await;
    assert!(matches!(refused, Err(MediaError::NotNear { .. })));
}
