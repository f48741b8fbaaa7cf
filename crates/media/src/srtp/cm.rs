//! AES counter mode with HMAC-SHA1, 80-bit tag.

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes128, Block};
use sha1::Sha1;
use srtp_hmac::{Hmac, Mac};

/// Bytes of the truncated tag.
pub(super) const TAG: usize = 10;
/// Counter blocks encrypted at once; the AES instructions pipeline eight.
const BLOCKS: usize = 8;

pub(super) struct Cm {
    aes: Aes128,
    salt: [u8; 14],
    mac: Hmac<Sha1>,
}

impl Cm {
    pub(super) fn new(key: &[u8; 16], auth: &[u8; 20], salt: [u8; 14]) -> Self {
        Self {
            aes: Aes128::new(key.into()),
            salt,
            mac: <Hmac<Sha1> as Mac>::new_from_slice(auth).expect("HMAC takes keys of any length"),
        }
    }

    /// Encrypts or decrypts `data` (RFC 3711 section 4.1.1).
    pub(super) fn apply(&self, ssrc: u32, index: u64, data: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        for (byte, x) in iv[4..8].iter_mut().zip(ssrc.to_be_bytes()) {
            *byte ^= x;
        }
        for (byte, x) in iv[8..14].iter_mut().zip(&index.to_be_bytes()[2..]) {
            *byte ^= x;
        }
        let mut counter = 0u16;
        for chunk in data.chunks_mut(BLOCKS * 16) {
            let mut keystream = [Block::default(); BLOCKS];
            let needed = chunk.len().div_ceil(16);
            for block in &mut keystream[..needed] {
                block.copy_from_slice(&iv);
                block[14..].copy_from_slice(&counter.to_be_bytes());
                counter = counter.wrapping_add(1);
            }
            self.aes.encrypt_blocks(&mut keystream[..needed]);
            for (byte, x) in chunk.iter_mut().zip(keystream.iter().flatten()) {
                *byte ^= x;
            }
        }
    }

    /// The tag over `message` and `trailer` (the rollover counter for RTP, nothing for RTCP).
    pub(super) fn tag(&self, message: &[u8], trailer: &[u8]) -> [u8; TAG] {
        let full = self.feed(message, trailer).finalize().into_bytes();
        let mut tag = [0; TAG];
        tag.copy_from_slice(&full[..TAG]);
        tag
    }

    /// Whether `tag` is right, in constant time.
    pub(super) fn verifies(&self, message: &[u8], trailer: &[u8], tag: &[u8]) -> bool {
        tag.len() == TAG && self.feed(message, trailer).verify_truncated_left(tag).is_ok()
    }

    fn feed(&self, message: &[u8], trailer: &[u8]) -> Hmac<Sha1> {
        let mut mac = self.mac.clone();
        mac.update(message);
        mac.update(trailer);
        mac
    }
}
