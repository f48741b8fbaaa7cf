//! HMAC-SHA1 of many packets at once, each with its own key: lane by lane in the vector registers.
//! A processor without instructions for SHA-1 spends more on one packet's code than on all else that
//! is done to it, because each step of a hash waits for the one before; sixteen hashes side by side
//! fill those waits. One that has the instructions loses nothing.

use fearless_simd::{Level, Simd, SimdBase, SimdFrom, dispatch, u32x16};

use super::cm::TAG;
use super::hmac::{self, BLOCK, Hmac};

/// Packets hashed side by side: two vectors of AVX2, whose steps fill each other's waits, or one of
/// AVX-512.
pub(crate) const LANES: usize = 16;
/// Fewer packets are hashed one by one: all lanes together take about as long as that.
const WORTHWHILE: usize = 4;
/// Words of a digest.
const STATE: usize = 5;
/// Words of a block.
const WORDS: usize = 16;

/// One word of every lane.
type Lane = [u32; LANES];

/// A packet whose code is wanted.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    pub(super) hmac: &'a Hmac,
    pub(super) bytes: &'a [u8],
    /// Hashed behind the bytes.
    pub(super) rollover: [u8; 4],
}

impl<'a> Message<'a> {
    pub(super) const fn new(hmac: &'a Hmac, bytes: &'a [u8], rollover: [u8; 4]) -> Self {
        Self { hmac, bytes, rollover }
    }

    const fn blocks(&self) -> usize {
        hmac::blocks(self.length())
    }

    const fn length(&self) -> usize {
        self.bytes.len() + self.rollover.len()
    }

    /// The block at `at` of what is hashed behind the key's.
    fn block(&self, at: usize) -> [u8; BLOCK] {
        let behind = self.bytes.get(at * BLOCK..).unwrap_or_default();
        if let Some(whole) = behind.first_chunk() {
            return *whole;
        }
        let mut block = [0; BLOCK];
        block[..behind.len()].copy_from_slice(behind);
        // Where the end of the bytes lies, as seen from this block.
        let end = self.bytes.len() as isize - (at * BLOCK) as isize;
        let padding = self.rollover.into_iter().chain([0x80]);
        for (byte, at) in padding.zip(end..) {
            if let Some(place) = usize::try_from(at).ok().and_then(|at| block.get_mut(at)) {
                *place = byte;
            }
        }
        if at + 1 == self.blocks() {
            let bits = hmac::bits(self.length());
            block[BLOCK - bits.len()..].copy_from_slice(&bits);
        }
        block
    }
}

