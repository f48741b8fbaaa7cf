//! The vectors of RFC 3711 and RFC 7714, and the promises about forged and repeated packets.

use super::cipher::Cipher;
use super::cm::Cm;
use super::derive::Master;
use super::gcm::Gcm;
use super::*;
use crate::rtp;

const SSRC: u32 = 0xcafe_f00d;

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(pair).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    hex(text).try_into().unwrap()
}

/// Two contexts that talk to each other: ours, then the peer's.
fn pair(profile: Profile) -> (Outbound, Inbound) {
    let material: Vec<u8> = (0..profile.keying_material() as u8).collect();
    let (sender, _) = contexts(profile, &material, true).unwrap();
    let (_, receiver) = contexts(profile, &material, false).unwrap();
    (sender, receiver)
}

fn sealed(sender: &Outbound, index: u64) -> Vec<u8> {
    let mut packet = vec![0; 200];
    let head = packet.first_chunk_mut().unwrap();
    rtp::write(head, 111, false, index as u16, index as u32 * 960, SSRC);
    packet[12..20].copy_from_slice(&index.to_be_bytes());
    let length = sender.seal_rtp(SSRC, index, &mut packet, 92).unwrap();
    packet.truncate(length);
    packet
}

/// The extended index the receiver found, if it accepted the packet with its payload intact.
fn open(receiver: &mut Inbound, packet: &[u8]) -> Option<u64> {
    let mut packet = packet.to_vec();
    let header = rtp::Header::read(&packet)?;
    let heard = receiver.open_rtp(&header, &mut packet, None)?;
    assert_eq!(heard.end, 92);
    assert_eq!(packet[12..20], heard.index.to_be_bytes());
    Some(heard.index)
}

const BOTH: [Profile; 2] = [Profile::AesCm128HmacSha1_80, Profile::AeadAes128Gcm];

