//! What can be known of an Opus packet without decoding it (RFC 6716 section 3).

use std::time::Duration;

/// No speech is coded in so few bytes (2.4 kbit/s): discontinuous transmission, comfort noise, or
/// digital silence.
const TINY: usize = 6;
/// The longest packet.
const DURATION_MAX: Duration = Duration::from_millis(120);

/// Whether the packet is too small to be speech.
pub(crate) const fn is_tiny(payload: &[u8]) -> bool {
    payload.len() <= TINY
}

/// How much sound the packet holds.
pub(crate) fn duration(payload: &[u8]) -> Duration {
    let Some(toc) = payload.first() else {
        return Duration::ZERO;
    };
    let config = toc >> 3;
    let micros: u64 = match config {
        0..12 => [10_000, 20_000, 40_000, 60_000][usize::from(config & 3)],
        12..16 => [10_000, 20_000][usize::from(config & 1)],
        16.. => [2_500, 5_000, 10_000, 20_000][usize::from(config & 3)],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => payload.get(1).map_or(0, |count| count & 0x3f),
    };
    Duration::from_micros(micros * u64::from(frames)).min(DURATION_MAX)
}

#[cfg(test)]
mod tests {
    use opus::packet;

    use super::*;

    #[test]
    fn durations_are_those_of_libopus() {
        for toc in 0..=u8::MAX {
            for count in [0x01, 0x03, 0x06, 0x30, 0x3f] {
                let bytes = [toc, count, 1, 1, 1, 1, 1, 1];
                let expected = packet::get_nb_samples(&bytes, 48_000);
                let ours = duration(&bytes).as_micros() * 48 / 1_000;
                // What libopus refuses is longer than an Opus packet can be.
                let expected = expected.map_or(5_760, |samples| samples as u128);
                assert_eq!(ours, expected, "{toc:#x} {count:#x}");
            }
        }
        assert_eq!(duration(&[]), Duration::ZERO);
        assert_eq!(duration(&[3]), Duration::ZERO);
    }

    #[test]
    fn silence_is_tiny_and_speech_is_not() {
        assert!(is_tiny(&[0xf8, 0xff, 0xfe]) && is_tiny(&[]));
        assert!(!is_tiny(&[0x48; 20]));
    }
}
