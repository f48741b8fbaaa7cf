//! Cuts the fuzzer's bytes into a few steps.

/// Steps of one input: enough to find what takes several, and an input still runs fast.
const STEPS_MAX: usize = 48;

/// One step: a byte of choices, and bytes to send.
pub(super) struct Piece<'a> {
    pub(super) choices: u8,
    pub(super) bytes: &'a [u8],
}

impl Piece<'_> {
    /// Whether choice `bit` was made.
    pub(super) const fn has(&self, bit: u8) -> bool {
        self.choices >> bit & 1 == 1
    }
}

/// Reads choices, a length of two bytes, and that many bytes, over and over.
pub(super) fn pieces(data: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = data;
    std::iter::from_fn(move || {
        let ([choices, high, low], behind) = rest.split_first_chunk()?;
        let length = usize::from(u16::from_be_bytes([*high, *low]) % 1_600).min(behind.len());
        let (bytes, behind) = behind.split_at(length);
        rest = behind;
        Some(Piece { choices: *choices, bytes })
    })
    .take(STEPS_MAX)
}
