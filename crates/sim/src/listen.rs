//! What was heard, and whether a tone is in it.

use std::collections::BTreeSet;
use std::f64::consts::TAU;
use std::path::Path;
use std::time::Duration;

use crate::SimError;

/// Sample rate of everything heard, in hertz.
pub const RATE: u32 = 48_000;
/// Level reported when there is nothing at all, in dBFS. Finite, so that it survives JSON.
pub const SILENCE_DB: f64 = -120.0;
/// A tone under this level (dBFS) is not called heard: Opus noise stays well below.
const HEARD_DB: f64 = -30.0;
/// A heard tone must stand this far (dB) above a frequency that nobody plays.
const ABOVE_REFERENCE_DB: f64 = 20.0;
/// The reference frequency is this multiple: no harmonic of a tone falls on it.
const REFERENCE_RATIO: f64 = 1.37;

/// Decoded audio of one side.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// 48 kHz mono PCM, oldest first; at most the last ten minutes.
    pub pcm: Vec<i16>,
    /// RTP packets that arrived, every stream counted.
    pub packets: u64,
    /// SSRCs of the authenticated packets. Only the first one is decoded.
    pub ssrcs: BTreeSet<u32>,
    /// The longest time between two RTP packets.
    pub longest_gap: Duration,
}

impl Heard {
    /// The level of the tone `hz` in the newest `last` of what was heard, in dBFS.
    pub fn tone_db(&self, hz: f64, last: Duration) -> f64 {
        goertzel(self.newest(last), RATE, hz)
    }

    /// Whether the tone `hz` is clearly present in the newest `last` of what was heard.
    pub fn hears(&self, hz: f64, last: Duration) -> bool {
        let level = self.tone_db(hz, last);
        level > HEARD_DB && level > self.tone_db(hz * REFERENCE_RATIO, last) + ABOVE_REFERENCE_DB
    }

    /// Writes everything heard as 16-bit mono WAV.
    ///
    /// # Errors
    /// [`SimError::Wav`] when the file cannot be written.
    pub fn save_wav(&self, path: &Path) -> Result<(), SimError> {
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let write = || -> Result<(), hound::Error> {
            let mut writer = hound::WavWriter::create(path, spec)?;
            for sample in &self.pcm {
                writer.write_sample(*sample)?;
            }
            writer.finalize()
        };
        write().map_err(|source| SimError::Wav { path: path.to_owned(), source })
    }

    fn newest(&self, last: Duration) -> &[i16] {
        let wanted = (last.as_secs_f64() * f64::from(RATE)) as usize;
        &self.pcm[self.pcm.len().saturating_sub(wanted)..]
    }
}

/// The level in dBFS of a sine of `hz` in `pcm`: 0 for full scale, [`SILENCE_DB`] at least.
///
/// One bin of a Fourier transform (Goertzel's recurrence) under a Hann window.
pub fn goertzel(pcm: &[i16], rate: u32, hz: f64) -> f64 {
    let turn = TAU * hz / f64::from(rate);
    let factor = 2.0 * turn.cos();
    let step = TAU / pcm.len().max(1) as f64;
    let (mut previous, mut before, mut weight) = (0.0_f64, 0.0_f64, 0.0_f64);
    for (index, sample) in pcm.iter().enumerate() {
        let window = 0.5 - 0.5 * (step * index as f64).cos();
        let next = f64::from(*sample) * window + factor * previous - before;
        before = previous;
        previous = next;
        weight += window;
    }
    let power = previous * previous + before * before - factor * previous * before;
    let amplitude = 2.0 * power.max(0.0).sqrt() / weight.max(1.0);
    (20.0 * (amplitude / f64::from(i16::MAX)).log10()).max(SILENCE_DB)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hz: f64, amplitude: f64) -> Heard {
        let pcm = (0..RATE)
            .map(|n| {
                let angle = TAU * hz * f64::from(n) / f64::from(RATE);
                (amplitude * f64::from(i16::MAX) * angle.sin()) as i16
            })
            .collect();
        Heard { pcm, ..Heard::default() }
    }

    #[test]
    fn a_half_scale_sine_measures_six_decibels_below_full_scale() {
        let level = sine(440.0, 0.5).tone_db(440.0, Duration::from_secs(1));
        assert!((level + 6.02).abs() < 0.1, "{level}");
    }

    #[test]
    fn a_tone_is_heard_at_its_own_frequency_only() {
        let heard = sine(440.0, 0.5);
        assert!(heard.hears(440.0, Duration::from_millis(500)));
        assert!(!heard.hears(880.0, Duration::from_millis(500)));
        assert!(!heard.hears(430.0, Duration::from_millis(500)));
    }

    #[test]
    fn silence_and_noise_are_not_tones() {
        let silence = Heard::default();
        assert_eq!(silence.tone_db(440.0, Duration::from_secs(1)), SILENCE_DB);
        let mut state = 1_u32;
        let pcm = (0..RATE)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 16) as i16
            })
            .collect();
        let noise = Heard { pcm, ..Heard::default() };
        assert!(!noise.hears(440.0, Duration::from_secs(1)));
    }
}
