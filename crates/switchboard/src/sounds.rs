//! What callers hear while no agent does, encoded once and shared by all calls.

use std::collections::BTreeMap;

use call::Sound;
use media::{Cadence, Clip, MediaError, Source};
use model::LineId;

/// The sounds of one line. Cheap to clone: clips share their frames.
#[derive(Clone, Debug)]
pub struct LineSounds {
    /// It rings again after a winner failed.
    pub ringback: Clip,
    /// A lost agent is waited for, or the call waits in a queue or on hold.
    pub hold: Clip,
    /// Nobody took the call.
    pub notice: Option<Clip>,
}

/// The sounds of the house.
#[derive(Clone, Debug)]
pub struct Sounds {
    /// Those of lines without their own.
    pub built_in: LineSounds,
    /// Those of lines that have their own.
    pub lines: BTreeMap<LineId, LineSounds>,
    /// What an agent hears when the paid time of their call ends soon.
    pub beep: Clip,
}

impl Sounds {
    /// A ringing tone and hold music that need no file.
    ///
    /// # Errors
    /// [`MediaError::Clip`] only if libopus has no memory for an encoder.
    pub fn built_in() -> Result<Self, MediaError> {
        let ringback = Clip::ringback(Cadence::default())?;
        let built_in = LineSounds { ringback, hold: Clip::hold()?, notice: None };
        Ok(Self { built_in, lines: BTreeMap::new(), beep: Clip::beep()? })
    }

    /// What a caller of this line hears when nobody took the call.
    pub(crate) fn notice(&self, line: &LineId) -> Option<Clip> {
        self.lines.get(line).unwrap_or(&self.built_in).notice.clone()
    }

    /// What a leg of this line plays for a sound.
    pub(crate) fn source(&self, line: &LineId, sound: Sound) -> Source {
        let sounds = self.lines.get(line).unwrap_or(&self.built_in);
        match sound {
            Sound::Silence => Source::Silence,
            Sound::Ringback => Source::Loop(sounds.ringback.clone()),
            Sound::Hold => Source::Loop(sounds.hold.clone()),
        }
    }
}
