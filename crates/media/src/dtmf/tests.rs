use proptest::prelude::*;

use super::*;

const SSRC: u32 = 7;

/// One packet of a press: timestamp, event, duration in units, end.
#[derive(Clone, Copy, Debug)]
struct Packet(u32, u8, u16, bool);

fn hear(presses: &mut Presses, now: Instant, packet: Packet) -> Vec<Key> {
    let Packet(timestamp, event, units, end) = packet;
    let [high, low] = units.to_be_bytes();
    let mut keys = Vec::new();
    let payload = [event, if end { END | 10 } else { 10 }, high, low];
    presses.hear(now, SSRC, timestamp, &payload, &mut |key| keys.push(key));
    keys
}

fn all(presses: &mut Presses, packets: impl IntoIterator<Item = Packet>) -> Vec<Key> {
    let now = Instant::now();
    let mut keys: Vec<_> =
        packets.into_iter().flat_map(|packet| hear(presses, now, packet)).collect();
    presses.expire(now + PATIENCE, &mut |key| keys.push(key));
    keys
}

fn digits(keys: &[Key]) -> String {
    keys.iter().map(|key| key.digit).collect()
}

/// A press as senders write it: an update every 20 ms and the end three times.
fn press(timestamp: u32, event: u8, updates: u16) -> Vec<Packet> {
    let mut packets: Vec<_> =
        (1..=updates).map(|n| Packet(timestamp, event, n * 160, false)).collect();
    packets.extend([Packet(timestamp, event, updates * 160 + 160, true); 3]);
    packets
}

#[test]
fn a_press_is_one_key_however_often_its_end_is_said() {
    let mut presses = Presses::default();
    for (n, event) in (0..=15).enumerate() {
        let keys = all(&mut presses, press(n as u32 * 9_600, event, 9));
        assert_eq!(keys.len(), 1);
        assert_eq!(keys[0].duration_ms, 200);
        assert_eq!(Some(keys[0].digit), "0123456789*#ABCD".chars().nth(n));
    }
    assert_eq!(all(&mut presses, press(1_000_000, 16, 9)), [], "a hook flash is no key");
    assert_eq!(presses.next_timeout(), None);
}

#[test]
fn a_key_is_told_as_soon_as_it_is_let_go_or_its_end_is_overdue() {
    let mut presses = Presses::default();
    let now = Instant::now();
    assert_eq!(hear(&mut presses, now, Packet(0, 5, 160, false)), []);
    assert_eq!(hear(&mut presses, now, Packet(0, 5, 800, true)).len(), 1);
    assert_eq!(hear(&mut presses, now, Packet(9_600, 6, 160, false)), []);
    assert_eq!(presses.next_timeout(), Some(now + PATIENCE));
    let mut keys = Vec::new();
    presses.expire(now + PATIENCE - Duration::from_millis(1), &mut |key| keys.push(key));
    assert_eq!(keys, []);
    presses.expire(now + PATIENCE, &mut |key| keys.push(key));
    assert_eq!(keys, [Key { digit: '6', duration_ms: 20 }]);
    // Its end comes after all.
    assert_eq!(hear(&mut presses, now, Packet(9_600, 6, 800, true)), []);
    assert_eq!(presses.next_timeout(), None);
}

#[test]
fn a_lost_end_does_not_let_the_next_key_overtake() {
    let mut presses = Presses::default();
    let mut packets = press(0, 1, 5);
    packets.truncate(5);
    packets.extend(press(9_600, 2, 5));
    assert_eq!(digits(&all(&mut presses, packets)), "12");
}

#[test]
fn the_same_key_twice_is_two_presses() {
    let mut presses = Presses::default();
    let packets = [press(0, 4, 3), press(4_800, 4, 3), press(9_600, 4, 3)].concat();
    assert_eq!(digits(&all(&mut presses, packets)), "444");
}

#[test]
fn a_long_press_in_segments_is_one_key() {
    for step in SEGMENT_STEPS {
        let mut presses = Presses::default();
        let mut packets = Vec::new();
        for segment in 0..3u32 {
            let start = 0xfff0_0000u32.wrapping_add(segment * step);
            packets.extend((1..10).map(|n| Packet(start, 9, n * 6_000, false)));
            packets.push(Packet(start, 9, 0xffff, false));
        }
        let start = 0xfff0_0000u32.wrapping_add(3 * step);
        packets.extend(press(start, 9, 5));
        // A packet of the first segment comes last of all.
        packets.push(Packet(0xfff0_0000, 9, 0xffff, false));
        let keys = all(&mut presses, packets);
        assert_eq!(keys, [Key { digit: '9', duration_ms: (3 * 0xffff + 960) / 8 }]);
    }
}

#[test]
fn another_source_starts_anew_and_nothing_is_lost_with_the_old_one() {
    let mut presses = Presses::default();
    let now = Instant::now();
    assert_eq!(hear(&mut presses, now, Packet(50_000, 1, 160, false)), []);
    let mut keys = Vec::new();
    presses.hear(now, 8, 10, &[2, END, 1, 0], &mut |key| keys.push(key));
    assert_eq!(digits(&keys), "12");
}

#[test]
fn short_packets_are_nothing() {
    let mut presses = Presses::default();
    presses.hear(Instant::now(), SSRC, 0, &[5, END, 1], &mut |_| panic!("no key"));
    assert_eq!(presses.next_timeout(), None);
}

proptest! {
    /// Presses of 100 ms and a pause of 60 ms; packets lost, doubled, and late by up to 100 ms.
    #[test]
    fn every_press_of_which_anything_arrives_is_told_once_and_in_order(
        events in prop::collection::vec(0u8..16, 1..20),
        lost in prop::collection::vec(prop::bool::weighted(0.4), 200),
        late in prop::collection::vec(0u32..4_800, 200),
        first in any::<u32>(),
    ) {
        let mut packets = Vec::new();
        let mut expected = String::new();
        let mut fates = lost.iter().zip(&late).cycle();
        for (n, event) in events.iter().enumerate() {
            let at = n as u32 * 7_680;
            let mut arrives = false;
            for (k, packet) in press(first.wrapping_add(at), *event, 4).into_iter().enumerate() {
                let (lost, late) = fates.next().unwrap();
                if !lost {
                    arrives = true;
                    packets.push((at + k as u32 * 960 + late, packet));
                }
            }
            if arrives {
                expected.extend(digit(*event));
            }
        }
        packets.sort_by_key(|(at, _)| *at);
        let mut presses = Presses::default();
        let start = Instant::now();
        let mut told = Vec::new();
        for (at, packet) in packets {
            let now = start + Duration::from_micros(u64::from(at) * 1_000 / 48);
            presses.expire(now, &mut |key| told.push(key));
            told.extend(hear(&mut presses, now, packet));
        }
        presses.expire(start + Duration::from_secs(60), &mut |key| told.push(key));
        let mut sorted: Vec<_> = digits(&told).chars().collect();
        let mut wanted: Vec<_> = expected.chars().collect();
        // Packets so late that a press came wholly after the end of the next are told late.
        sorted.sort_unstable();
        wanted.sort_unstable();
        prop_assert_eq!(sorted, wanted);
    }
}
