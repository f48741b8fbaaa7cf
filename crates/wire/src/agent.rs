//! The agent WebSocket, `/agent/v1`: JSON text frames.
//!
//! A client connects (subprotocol `ringdown.agent.v1`), sends [`ClientCommand::Hello`] with its
//! token within [`HELLO_TIMEOUT_MS`], and gets `welcome` (a whole snapshot) or `resumed` (the
//! frames it missed follow). The server numbers its frames without gaps; a client that reconnects
//! gives the last number it saw. Heartbeat: the client sends `ping` at least every
//! `heartbeat_ms`; a socket silent for two and a half heartbeats is closed.

mod reasons;

use std::fmt;

use model::{
    AgentId, CallId, DeviceId, EndReason, Hint, PhoneKey, Presence, SdpText, SessionId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use reasons::{ByeReason, ErrorCode, RingEnd};

use crate::view::{
    ActiveCall, BalanceView, MissedCall, PresenceReason, QualityNow, RecordingState, RingingCall,
};

/// The protocol version in every frame.
pub const VERSION: u32 = 1;
/// The WebSocket subprotocol name.
pub const SUBPROTOCOL: &str = "ringdown.agent.v1";
/// Largest accepted frame. An SDP offer of a browser is under 8 KiB.
pub const FRAME_BYTES_MAX: usize = 64 * 1024;
/// How long a fresh socket may take to say hello, in milliseconds.
pub const HELLO_TIMEOUT_MS: u64 = 5_000;

/// A frame from a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientFrame {
    /// [`VERSION`].
    pub v: u32,
    /// The client's number for this frame; the reply names it. Repeating a number repeats nothing.
    pub id: u64,
    /// What the device wants.
    #[serde(flatten)]
    pub command: ClientCommand,
}

/// What a device may ask for.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientCommand {
    /// First frame of every socket.
    Hello {
        /// An agent token (JWT).
        token: String,
        /// What to call this device in lists.
        #[serde(default)]
        device_label: Option<String>,
        /// The session to go on with after a lost socket.
        #[serde(default)]
        resume: Option<Resume>,
    },
    /// The agent wants calls: microphone granted, audio unlocked, and here is the media offer.
    /// The answer arrives as [`ServerEvent::MediaAnswer`]; presence turns `ready` when the leg is up.
    GoReady {
        /// The browser's offer, candidates included.
        offer: SdpText,
    },
    /// The browser's network has changed: an offer with `iceRestart` for the media leg that
    /// exists, a call on it included. The answer arrives as [`ServerEvent::MediaAnswer`]; DTLS and
    /// the stream go on. Refused with `bad_offer` or `not_ready`, the leg is as it was.
    RestartIce {
        /// The browser's offer. Candidates are not needed.
        offer: SdpText,
    },
    /// The agent wants no calls; the media leg is closed unless a call uses it.
    GoAway {},
    /// The device's microphone or peer connection failed; a claim in flight is released.
    MediaFailed {
        /// What failed, for the journal.
        reason: String,
    },
    /// Take a ringing call.
    Claim {
        /// The call.
        call: CallId,
    },
    /// Stop ringing this agent for a call.
    Decline {
        /// The call.
        call: CallId,
    },
    /// End the call this agent is on.
    HangUp {
        /// The call.
        call: CallId,
    },
    /// Mute or unmute the agent at the bridge.
    Mute {
        /// The call.
        call: CallId,
        /// True to mute.
        on: bool,
    },
    /// Start, pause, resume or stop recording, where the line's rule allows it.
    Record {
        /// The call.
        call: CallId,
        /// What the recorder shall do.
        action: RecordAction,
    },
    /// Heartbeat.
    Ping {},
}

/// What an agent may tell the recorder.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordAction {
    /// Begin.
    Start,
    /// Keep the timeline but not the sound (card numbers).
    Pause,
    /// Keep sound again.
    Resume,
    /// End; the call goes on.
    Stop,
}

/// The session to continue.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Resume {
    /// The session named in `welcome`.
    pub session: SessionId,
    /// The last server frame number that arrived.
    pub last_seq: u64,
}

/// A frame to a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServerFrame {
    /// [`VERSION`].
    pub v: u32,
    /// Numbered per session from 1 without gaps. Replies, errors, pongs and the welcome of a
    /// socket are not numbered (0) and not replayed.
    pub seq: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: ServerEvent,
}

