//! A sound file that grows, in either container.

use std::fs::File;
use std::io::{self};
use std::path::Path;
use std::sync::Arc;

use model::RecordingFormat;

use crate::error::RecordingError;
use crate::ogg_repair;
use crate::ogg_writer::{OggWriter, PRE_SKIP, Tags};
use crate::packet::SLOT;
use crate::track::SlotInput;
use crate::wav::{self, WavWriter};

/// Writes slots into a file.
pub(crate) enum Writer {
    Ogg(Box<OggWriter>),
    Wav(Box<WavWriter>),
}

impl Writer {
    /// Writes the headers into an empty file.
    pub(crate) fn new(
        format: RecordingFormat,
        file: Arc<File>,
        path: &Path,
        tags: &Tags,
    ) -> Result<Self, RecordingError> {
        let refused = |e| RecordingError::io("write the header of", path, e);
        Ok(match format {
            RecordingFormat::OggOpus => {
                Self::Ogg(Box::new(OggWriter::new(file, tags).map_err(refused)?))
            }
            RecordingFormat::Wav => {
                let mut wav = WavWriter::new(file)?;
                wav.begin().map_err(refused)?;
                Self::Wav(Box::new(wav))
            }
        })
    }

    /// Adds 20 ms of both tracks; see the writers. Returns whether sound reached the file.
    pub(crate) fn slot(
        &mut self,
        caller: &SlotInput<'_>,
        agent: &SlotInput<'_>,
        total: Option<u64>,
    ) -> io::Result<bool> {
        match self {
            Self::Ogg(ogg) => ogg.slot(caller, agent, total),
            Self::Wav(wav) => wav.slot(caller, agent, total),
        }
    }
}

/// What a file turned out to hold.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Salvaged {
    /// Length in samples of one channel.
    pub(crate) samples: u64,
    /// Stretches whose bytes are damaged, in samples.
    pub(crate) damaged: Vec<(u64, u64)>,
}

/// Makes a file whole whatever its end looks like. A file without sound gets its header and, in
/// Ogg, one packet of silence, because a stream without packets does not play.
pub(crate) fn salvage(
    format: RecordingFormat,
    path: &Path,
    tags: &Tags,
) -> Result<Salvaged, RecordingError> {
    let refused = |e| RecordingError::io("repair", path, e);
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(refused)?;
    match format {
        RecordingFormat::OggOpus => {
            if let Some(salvaged) = ogg_repair::cut(&mut file).map_err(refused)? {
                return Ok(salvaged);
            }
            file.set_len(0).map_err(refused)?;
            let file = Arc::new(File::create(path).map_err(refused)?);
            let mut ogg = OggWriter::new(file, tags).map_err(refused)?;
            let nothing = SlotInput { start: 0, frames: &[], next: None, paused: true };
            ogg.slot(&nothing, &nothing, Some(SLOT - PRE_SKIP)).map_err(refused)?;
            Ok(Salvaged { samples: SLOT - PRE_SKIP, damaged: Vec::new() })
        }
        RecordingFormat::Wav => {
            let samples = wav::repair(&mut file).map_err(refused)?;
            Ok(Salvaged { samples, damaged: Vec::new() })
        }
    }
}
