//! What devices ask for.

use model::{CallId, LineId, SdpText, SessionId, SupervisionMode, TransferMode, TransferTarget};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A frame from a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ClientFrame {
    /// [`super::VERSION`].
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
    /// The answer arrives as [`super::ServerEvent::MediaAnswer`]; presence turns `ready` when the leg is up.
    GoReady {
        /// The browser's offer, candidates included.
        offer: SdpText,
    },
    /// The browser's network has changed: an offer with `iceRestart` for the media leg that
    /// exists, a call on it included. The answer arrives as [`super::ServerEvent::MediaAnswer`]; DTLS and
    /// the stream go on. Refused with `bad_offer` or `not_ready`, the leg is as it was.
    RestartIce {
        /// The browser's offer. Candidates are not needed.
        offer: SdpText,
    },
    /// The agent wants no calls; the media leg is closed unless a call uses it.
    GoAway {},
    /// What keeps this device from being rung, as far as only the page can know. The device is
    /// rung while nothing does and its media leg is up. Sent whenever it changes.
    Readiness {
        /// The browser gives the microphone.
        microphone: bool,
        /// The page may play sound.
        audio: bool,
        /// This tab is the one of its browser that rings.
        leader: bool,
    },
    /// The agent is done with finishing up.
    EndWrapUp {},
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
    /// Call a contact. Answered by [`super::ServerEvent::Dialling`], or by
    /// [`super::ServerEvent::DialRefused`] when a rule is in the way. The device has the call from
    /// then on ([`super::ServerEvent::ClaimWon`]) and must be heard within the lease.
    Dial {
        /// The line to call from; the only one there is when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<LineId>,
        /// A number with its country code, or `user:` and a business-scoped id.
        to: String,
        /// Call although one more unanswered call would end the contact's permission.
        #[serde(default)]
        force: bool,
    },
    /// What a contact permits, and what is in the way of calling them; Meta is asked. Answered by
    /// [`super::ServerEvent::ContactChecked`].
    CheckContact {
        /// The line to call from; the only one there is when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<LineId>,
        /// As for `dial`.
        to: String,
    },
    /// Ask a contact for the permission to call them. Answered like `check_contact`, or by
    /// [`super::ServerEvent::DialRefused`].
    AskPermission {
        /// The line to call from; the only one there is when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<LineId>,
        /// As for `dial`.
        to: String,
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
    /// Put the caller on hold, or take them back.
    Hold {
        /// The call.
        call: CallId,
        /// True to hold.
        on: bool,
    },
    /// Who the call can be sent to; answered by [`super::ServerEvent::Colleagues`].
    ListColleagues {},
    /// Send the call on.
    Transfer {
        /// The call.
        call: CallId,
        /// Where.
        to: TransferTarget,
        /// How.
        mode: TransferMode,
    },
    /// The consulted agent takes the caller; this agent leaves.
    CompleteTransfer {
        /// The call.
        call: CallId,
    },
    /// The caller comes back to this agent: from a consultation, or from the ringing of a call they
    /// sent on.
    CancelTransfer {
        /// The call.
        call: CallId,
    },
    /// Write down what the call was about. During the call, or while finishing up.
    Annotate {
        /// The call.
        call: CallId,
        /// A note for people; replaces the one before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<String>,
        /// The outcome, one of the workspace's own words.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outcome: Option<String>,
    },
    /// Supervisors: be told of live calls, or no longer.
    WatchCalls {
        /// True to be told.
        on: bool,
    },
    /// Supervisors: take part in a call, or change how. The device may have to make its media leg
    /// anew first ([`super::ServerEvent::RenewMedia`]).
    Supervise {
        /// The call.
        call: CallId,
        /// How.
        mode: SupervisionMode,
    },
    /// Supervisors: leave the call.
    StopSupervising {
        /// The call.
        call: CallId,
    },
    /// Supervisors: become the call's agent.
    TakeOver {
        /// The call.
        call: CallId,
    },
    /// Supervisors: mute or unmute the call's agent.
    MuteAgent {
        /// The call.
        call: CallId,
        /// True to mute.
        on: bool,
    },
    /// Supervisors: end the call.
    EndCall {
        /// The call.
        call: CallId,
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
