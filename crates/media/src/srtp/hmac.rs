//! HMAC-SHA1 (RFC 2104) with the key's two blocks hashed once. Written around the bare compression
//! function, because copying hash states about costs as much as hashing a voice packet.

use sha1::compress;
use sha1::digest::generic_array::GenericArray;

/// Bytes of a SHA-1 block.
pub(super) const BLOCK: usize = 64;
/// Bytes of a digest.
pub(super) const DIGEST: usize = 20;
/// Most bytes behind the message: the rollover counter of RTP.
const TRAILER_MAX: usize = 4;
/// Initial state of SHA-1 (FIPS 180-4 section 5.3.1).
const START: [u32; 5] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0];

#[derive(Clone, Copy)]
pub(super) struct Hmac {
    /// The state behind the key's block of the inner hash, and of the outer one.
    pub(super) inner: [u32; 5],
    pub(super) outer: [u32; 5],
}

impl Hmac {
    pub(super) fn new(key: &[u8; 20]) -> Self {
        let keyed = |pad: u8| {
            let mut block = [pad; BLOCK];
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            let mut state = START;
            eat(&mut state, &block);
            state
        };
        Self { inner: keyed(0x36), outer: keyed(0x5c) }
    }

    /// The code of `message` followed by `trailer`.
    pub(super) fn code(&self, message: &[u8], trailer: &[u8]) -> [u8; DIGEST] {
        debug_assert!(trailer.len() <= TRAILER_MAX);
        let (blocks, rest) = message.as_chunks::<BLOCK>();
        let mut state = self.inner;
        for block in blocks {
            eat(&mut state, block);
        }
        let mut tail = [0; 2 * BLOCK];
        let (behind, end) = (rest.len(), rest.len() + trailer.len());
        tail[..behind].copy_from_slice(rest);
        tail[behind..end].copy_from_slice(trailer);
        finish(&mut state, &mut tail, end, message.len() + trailer.len());
        let mut tail = [0; 2 * BLOCK];
        tail[..DIGEST].copy_from_slice(&written(state));
        let mut state = self.outer;
        finish(&mut state, &mut tail, DIGEST, DIGEST);
        written(state)
    }
}

/// Pads what is left behind the key's block and `hashed` bytes, and eats it.
fn finish(state: &mut [u32; 5], tail: &mut [u8; 2 * BLOCK], end: usize, hashed: usize) {
    tail[end] = 0x80;
    let (bits, blocks) = (bits(hashed), blocks(end));
    tail[blocks * BLOCK - bits.len()..blocks * BLOCK].copy_from_slice(&bits);
    for block in tail.as_chunks::<BLOCK>().0.iter().take(blocks) {
        eat(state, block);
    }
}

/// Blocks that `hashed` bytes fill with their padding.
pub(super) const fn blocks(hashed: usize) -> usize {
    (hashed + 1 + size_of::<u64>()).div_ceil(BLOCK)
}

/// The end of the padding: how many bits have been hashed, the key's block included.
pub(super) const fn bits(hashed: usize) -> [u8; 8] {
    ((BLOCK + hashed) as u64 * 8).to_be_bytes()
}

fn eat(state: &mut [u32; 5], block: &[u8; BLOCK]) {
    compress(state, std::slice::from_ref(GenericArray::from_slice(block)));
}

pub(super) fn written(state: [u32; 5]) -> [u8; DIGEST] {
    let mut bytes = [0; DIGEST];
    for (bytes, word) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(state) {
        *bytes = word.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use sha1::Sha1;
    use srtp_hmac::Mac;

    use super::*;

    #[test]
    fn every_length_agrees_with_another_implementation() {
        let key: [u8; 20] = std::array::from_fn(|at| at as u8 * 11);
        let ours = Hmac::new(&key);
        let message: Vec<u8> = (0..300).map(|at| (at * 7) as u8).collect();
        for length in 0..message.len() {
            for trailer in [&[][..], &[1, 2, 3, 4]] {
                let mut theirs = <srtp_hmac::Hmac<Sha1> as Mac>::new_from_slice(&key).unwrap();
                theirs.update(&message[..length]);
                theirs.update(trailer);
                let theirs = theirs.finalize().into_bytes();
                assert_eq!(ours.code(&message[..length], trailer)[..], theirs[..], "{length}");
            }
        }
    }
}
