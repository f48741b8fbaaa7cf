//! What can go wrong between a frame and a file.

use std::io;
use std::path::{Path, PathBuf};

use model::RecordingId;

/// Why a recording could not be started, changed or finished.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    /// The file system refused.
    #[error(
        "could not {what} `{}`: {source}; check that the vault exists, is writable and has room",
        path.display()
    )]
    Io {
        /// What was attempted.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// The answer of the operating system.
        source: io::Error,
    },
    /// No open recording has this id.
    #[error("{0} is not being recorded; it was never opened here or is already closed")]
    NotOpen(RecordingId),
    /// A recording with this id is open or already in the vault.
    #[error("{0} exists already; open every recording under a new id")]
    Exists(RecordingId),
    /// As many recordings are open as the recorder takes.
    #[error("{limit} recordings are open already; spread the calls over more nodes")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// The recording was paused as often as a manifest lists.
    #[error("{id} was paused {limit} times already; it stays as it is")]
    TooManyPauses {
        /// The recording.
        id: RecordingId,
        /// The bound.
        limit: usize,
    },
    /// The command queue is full: the disk does not keep up.
    #[error("the recorder is not keeping up with its commands; the disk of the vault is too slow")]
    Busy,
    /// The recorder's thread has ended.
    #[error("the recorder has stopped; restart the daemon")]
    Stopped,
    /// A manifest is not what this version writes.
    #[error("the manifest `{}` cannot be read: {source}; restore it or delete it", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Where the JSON goes wrong.
        source: serde_json::Error,
    },
    /// libopus refused.
    #[error("libopus could not {what}: {source}; the recording goes on without this sound")]
    Codec {
        /// What was attempted.
        what: &'static str,
        /// The answer of libopus.
        source: opus::Error,
    },
    /// A WAV file cannot grow past 4 GiB.
    #[error("the WAV file is full (4 GiB, about 6 hours); record long calls as Ogg/Opus")]
    WavFull,
}

impl RecordingError {
    /// Wraps an answer of the file system.
    pub(crate) fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io { what, path: path.to_owned(), source }
    }
}
