//! The part of STUN (RFC 8489) that ICE checks need: finding whom a request is for, proving that
//! it is genuine, and answering it.

use std::net::{IpAddr, SocketAddr};

use sha1::Sha1;
use srtp_hmac::{Hmac, Mac};

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_MASK: u32 = 0x5354_554e;
/// Largest answer: header, IPv6 address, integrity, fingerprint.
pub(crate) const ANSWER_MAX: usize = HEADER + 24 + 24 + 8;

/// The Binding messages ICE uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Request,
    Success,
}

/// A Binding message. Nothing in it is verified until [`Binding::is_genuine`] says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    pub(crate) class: Class,
    bytes: &'a [u8],
    transaction: [u8; 12],
    username: Option<&'a str>,
    integrity_at: usize,
    pub(crate) nominates: bool,
}

/// Whether a datagram is STUN at all (RFC 7983 and the magic cookie).
pub(crate) fn is_stun(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && bytes[0] < 4 && bytes[4..8] == COOKIE
}

impl<'a> Binding<'a> {
    /// Reads a Binding request or success response that carries MESSAGE-INTEGRITY. Attributes
    /// behind it are not read: they are not covered by it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if !is_stun(bytes) {
            return None;
        }
        let class = match [bytes[0], bytes[1]] {
            [0, 1] => Class::Request,
            [1, 1] => Class::Success,
            _ => return None,
        };
        let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
        if length % 4 != 0 || HEADER + length != bytes.len() {
            return None;
        }
        let mut username = None;
        let mut nominates = false;
        let mut at = HEADER;
        loop {
            let head: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
            let kind = u16::from_be_bytes([head[0], head[1]]);
            let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
            let value = bytes.get(at + 4..at + 4 + length)?;
            match kind {
                USERNAME => username = Some(str::from_utf8(value).ok()?),
                USE_CANDIDATE => nominates = true,
                MESSAGE_INTEGRITY if length == 20 => break,
                MESSAGE_INTEGRITY => return None,
                _ => {}
            }
            at += 4 + length.next_multiple_of(4);
        }
        Some(Self {
            class,
            bytes,
            transaction: bytes[8..20].try_into().ok()?,
            username,
            integrity_at: at,
            nominates,
        })
    }

    /// The receiver's and the sender's username fragment of a request.
    pub(crate) fn fragments(&self) -> Option<(&'a str, &'a str)> {
        self.username?.split_once(':')
    }

    /// Whether MESSAGE-INTEGRITY was made with `password`; constant time.
    pub(crate) fn is_genuine(&self, password: &str) -> bool {
        let tag = &self.bytes[self.integrity_at + 4..self.integrity_at + 24];
        integrity(&self.bytes[..self.integrity_at], password)
            .is_some_and(|mac| mac.verify_slice(tag).is_ok())
    }

    /// Writes the success response to this request and returns its length.
    pub(crate) fn answer(
        &self,
        from: SocketAddr,
        password: &str,
        buffer: &mut [u8; ANSWER_MAX],
    ) -> usize {
        buffer[..2].copy_from_slice(&[1, 1]);
        buffer[4..8].copy_from_slice(&COOKIE);
        buffer[8..HEADER].copy_from_slice(&self.transaction);
        let mut at = HEADER + self.put_address(from, &mut buffer[HEADER..]);
        if let Some(mac) = integrity(&buffer[..at], password) {
            put_head(&mut buffer[at..], MESSAGE_INTEGRITY, 20);
            buffer[at + 4..at + 24].copy_from_slice(&mac.finalize().into_bytes());
            at += 24;
        }
        put_length(buffer, at + 8 - HEADER);
        let check = crc32(&buffer[..at]) ^ FINGERPRINT_MASK;
        put_head(&mut buffer[at..], FINGERPRINT, 4);
        buffer[at + 4..at + 8].copy_from_slice(&check.to_be_bytes());
        at + 8
    }

    fn put_address(&self, from: SocketAddr, buffer: &mut [u8]) -> usize {
        let mut mask = [0; 16];
        mask[..4].copy_from_slice(&COOKIE);
        mask[4..].copy_from_slice(&self.transaction);
        let port = from.port() ^ u16::from_be_bytes([COOKIE[0], COOKIE[1]]);
        buffer[6..8].copy_from_slice(&port.to_be_bytes());
        let masked = |octets: &[u8], room: &mut [u8]| {
            for ((byte, octet), mask) in room.iter_mut().zip(octets).zip(mask) {
                *byte = octet ^ mask;
            }
        };
        match from.ip() {
            IpAddr::V4(ip) => {
                put_head(buffer, XOR_MAPPED_ADDRESS, 8);
                buffer[4..6].copy_from_slice(&[0, 1]);
                masked(&ip.octets(), &mut buffer[8..12]);
                12
            }
            IpAddr::V6(ip) => {
                put_head(buffer, XOR_MAPPED_ADDRESS, 20);
                buffer[4..6].copy_from_slice(&[0, 2]);
                masked(&ip.octets(), &mut buffer[8..24]);
                24
            }
        }
    }
}

fn put_head(buffer: &mut [u8], kind: u16, length: u16) {
    buffer[..2].copy_from_slice(&kind.to_be_bytes());
    buffer[2..4].copy_from_slice(&length.to_be_bytes());
}

