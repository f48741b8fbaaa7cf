//! Everybody hears the others at an even level, whatever the network does to their packets.

use std::time::{Duration, Instant};

use super::tone::{Talker, WINDOW, decoded, level, levels};
use super::{Mixer, Party, Supervision};

const HERTZ: [f32; 3] = [400.0, 700.0, 1_100.0];
const AMPLITUDE: f32 = 8_000.0;
/// One voice in a mix: 3 dB lower.
const MIXED: f32 = AMPLITUDE * 0.707;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Plays packets, each at its time, to a mixer for `millis`; returns what each party hears.
fn play(
    supervision: Supervision,
    mut packets: Vec<(u64, Party, u64, Vec<u8>)>,
    millis: u64,
) -> [Vec<Vec<u8>>; 3] {
    let start = Instant::now();
    let mut mixer = Mixer::new(start, supervision).unwrap();
    packets.sort_by_key(|packet| packet.0);
    let mut packets = packets.into_iter().peekable();
    let mut heard = [const { Vec::new() }; 3];
    for at in 0..millis {
        let now = start + ms(at);
        while let Some((_, party, index, payload)) = packets.next_if(|packet| packet.0 <= at) {
            mixer.hear(now, party, 7, index, &payload);
        }
        while mixer.due() <= now {
            mixer.advance(now);
            for (hearer, frame) in mixer.frames() {
                heard[hearer.index()].push(frame.to_vec());
            }
        }
    }
    heard
}

/// A second and more of one party's tone, the packets `offset` ms after the mixer's frames.
fn voice(party: Party, offset: u64) -> Vec<(u64, Party, u64, Vec<u8>)> {
    let mut talker = Talker::new(HERTZ[party.index()], AMPLITUDE);
    (0..75).map(|n| (offset + 20 * n, party, 1_000 + n, talker.packet())).collect()
}

/// Without the first 200 ms, in which voices begin.
fn settled(frames: &[Vec<u8>]) -> Vec<i16> {
    decoded(frames).split_off(9_600)
}

fn assert_near(level: f32, expected: f32) {
    assert!((level / expected - 1.0).abs() < 0.2, "{level}, expected {expected}");
}

#[test]
fn each_party_hears_the_others_at_their_level_and_never_itself() {
    for (supervision, hearers) in [
        (Supervision::Listen, &[Party::Supervisor][..]),
        (Supervision::Whisper, &[Party::Supervisor, Party::Agent]),
        (Supervision::Barge, &[Party::Supervisor, Party::Agent, Party::Caller]),
    ] {
        // Three sources in three phases.
        let packets =
            [voice(Party::Caller, 1), voice(Party::Agent, 8), voice(Party::Supervisor, 14)];
        let heard = play(supervision, packets.concat(), 1_400);
        for hearer in Party::ALL {
            let frames = &heard[hearer.index()];
            if !hearers.contains(&hearer) {
                assert!(frames.is_empty());
                continue;
            }
            assert_eq!(frames.len(), 70, "one frame every 20 ms");
            let bytes: usize = frames.iter().map(Vec::len).sum();
            assert!(bytes * 8 * 50 / frames.len() <= 24_000, "24 kbit/s at most");
            let pcm = settled(frames);
            for speaker in Party::ALL {
                let level = level(&pcm, HERTZ[speaker.index()]);
                if speaker == hearer {
                    assert!(level < AMPLITUDE / 20.0, "{hearer:?} hears itself: {level}");
                } else {
                    assert_near(level, MIXED);
                }
            }
        }
    }
}

#[test]
fn two_that_shout_at_once_saturate() {
    let mut packets = Vec::new();
    for party in [Party::Caller, Party::Agent] {
        let mut talker = Talker::new(400.0, 30_000.0);
        packets.extend((0..75).map(|n| (20 * n, party, n, talker.packet())));
    }
    let pcm = settled(&play(Supervision::Listen, packets, 1_400)[2]);
    // A clipped sine; wrapped samples would cancel it out.
    assert!(level(&pcm, 400.0) > 30_000.0, "{}", level(&pcm, 400.0));
}

#[test]
fn packets_that_are_late_or_out_of_order_within_the_allowance_change_nothing() {
    let even = voice(Party::Caller, 1);
    let mut shaken = even.clone();
    for (n, packet) in shaken.iter_mut().enumerate().skip(1) {
        packet.0 += [0, 35, 3, 22, 0, 31, 11][n % 7];
    }
    assert!(!shaken.is_sorted_by_key(|packet| packet.0), "some overtake others");
    let heard = |packets| play(Supervision::Listen, packets, 1_400)[2].clone();
    assert_eq!(heard(even), heard(shaken));
}

