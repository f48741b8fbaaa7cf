//! STUN whose integrity is genuine and whose attributes are anything.

use std::net::SocketAddr;

use super::pieces::{Piece, pieces};
use super::session::{End, Session};
use crate::ice::stun::signed;

/// Choices of a step, as bits.
const AGENT: u8 = 0;
const STRANGER: u8 = 1;
const UNSIGNED: u8 = 2;
const RESPONSE: u8 = 3;
const WITHOUT_USERNAME: u8 = 4;
const LATER: u8 = 5;

/// Sends signed and unsigned STUN to both legs of a live call.
pub fn stun(data: &[u8]) {
    run(data);
}

/// The same; gives how many bytes went to new addresses of the two ends.
pub(super) fn run(data: &[u8]) -> usize {
    let mut answered = 0;
    let mut session = Session::bridged();
    for piece in pieces(data) {
        let end = if piece.has(AGENT) { End::Agent } else { End::Caller };
        let from = if piece.has(STRANGER) {
            SocketAddr::from(([10, 0, 9, 9], 600 + u16::from(piece.choices)))
        } else {
            end.address()
        };
        let message = message(&session, end, &piece);
        session.strays.clear();
        session.inject(end.via(), from, &message);
        session.deliver();
        let strays: usize = session.strays.iter().map(|(_, bytes)| bytes.len()).sum();
        answered += strays;
        if piece.has(UNSIGNED) {
            assert_eq!(strays, 0, "a stranger without the password was answered");
        }
        // An answer, and at most a check in return.
        assert!(strays <= 4 * message.len().max(68), "an amplifier: {strays} bytes");
        if piece.has(LATER) {
            session.tick();
        }
    }
    session.tick();
    assert_eq!(session.totals().faults, 0, "a fault ended a leg");
    for end in End::BOTH {
        assert!(session.stats(end).up, "the leg of the {end:?} was ended");
    }
    answered
}

fn message(session: &Session, end: End, piece: &Piece<'_>) -> Vec<u8> {
    let (ours, theirs) = (&session.answers[end as usize], &session.offers[end as usize]);
    let kind: u16 = if piece.has(RESPONSE) { 0x0101 } else { 0x0001 };
    let password = if piece.has(RESPONSE) { &theirs.pwd } else { &ours.pwd };
    let mut message = kind.to_be_bytes().to_vec();
    message.extend([0, 0, 0x21, 0x12, 0xa4, 0x42]);
    message.extend([piece.choices; 12]);
    if !piece.has(WITHOUT_USERNAME) {
        let username = format!("{}:{}", ours.ufrag, theirs.ufrag);
        message.extend([0, 6]);
        message.extend((username.len() as u16).to_be_bytes());
        message.extend(username.as_bytes());
        message.resize(message.len().next_multiple_of(4), 0);
    }
    message.extend(piece.bytes);
    if piece.has(UNSIGNED) {
        let length = (message.len() - 20) as u16;
        message[2..4].copy_from_slice(&length.to_be_bytes());
        return message;
    }
    message.resize(message.len().next_multiple_of(4), 0);
    signed(message, password).expect("it is short enough")
}
