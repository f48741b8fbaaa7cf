//! AES counter mode with HMAC-SHA1, 80-bit tag.

use std::hint::black_box;

use aes::cipher::{BlockEncrypt, KeyInit};
use aes::{Aes128Enc, Block};
use subtle::ConstantTimeEq;

use super::hmac::Hmac;

/// Bytes of the truncated tag.
pub(super) const TAG: usize = 10;
/// Counter blocks encrypted at once: the AES instructions pipeline eight, and eight take little
/// longer than one.
const BLOCKS: usize = 8;

#[repr(C)] // the small ones together, and next to the first AES keys
pub(super) struct Cm {
    hmac: Hmac,
    salt: [u8; 14],
    aes: Aes128Enc,
}

impl Cm {
    pub(super) fn new(key: &[u8; 16], auth: &[u8; 20], salt: [u8; 14]) -> Self {
        Self { aes: Aes128Enc::new(key.into()), salt, hmac: Hmac::new(auth) }
    }

    /// Reads the keys. Those of AES can only be read by using them: a copy would be four times as
    /// large, because it has room for processors without AES.
    pub(super) fn touch(&self) {
        let mut block = Block::default();
        self.aes.encrypt_block(&mut block);
        black_box((self.salt[0] ^ block[0], self.hmac.inner[0]));
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
        let iv = u128::from_be_bytes(iv);
        let mut counter = 0;
        for chunk in data.chunks_mut(BLOCKS * 16) {
            let mut keystream = [Block::default(); BLOCKS];
            for block in &mut keystream {
                // 16 bits of counter: the last two bytes of the vector are zero.
                *block = (iv | counter & 0xffff).to_be_bytes().into();
                counter += 1;
            }
            self.aes.encrypt_blocks(&mut keystream);
            let (whole, rest) = chunk.as_chunks_mut::<16>();
            let behind = keystream.get(whole.len());
            for (bytes, block) in whole.iter_mut().zip(&keystream) {
                let mixed = u128::from_ne_bytes(*bytes) ^ u128::from_ne_bytes((*block).into());
                *bytes = mixed.to_ne_bytes();
            }
            for (byte, x) in rest.iter_mut().zip(behind.into_iter().flatten()) {
                *byte ^= x;
            }
        }
    }

    /// The tag over `message` and `trailer` (the rollover counter for RTP, nothing for RTCP).
    pub(super) fn tag(&self, message: &[u8], trailer: &[u8]) -> [u8; TAG] {
        let code = self.hmac.code(message, trailer);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&code[..TAG]);
        tag
    }

    /// The key of the tags.
    pub(super) const fn hmac(&self) -> &Hmac {
        &self.hmac
    }
}

/// Whether `tag` is right, in constant time.
pub(super) fn is_same(expected: &[u8; TAG], tag: &[u8]) -> bool {
    expected.as_slice().ct_eq(tag).into()
}
