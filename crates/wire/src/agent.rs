//! The agent WebSocket, `/agent/v1`: JSON text frames.
//!
//! A client connects (subprotocol `ringdown.agent.v1`), sends [`ClientCommand::Hello`] with its
//! token within [`HELLO_TIMEOUT_MS`], and gets `welcome` (a whole snapshot) or `resumed` (the
//! frames it missed follow). The server numbers its frames without gaps; a client that reconnects
//! gives the last number it saw. Heartbeat: the client sends `ping` at least every
//! `heartbeat_ms`; a socket silent for two and a half heartbeats is closed.

mod command;
mod event;
mod reasons;

pub use command::{ClientCommand, ClientFrame, RecordAction, Resume};
pub use event::{IceServer, ServerEvent, ServerFrame, Snapshot};
pub use reasons::{ByeReason, ErrorCode, LeftWhy, RingEnd, SupervisionEnd};

/// The protocol version in every frame.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol name.
pub const SUBPROTOCOL: &str = "ringdown.agent.v1";
/// Largest accepted frame. An SDP offer of a browser is under 8 KiB.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// How long a fresh socket may take to say hello, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;

/// Why a text is not a frame of this protocol.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// Too long to be looked at.
    #[error("the frame has {bytes} bytes; at most {FRAME_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not JSON, or not one of the known commands.
    #[error("the frame is not a command of {SUBPROTOCOL}: {0}")]
    NotACommand(#[from] serde_json::Error),
    /// Another version.
    #[error("version {0} is not spoken here; use {VERSION}")]
    Version(u32),
}

impl ClientFrame {
    /// Reads one text frame.
    ///
    /// # Errors
    /// [`FrameError`] for anything that is not a command of this version.
    pub fn read(text: &str) -> Result<Self, FrameError> {
        if text.len() > FRAME_BYTES_MAX {
            return Err(FrameError::TooLarge { bytes: text.len() });
        }
        let frame: Self = serde_json::from_str(text)?;
        if frame.v == VERSION { Ok(frame) } else { Err(FrameError::Version(frame.v)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_reads_as_written_in_the_documentation() {
        let text =
            r#"{"v":1,"id":7,"type":"claim","call":"call_00000000000000000000000000000007"}"#;
        let frame = ClientFrame::read(text).unwrap();
        assert_eq!(frame.id, 7);
        assert!(matches!(frame.command, ClientCommand::Claim { .. }));
    }

    #[test]
    fn frames_that_are_not_ours_are_typed_errors() {
        assert!(matches!(ClientFrame::read("hello"), Err(FrameError::NotACommand(_))));
        assert!(matches!(
            ClientFrame::read(r#"{"v":1,"id":1,"type":"dance"}"#),
            Err(FrameError::NotACommand(_))
        ));
        assert!(matches!(
            ClientFrame::read(r#"{"v":9,"id":1,"type":"ping"}"#),
            Err(FrameError::Version(9))
        ));
        let large = " ".repeat(FRAME_BYTES_MAX + 1);
        assert!(matches!(ClientFrame::read(&large), Err(FrameError::TooLarge { .. })));
    }
}
