//! T7: a far end with keys and lying headers crashes nothing, and none of its headers crosses.

use media::Protection;

use crate::far_end::{Call, Far};
use crate::served::Served;

/// RTP with a first byte and what follows the fixed header; the number is put in when sealed.
fn packet(far: &Far, first: u8, payload_type: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![first, payload_type, 0, 0, 0, 0, 0, 9];
    packet.extend(far.end.ssrc().to_be_bytes());
    packet.extend(rest);
    packet
}

/// Headers that are longer than honest ones, longer than the packet, or that lie about padding,
/// each with the length up to which the packet stays readable.
fn lies(far: &Far) -> Vec<(usize, Vec<u8>)> {
    const OPUS: u8 = 111;
    let (sound, csrcs) = ([0xf8; 40], [7; 60]);
    let extension = |words: u16, bytes: usize| {
        [&[0xbe, 0xde], &words.to_be_bytes()[..], &vec![0x5a; bytes], &sound].concat()
    };
    vec![
        (72, packet(far, 0x8f, OPUS, &[&csrcs[..], &sound].concat())),
        (12 + 4 + 400, packet(far, 0x90, OPUS, &extension(100, 400))),
        (12 + 60 + 4 + 40, packet(far, 0x9f, OPUS, &[&csrcs[..], &extension(10, 40)].concat())),
        // Fifteen CSRCs announced, none there; an extension of 256 KiB announced.
        (12, packet(far, 0x8f, OPUS, &sound)),
        (12, packet(far, 0x90, OPUS, &[&[0xbe, 0xde, 0xff, 0xff], &sound[..]].concat())),
        // More padding than payload, none at all, and nothing but padding.
        (12, packet(far, 0xa0, OPUS, &[0xff; 20])),
        (12, packet(far, 0xa0, OPUS, &[0; 20])),
        (12, packet(far, 0xa0, OPUS, &[20; 20])),
        (12, packet(far, 0x80, OPUS, &[])),
        (12, packet(far, 0x80, OPUS, &[0xf8; 1_400])),
        // Telephone-events cut off and too long, and a type nobody agreed on.
        (12, packet(far, 0x80, 126, &[5])),
        (12, packet(far, 0x80, 126, &[0xff; 900])),
        (12, packet(far, 0x80, 5, &sound)),
        // Versions that do not exist are not RTP at all.
        (12, packet(far, 0xc0, OPUS, &sound)),
    ]
}

#[test]
fn t7_lying_headers_of_authenticated_packets_end_nothing_and_do_not_cross() {
    let mut served = Served::start();
    for protection in [Protection::AesCm, Protection::AesGcm] {
        let mut call = Call::bridged(&served, protection);
        call.both_hear_each_other(0);
        for round in 1..=20 {
            for (header, lie) in lies(&call.caller) {
                call.caller.say_as_it_is(header, &lie);
            }
            for (header, lie) in lies(&call.agent) {
                call.agent.say_as_it_is(header, &lie);
            }
            call.both_hear_each_other(round);
        }
        assert!(served.still_runs(), "a header ended the process");
        for far in [&call.caller, &call.agent] {
            assert_eq!(far.refused, 0, "every packet that crossed verifies");
            let behind_lies =
                far.heard.iter().filter(|(_, payload)| *payload == [0xf8; 40]).count();
            assert!(behind_lies > 20, "{behind_lies} frames behind true CSRCs and extensions");
            let ours = &far.heard[0].0[8..12];
            for (packet, payload) in &far.heard {
                assert_eq!(packet[0], 0x80, "no CSRC, extension or padding crosses");
                assert_eq!(&packet[8..12], ours, "one stream");
                assert!(payload.len() <= 1_400, "{} bytes", payload.len());
            }
        }
    }
}
