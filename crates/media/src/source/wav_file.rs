//! Reads a WAV file as 16 kHz mono samples.

use std::path::Path;

use hound::{SampleFormat, WavReader};

use super::clip::{FRAME_SAMPLES, FRAMES_MAX, RATE, too_long};
use super::resample::resample;

/// Sample rates read.
const RATES: std::ops::RangeInclusive<u32> = 8_000..=192_000;

/// The samples, or why there are none.
pub(super) fn samples(path: &Path) -> Result<Vec<i16>, String> {
    let failed = |error: hound::Error| error.to_string();
    let mut reader = WavReader::open(path).map_err(failed)?;
    let spec = reader.spec();
    if !(1..=2).contains(&spec.channels) || !RATES.contains(&spec.sample_rate) {
        return Err(format!(
            "it has {} channels at {} Hz; save it as mono or stereo at 8 to 192 kHz",
            spec.channels, spec.sample_rate
        ));
    }
    let longest = FRAMES_MAX as u64 * FRAME_SAMPLES as u64 / u64::from(RATE);
    if u64::from(reader.duration()) > longest * u64::from(spec.sample_rate) {
        return Err(too_long());
    }
    let samples: Vec<f32> = match spec.sample_format {
        SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
        SampleFormat::Int => {
            let full_scale = (1u64 << spec.bits_per_sample.saturating_sub(1).min(31)) as f32;
            let scaled = |sample: i32| sample as f32 / full_scale;
            reader.samples::<i32>().map(|sample| sample.map(scaled)).collect()
        }
    }
    .map_err(failed)?;
    let channels = usize::from(spec.channels);
    let mono: Vec<f32> =
        samples.chunks(channels).map(|each| each.iter().sum::<f32>() / channels as f32).collect();
    Ok(resample(&mono, spec.sample_rate, RATE).into_iter().map(to_i16).collect())
}

fn to_i16(sample: f32) -> i16 {
    // A float outside the range saturates, as a file that clips should.
    (sample * f32::from(i16::MAX)) as i16
}
