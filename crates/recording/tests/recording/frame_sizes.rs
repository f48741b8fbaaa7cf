//! Frames of any length and stereo packets end up as 20 ms mono in their channel.

use model::{RecordingFormat, Track};

use crate::listening::{OPUS_EARS, assert_sides, listen, onset_ms, opusinfo};
use crate::studio::{AGENT_HZ, CALLER_HZ, Studio, Voice, wire};

/// Records a caller of this kind beside an ordinary agent and listens to both.
async fn check(what: &str, caller: Voice) {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let mut packets = wire(id, Track::Caller, 0, caller.frame_ms, caller.sing(3_000));
    packets.extend(wire(id, Track::Agent, 0, 20, Voice::humming(AGENT_HZ).sing(3_000)));
    studio.play(packets);
    let finished = studio.close(id, 3_000).await;
    assert_eq!(finished.manifest.gaps, [], "{what}");
    assert_eq!(finished.manifest.frames.caller.concealed, 0, "{what}");
    opusinfo(&finished.file);
    for ear in OPUS_EARS {
        let heard = listen(ear, &finished.file);
        assert!(heard.duration_ms().abs_diff(3_000) <= 20, "{what} {ear:?}");
        assert_sides(&heard, 200, 2_900);
        assert!(onset_ms(&heard.left, 0) <= 40, "{what} {ear:?}");
    }
}

#[tokio::test]
async fn packets_of_several_frames_are_taken_apart() {
    for frame_ms in [40, 60, 100] {
        check("CELT", Voice { frame_ms, ..Voice::humming(CALLER_HZ) }).await;
    }
}

#[tokio::test]
async fn long_frames_of_speech_are_encoded_again() {
    for frame_ms in [40, 60] {
        let voice = Voice { frame_ms, ..Voice::silk(CALLER_HZ) };
        let first = voice.sing(600)[3][0];
        assert!(first < 0x60 && first >> 3 & 3 >= 2, "one frame of {frame_ms} ms: {first:#x}");
        check("SILK", voice).await;
    }
}

#[tokio::test]
async fn short_frames_are_put_together() {
    check("CELT of 10 ms", Voice { frame_ms: 10, ..Voice::humming(CALLER_HZ) }).await;
    check("CELT of 5 ms", Voice { frame_ms: 5, ..Voice::humming(CALLER_HZ) }).await;
    check("SILK of 10 ms", Voice { frame_ms: 10, ..Voice::silk(CALLER_HZ) }).await;
}

#[tokio::test]
async fn stereo_packets_are_heard_in_one_channel() {
    let music = Voice { stereo: true, ..Voice::humming(CALLER_HZ) };
    let speech = Voice { stereo: true, bits_per_second: 20_000, ..Voice::silk(CALLER_HZ) };
    for (what, voice) in [("CELT stereo", music), ("SILK stereo", speech)] {
        assert!(voice.sing(200).iter().all(|packet| packet[0] & 0x04 != 0), "{what}");
        check(what, voice).await;
    }
}
