//! Loss, jitter, reordering and late starts never shift one side against the other.

use model::{RecordingFormat, Track};
use recording::Gap;

use crate::listening::{OPUS_EARS, amplitude, listen, onset_ms, opusinfo, peak, probed_ms};
use crate::studio::{AGENT_HZ, CALLER_HZ, Packet, Studio, Voice, wire};

/// Loses every twentieth packet, delays some past their successors and repeats others.
fn through_a_bad_network(packets: Vec<Packet>) -> Vec<Packet> {
    let mut out = Vec::new();
    for (n, mut packet) in packets.into_iter().enumerate() {
        if n % 20 == 7 {
            continue;
        }
        packet.at_ms += match n % 5 {
            0 => 0,
            1 => 65,
            other => other as u64 * 9,
        };
        if n % 11 == 3 {
            out.push(Packet { at_ms: packet.at_ms + 30, ..packet.clone() });
        }
        out.push(packet);
    }
    out
}

#[tokio::test]
async fn five_percent_loss_and_reordering_keep_the_timeline() {
    for make in [Voice::humming, Voice::silk] {
        let studio = Studio::new();
        let id = studio.open(RecordingFormat::OggOpus).await;
        let beeps = |hz| Voice { sounding_ms: 300, ..make(hz) };
        let caller = wire(id, Track::Caller, 0, 20, beeps(CALLER_HZ).sing(8_000));
        let agent = wire(id, Track::Agent, 0, 20, beeps(AGENT_HZ).sing(8_000));
        studio.play([through_a_bad_network(caller), through_a_bad_network(agent)].concat());
        let finished = studio.close(id, 8_000).await;
        let frames = finished.manifest.frames;
        assert_eq!((frames.caller.received, frames.caller.concealed), (380, 20), "{frames:?}");
        assert_eq!((frames.agent.received, frames.agent.concealed), (380, 20), "{frames:?}");
        assert!(frames.caller.dropped > 20, "duplicates are dropped: {frames:?}");
        assert_eq!(finished.manifest.gaps, [], "holes of 20 ms are no gaps");
        opusinfo(&finished.file);
        for ear in OPUS_EARS {
            let heard = listen(ear, &finished.file);
            assert!(heard.duration_ms().abs_diff(8_000) <= 20);
            for second in 1..8 {
                let (left, right) = (
                    onset_ms(&heard.left, second * 1_000 - 500),
                    onset_ms(&heard.right, second * 1_000 - 500),
                );
                assert!(left.abs_diff(second * 1_000) <= 20, "{ear:?} left beeps at {left}");
                assert!(right.abs_diff(second * 1_000) <= 20, "{ear:?} right beeps at {right}");
                // What is made up for lost frames is never louder than the voice.
                let quiet = (second * 1_000 + 450, second * 1_000 + 950);
                assert!(peak(&heard.left, quiet.0, quiet.1) < 0.1, "{ear:?} makes noise");
            }
        }
    }
}

#[tokio::test]
async fn a_track_that_starts_later_is_placed_where_it_arrived() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let mut packets = wire(id, Track::Caller, 0, 20, Voice::humming(CALLER_HZ).sing(4_000));
    packets.extend(wire(id, Track::Agent, 1_505, 20, Voice::humming(AGENT_HZ).sing(2_000)));
    studio.play(packets);
    let finished = studio.close(id, 4_000).await;
    let agent = |from_ms, to_ms| Gap { track: Track::Agent, from_ms, to_ms };
    assert_eq!(finished.manifest.gaps, [agent(0, 1_500), agent(3_500, 4_000)]);
    for ear in OPUS_EARS {
        let heard = listen(ear, &finished.file);
        assert!(onset_ms(&heard.right, 0).abs_diff(1_505) <= 20, "{ear:?}");
        assert!(onset_ms(&heard.left, 0) <= 20, "{ear:?}");
        assert!(amplitude(&heard.right, 1_600, 3_400, AGENT_HZ) > 0.2, "{ear:?}");
        assert!(peak(&heard.right, 0, 1_400) < 0.01, "{ear:?}: silence before the first packet");
        assert!(peak(&heard.right, 3_900, 4_000) < 0.3, "{ear:?}: nothing is made up for long");
    }
}

