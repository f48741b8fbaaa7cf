//! What can go wrong while measuring.

use std::io;

/// Why there is no figure.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The media plane did not start.
    #[error("the engine cannot start: {0}")]
    Media(#[from] media::MediaError),
    /// The recorder did not start.
    #[error("the recorder cannot start: {0}")]
    Recording(#[from] recording::RecordingError),
    /// A socket, a process or a thread was refused.
    #[error("{what}: {source}; is the machine out of ports, files or memory?")]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system said.
        source: io::Error,
    },
    /// The measured process did not do its part.
    #[error("the measured process failed at {what}: {why}")]
    Peer {
        /// What it was asked.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// Something needs Linux.
    #[error("{0} can be measured on Linux only")]
    NeedsLinux(&'static str),
}

impl BenchError {
    /// For `map_err`.
    pub(crate) fn system(what: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what, source }
    }
}