#[test]
fn lost_packets_are_concealed_and_two_sources_stay_in_step() {
    let mut packets = voice(Party::Caller, 4);
    packets.retain(|packet| packet.2 % 10 != 3);
    packets.extend(voice(Party::Agent, 13));
    let pcm = settled(&play(Supervision::Listen, packets, 1_400)[2]);
    for hertz in [HERTZ[0], HERTZ[1]] {
        for level in levels(&pcm, hertz, 960) {
            assert!(level > 0.6 * MIXED, "no hole at {hertz} Hz: {level}");
        }
    }
}

#[test]
fn who_stops_is_silent_at_once_and_is_heard_again() {
    let mut packets = voice(Party::Caller, 1);
    packets.retain(|packet| !(20..50).contains(&(packet.2 - 1_000)));
    let heard = play(Supervision::Listen, packets, 1_400);
    let levels = levels(&decoded(&heard[2]), HERTZ[0], WINDOW);
    assert!(levels[6..9].iter().all(|level| *level < MIXED / 20.0), "{levels:?}");
    assert!(levels[2] > 0.8 * MIXED && levels[12] > 0.8 * MIXED, "{levels:?}");
}

#[test]
fn losses_do_not_add_up_to_a_lag() {
    let mut packets = voice(Party::Caller, 1);
    // More at once than wait: the first of them is missed before it is known to be lost.
    packets.retain(|packet| packet.2 % 12 > 2);
    // It ends in silence, with nothing to conceal.
    packets.truncate(40);
    let (last, index) = packets.last().map(|packet| (packet.0, packet.2)).unwrap();
    for n in 1..=3 {
        packets.push((last + 20 * n, Party::Caller, index + n, vec![0xf8, 0xff, 0xfe]));
    }
    let heard = play(Supervision::Listen, packets, 1_600);
    let levels = levels(&decoded(&heard[2]), HERTZ[0], 960);
    let end = levels.iter().rposition(|level| *level > MIXED / 4.0).unwrap() as u64 * 20;
    // The allowance, the phase of the mixer, and what two codecs look ahead.
    assert!((last..=last + 80).contains(&end), "the last packet came at {last}, ended at {end}");
}

#[test]
fn a_burst_does_not_make_the_conversation_lag() {
    let mut packets = voice(Party::Caller, 1);
    for packet in &mut packets {
        packet.0 = packet.0.max(600);
    }
    packets.truncate(40);
    // The last packet arrives at 780 ms, and what waited is over 120 + 60 ms later.
    let pcm = decoded(&play(Supervision::Listen, packets, 1_400)[2]);
    let levels = levels(&pcm, HERTZ[0], WINDOW);
    assert!(
        levels[7] > 0.5 * MIXED && levels[10..].iter().all(|level| *level < MIXED / 20.0),
        "{levels:?}"
    );
}

#[test]
fn junk_long_packets_and_a_new_source_are_taken_as_they_come() {
    let start = Instant::now();
    let mut mixer = Mixer::new(start, Supervision::Barge).unwrap();
    let mut now = start;
    for step in 0..2_000u64 {
        let length = (rand::random::<u64>() % 200) as usize + 1;
        let junk: Vec<u8> = std::iter::repeat_with(rand::random).take(length).collect();
        for party in Party::ALL {
            let index = step + rand::random::<u64>() % 8;
            mixer.hear(now, party, (step / 500) as u32, index, &junk);
        }
        now += ms(20);
        mixer.advance(now);
        assert_eq!(mixer.frames().count(), 3);
    }
}

#[test]
fn a_choice_keeps_who_hears_a_mix_already_and_a_stall_is_skipped() {
    let start = Instant::now();
    let mut mixer = Mixer::new(start, Supervision::Listen).unwrap();
    let hearers = |mixer: &mut Mixer| -> Vec<Party> {
        mixer.advance(start);
        mixer.frames().map(|(hearer, _)| hearer).collect()
    };
    assert_eq!(hearers(&mut mixer), [Party::Supervisor]);
    mixer.choose(Supervision::Barge).unwrap();
    assert_eq!(hearers(&mut mixer), [Party::Supervisor, Party::Caller, Party::Agent]);
    mixer.choose(Supervision::Whisper).unwrap();
    assert_eq!(hearers(&mut mixer), [Party::Supervisor, Party::Agent]);
    assert_eq!(mixer.due(), start + ms(60));
    assert!(!mixer.skip(start + ms(160)));
    assert!(mixer.skip(start + ms(161)));
    assert_eq!(mixer.due(), start + ms(161));
}