fn put_length(buffer: &mut [u8], length: usize) {
    let length = u16::try_from(length).unwrap_or(u16::MAX);
    buffer[2..4].copy_from_slice(&length.to_be_bytes());
}

/// Writes a Binding request as a controlling agent sends it.
pub(crate) fn request(
    transaction: [u8; 12],
    username: &str,
    password: &str,
    nominate: bool,
) -> Option<Vec<u8>> {
    let mut bytes = vec![0, 1, 0, 0];
    bytes.extend(COOKIE);
    bytes.extend(transaction);
    bytes.extend(USERNAME.to_be_bytes());
    bytes.extend(u16::try_from(username.len()).ok()?.to_be_bytes());
    bytes.extend(username.as_bytes());
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    if nominate {
        bytes.extend(USE_CANDIDATE.to_be_bytes());
        bytes.extend([0, 0]);
    }
    let tag = integrity(&bytes, password)?.finalize().into_bytes();
    bytes.extend(MESSAGE_INTEGRITY.to_be_bytes());
    bytes.extend([0, 20]);
    bytes.extend(tag);
    let length = bytes.len() + 8 - HEADER;
    put_length(&mut bytes, length);
    let check = crc32(&bytes) ^ FINGERPRINT_MASK;
    bytes.extend(FINGERPRINT.to_be_bytes());
    bytes.extend([0, 4]);
    bytes.extend(check.to_be_bytes());
    Some(bytes)
}

/// Any message with a genuine MESSAGE-INTEGRITY behind its attributes.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn signed(mut message: Vec<u8>, password: &str) -> Option<Vec<u8>> {
    let tag = integrity(&message, password)?.finalize().into_bytes();
    message.extend(MESSAGE_INTEGRITY.to_be_bytes());
    message.extend([0, 20]);
    message.extend(tag);
    let length = message.len() - HEADER;
    put_length(&mut message, length);
    Some(message)
}

/// HMAC over the message up to MESSAGE-INTEGRITY, with the length field as if the message ended
/// behind it (RFC 8489 section 14.5).
fn integrity(message: &[u8], password: &str) -> Option<Hmac<Sha1>> {
    let length = u16::try_from(message.len() + 24 - HEADER).ok()?;
    let mut mac = <Hmac<Sha1> as Mac>::new_from_slice(password.as_bytes()).ok()?;
    mac.update(&message[..2]);
    mac.update(&length.to_be_bytes());
    mac.update(&message[4..]);
    Some(mac)
}

/// CRC-32 of ISO 3309, as FINGERPRINT wants it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = crc >> 1 ^ 0xedb8_8320 & (crc & 1).wrapping_neg();
        }
    }
    !crc
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A Binding request as a browser sends it.
    pub(crate) fn request(username: &str, password: &str, nominate: bool) -> Vec<u8> {
        super::request([7; 12], username, password, nominate).unwrap()
    }

    /// RFC 5769 section 2.1.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e2074657374\
        20636c69656e74002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020\
        000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

    fn sample() -> Vec<u8> {
        let digits: Vec<u8> = SAMPLE.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_sample_request_of_rfc_5769_verifies_with_its_password_only() {
        let bytes = sample();
        let binding = Binding::read(&bytes).unwrap();
        assert_eq!(binding.class, Class::Request);
        assert_eq!(binding.fragments(), Some(("evtj", "h6vY")));
        assert!(binding.is_genuine("VOkJxbRl1RmTxUk/WvJxBt"));
        assert!(!binding.is_genuine("VOkJxbRl1RmTxUk/WvJxBT"));
        let check = crc32(&bytes[..bytes.len() - 8]) ^ FINGERPRINT_MASK;
        assert_eq!(bytes[bytes.len() - 4..], check.to_be_bytes());
    }

    #[test]
    fn any_flipped_bit_before_the_integrity_is_noticed() {
        let bytes = request("ours:theirs", "password", true);
        for bit in 0..(bytes.len() - 32) * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            let accepted = Binding::read(&forged).is_some_and(|b| b.is_genuine("password"));
            assert!(!accepted, "bit {bit}");
        }
    }

    #[test]
    fn attributes_behind_the_integrity_are_not_believed() {
        let mut bytes = request("a:b", "password", false);
        bytes.extend([0x00, 0x25, 0, 0]);
        let length = bytes.len() - HEADER;
        put_length(&mut bytes, length);
        let binding = Binding::read(&bytes).unwrap();
        assert!(binding.is_genuine("password"));
        assert!(!binding.nominates);
    }

    #[test]
    fn an_answer_reads_back_and_is_no_longer_than_the_request() {
        let bytes = request("abcdefgh:ijklmnop", "password", true);
        let binding = Binding::read(&bytes).unwrap();
        assert!(binding.nominates);
        for from in ["192.0.2.1:32853", "[2001:db8::1]:32853"] {
            let mut buffer = [0; ANSWER_MAX];
            let length = binding.answer(from.parse().unwrap(), "password", &mut buffer);
            let answer = Binding::read(&buffer[..length]).unwrap();
            assert_eq!(answer.class, Class::Success);
            assert!(answer.is_genuine("password"));
            assert!(length <= bytes.len() + 4, "{length} for {}", bytes.len());
        }
    }

    #[test]
    fn truncated_messages_are_refused() {
        let bytes = request("ours:theirs", "password", true);
        for length in 0..bytes.len() {
            assert!(Binding::read(&bytes[..length]).is_none(), "{length} bytes");
        }
    }
}
