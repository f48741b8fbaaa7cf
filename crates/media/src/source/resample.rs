//! Changing the sample rate of a file once, with a windowed sinc: good enough for music on a
//! telephone, and never on the packet path.

use std::f32::consts::PI;

/// Zero crossings of the sinc on each side.
const REACH: usize = 16;
/// Phases kept between two input samples; rates whose ratio needs more share the nearest.
const PHASES_MAX: u64 = 480;

/// `samples` at `from` hertz as samples at `to` hertz.
pub(super) fn resample(samples: &[f32], from: u32, to: u32) -> Vec<f32> {
    if from == to || samples.is_empty() {
        return samples.to_vec();
    }
    let (from, to) = (u64::from(from), u64::from(to));
    // Going down, what the new rate cannot carry is cut off, and the sinc is that much longer.
    let cutoff = (to as f32 / from as f32).min(1.0) * 0.96;
    let reach = (REACH as f32 / cutoff).ceil() as usize;
    let phases = (to / greatest_common_divisor(from, to)).min(PHASES_MAX);
    let table: Vec<Vec<f32>> =
        (0..phases).map(|phase| taps(phase as f32 / phases as f32, cutoff, reach)).collect();
    let length = (samples.len() as u64 * to).div_ceil(from);
    (0..length)
        .map(|n| {
            let (at, rest) = (n * from / to, n * from % to);
            let taps = &table[(rest * phases / to) as usize];
            let first = at as i64 + 1 - reach as i64;
            (first..).zip(taps).fold(0.0, |sum, (index, tap)| {
                let sample = usize::try_from(index).ok().and_then(|index| samples.get(index));
                sum + tap * sample.copied().unwrap_or(0.0)
            })
        })
        .collect()
}

/// The weights of the samples around a point `fraction` behind the middle one; their sum is 1.
fn taps(fraction: f32, cutoff: f32, reach: usize) -> Vec<f32> {
    let weight = |tap: usize| {
        let x = tap as f32 + 1.0 - reach as f32 - fraction;
        let window = 0.5 + 0.5 * (PI * x / (reach as f32 + 1.0)).cos();
        let angle = PI * x * cutoff;
        let sinc = if angle.abs() < 1e-6 { 1.0 } else { angle.sin() / angle };
        window * sinc
    };
    let taps: Vec<f32> = (0..2 * reach).map(weight).collect();
    let sum: f32 = taps.iter().sum();
    taps.into_iter().map(|tap| tap / sum).collect()
}

const fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b > 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f32, rate: u32, samples: usize) -> Vec<f32> {
        (0..samples).map(|n| (2.0 * PI * hertz * n as f32 / rate as f32).sin()).collect()
    }

    fn power(samples: &[f32]) -> f32 {
        samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
    }

    #[test]
    fn a_tone_keeps_its_pitch_and_level_at_another_rate() {
        for from in [8_000, 11_025, 22_050, 44_100, 48_000, 96_000] {
            let out = resample(&sine(1_000.0, from, from as usize / 2), from, 16_000);
            assert_eq!(out.len(), 8_000, "{from}");
            let wanted = sine(1_000.0, 16_000, out.len());
            let difference: Vec<f32> = out.iter().zip(&wanted).map(|(a, b)| a - b).collect();
            // The ends have nothing to lean on.
            assert!(power(&difference[100..7_900]) < 1e-3, "{from}: {}", power(&difference));
        }
    }

    #[test]
    fn what_the_new_rate_cannot_carry_is_cut_off() {
        let out = resample(&sine(12_000.0, 48_000, 24_000), 48_000, 16_000);
        assert!(power(&out[100..7_900]) < 1e-4, "{}", power(&out));
    }
}
