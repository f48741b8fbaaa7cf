//! What a phone or robot says: samples, and their Opus frames.

use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use bytes::Bytes;
use opus::{Application, Bandwidth, Bitrate, Channels, Encoder};

use crate::SimError;
use crate::listen::RATE;

/// Samples in one 20 ms frame at 48 kHz, the only frame length WhatsApp speaks.
pub(crate) const FRAME_SAMPLES: usize = 960;
/// Largest Opus frame ever (RFC 6716, section 3.2.1) and the header byte.
const OPUS_BYTES_MAX: usize = 1_276;
/// Half of full scale: loud enough to be found, far from clipping.
const TONE_AMPLITUDE: f64 = 0.5;
/// Ten minutes of samples: a looped file longer than that only costs memory.
const WAV_SAMPLES_MAX: usize = 600 * RATE as usize;

/// What a phone or robot says once it sends.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum Says {
    /// Encoded digital silence, fifty packets a second.
    #[default]
    Silence,
    /// A sine of this many hertz at half of full scale.
    Tone(f64),
    /// A WAV file, looped.
    Wav(PathBuf),
}

impl FromStr for Says {
    type Err = SimError;

    /// Reads `silence`, `tone:440` or `wav:/path/to/file.wav`.
    fn from_str(text: &str) -> Result<Self, SimError> {
        let refused = || SimError::Says(text.to_owned());
        if text == "silence" {
            return Ok(Self::Silence);
        }
        match text.split_once(':').ok_or_else(refused)? {
            ("tone", hz) => match hz.parse::<f64>() {
                Ok(hz) if (20.0..=20_000.0).contains(&hz) => Ok(Self::Tone(hz)),
                Ok(_) | Err(_) => Err(refused()),
            },
            ("wav", path) if !path.is_empty() => Ok(Self::Wav(PathBuf::from(path))),
            _ => Err(refused()),
        }
    }
}

/// How a side encodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Band {
    /// A WhatsApp phone: wide band, 20 kbit/s, variable rate, in-band error correction.
    Phone,
    /// A browser: full band, 32 kbit/s.
    Browser,
}

/// An endless source of 20 ms Opus frames.
pub(crate) struct Voice {
    source: Source,
    encoder: Encoder,
    frame: [i16; FRAME_SAMPLES],
}

enum Source {
    Silence,
    Tone { step: f64, angle: f64 },
    Loop { pcm: Vec<i16>, at: usize },
}

impl Voice {
    /// Opens the sound and its encoder.
    pub(crate) fn new(says: &Says, band: Band) -> Result<Self, SimError> {
        let source = match says {
            Says::Silence => Source::Silence,
            Says::Tone(hz) => Source::Tone { step: TAU * hz / f64::from(RATE), angle: 0.0 },
            Says::Wav(path) => Source::Loop { pcm: read_wav(path)?, at: 0 },
        };
        Ok(Self {
            source,
            encoder: encoder(band).map_err(SimError::opus("setting up the encoder"))?,
            frame: [0; FRAME_SAMPLES],
        })
    }

    /// The next 20 ms.
    pub(crate) fn next_frame(&mut self) -> Result<Bytes, SimError> {
        match &mut self.source {
            Source::Silence => {}
            Source::Tone { step, angle } => {
                for sample in &mut self.frame {
                    *sample = (TONE_AMPLITUDE * f64::from(i16::MAX) * angle.sin()) as i16;
                    *angle = (*angle + *step) % TAU;
                }
            }
            Source::Loop { pcm, at } => {
                for sample in &mut self.frame {
                    *sample = pcm[*at];
                    *at = (*at + 1) % pcm.len();
                }
            }
        }
        self.encoder
            .encode_vec(&self.frame, OPUS_BYTES_MAX)
            .map(Bytes::from)
            .map_err(SimError::opus("encoding a frame"))
    }
}

fn encoder(band: Band) -> Result<Encoder, opus::Error> {
    let mut encoder = Encoder::new(RATE, Channels::Mono, Application::Voip)?;
    encoder.set_vbr(true)?;
    encoder.set_inband_fec(true)?;
    encoder.set_packet_loss_perc(5)?;
    match band {
        Band::Phone => {
            encoder.set_max_bandwidth(Bandwidth::Wideband)?;
            encoder.set_bitrate(Bitrate::Bits(20_000))?;
        }
        Band::Browser => encoder.set_bitrate(Bitrate::Bits(32_000))?,
    }
    Ok(encoder)
}

