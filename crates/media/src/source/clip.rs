//! Sound as the 20 ms Opus frames that go out.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use opus::{Application, Bandwidth, Bitrate, Channels, Encoder};

use super::tones::{self, Cadence};
use super::{ogg_file, wav_file};
use crate::error::MediaError;

/// The rate clips are made at: what reaches a phone is wideband speech, so more is thrown away.
pub(super) const RATE: u32 = 16_000;
/// Samples of a 20 ms frame at [`RATE`].
pub(super) const FRAME_SAMPLES: usize = 320;
/// What Meta asks an Opus sender for.
pub(super) const BITS_PER_SECOND: i32 = 20_000;
/// Frames of a clip: ten minutes, 1.5 MB. Longer music can loop.
pub(super) const FRAMES_MAX: usize = 30_000;
/// Bytes of a frame at a constant 20 kbit/s, with room.
const FRAME_BYTES_MAX: usize = 128;

/// Mono Opus frames of 20 ms, wideband, at most 20 kbit/s. Cheap to clone: all clones share the
/// frames, so a hundred legs that play a clip cost no encoding and no memory.
#[derive(Clone)]
pub struct Clip {
    frames: Arc<[Box<[u8]>]>,
}

impl Clip {
    /// Encodes a WAV file (mono or stereo, integer or float, 8 to 192 kHz). Reads and encodes
    /// before it returns, about 1 ms for a second of sound: not for an async thread.
    ///
    /// # Errors
    /// [`MediaError::Clip`] when the file cannot be read or is longer than ten minutes.
    pub fn from_wav(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        let path = path.as_ref();
        let unusable = |why: String| MediaError::Clip { what: path.display().to_string(), why };
        wav_file::samples(path).and_then(|pcm| encode(&pcm)).map_err(unusable)
    }

    /// Takes the frames of an Ogg Opus file when they are what a phone may get (mono, 20 ms,
    /// wideband at most, 20 kbit/s at most), and encodes them anew when not. Not for an async
    /// thread.
    ///
    /// # Errors
    /// [`MediaError::Clip`] when the file cannot be read, is not mono or stereo Opus, or is longer
    /// than ten minutes.
    pub fn from_ogg_opus(path: impl AsRef<Path>) -> Result<Self, MediaError> {
        let path = path.as_ref();
        let unusable = |why: String| MediaError::Clip { what: path.display().to_string(), why };
        ogg_file::read(path).map_err(unusable)
    }

    /// One period of a ringing tone, to be looped.
    ///
    /// # Errors
    /// [`MediaError::Clip`] only if libopus has no memory for an encoder.
    pub fn ringback(cadence: Cadence) -> Result<Self, MediaError> {
        built_in("the ringing tone", &tones::ringback(cadence))
    }

    /// Eight seconds of quiet plucked notes, to be looped while a caller is on hold.
    ///
    /// # Errors
    /// [`MediaError::Clip`] only if libopus has no memory for an encoder.
    pub fn hold() -> Result<Self, MediaError> {
        built_in("the hold music", &tones::hold())
    }

    /// A short beep.
    ///
    /// # Errors
    /// [`MediaError::Clip`] only if libopus has no memory for an encoder.
    pub fn beep() -> Result<Self, MediaError> {
        built_in("the beep", &tones::beep())
    }

    /// How long it plays.
    pub fn duration(&self) -> Duration {
        Duration::from_millis(20 * self.frames.len() as u64)
    }

    /// The Opus frames, 20 ms each; never empty.
    pub fn frames(&self) -> &[Box<[u8]>] {
        &self.frames
    }

    /// The first refused reason is told: no frames, or too many.
    pub(crate) fn from_frames(frames: Vec<Box<[u8]>>) -> Result<Self, String> {
        match frames.len() {
            0 => Err("there is no sound in it".to_owned()),
            1..=FRAMES_MAX => Ok(Self { frames: frames.into() }),
            _ => Err(too_long()),
        }
    }
}

impl fmt::Debug for Clip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clip").field("duration", &self.duration()).finish_non_exhaustive()
    }
}

fn built_in(what: &str, pcm: &[i16]) -> Result<Clip, MediaError> {
    encode(pcm).map_err(|why| MediaError::Clip { what: what.to_owned(), why })
}

pub(super) fn too_long() -> String {
    format!("it is longer than {} minutes; cut it and let it loop", FRAMES_MAX / 50 / 60)
}

/// Encodes 16 kHz mono samples. A constant bit rate keeps every second within what Meta asks for.
pub(super) fn encode(pcm: &[i16]) -> Result<Clip, String> {
    let encoded = || -> Result<Vec<Box<[u8]>>, opus::Error> {
        let mut encoder = Encoder::new(RATE, Channels::Mono, Application::Audio)?;
        encoder.set_vbr(false)?;
        encoder.set_bitrate(Bitrate::Bits(BITS_PER_SECOND))?;
        encoder.set_max_bandwidth(Bandwidth::Wideband)?;
        pcm.chunks(FRAME_SAMPLES)
            .map(|chunk| {
                let mut frame = [0; FRAME_SAMPLES];
                frame[..chunk.len()].copy_from_slice(chunk);
                encoder.encode_vec(&frame, FRAME_BYTES_MAX).map(Vec::into_boxed_slice)
            })
            .collect()
    };
    if pcm.len() > FRAMES_MAX * FRAME_SAMPLES {
        return Err(too_long());
    }
    Clip::from_frames(encoded().map_err(|error| error.to_string())?)
}

#[cfg(test)]
mod tests;
