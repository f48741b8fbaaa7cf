//! RTP and RTCP of a far end that has the keys and no manners.

use super::pieces::{Piece, pieces};
use super::session::{End, Session};
use crate::rtp::{self, HEADER, Header};

/// Choices of a step, as bits.
const AGENT: u8 = 0;
const RTCP: u8 = 1;
const JUMP: u8 = 2;
const BACK: u8 = 3;
const LATER: u8 = 4;
const AS_IT_IS: u8 = 5;

/// Seals what it is given with the far ends' own keys and sends it to a bridged call.
pub fn rtp(data: &[u8]) {
    run(data);
}

/// The same; gives how many sounds each end has heard.
pub(super) fn run(data: &[u8]) -> [usize; 2] {
    let mut session = Session::bridged();
    let mut next = [0_u64; 2];
    for piece in pieces(data) {
        let end = if piece.has(AGENT) { End::Agent } else { End::Caller };
        let next = &mut next[end as usize];
        if piece.has(JUMP) {
            *next += u64::from(piece.choices) << 4;
        }
        if piece.has(BACK) {
            *next = next.saturating_sub(u64::from(piece.choices));
        }
        let packet = if piece.has(RTCP) {
            report(&mut session, end, &piece)
        } else {
            let packet = sound(&mut session, end, &piece, *next);
            *next += 1;
            packet
        };
        session.inject(end.via(), end.address(), &packet);
        session.deliver();
        if piece.has(LATER) {
            session.tick();
        }
    }
    assert!(session.strays.is_empty(), "a byte went elsewhere");
    session.assert_alive();
    session.sounds
}

/// The bytes as RTP with a number that will be accepted.
fn sound(session: &mut Session, end: End, piece: &Piece<'_>, index: u64) -> Vec<u8> {
    let mut packet = piece.bytes.to_vec();
    if packet.len() < HEADER || piece.has(AS_IT_IS) {
        return packet;
    }
    packet[0] = 0x80 | packet[0] & 0x3f;
    packet[2..4].copy_from_slice(&((index & 0xffff) as u16).to_be_bytes());
    if rtp::is_rtcp(&packet) {
        packet[1] &= 0x7f;
    }
    let Some(header) = Header::read(&packet) else {
        return packet;
    };
    let length = packet.len();
    packet.resize(length + 32, 0);
    let outbound = session.end(end).outbound().expect("the end is up");
    let place = (header.ssrc, index);
    let sealed = outbound.seal_foreign_rtp(place, header.length, &mut packet, length);
    packet.truncate(sealed.expect("there is room for the tag"));
    packet
}

/// The bytes as compound RTCP.
fn report(session: &mut Session, end: End, piece: &Piece<'_>) -> Vec<u8> {
    let mut packet = piece.bytes.to_vec();
    if packet.len() < 8 || piece.has(AS_IT_IS) {
        return packet;
    }
    packet[0] = 0x80 | packet[0] & 0x3f;
    packet[1] = 200 + packet[1] % 8;
    let ssrc = u32::from_be_bytes([packet[4], packet[5], packet[6], packet[7]]);
    let length = packet.len();
    packet.resize(length + 32, 0);
    let outbound = session.end(end).outbound().expect("the end is up");
    let sealed = outbound.seal_rtcp(ssrc, &mut packet, length);
    packet.truncate(sealed.expect("there is room for the tag"));
    packet
}
