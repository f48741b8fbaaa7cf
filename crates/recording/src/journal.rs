//! What recovery must know and the sound file cannot say: one JSON line per fact, beside a
//! recording while it is open. A torn last line is ignored. The lock on this file tells whether
//! the process that writes the recording is alive.

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::Path;

use model::{AgentId, CallId, LineId, RecordingFormat, RecordingId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::error::RecordingError;
use crate::manifest::{FrameCounts, Gap, Pause, push_gap};
use crate::ogg_writer::Tags;

/// The first line: what was known when the recording was opened.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) version: u32,
    pub(crate) id: RecordingId,
    pub(crate) call: CallId,
    pub(crate) line: LineId,
    pub(crate) agent: Option<AgentId>,
    pub(crate) format: RecordingFormat,
    pub(crate) started_by: String,
    pub(crate) started_at: Timestamp,
}

impl Head {
    pub(crate) fn tags(&self) -> Tags {
        Tags { id: self.id, call: self.call, started_at: self.started_at }
    }
}

/// A later line.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    /// Nothing is recorded from here on.
    PausedAt(u64),
    /// Recording goes on.
    ResumedAt(u64),
    /// Sound was lost.
    Lost(Gap),
    /// What came in so far.
    Counted(FrameCounts),
    /// Writing stopped.
    Failed(String),
}

/// What a journal adds up to.
#[derive(Clone, PartialEq, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) gaps: Vec<Gap>,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) frames: FrameCounts,
    pub(crate) failed: Option<String>,
}

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
}

impl Journal {
    /// Creates the journal with its first line and locks it.
    pub(crate) fn create(path: &Path, head: &Head) -> Result<Self, RecordingError> {
        let open = || -> io::Result<File> {
            let file = File::options().append(true).create_new(true).open(path)?;
            if let Err(TryLockError::Error(error)) = file.try_lock() {
                tracing::debug!(%error, "this file system has no locks");
            }
            Ok(file)
        };
        let file = open().map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => RecordingError::Exists(head.id),
            _ => RecordingError::io("create the journal", path, e),
        })?;
        write_line(&file, head).map_err(|e| RecordingError::io("write the journal", path, e))?;
        Ok(Self { file })
    }

    /// Adds a fact. A failure costs the manifest of a later recovery this fact, nothing else.
    pub(crate) fn note(&self, fact: &Fact) {
        if let Err(error) = write_line(&self.file, fact) {
            tracing::warn!(%error, "the journal of a recording could not be written");
        }
    }

    pub(crate) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn write_line(mut file: &File, line: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec(line)?;
    text.push(b'\n');
    file.write_all(&text)
}

/// A journal that was left behind, locked for this process.
pub(crate) struct Abandoned {
    pub(crate) head: Head,
    pub(crate) evidence: Evidence,
    /// Held until the recording is adopted.
    pub(crate) lock: File,
}

/// Reads a journal unless its writer is alive (`None`).
pub(crate) fn read(path: &Path) -> Result<Option<Abandoned>, RecordingError> {
    let refused = |e| RecordingError::io("read the journal", path, e);
    let lock = File::options().read(true).append(true).open(path).map_err(refused)?;
    if let Err(TryLockError::WouldBlock) = lock.try_lock() {
        return Ok(None);
    }
    let text = fs::read_to_string(path).map_err(refused)?;
    let mut lines = text.lines();
    let head = serde_json::from_str(lines.next().unwrap_or_default())
        .map_err(|source| RecordingError::Manifest { path: path.to_owned(), source })?;
    let mut evidence = Evidence::default();
    for fact in lines.map_while(|line| serde_json::from_str(line).ok()) {
        evidence.add(fact);
    }
    Ok(Some(Abandoned { head, evidence, lock }))
}

impl Evidence {
    fn add(&mut self, fact: Fact) {
        match fact {
            // An end that never comes is cut off at the end of the file.
            Fact::PausedAt(from_ms) => self.pauses.push(Pause { from_ms, to_ms: u64::MAX }),
            Fact::ResumedAt(at) => {
                if let Some(pause) = self.pauses.last_mut() {
                    pause.to_ms = at;
                }
            }
            Fact::Lost(gap) => push_gap(&mut self.gaps, gap),
            Fact::Counted(frames) => self.frames = frames,
            Fact::Failed(reason) => self.failed = Some(reason),
        }
    }
}
