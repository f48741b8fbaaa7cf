//! The caller is left, the agent right, and every decoder agrees on it and on the length.

use model::{RecordingFormat, Track};
use recording::{file_path, load_manifest};
use sha2::Digest;

use crate::listening::{OPUS_EARS, assert_sides, listen, opusinfo, probed_ms};
use crate::studio::{AGENT_HZ, CALLER_HZ, Studio, Voice, duet, wire};

#[tokio::test]
async fn foreign_decoders_hear_each_side_in_its_channel() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    studio.play(duet(id, 5_000));
    let finished = studio.close(id, 5_000).await;
    let info = opusinfo(&finished.file);
    assert!(info.contains("Channels: 2"), "{info}");
    assert!(info.contains("Playback length: 0m:05.000s"), "{info}");
    assert!(probed_ms(&finished.file).abs_diff(5_000) <= 20);
    for ear in OPUS_EARS {
        let heard = listen(ear, &finished.file);
        assert!(heard.duration_ms().abs_diff(5_000) <= 20, "{ear:?}: {}", heard.duration_ms());
        assert_sides(&heard, 100, 4_900);
    }
}

#[tokio::test]
async fn speech_codecs_are_heard_in_their_channels_too() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let mut packets = wire(id, Track::Caller, 0, 20, Voice::silk(CALLER_HZ).sing(3_000));
    assert!(packets[9].payload[0] < 0x60, "the caller speaks SILK");
    packets.extend(wire(id, Track::Agent, 0, 20, Voice::humming(AGENT_HZ).sing(3_000)));
    studio.play(packets);
    let finished = studio.close(id, 3_000).await;
    for ear in OPUS_EARS {
        assert_sides(&listen(ear, &finished.file), 200, 2_900);
    }
}

#[tokio::test]
async fn the_manifest_says_what_the_file_is() {
    let studio = Studio::new();
    let new = studio.new_recording(RecordingFormat::OggOpus);
    let (id, call, started_at) = (new.id, new.call, new.started_at);
    studio.recorder.open(new).await.unwrap();
    studio.play(duet(id, 2_000));
    let finished = studio.close(id, 2_000).await;
    let manifest = &finished.manifest;
    assert_eq!(finished.file, file_path(&studio.vault, id, started_at, manifest.format));
    assert_eq!((manifest.id, manifest.call, manifest.duration_ms), (id, call, 2_000));
    assert_eq!(manifest.channels, [Track::Caller, Track::Agent]);
    assert_eq!((manifest.gaps.len(), manifest.pauses.len()), (0, 0));
    assert!(!manifest.recovered && manifest.failed.is_none());
    assert_eq!((manifest.frames.caller.received, manifest.frames.agent.received), (100, 100));
    assert_eq!((manifest.frames.caller.dropped, manifest.frames.caller.concealed), (0, 0));
    let bytes = std::fs::read(&finished.file).unwrap();
    assert_eq!(manifest.bytes, bytes.len() as u64);
    assert_eq!(manifest.sha256, hex::encode(sha2::Sha256::digest(&bytes)));
    assert_eq!(load_manifest(&studio.vault, id).unwrap().as_ref(), Some(manifest));
    let day = finished.file.parent().unwrap();
    assert_eq!(std::fs::read_dir(day).unwrap().count(), 2, "only sound and manifest stay");
    let json = std::fs::read_to_string(day.join(format!("{id}.json"))).unwrap();
    assert!(json.contains("\"caller\",\n    \"agent\""), "{json}");
}

#[tokio::test]
async fn frames_are_copied_and_not_transcoded() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let packets = duet(id, 1_000);
    studio.play(packets.clone());
    let finished = studio.close(id, 1_000).await;
    let bytes = std::fs::read(&finished.file).unwrap();
    for packet in packets {
        let frame = &packet.payload[1..];
        assert!(bytes.windows(frame.len()).any(|window| window == frame), "{:?}", packet.seq);
    }
}
