//! WAV: 48 kHz 16-bit stereo, decoded as the call goes. The header says "until the end of the
//! file" until the file is whole, so that a reader of an unfinished file gets all of it.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::sync::Arc;

use crate::error::RecordingError;
use crate::ogg_writer::PRE_SKIP;
use crate::packet::SLOT;
use crate::pcm::{PcmTrack, SlotSamples};
use crate::track::SlotInput;

/// Bytes before the sound.
const HEADER_BYTES: u64 = 44;
/// Bytes of one sample of both channels.
const SAMPLE_BYTES: u64 = 4;
/// What the 32-bit sizes of the header can say.
const DATA_BYTES_MAX: u64 = u32::MAX as u64 - HEADER_BYTES;
/// Slots of one write: 480 ms, as with pages of Ogg.
const WRITE_SLOTS: u32 = 24;
/// A size that readers take as "unknown, read on"; a stale real size would hide sound.
const UNTIL_END: u32 = u32::MAX;

/// Decodes slots and appends them to the file.
pub(crate) struct WavWriter {
    file: Arc<File>,
    caller: PcmTrack,
    agent: PcmTrack,
    waiting: Vec<u8>,
    waiting_slots: u32,
    /// Samples still to drop in front: the encoders' lookahead, as a player of Ogg/Opus does.
    skip: u64,
    /// Samples of one channel in the file and in `waiting`.
    samples: u64,
}

impl WavWriter {
    /// Writes the header.
    pub(crate) fn new(file: Arc<File>) -> Result<Self, RecordingError> {
        let writer = Self {
            file,
            caller: PcmTrack::new()?,
            agent: PcmTrack::new()?,
            waiting: header(UNTIL_END, UNTIL_END),
            waiting_slots: 0,
            skip: PRE_SKIP,
            samples: 0,
        };
        Ok(writer)
    }

    /// Brings the header to the file.
    pub(crate) fn begin(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// Adds 20 ms. With `total`, the length of the whole recording in samples, it is the last.
    /// Returns whether sound reached the file.
    pub(crate) fn slot(
        &mut self,
        caller: &SlotInput<'_>,
        agent: &SlotInput<'_>,
        total: Option<u64>,
    ) -> io::Result<bool> {
        let mut left: SlotSamples = [0; SLOT as usize];
        let mut right: SlotSamples = [0; SLOT as usize];
        self.caller.slot(caller, &mut left);
        self.agent.slot(agent, &mut right);
        let dropped = self.skip.min(SLOT);
        self.skip -= dropped;
        let room = total.map_or(SLOT, |total| total.saturating_sub(self.samples));
        let kept = room.min(SLOT - dropped);
        if (self.samples + kept) * SAMPLE_BYTES > DATA_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, RecordingError::WavFull));
        }
        let range = dropped as usize..(dropped + kept) as usize;
        for (l, r) in left[range.clone()].iter().zip(&right[range]) {
            self.waiting.extend(l.to_le_bytes());
            self.waiting.extend(r.to_le_bytes());
        }
        self.samples += kept;
        self.waiting_slots += 1;
        if total.is_none() && self.waiting_slots < WRITE_SLOTS {
            return Ok(false);
        }
        self.flush()?;
        Ok(true)
    }

    fn flush(&mut self) -> io::Result<()> {
        let block = std::mem::take(&mut self.waiting);
        self.waiting_slots = 0;
        (&*self.file).write_all(&block)
    }
}

/// Makes the header say how much sound the file has, cutting a torn sample off; writes a header
/// where there is none. Returns the samples of one channel.
pub(crate) fn repair(file: &mut File) -> io::Result<u64> {
    let length = file.metadata()?.len();
    let samples = length.saturating_sub(HEADER_BYTES) / SAMPLE_BYTES;
    let data = (samples * SAMPLE_BYTES).min(DATA_BYTES_MAX / SAMPLE_BYTES * SAMPLE_BYTES);
    if length > HEADER_BYTES + data {
        file.set_len(HEADER_BYTES + data)?;
    }
    let data = u32::try_from(data).unwrap_or(UNTIL_END);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&header(data.saturating_add(HEADER_BYTES as u32 - 8), data))?;
    Ok(samples)
}

fn header(riff_bytes: u32, data_bytes: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER_BYTES as usize);
    out.extend(b"RIFF");
    out.extend(riff_bytes.to_le_bytes());
    out.extend(b"WAVEfmt ");
    out.extend(16u32.to_le_bytes());
    out.extend(1u16.to_le_bytes()); // PCM
    out.extend(2u16.to_le_bytes()); // channels
    out.extend(48_000u32.to_le_bytes());
    out.extend((48_000 * SAMPLE_BYTES as u32).to_le_bytes());
    out.extend((SAMPLE_BYTES as u16).to_le_bytes());
    out.extend(16u16.to_le_bytes()); // bits per sample
    out.extend(b"data");
    out.extend(data_bytes.to_le_bytes());
    out
}
