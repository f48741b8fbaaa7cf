//! Judges what a device sends: size, speed, shape. Three strikes close the socket.

use std::time::{Duration, Instant};

use axum::extract::ws::Message;
use futures_util::StreamExt as _;
use serde::Deserialize;
use tokio::time::timeout;
use wire::agent::{ClientFrame, ErrorCode, FrameError, ServerEvent};

use super::Incoming;
use crate::access::Bucket;

/// Frames a second that a device may send for long. A busy agent clicks once a second.
const FRAMES_PER_SECOND: u32 = 20;
/// Frames it may send at once: a page that comes back after a lost socket repeats a few.
const FRAMES_BURST: u32 = 40;
/// Bad frames that a socket survives are one fewer than this.
const STRIKES_MAX: u32 = 3;

/// What came next.
#[derive(Debug)]
pub(super) enum Heard {
    /// A frame of the protocol, and when it was read.
    Frame(ClientFrame, Instant),
    /// Something else: answer this.
    Bad(ServerEvent),
    /// Bytes that break the WebSocket itself: answer this and close.
    Broken(ServerEvent),
    /// Nothing for too long.
    Silence,
    /// The device closed the socket, or the network did.
    Gone(&'static str),
}

/// What one socket has sent so far.
#[derive(Debug)]
pub(super) struct Intake {
    bucket: Bucket,
    strikes: u32,
}

impl Intake {
    pub(super) fn new() -> Self {
        let second = Duration::from_secs(1);
        let now = tokio::time::Instant::now();
        Self { bucket: Bucket::new(FRAMES_BURST, FRAMES_PER_SECOND, second, now), strikes: 0 }
    }

    /// Counts a bad frame. True when it was one too many.
    pub(super) fn strike(&mut self) -> bool {
        self.strikes += 1;
        self.strikes >= STRIKES_MAX
    }

    /// Waits for the next thing that matters, `first` for anything at all. Anything received ends
    /// the silence; from then on `patience` counts.
    pub(super) async fn hear(
        &mut self,
        incoming: &mut Incoming,
        first: Duration,
        patience: Duration,
    ) -> Heard {
        let mut wait = first;
        loop {
            let received = timeout(wait, incoming.next()).await;
            wait = patience;
            let message = match received {
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(error))) => {
                    let message = format!("the socket cannot be read on: {error}");
                    return Heard::Broken(error_event(None, ErrorCode::BadFrame, message));
                }
                Ok(None) => return Heard::Gone("lost"),
                Err(_) => return Heard::Silence,
            };
            let arrived = Instant::now();
            if matches!(message, Message::Close(_)) {
                return Heard::Gone("client");
            }
            if !self.bucket.take(tokio::time::Instant::now()) {
                let message = format!("more than {FRAMES_PER_SECOND} frames a second");
                return Heard::Bad(error_event(None, ErrorCode::TooFast, message));
            }
            match message {
                Message::Text(text) => return judge(&text, arrived),
                Message::Binary(_) => {
                    let message = "this protocol has text frames only".to_owned();
                    return Heard::Bad(error_event(None, ErrorCode::BadFrame, message));
                }
                // The WebSocket library answers pings itself.
                Message::Ping(_) | Message::Pong(_) | Message::Close(_) => {}
            }
        }
    }
}

fn judge(text: &str, arrived: Instant) -> Heard {
    match ClientFrame::read(text) {
        Ok(frame) => Heard::Frame(frame, arrived),
        Err(error) => {
            let (code, to) = match error {
                FrameError::TooLarge { .. } => (ErrorCode::FrameTooLarge, None),
                FrameError::NotACommand(_) => (ErrorCode::BadFrame, number_of(text)),
                FrameError::Version(_) => (ErrorCode::Version, number_of(text)),
            };
            Heard::Bad(error_event(to, code, error.to_string()))
        }
    }
}

/// The number of a frame that could not be read otherwise.
fn number_of(text: &str) -> Option<u64> {
    #[derive(Deserialize)]
    struct Numbered {
        id: u64,
    }
    let numbered: Result<Numbered, _> = serde_json::from_str(text);
    numbered.ok().map(|frame| frame.id)
}

/// An error frame with the hint that belongs to its code.
pub(super) fn error_event(to: Option<u64>, code: ErrorCode, message: String) -> ServerEvent {
    let hint = match code {
        ErrorCode::BadFrame => "send JSON text frames as described in /openapi.json, ClientFrame",
        ErrorCode::FrameTooLarge => "send at most 65536 bytes in a frame",
        ErrorCode::TooFast => "send at most 20 frames a second",
        ErrorCode::Version => "send `v`: 1",
        ErrorCode::Unauthorized => "get a fresh agent token and connect again",
        ErrorCode::HelloExpected => "send `hello` first, and only once",
        ErrorCode::NotAllowed => "close a device that is not needed",
        ErrorCode::Forbidden => "ask an administrator of the workspace for the right",
        ErrorCode::Internal => "try again; if it stays, the daemon's log says more",
        ErrorCode::NoSuchCall
        | ErrorCode::AlreadyTaken
        | ErrorCode::TakenByYouElsewhere
        | ErrorCode::CallEnded
        | ErrorCode::OnCall
        | ErrorCode::NotReady
        | ErrorCode::NobodyThere
        | ErrorCode::BadOffer => "",
    };
    ServerEvent::Error { to, code, message, hint: hint.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> (Option<u64>, ErrorCode) {
        let heard = judge(text, Instant::now());
        let Heard::Bad(ServerEvent::Error { to, code, .. }) = heard else {
            panic!("{heard:?}");
        };
        (to, code)
    }

    #[test]
    fn an_unreadable_frame_is_answered_by_its_number_if_it_has_one() {
        let dance = r#"{"v":1,"id":9,"type":"dance"}"#;
        assert_eq!(refused(dance), (Some(9), ErrorCode::BadFrame));
        let old = r#"{"v":0,"id":9,"type":"ping"}"#;
        assert_eq!(refused(old), (Some(9), ErrorCode::Version));
        assert_eq!(refused("\u{0}"), (None, ErrorCode::BadFrame));
        let large = "x".repeat(70_000);
        assert_eq!(refused(&large), (None, ErrorCode::FrameTooLarge));
    }

    #[test]
    fn the_third_strike_is_one_too_many() {
        let mut intake = Intake::new();
        assert!(!intake.strike());
        assert!(!intake.strike());
        assert!(intake.strike());
    }
}
