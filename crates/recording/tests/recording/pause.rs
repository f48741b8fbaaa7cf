//! What is said during a pause is in no file, and the rest stays where it belongs.

use model::{RecordingFormat, Track};
use recording::{Pause, RecordingError};

use crate::listening::{Ear, OPUS_EARS, amplitude, listen, onset_ms, peak};
use crate::studio::{AGENT_HZ, CALLER_HZ, Packet, Studio, Voice, wire};

/// What is read out during the pause.
const SECRET_HZ: f64 = 2_500.0;

/// Two seconds of humming with a second of secrets in between, on both tracks.
fn script(id: model::RecordingId) -> [Vec<Packet>; 3] {
    let both = |hz_caller, hz_agent, at: u64| {
        let mut packets = wire(id, Track::Caller, at, 20, Voice::humming(hz_caller).sing(1_000));
        packets.extend(wire(id, Track::Agent, at, 20, Voice::humming(hz_agent).sing(1_000)));
        for packet in &mut packets {
            packet.seq += at / 20;
            packet.rtp_timestamp = packet.rtp_timestamp.wrapping_add(at as u32 * 48);
        }
        packets
    };
    [
        both(CALLER_HZ, AGENT_HZ, 0),
        both(SECRET_HZ, SECRET_HZ, 1_000),
        both(CALLER_HZ, AGENT_HZ, 2_000),
    ]
}

#[tokio::test]
async fn a_pause_leaves_nothing_of_what_was_said() {
    for format in [RecordingFormat::OggOpus, RecordingFormat::Wav] {
        let studio = Studio::new();
        let id = studio.open(format).await;
        let [before, secret, after] = script(id);
        let secrets: Vec<Vec<u8>> = secret.iter().map(|packet| packet.payload.clone()).collect();
        studio.play(before);
        studio.recorder.pause(id, studio.moment(1_000)).await.unwrap();
        studio.recorder.pause(id, studio.moment(1_200)).await.unwrap();
        studio.play(secret);
        studio.recorder.resume(id, studio.moment(2_000)).await.unwrap();
        studio.play(after);
        let finished = studio.close(id, 3_000).await;
        let manifest = &finished.manifest;
        assert_eq!(manifest.pauses, [Pause { from_ms: 1_000, to_ms: 2_000 }]);
        assert_eq!(manifest.gaps, [], "a pause is not a gap: {manifest:?}");
        assert_eq!(manifest.duration_ms, 3_000);
        assert_eq!((manifest.frames.caller.received, manifest.frames.caller.dropped), (100, 50));
        let bytes = std::fs::read(&finished.file).unwrap();
        for frame in secrets.iter().map(|payload| &payload[1..]).filter(|frame| frame.len() > 8) {
            assert!(!bytes.windows(frame.len()).any(|window| window == frame), "a frame leaked");
        }
        let ears: &[Ear] = match format {
            RecordingFormat::OggOpus => &OPUS_EARS,
            RecordingFormat::Wav => &[Ear::FfmpegAuto],
        };
        for ear in ears {
            let heard = listen(*ear, &finished.file);
            for channel in [&heard.left, &heard.right] {
                assert!(amplitude(channel, 0, 3_000, SECRET_HZ) < 0.001, "{ear:?}");
                assert!(peak(channel, 1_040, 1_990) < 0.01, "{ear:?}: silence in the pause");
                assert!(onset_ms(channel, 1_500).abs_diff(2_000) <= 20, "{ear:?}");
                assert!(peak(channel, 100, 900) > 0.2 && peak(channel, 2_100, 2_900) > 0.2);
            }
        }
    }
}

#[tokio::test]
async fn what_arrived_before_the_button_was_acknowledged_is_left_out_too() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let [before, secret, _] = script(id);
    // The first 150 ms of secrets are in the tap already when the pause is asked for.
    let early: Vec<Packet> = secret.into_iter().filter(|packet| packet.at_ms < 1_150).collect();
    studio.play([before, early].concat());
    studio.recorder.pause(id, studio.moment(1_000)).await.unwrap();
    let finished = studio.close(id, 2_000).await;
    assert_eq!(finished.manifest.pauses, [Pause { from_ms: 1_000, to_ms: 2_000 }]);
    let heard = listen(OPUS_EARS[1], &finished.file);
    assert!(amplitude(&heard.left, 0, 2_000, SECRET_HZ) < 0.001);
    assert!(peak(&heard.right, 1_040, 2_000) < 0.01);
}

#[tokio::test]
async fn only_an_open_recording_can_be_paused() {
    let studio = Studio::new();
    let id = studio.new_recording(RecordingFormat::OggOpus).id;
    let refused = studio.recorder.pause(id, studio.started).await;
    assert!(matches!(refused, Err(RecordingError::NotOpen(unknown)) if unknown == id));
}
