//! The one error type of the simulator.

use std::path::PathBuf;
use std::time::Duration;

use wire::agent::ErrorCode;

/// Why the simulator could not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A socket, file or address could not be used.
    #[error("{what}: {source}; check the address or path and its permissions")]
    Io {
        /// What was being done.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The peer connection of a phone or robot failed.
    #[error("media of the simulated side failed while {what}: {source}")]
    Media {
        /// What was being done.
        what: &'static str,
        /// What the stack said.
        source: webrtc::error::Error,
    },
    /// The description the peer connection wrote lacks something an offer needs.
    #[error("the simulated side could not write its offer: {0} is missing")]
    Offer(&'static str),
    /// Opus could not be encoded or decoded.
    #[error("Opus failed while {what}: {source}")]
    Opus {
        /// What was being done.
        what: &'static str,
        /// What the codec said.
        source: opus::Error,
    },
    /// A WAV file cannot be read or written.
    #[error("WAV file {path}: {source}; use PCM of 8 to 48 kHz, at most ten minutes long")]
    Wav {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: hound::Error,
    },
    /// A WAV file without sound, or too long to be looped from memory.
    #[error("WAV file {path} has no sound or more than ten minutes of it; give a shorter one")]
    WavLength {
        /// The file.
        path: PathBuf,
    },
    /// A text is not something a phone can say.
    #[error("`{0}` is not a sound; say `silence`, `tone:440` or `wav:/path/to/file.wav`")]
    Says(String),
    /// The line is not one of the simulator's.
    #[error("line {0} is not simulated; add it to the simulator's lines")]
    NoSuchLine(model::LineId),
    /// As many calls are live as Meta allows on a number.
    #[error("{0} calls are live, as many as Meta allows; end some first")]
    TooManyCalls(usize),
    /// No webhook address was given yet.
    #[error("there is no webhook address; set one before a phone calls")]
    NoWebhook,
    /// The webhook endpoint did not pass the verification handshake.
    #[error("the webhook endpoint failed the handshake: {0}; compare the verify tokens")]
    Handshake(String),
    /// An HTTP request could not be made.
    #[error("HTTP request failed: {0}; check that the other side listens there")]
    Http(#[from] reqwest::Error),
    /// The agent socket failed.
    #[error("agent socket: {0}; check address, origin and that the daemon runs")]
    Socket(Box<tokio_tungstenite::tungstenite::Error>),
    /// The agent socket closed while something was awaited.
    #[error("the agent socket closed while waiting for {0}")]
    Closed(String),
    /// The daemon refused a command.
    #[error("the daemon refused ({code:?}): {message}")]
    Refused {
        /// The stable code.
        code: ErrorCode,
        /// What it said.
        message: String,
    },
    /// Something did not happen in time.
    #[error("waited {waited:?} for {what}; last seen: {last}")]
    TimedOut {
        /// What was awaited.
        what: String,
        /// For how long.
        waited: Duration,
        /// What was there instead.
        last: String,
    },
}

impl From<tokio_tungstenite::tungstenite::Error> for SimError {
    fn from(error: tokio_tungstenite::tungstenite::Error) -> Self {
        Self::Socket(Box::new(error))
    }
}

impl SimError {
    /// Says what was being done when the system refused.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }

    /// Says what was being done when the media stack refused.
    pub(crate) fn media(what: &'static str) -> impl FnOnce(webrtc::error::Error) -> Self {
        move |source| Self::Media { what, source }
    }

    /// Says what was being done when Opus refused.
    pub(crate) fn opus(what: &'static str) -> impl FnOnce(opus::Error) -> Self {
        move |source| Self::Opus { what, source }
    }
}
