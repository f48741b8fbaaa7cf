//! What attackers send.

/// What a datagram is by its first bytes (RFC 7983).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    Stun,
    Dtls,
    Rtp,
    Rtcp,
    Other,
}

pub(crate) fn kind(datagram: &[u8]) -> Kind {
    match datagram {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// A plain RTP header.
pub(crate) fn rtp_header(payload_type: u8, sequence: u16, timestamp: u32, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x80, payload_type];
    packet.extend(sequence.to_be_bytes());
    packet.extend(timestamp.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet
}

/// Sequence number, timestamp and SSRC of an RTP packet.
pub(crate) fn rtp_fields(packet: &[u8]) -> (u16, u32, u32) {
    let word = |at: usize| u32::from_be_bytes(packet[at..at + 4].try_into().expect("four bytes"));
    (u16::from_be_bytes([packet[2], packet[3]]), word(4), word(8))
}

/// The genuine packet's header at another place of its stream, with a body nobody signed.
pub(crate) fn forged(genuine: &[u8], jump: u16) -> Vec<u8> {
    let mut packet = genuine.to_vec();
    let sequence = rtp_fields(genuine).0.wrapping_add(jump);
    packet[2..4].copy_from_slice(&sequence.to_be_bytes());
    for byte in &mut packet[12..] {
        *byte = rand::random();
    }
    packet
}

fn record(content: u8, epoch: u8, sequence: u8, body: &[u8]) -> Vec<u8> {
    let mut record = vec![content, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0, 0, sequence];
    record.extend((body.len() as u16).to_be_bytes());
    record.extend(body);
    record
}

/// A fatal `handshake_failure` or a `close_notify`, in the clear.
pub(crate) fn plain_alert(step: u8) -> Vec<u8> {
    let body: &[u8] = if step.is_multiple_of(2) { &[2, 40] } else { &[1, 0] };
    record(21, 0, step, body)
}

/// A record of the encrypted epoch that nobody encrypted.
pub(crate) fn false_epoch_one(content: u8, step: u8) -> Vec<u8> {
    let body: [u8; 26] = rand::random();
    record(content, 1, step, &body)
}

/// A ClientHello: whole with the NULL cipher only, of random bytes, or cut off.
pub(crate) fn client_hello(step: usize) -> Vec<u8> {
    let random: [u8; 32] = rand::random();
    let mut hello = vec![0xfe, 0xfd];
    hello.extend(random);
    // No session, no cookie, one cipher suite: TLS_NULL_WITH_NULL_NULL; no compression.
    hello.extend([0, 0, 0, 2, 0, 0, 1, 0]);
    if step % 3 == 1 {
        hello = random.to_vec();
    }
    let length = hello.len() as u8;
    let mut handshake = vec![1, 0, 0, length, 0, 0, 0, 0, 0, 0, 0, length];
    handshake.extend(hello);
    let mut datagram = record(22, 0, 0, &handshake);
    if step % 3 == 2 {
        datagram.truncate(14 + step % 40);
    }
    datagram
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = kind.to_be_bytes().to_vec();
    bytes.extend((value.len() as u16).to_be_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn stun(message: u16, transaction: [u8; 12], attributes: &[Vec<u8>]) -> Vec<u8> {
    let body = attributes.concat();
    let mut datagram = message.to_be_bytes().to_vec();
    datagram.extend((body.len() as u16).to_be_bytes());
    datagram.extend([0x21, 0x12, 0xa4, 0x42]);
    datagram.extend(transaction);
    datagram.extend(body);
    datagram
}

/// USERNAME of a genuine check.
pub(crate) fn username_of(check: &[u8]) -> Vec<u8> {
    let mut rest = &check[20..];
    while let [high, low, length_high, length_low, ..] = *rest {
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        if [high, low] == [0, 6] {
            return rest[4..4 + length].to_vec();
        }
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
    }
    panic!("a check names its user")
}

/// Whether a STUN message carries an attribute.
pub(crate) fn has_attribute(message: &[u8], wanted: u16) -> bool {
    let mut rest = message.get(20..).unwrap_or_default();
    while let [high, low, length_high, length_low, ..] = *rest {
        if u16::from_be_bytes([high, low]) == wanted {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([length_high, length_low]));
        rest = rest.get(4 + length.next_multiple_of(4)..).unwrap_or_default();
    }
    false
}

pub(crate) const ICE_CONTROLLED: u16 = 0x8029;
pub(crate) const ICE_CONTROLLING: u16 = 0x802a;

/// A check that claims a role with the strongest tie-breaker; signed by nobody, or falsely.
pub(crate) fn role_conflict(username: &[u8], role: u16, falsely_signed: bool) -> Vec<u8> {
    let mut attributes = vec![
        attribute(0x0006, username),
        attribute(0x0024, &[0x7f, 0xff, 0xff, 0xff]),
        attribute(role, &[0xff; 8]),
        attribute(0x0025, &[]),
    ];
    if falsely_signed {
        let tag: [u8; 20] = rand::random();
        attributes.push(attribute(0x0008, &tag));
    }
    stun(0x0001, rand::random(), &attributes)
}

/// "487 Role Conflict" in answer to a check of the daemon.
pub(crate) fn conflict_response(check: &[u8]) -> Vec<u8> {
    let transaction = check[8..20].try_into().expect("a STUN header");
    let code = attribute(0x0009, b"\0\0\x04\x57Role Conflict");
    stun(0x0111, transaction, &[code])
}
