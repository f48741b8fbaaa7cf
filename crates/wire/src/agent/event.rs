//! What devices are told.

use std::fmt;

use model::{
    AgentId, Blocker, CallId, DeviceId, DialBlocker, EndReason, PhoneKey, Presence, Rights,
    SdpText, SessionId, SupervisionMode, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{ByeReason, ErrorCode, LeftWhy, RingEnd, SupervisionEnd};
use crate::view::{
    ActiveCall, BalanceView, ColleagueView, GroupBrief, LineBrief, LiveCall, MissedCall,
    PermitView, PresenceReason, RingingCall, SentOn,
};

/// A frame to a device.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServerFrame {
    /// [`super::VERSION`].
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
        /// What the agent may do.
        #[serde(default)]
        rights: Rights,
        /// Send a ping at least this often.
        heartbeat_ms: u64,
        /// The server's wall clock, for timers.
        server_time: Timestamp,
        /// The state of the house as this agent sees it.
        snapshot: Snapshot,
        /// Servers for this device's peer connections, until [`super::ServerEvent::IceServers`] brings
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
    /// Another thread of the media plane carries what this device is to hear: make the media leg
    /// anew now, with [`super::ClientCommand::GoReady`], and keep the old one until the answer came.
    RenewMedia {},
    /// This agent's own presence changed, or what keeps this device from being rung.
    Presence {
        /// The new presence.
        presence: Presence,
        /// Everything that keeps this device from being rung; empty when it can be.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        blockers: Vec<Blocker>,
        /// When finishing up ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wrap_up_until: Option<Timestamp>,
    },
    /// Who the call can be sent to. Not numbered.
    Colleagues {
        /// The client's frame number.
        to: u64,
        /// Agents that are connected, this one not among them.
        agents: Vec<ColleagueView>,
        /// Groups.
        groups: Vec<GroupBrief>,
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
    /// The contact is being called. Not numbered.
    Dialling {
        /// The client's frame number.
        to: u64,
        /// The call, this device's.
        call: CallId,
    },
    /// What a contact permits. Not numbered.
    ContactChecked {
        /// The client's frame number.
        to: u64,
        /// It.
        permit: PermitView,
    },
    /// What a contact permits has changed.
    PermitChanged {
        /// It.
        permit: PermitView,
    },
    /// A rule does not let the contact be called. Not numbered.
    DialRefused {
        /// The client's frame number.
        to: u64,
        /// The rule.
        blocker: DialBlocker,
        /// The rule in a sentence.
        message: String,
        /// When to try again; absent when time alone changes nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
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
    /// Something about the active call changed: hold, mute, recording, transfer, sound; all as it
    /// is now. Quality is told at most every few seconds.
    CallUpdate {
        /// The call.
        active: ActiveCall,
    },
    /// The call goes on without this device: it was sent on, taken over, or this agent was only
    /// consulted.
    CallLeft {
        /// The call.
        call: CallId,
        /// Why.
        why: LeftWhy,
        /// Who has it now, if anybody has.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        now_with: Option<String>,
        /// How long this agent talked, in milliseconds.
        talked_ms: i64,
    },
    /// A call that this agent sent on rings where they sent it: `cancel_transfer` takes it back.
    SentOn {
        /// The call.
        sent_on: SentOn,
    },
    /// It rings there no more: it was taken, came back, was taken back, or ended.
    SentOnEnd {
        /// The call.
        call: CallId,
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
    /// Supervisors: every live call, first of all or after a gap.
    LiveCalls {
        /// The calls.
        calls: Vec<LiveCall>,
    },
    /// Supervisors: a live call as it is now.
    LiveCall {
        /// The call.
        live: LiveCall,
    },
    /// Supervisors: a call is not live any more.
    LiveCallEnd {
        /// The call.
        call: CallId,
    },
    /// This device takes part in a call as supervisor from now on, in this way.
    Supervising {
        /// The call.
        call: CallId,
        /// How.
        mode: SupervisionMode,
    },
    /// It does so no longer.
    SupervisionEnd {
        /// The call.
        call: CallId,
        /// Why.
        why: SupervisionEnd,
    },
    /// Calls were missed that concern this agent: they were rung, belong to the call's group, or
    /// supervise.
    Missed {
        /// They, oldest first; at most 50.
        missed: Vec<MissedCall>,
    },
    /// The workspace's balance changed.
    Balance {
        /// The new balance.
        balance: BalanceView,
    },
    /// The paid time of this device's call ends soon; told at 60, 30 and 10 s, with a beep in the
    /// agent's ear. It is over when `credit_ends_at` of the call is gone.
    CreditWarning {
        /// The call.
        call: CallId,
        /// How long the call still lasts.
        left_ms: i64,
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
    /// Everything that keeps this device from being rung.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<Blocker>,
    /// When finishing up ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrap_up_until: Option<Timestamp>,
    /// The call that can still be annotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<CallId>,
    /// The call that this agent sent on and nobody has taken yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_on: Option<SentOn>,
    /// Calls that ring for this agent.
    pub ringing: Vec<RingingCall>,
    /// The call this agent is on. On a new device (a reloaded page) it is the call that comes to
    /// it as soon as the device is ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<ActiveCall>,
    /// Words for outcomes that the workspace uses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outcomes: Vec<String>,
    /// The lines that calls can be placed from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineBrief>,
    /// Recent missed calls, newest first.
    pub missed: Vec<MissedCall>,
    /// The workspace's balance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<BalanceView>,
}