/// Reads a WAV file as 48 kHz mono: channels averaged, rate changed by linear interpolation
/// (speech for a test call, not music).
fn read_wav(path: &Path) -> Result<Vec<i16>, SimError> {
    let wav = |source| SimError::Wav { path: path.to_owned(), source };
    let mut reader = hound::WavReader::open(path).map_err(wav)?;
    let spec = reader.spec();
    let samples_max = WAV_SAMPLES_MAX * usize::from(spec.channels);
    let length = || SimError::WavLength { path: path.to_owned() };
    if reader.len() as usize > samples_max {
        return Err(length());
    }
    let samples: Vec<f32> = match spec.sample_format {
        hound::SampleFormat::Float => reader.samples::<f32>().collect::<Result<_, _>>(),
        hound::SampleFormat::Int => {
            let full_scale = (1_i64 << (spec.bits_per_sample - 1)) as f32;
            reader
                .samples::<i32>()
                .map(|sample| sample.map(|value| value as f32 / full_scale))
                .collect()
        }
    }
    .map_err(wav)?;
    let mono: Vec<f32> = samples
        .chunks_exact(usize::from(spec.channels))
        .map(|frame| frame.iter().sum::<f32>() / frame.len() as f32)
        .collect();
    let pcm = to_48_khz(&mono, spec.sample_rate);
    if pcm.is_empty() || pcm.len() > WAV_SAMPLES_MAX {
        return Err(length());
    }
    Ok(pcm)
}

fn to_48_khz(mono: &[f32], rate: u32) -> Vec<i16> {
    let Some(last) = mono.len().checked_sub(1) else {
        return Vec::new();
    };
    let ratio = f64::from(rate) / f64::from(RATE);
    let count = (mono.len() as f64 / ratio) as usize;
    // One sample over the bound is enough for the caller to refuse the file.
    (0..count.min(WAV_SAMPLES_MAX + 1))
        .map(|index| {
            let position = index as f64 * ratio;
            let left = (position as usize).min(last);
            let right = (left + 1).min(last);
            let part = (position - left as f64) as f32;
            let value = mono[left] * (1.0 - part) + mono[right] * part;
            (value.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listen::Heard;
    use std::time::Duration;

    #[test]
    fn sounds_read_as_people_write_them() {
        assert_eq!("silence".parse::<Says>().unwrap(), Says::Silence);
        assert_eq!("tone:440".parse::<Says>().unwrap(), Says::Tone(440.0));
        assert_eq!("wav:/a:b.wav".parse::<Says>().unwrap(), Says::Wav(PathBuf::from("/a:b.wav")));
        for text in ["", "tone", "tone:", "tone:NaN", "tone:0", "wav:", "music:x"] {
            assert!(text.parse::<Says>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_tone_survives_the_phone_encoder() {
        let mut voice = Voice::new(&Says::Tone(440.0), Band::Phone).unwrap();
        let mut decoder = opus::Decoder::new(RATE, Channels::Mono).unwrap();
        let mut heard = Heard::default();
        for _ in 0..50 {
            let frame = voice.next_frame().unwrap();
            let mut pcm = [0_i16; FRAME_SAMPLES];
            let count = decoder.decode(&frame, &mut pcm, false).unwrap();
            assert_eq!(count, FRAME_SAMPLES);
            heard.pcm.extend_from_slice(&pcm);
        }
        assert!(heard.hears(440.0, Duration::from_millis(500)));
    }

    #[test]
    fn a_wav_file_is_brought_to_48_khz_mono_and_looped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.wav");
        let spec = hound::WavSpec {
            channels: 2,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for n in 0..16_000 {
            let sample = (16_384.0 * (TAU * 500.0 * f64::from(n) / 16_000.0).sin()) as i16;
            writer.write_sample(sample).unwrap();
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        let pcm = read_wav(&path).unwrap();
        assert_eq!(pcm.len(), 48_000);
        let heard = Heard { pcm, ..Heard::default() };
        assert!(heard.hears(500.0, Duration::from_secs(1)));
        let mut voice = Voice::new(&Says::Wav(path), Band::Browser).unwrap();
        for _ in 0..60 {
            assert!(voice.next_frame().unwrap().len() > 2);
        }
    }
}
