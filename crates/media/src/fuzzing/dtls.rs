//! DTLS junk from a proven address, before, during and after the handshake.

use super::pieces::{Piece, pieces};
use super::session::{End, Session};

/// Choices of a step, as bits.
const AGENT: u8 = 0;
const LATER: u8 = 1;
const AS_IT_IS: u8 = 2;
const FRAMED: u8 = 3;
const HANDSHAKE: u8 = 4;
/// DTLS datagrams a second that a leg may send once it is up; the same figure bounds what it reads.
const RATE_MAX: usize = 5;

/// The first byte says how many ticks of the handshake pass before the junk begins.
pub fn dtls(data: &[u8]) {
    let Some((start, data)) = data.split_first() else { return };
    if *start < 128 {
        during_handshake(usize::from(*start % 32), data);
        return;
    }
    let mut session = Session::bridged();
    let (begun, sent) = (session.now, session.dtls_sent);
    for piece in pieces(data) {
        throw(&mut session, &piece);
    }
    let seconds = (session.now - begun).as_secs() as usize + 2;
    let answers = session.dtls_sent - sent;
    // Both legs, and a few datagrams for what one of theirs may cause.
    assert!(answers <= 2 * 4 * RATE_MAX * seconds, "{answers} answers to junk");
    assert!(session.strays.is_empty(), "a byte went elsewhere");
    session.assert_alive();
    session.assert_audible();
}

/// Plain-text junk may spoil a handshake, but it must not be our fault.
fn during_handshake(ticks: usize, data: &[u8]) {
    let mut session = Session::begun();
    for _ in 0..ticks {
        session.tick();
    }
    for piece in pieces(data) {
        throw(&mut session, &piece);
        session.tick();
    }
    session.tick();
    assert_eq!(session.totals().faults, 0, "a fault ended a leg");
    assert!(session.strays.is_empty(), "a byte went elsewhere");
}

fn throw(session: &mut Session, piece: &Piece<'_>) {
    let end = if piece.has(AGENT) { End::Agent } else { End::Caller };
    let mut junk = piece.bytes.to_vec();
    if let (Some(first), false) = (junk.first_mut(), piece.has(AS_IT_IS)) {
        *first = 20 + *first % 6;
    }
    if piece.has(FRAMED) && junk.len() >= 13 {
        junk[1..3].copy_from_slice(&[0xfe, 0xfd]);
        let length = (junk.len() - 13) as u16;
        junk[11..13].copy_from_slice(&length.to_be_bytes());
        if piece.has(HANDSHAKE) && junk.len() >= 25 {
            // A whole handshake message, so that what is behind the framing is reached.
            junk[0] = 22;
            let length = (junk.len() - 25) as u32;
            let octets = &length.to_be_bytes()[1..];
            junk[14..17].copy_from_slice(octets);
            junk[19..22].fill(0);
            junk[22..25].copy_from_slice(octets);
        }
    }
    session.inject(end.via(), end.address(), &junk);
    session.deliver();
    if piece.has(LATER) {
        for _ in 0..20 {
            session.tick();
        }
    }
}