#[test]
fn key_derivation_matches_rfc_3711_b3() {
    let master =
        Master::new(&hex("E1F97A0D3E018BE0D64FA32C06DE4139"), &hex("0EC675AD498AFEEBB6960B3AABE6"))
            .unwrap();
    assert_eq!(master.derive::<16>(0), array::<16>("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(master.derive::<14>(2), array::<14>("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(master.derive::<20>(1), array::<20>("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
}

#[test]
fn the_counter_mode_keystream_matches_rfc_3711_b2() {
    let cm = Cm::new(
        &array("2B7E151628AED2A6ABF7158809CF4F3C"),
        &[0; 20],
        array("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
    );
    // 0xff02 blocks, past the eight that are made at once.
    let mut stream = vec![0; 0xff02 * 16];
    cm.apply(0, 0, &mut stream);
    for (block, expected) in [
        (0, "E03EAD0935C95E80E166B16DD92B4EB4"),
        (1, "D23513162B02D0F72A43A2FE4A5F97AB"),
        (2, "41E95B3BB0A2E8DD477901E4FCA894C0"),
        (0xfeff, "EC8CDF7398607CB0F2D21675EA9EA1E4"),
        (0xff00, "362B7C3C6773516318A077D7FC5073AE"),
        (0xff01, "6A2CC3787889374FBEB4C81B17BA6C44"),
    ] {
        assert_eq!(stream[block * 16..][..16], hex(expected), "block {block}");
    }
}

fn gcm_of_the_rfc() -> Cipher {
    let key = array("000102030405060708090a0b0c0d0e0f");
    let salt = array("517569642070726f2071756f");
    Cipher::Gcm(Box::new(Gcm::new(&key, salt).unwrap()))
}

#[test]
fn gcm_protects_rtp_as_in_rfc_7714_16_1_1() {
    let plain =
        hex("8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976 69736120 \
         696e2070 61727465 73207472 6573");
    let mut packet = plain.clone();
    packet.resize(plain.len() + 16, 0);
    let cipher = gcm_of_the_rfc();
    let length = cipher.seal_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet, plain.len());
    assert_eq!(length, Some(packet.len()));
    let expected =
        hex("8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5 0d294e6f \
         42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce");
    assert_eq!(packet, expected);
    let end = cipher.open_rtp(0x5501_a0b2, 0xf17b, 12, &mut packet, None);
    assert_eq!(end, Some(plain.len()));
    assert_eq!(packet[..plain.len()], plain);
}

#[test]
fn gcm_protects_rtcp_as_in_rfc_7714_17_1() {
    let plain =
        hex("81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61 deadbeef \
         deadbeef deadbeef deadbeef deadbeef");
    let mut packet = plain.clone();
    packet.resize(plain.len() + OVERHEAD_MAX, 0);
    let cipher = gcm_of_the_rfc();
    let length = cipher.seal_rtcp(0x4d61_7273, 0x5d4, &mut packet, plain.len());
    assert_eq!(length, Some(packet.len()));
    let expected =
        hex("81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d c676a5f1 \
         730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4");
    assert_eq!(packet, expected);
    assert_eq!(cipher.claimed_rtcp_index(&packet), Some(0x5d4));
    let end = cipher.open_rtcp(0x4d61_7273, 0x5d4, &mut packet);
    assert_eq!(end, Some(plain.len()));
    assert_eq!(packet[..plain.len()], plain);
}

#[test]
fn the_index_survives_two_rollovers_in_both_profiles() {
    for profile in BOTH {
        let (sender, mut receiver) = pair(profile);
        for index in 65_000..65_000 + (1 << 17) + 10 {
            let packet = sealed(&sender, index);
            assert_eq!(open(&mut receiver, &packet), Some(index));
        }
    }
}

#[test]
fn a_packet_is_accepted_once_and_never_when_too_old() {
    for profile in BOTH {
        let (sender, mut receiver) = pair(profile);
        let packets: Vec<_> = (100..200).map(|index| sealed(&sender, index)).collect();
        for (index, packet) in (100..).zip(&packets).filter(|(index, _)| index % 2 == 0) {
            assert_eq!(open(&mut receiver, packet), Some(index));
            assert_eq!(open(&mut receiver, packet), None);
        }
        assert_eq!(open(&mut receiver, &packets[97]), Some(197));
        assert_eq!(open(&mut receiver, &packets[97]), None);
        assert_eq!(open(&mut receiver, &packets[1]), None);
    }
}

#[test]
fn forged_packets_change_nothing() {
    for profile in BOTH {
        let (sender, mut receiver) = pair(profile);
        assert_eq!(open(&mut receiver, &sealed(&sender, 1_000)), Some(1_000));
        // Sequence jumps, foreign sources, flipped bits: with the tag of a genuine packet.
        for jump in [1u16, 100, 0x7fff, 0x8000, 0x8001, 0xffff] {
            let mut forged = sealed(&sender, 1_001);
            forged[2..4].copy_from_slice(&(1_001u16.wrapping_add(jump)).to_be_bytes());
            assert_eq!(open(&mut receiver, &forged), None);
        }
        for source in 0..100u32 {
            let mut forged = sealed(&sender, 1_001);
            forged[8..12].copy_from_slice(&source.to_be_bytes());
            assert_eq!(open(&mut receiver, &forged), None);
        }
        let genuine = sealed(&sender, 1_001);
        for at in 0..genuine.len() {
            let mut forged = genuine.clone();
            forged[at] ^= 0x10;
            assert_eq!(open(&mut receiver, &forged), None, "byte {at}");
        }
        for length in 0..genuine.len() {
            assert_eq!(open(&mut receiver, &genuine[..length]), None);
        }
        assert_eq!(open(&mut receiver, &genuine), Some(1_001));
        assert_eq!(open(&mut receiver, &sealed(&sender, 1_002)), Some(1_002));
    }
}

#[test]
fn a_new_source_is_taken_only_with_a_genuine_packet_and_the_old_one_cannot_be_replayed() {
    let (sender, mut receiver) = pair(Profile::AeadAes128Gcm);
    let old = sealed(&sender, 10);
    assert_eq!(open(&mut receiver, &old), Some(10));
    let from = |ssrc: u32, index: u64| {
        let mut packet = vec![0; 200];
        let head = packet.first_chunk_mut().unwrap();
        rtp::write(head, 111, false, index as u16, 0, ssrc);
        packet[12..20].copy_from_slice(&index.to_be_bytes());
        let length = sender.seal_rtp(ssrc, index, &mut packet, 92).unwrap();
        packet.truncate(length);
        packet
    };
    for source in 1..16 {
        assert_eq!(open(&mut receiver, &from(source, 5)), Some(5));
    }
    assert_eq!(open(&mut receiver, &from(16, 5)), None, "sources are bounded");
    assert_eq!(open(&mut receiver, &old), None);
    assert_eq!(open(&mut receiver, &sealed(&sender, 11)), Some(11));
}

#[test]
fn rtcp_is_opened_once_and_forged_rtcp_never() {
    for profile in BOTH {
        let (mut sender, mut receiver) = pair(profile);
        let mut plain = vec![0x80, 200, 0, 6];
        plain.extend(SSRC.to_be_bytes());
        plain.extend([0x5a; 20]);
        let mut packets = Vec::new();
        for _ in 0..3 {
            let mut packet = plain.clone();
            packet.resize(plain.len() + OVERHEAD_MAX, 0);
            let length = sender.seal_rtcp(SSRC, &mut packet, plain.len()).unwrap();
            packet.truncate(length);
            packets.push(packet);
        }
        for packet in &packets {
            for at in 0..packet.len() {
                let mut forged = packet.clone();
                forged[at] ^= 1;
                assert_eq!(receiver.open_rtcp(&mut forged), None, "byte {at}");
            }
            for length in 0..packet.len() {
                assert_eq!(receiver.open_rtcp(&mut packet[..length].to_vec()), None);
            }
            let mut opened = packet.clone();
            assert_eq!(receiver.open_rtcp(&mut opened), Some(plain.len()));
            assert_eq!(opened[..plain.len()], plain);
            assert_eq!(receiver.open_rtcp(&mut packet.clone()), None);
        }
    }
}

#[test]
fn short_keying_material_is_an_error() {
    for profile in BOTH {
        let short = vec![0; profile.keying_material() - 1];
        assert!(contexts(profile, &short, true).is_err());
    }
}

#[test]
fn a_tag_made_before_counts_only_with_the_rollover_counter_it_was_made_for() {
    let profile = Profile::AesCm128HmacSha1_80;
    let (sender, mut receiver) = pair(profile);
    let near_the_wrap = 0xffff;
    assert!(open(&mut receiver, &sealed(&sender, near_the_wrap)).is_some());
    // Made while the counter was 0, used after the wrap: it is made anew, and the packet heard.
    let late = sealed(&sender, near_the_wrap + 2);
    let header = rtp::Header::read(&late).unwrap();
    let message = receiver.message(&late).unwrap();
    let right = Expected::new(&message, tags(&[message])[0]);
    let stale = Message::new(message.hmac, message.bytes, [0; 4]);
    let stale = Expected::new(&stale, tags(&[stale])[0]);
    let forged = Expected::new(&message, [0; 10]);
    assert!(receiver.open_rtp(&header, &mut late.clone(), Some(forged)).is_none());
    assert!(receiver.open_rtp(&header, &mut late.clone(), Some(stale)).is_some());
    let next = sealed(&sender, near_the_wrap + 3);
    let header = rtp::Header::read(&next).unwrap();
    let wrong = receiver.open_rtp(&header, &mut next.clone(), Some(right));
    assert!(wrong.is_none(), "the tag of another packet with the same counter");
}