/// The tags of up to [`LANES`] messages, in their order.
pub(crate) fn tags(messages: &[Message<'_>]) -> [[u8; TAG]; LANES] {
    tags_by(Level::new(), messages)
}

fn tags_by(level: Level, messages: &[Message<'_>]) -> [[u8; TAG]; LANES] {
    let mut tags = [[0; TAG]; LANES];
    if messages.len() < WORTHWHILE {
        for (tag, message) in tags.iter_mut().zip(messages) {
            *tag = short(&message.hmac.code(message.bytes, &message.rollover));
        }
        return tags;
    }
    let words = dispatch!(level, simd => codes(simd, messages));
    for (lane, tag) in tags.iter_mut().enumerate().take(messages.len()) {
        *tag = short(&hmac::written(words.map(|word| word[lane])));
    }
    tags
}

/// A code cut to a tag (RFC 3711 section 4.2.1).
fn short(code: &[u8; hmac::DIGEST]) -> [u8; TAG] {
    let mut tag = [0; TAG];
    tag.copy_from_slice(&code[..TAG]);
    tag
}

#[inline(always)]
fn codes<S: Simd>(simd: S, messages: &[Message<'_>]) -> [Lane; STATE] {
    let mut state = lanes(messages, |message| message.hmac.inner);
    let mut digests = [[0; LANES]; STATE];
    let longest = messages.iter().map(Message::blocks).max().unwrap_or_default();
    for at in 0..longest {
        let mut words = [[0; LANES]; WORDS];
        for (lane, message) in messages.iter().enumerate() {
            // A lane that has ended goes on with something that nobody looks at.
            let block = message.block(at);
            for (word, bytes) in words.iter_mut().zip(block.as_chunks::<4>().0) {
                word[lane] = u32::from_be_bytes(*bytes);
            }
        }
        compress(simd, &mut state, &words);
        for (lane, _) in messages.iter().enumerate().filter(|(_, it)| it.blocks() == at + 1) {
            for (digest, state) in digests.iter_mut().zip(&state) {
                digest[lane] = state[lane];
            }
        }
    }
    let mut words = [[0; LANES]; WORDS];
    words[..STATE].copy_from_slice(&digests);
    words[STATE] = [0x8000_0000; LANES];
    let bits = u64::from_be_bytes(hmac::bits(hmac::DIGEST));
    words[WORDS - 1] = [bits as u32; LANES];
    let mut state = lanes(messages, |message| message.hmac.outer);
    compress(simd, &mut state, &words);
    state
}

fn lanes(messages: &[Message<'_>], of: impl Fn(&Message<'_>) -> [u32; STATE]) -> [Lane; STATE] {
    let mut state = [[0; LANES]; STATE];
    for (lane, message) in messages.iter().enumerate().take(LANES) {
        for (state, word) in state.iter_mut().zip(of(message)) {
            state[lane] = word;
        }
    }
    state
}

/// One turn of SHA-1 (FIPS 180-4 section 6.1.2) in every lane.
#[inline(always)]
fn compress<S: Simd>(simd: S, state: &mut [Lane; STATE], words: &[Lane; WORDS]) {
    let mut schedule = [u32x16::splat(simd, 0); 80];
    for (place, word) in schedule.iter_mut().zip(words) {
        *place = u32x16::simd_from(simd, *word);
    }
    for t in WORDS..schedule.len() {
        let mixed = schedule[t - 3] ^ schedule[t - 8] ^ schedule[t - 14] ^ schedule[t - 16];
        schedule[t] = turned::<S, 1, 31>(mixed);
    }
    let [mut a, mut b, mut c, mut d, mut e] =
        std::array::from_fn(|at| u32x16::simd_from(simd, state[at]));
    // Five rounds bring every name back to its place, so that nothing is moved about.
    macro_rules! round {
        ($a:ident $b:ident $c:ident $d:ident $e:ident, $f:expr, $k:ident, $word:ident) => {
            $e = $e + turned::<S, 5, 27>($a) + $f($b, $c, $d) + *$word + $k;
            $b = turned::<S, 30, 2>($b);
        };
    }
    macro_rules! rounds {
        ($words:expr, $k:literal, $f:expr) => {
            let k = u32x16::splat(simd, $k);
            for [v, w, x, y, z] in schedule[$words].as_chunks().0 {
                round!(a b c d e, $f, k, v);
                round!(e a b c d, $f, k, w);
                round!(d e a b c, $f, k, x);
                round!(c d e a b, $f, k, y);
                round!(b c d e a, $f, k, z);
            }
        };
    }
    rounds!(0..20, 0x5a82_7999, |b: u32x16<S>, c, d| d ^ (b & (c ^ d)));
    rounds!(20..40, 0x6ed9_eba1, |b: u32x16<S>, c, d| b ^ c ^ d);
    rounds!(40..60, 0x8f1b_bcdc, |b: u32x16<S>, c, d| (b & c) | (d & (b | c)));
    rounds!(60..80, 0xca62_c1d6, |b: u32x16<S>, c, d| b ^ c ^ d);
    for (state, worked) in state.iter_mut().zip([a, b, c, d, e]) {
        *state = (u32x16::simd_from(simd, *state) + worked).into();
    }
}

#[inline(always)]
fn turned<S: Simd, const LEFT: u32, const RIGHT: u32>(word: u32x16<S>) -> u32x16<S> {
    (word << LEFT) | (word >> RIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(seed: usize) -> Hmac {
        Hmac::new(&std::array::from_fn(|at| (seed * 31 + at * 11) as u8))
    }

    #[test]
    fn lanes_of_different_lengths_agree_with_one_hash_at_a_time() {
        let bytes: Vec<u8> = (0..400).map(|at| (at * 7) as u8).collect();
        let keys: Vec<Hmac> = (0..LANES).map(key).collect();
        // What this processor can do, and what every one can.
        for level in [Level::new(), Level::baseline()] {
            for length in 0..300 {
                for count in [1, WORTHWHILE - 1, WORTHWHILE, 7, LANES] {
                    let messages: Vec<_> = (0..count)
                        .map(|lane| Message {
                            hmac: &keys[lane],
                            // Neighbours have more blocks, and fewer.
                            bytes: &bytes[lane..lane + (length + lane * 37) % 300],
                            rollover: [1, 2, 3, lane as u8],
                        })
                        .collect();
                    let tags = tags_by(level, &messages);
                    for (tag, message) in tags.iter().zip(&messages) {
                        let code = message.hmac.code(message.bytes, &message.rollover);
                        assert_eq!(tag[..], code[..TAG], "{length} {count}");
                    }
                }
            }
        }
    }
}