/// What a device is told.
#[expect(
    clippy::large_enum_variant,
    reason = "events are made and written one at a time; nothing holds many"
)]
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerEvent {
    /// A new session and everything the device needs to draw its page.
    Welcome {
        /// The session, for resuming.
        session: SessionId,
        /// This device.
        device: DeviceId,
        /// The agent the token names.
        agent: AgentId,
        /// The agent's name for people.
        agent_name: String,
        /// Send a ping at least this often.
        heartbeat_ms: u64,
        /// The server's wall clock, for timers.
        server_time: Timestamp,
        /// The state of the house as this agent sees it.
        snapshot: Snapshot,
        /// Servers for this device's peer connections, until [`ServerEvent::IceServers`] brings
        /// others.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        ice_servers: Vec<IceServer>,
    },
    /// The old session goes on; the missed frames follow.
    Resumed {
        /// The session.
        session: SessionId,
        /// The server's wall clock.
        server_time: Timestamp,
    },
    /// New access to the same servers, before the old one expires. Not numbered. It holds for
    /// connections that exist as well as for later ones.
    IceServers {
        /// The servers.
        ice_servers: Vec<IceServer>,
    },
    /// A command was carried out.
    Done {
        /// The client's frame number.
        to: u64,
    },
    /// A command was refused, or a frame could not be read.
    Error {
        /// The client's frame number, when it could be read.
        to: Option<u64>,
        /// A stable code.
        code: ErrorCode,
        /// What happened.
        message: String,
        /// How to mend it.
        hint: String,
    },
    /// Answer to a ping.
    Pong {
        /// The client's frame number.
        to: u64,
        /// The server's wall clock.
        server_time: Timestamp,
    },
    /// The answer to this device's media offer, be it for a new leg or to restart ICE.
    MediaAnswer {
        /// The bridge's answer.
        answer: SdpText,
    },
    /// Whether this device's media leg works.
    MediaState {
        /// True when ICE and DTLS are up.
        up: bool,
        /// Why it is down.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// This agent's own presence changed.
    Presence {
        /// The new presence.
        presence: Presence,
    },
    /// A call rings for this agent.
    Ring {
        /// The call.
        ringing: RingingCall,
    },
    /// A ringing call became claimable or stopped being so.
    RingUpdate {
        /// The call.
        call: CallId,
        /// Whether this agent may take it now.
        claimable: bool,
        /// Why not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_claimable: Option<PresenceReason>,
    },
    /// A call no longer rings here.
    RingEnd {
        /// The call.
        call: CallId,
        /// Why.
        why: RingEnd,
        /// Who took it, for `claimed_elsewhere`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        winner: Option<String>,
    },
    /// This device's claim won: the call is being connected.
    ClaimWon {
        /// The call, now this device's.
        active: ActiveCall,
        /// The device must be heard within this time, or the claim is released.
        lease_ms: u64,
    },
    /// The claim was given back because the leg failed; the call rings on elsewhere.
    ClaimReleased {
        /// The call.
        call: CallId,
        /// What failed.
        reason: String,
    },
    /// Sound flows.
    CallOpen {
        /// The call with `bridged_at` set.
        active: ActiveCall,
    },
    /// Mute, recording, hint or quality of the active call changed; all four as they are now.
    CallUpdate {
        /// The call.
        call: CallId,
        /// Whether the agent is muted.
        muted: bool,
        /// What the recorder does now.
        recording: RecordingState,
        /// What the agent should know about the sound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<Hint>,
        /// How the call sounds now; changes are told at most every few seconds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quality: Option<QualityNow>,
    },
    /// The caller pressed a key of their phone.
    Key {
        /// The call.
        call: CallId,
        /// Which: `0` to `9`, `*`, `#`, `A` to `D`.
        key: PhoneKey,
    },
    /// The active call ended.
    CallEnd {
        /// The call.
        call: CallId,
        /// Why.
        reason: EndReason,
        /// How long sound flowed, in milliseconds.
        talked_ms: i64,
    },
    /// A call was missed.
    Missed {
        /// The call.
        missed: MissedCall,
    },
    /// The workspace's balance changed.
    Balance {
        /// The new balance.
        balance: BalanceView,
    },
    /// The server is closing this socket.
    Bye {
        /// Why.
        why: ByeReason,
    },
}

/// Servers that a browser may reach the daemon's media through: an `RTCIceServer` of the WebRTC
/// API, as it is. `Debug` does not show the credential.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IceServer {
    /// `turn:` and `turns:` addresses.
    pub urls: Vec<String>,
    /// Names the device, and the second since 1970 at which the access expires.
    pub username: String,
    /// The password that belongs to the name.
    pub credential: String,
}

impl fmt::Debug for IceServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceServer")
            .field("urls", &self.urls)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// Everything a device needs to draw its page.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Snapshot {
    /// This agent's presence.
    pub presence: Presence,
    /// Calls that ring for this agent.
    pub ringing: Vec<RingingCall>,
    /// The call this agent is on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<ActiveCall>,
    /// Recent missed calls, newest first.
    pub missed: Vec<MissedCall>,
    /// The workspace's balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceView>,
}

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
