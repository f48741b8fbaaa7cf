//! Tones and the built-in hold music, made from sines: no file is needed to start.

use std::f32::consts::TAU;

use super::clip::RATE;

/// Peak of everything made here: -12 dB below full scale, what a telephone network sends.
const LEVEL: f32 = 8_192.0;
/// Fade at both ends of a tone, in samples (8 ms): an edge would click.
const FADE: usize = 128;

/// The ringing tone of a country.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Cadence {
    /// 425 Hz, 1 s on and 4 s off (ETSI TR 101 041-2).
    #[default]
    Europe,
    /// 440 and 480 Hz, 2 s on and 4 s off (ITU-T E.180, North America).
    NorthAmerica,
}

/// One period of the ringing tone.
pub(super) fn ringback(cadence: Cadence) -> Vec<i16> {
    let (tones, on, off): (&[f32], usize, usize) = match cadence {
        Cadence::Europe => (&[425.0], 1, 4),
        Cadence::NorthAmerica => (&[440.0, 480.0], 2, 4),
    };
    let mut pcm = tone(tones, on * RATE as usize);
    pcm.resize((on + off) * RATE as usize, 0);
    pcm
}

/// 200 ms of 1 kHz.
pub(super) fn beep() -> Vec<i16> {
    tone(&[1_000.0], RATE as usize / 5)
}

fn tone(hertz: &[f32], samples: usize) -> Vec<i16> {
    let gain = LEVEL / hertz.len() as f32;
    (0..samples)
        .map(|n| {
            let edge = n.min(samples - 1 - n).min(FADE) as f32 / FADE as f32;
            let sum: f32 = hertz.iter().map(|hertz| sine(*hertz, n)).sum();
            (gain * edge * sum) as i16
        })
        .collect()
}

/// Two bars of a broken chord, one note every half second, each dying away before the next but
/// one; it ends quietly enough to begin again.
pub(super) fn hold() -> Vec<i16> {
    /// D major and G major with their sixths, in hertz: a middle register that speech codecs keep.
    const NOTES: [f32; 16] = [
        293.66, 369.99, 440.0, 493.88, 587.33, 493.88, 440.0, 369.99, //
        392.0, 493.88, 587.33, 659.26, 587.33, 493.88, 392.0, 329.63,
    ];
    let beat = RATE as usize / 2;
    let mut mix = vec![0.0f32; NOTES.len() * beat];
    let length = mix.len();
    for (index, hertz) in NOTES.iter().enumerate() {
        for n in 0..2 * beat {
            let attack = (n as f32 / FADE as f32).min(1.0);
            let decay = 0.5f32.powf(n as f32 / (beat as f32 * 0.45));
            let pluck = sine(*hertz, n) + 0.3 * sine(2.0 * hertz, n);
            // The last note rings on into the first bar of the next round.
            if let Some(sample) = mix.get_mut((index * beat + n) % length) {
                *sample += attack * decay * pluck;
            }
        }
    }
    mix.into_iter().map(|sample| (0.5 * LEVEL * sample) as i16).collect()
}

fn sine(hertz: f32, n: usize) -> f32 {
    // Whole turns are dropped first: a large angle has no precision left.
    let phase = f64::from(hertz) * n as f64 / f64::from(RATE);
    (TAU * phase.fract() as f32).sin()
}