#[tokio::test]
async fn another_source_on_the_same_track_continues_in_place() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let first = wire(id, Track::Agent, 0, 20, Voice::humming(CALLER_HZ).sing(1_000));
    let mut second = wire(id, Track::Agent, 1_300, 20, Voice::humming(AGENT_HZ).sing(1_000));
    for packet in &mut second {
        packet.seq += 40_000;
        packet.rtp_timestamp = packet.rtp_timestamp.wrapping_add(3_000_000_000);
    }
    studio.play([first, second].concat());
    let finished = studio.close(id, 2_300).await;
    let gap = Gap { track: Track::Agent, from_ms: 1_000, to_ms: 1_300 };
    assert!(finished.manifest.gaps.contains(&gap), "{:?}", finished.manifest.gaps);
    let heard = listen(OPUS_EARS[1], &finished.file);
    assert!(amplitude(&heard.right, 100, 900, CALLER_HZ) > 0.2);
    assert!(amplitude(&heard.right, 1_400, 2_200, AGENT_HZ) > 0.2);
}

#[tokio::test]
async fn a_sender_that_pauses_transmission_leaves_no_gap() {
    let studio = Studio::new();
    let id = studio.open(RecordingFormat::OggOpus).await;
    let mut packets = wire(id, Track::Caller, 0, 20, Voice::silk(CALLER_HZ).sing(2_000));
    // Discontinuous transmission: 400 ms are not sent, and not numbered either.
    packets.drain(50..70);
    for (n, packet) in packets.iter_mut().enumerate().skip(50) {
        packet.seq = 65_530 + n as u64;
    }
    studio.play(packets);
    let finished = studio.close(id, 2_000).await;
    let caller: Vec<_> =
        finished.manifest.gaps.iter().filter(|gap| gap.track == Track::Caller).collect();
    assert_eq!(caller, Vec::<&Gap>::new());
    assert_eq!(finished.manifest.frames.caller.concealed, 20);
}

#[tokio::test]
async fn a_silent_call_still_has_its_length() {
    for (close_ms, shown_ms) in [(0, 0), (5, 5), (3_333, 3_333)] {
        let studio = Studio::new();
        let id = studio.open(RecordingFormat::OggOpus).await;
        let finished = studio.close(id, close_ms).await;
        assert_eq!(finished.manifest.duration_ms, shown_ms);
        let heard = listen(OPUS_EARS[1], &finished.file);
        assert!(heard.duration_ms().abs_diff(shown_ms) <= 20, "{}", heard.duration_ms());
        assert!(heard.left.iter().chain(&heard.right).all(|sample| *sample == 0.0));
        if close_ms > 0 {
            assert!(probed_ms(&finished.file).abs_diff(shown_ms) <= 20);
        }
    }
}

#[tokio::test]
async fn the_wall_clock_moves_a_recording_nobody_feeds() {
    let studio = Studio::new();
    let mut new = studio.new_recording(RecordingFormat::OggOpus);
    new.started = std::time::Instant::now();
    let (id, at) = (new.id, new.started_at);
    studio.recorder.open(new).await.unwrap();
    let part = recording::file_path(&studio.vault, id, at, RecordingFormat::OggOpus)
        .with_extension("opus.part");
    let headers = std::fs::metadata(&part).unwrap().len();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::fs::metadata(&part).unwrap().len() == headers {
        assert!(std::time::Instant::now() < deadline, "no page was written");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let finished = studio.recorder.close(id, std::time::Instant::now()).await.unwrap();
    assert!(finished.manifest.duration_ms >= 480, "{}", finished.manifest.duration_ms);
}
