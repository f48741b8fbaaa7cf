//! Parts that the WebSocket frames and the REST documents share.

use model::{
    AgentId, CallId, Currency, DialRefusal, DialStage, Direction, GroupId, Hint, LineId, Micros,
    MissedReason, Network, Phone, Presence, RecordingMode, RingOutcome, SupervisionMode, Timestamp,
    TransferMode, Verdict,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The WhatsApp user as an agent sees them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallerView {
    /// Profile name, username or number; always something to show.
    pub display: String,
    /// The number without plus sign, when Meta disclosed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// A call that rings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RingingCall {
    /// The call.
    pub call: CallId,
    /// Who calls.
    pub from: CallerView,
    /// The line that was called.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// When it started to ring.
    pub rang_at: Timestamp,
    /// When it will stop ringing unanswered.
    pub rings_until: Timestamp,
    /// Whether this agent may take it now.
    pub claimable: bool,
    /// Why not, when not claimable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_claimable: Option<PresenceReason>,
    /// The group that rings; absent when everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The call has been accepted and waits: its place, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    /// Who sends this call on, and how. A claim of a `warm` one talks with them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferFrom>,
}

/// Who sends a call on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TransferFrom {
    /// The agent.
    pub agent: AgentId,
    /// Their name for people.
    pub name: String,
    /// How.
    pub mode: TransferMode,
    /// Nobody took it: it comes back to who sent it.
    pub returned: bool,
}

/// Where the agent's call is being sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TransferTo {
    /// The name of the agent or group.
    pub name: String,
    /// How.
    pub mode: TransferMode,
    /// The other agent talks with this one; the caller is on hold.
    pub consulting: bool,
}

/// A supervisor in a call, as the agent sees them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SupervisedBy {
    /// The supervisor's name for people.
    pub name: String,
    /// How they take part.
    pub mode: SupervisionMode,
}

/// Why a ringing call cannot be taken by this agent now.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PresenceReason {
    /// The agent is on another call.
    OnCall,
    /// The device has not gone ready.
    NotReady,
    /// The agent is finishing up after a call.
    WrapUp,
    /// The agent may not answer calls.
    NotAllowed,
}

/// What happens to a call's recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Nothing is recorded.
    Off,
    /// Both sides are recorded.
    On,
    /// Recording, but what is said now is not kept.
    Paused,
    /// The recording failed; the call goes on.
    Failed,
}

/// The call this device is talking on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ActiveCall {
    /// The call.
    pub call: CallId,
    /// The WhatsApp user.
    pub from: CallerView,
    /// The line.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// Who placed the call.
    pub direction: Direction,
    /// How far a call that this agent placed is; absent once sound flows, and for other calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dial: Option<DialStage>,
    /// When sound began to flow; absent while the claim is still being connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridged_at: Option<Timestamp>,
    /// Whether the agent is muted, by whomever.
    pub muted: bool,
    /// A supervisor muted the agent: only a supervisor unmutes.
    #[serde(default)]
    pub muted_by_supervisor: bool,
    /// The caller is on hold.
    #[serde(default)]
    pub held: bool,
    /// The agent's media is lost; the caller hears hold music until it is back.
    #[serde(default)]
    pub reconnecting: bool,
    /// The call is being sent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferTo>,
    /// This agent is only being consulted: the caller is on hold and belongs to this agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consulted_by: Option<String>,
    /// A supervisor whispers or barges in. Listening is not shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised_by: Option<SupervisedBy>,
    /// The line's recording rule: with `on_demand` the agent sees a record button.
    pub recording_mode: RecordingMode,
    /// What the recorder does now.
    pub recording: RecordingState,
    /// What the agent should know about the sound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<Hint>,
    /// How the call sounds now; absent in its first seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNow>,
    /// When the paid time ends and the call with it, unless the balance is topped up; absent while
    /// the end is not in sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credit_ends_at: Option<Timestamp>,
}

/// A live call as supervisors see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LiveCall {
    /// The call.
    pub call: CallId,
    /// Where it is in its life.
    pub state: crate::rest::CallState,
    /// The WhatsApp user.
    pub from: CallerView,
    /// The line.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// When sound began to flow.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bridged_at: Option<Timestamp>,
    /// Who has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// Their name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// Its place in the queue, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u32>,
    /// How it sounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<QualityNow>,
    /// The agent is muted.
    pub muted: bool,
    /// Who supervises it, and how.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supervised_by: Option<SupervisedBy>,
}

/// Somebody a call can be sent to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ColleagueView {
    /// The agent.
    pub agent: AgentId,
    /// The name for people.
    pub name: String,
    /// Whether they can be rung.
    pub presence: Presence,
}

/// A group a call can be sent to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupBrief {
    /// The group.
    pub group: GroupId,
    /// The name for people.
    pub name: String,
    /// How many of its agents are ready now.
    pub ready: u32,
}

/// How a running call sounds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct QualityNow {
    /// That of the worse leg.
    pub verdict: Verdict,
    /// Whose network makes it so; absent when it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
}

/// A call nobody took, for follow-up.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct MissedCall {
    /// The call.
    pub call: CallId,
    /// Who called.
    pub from: CallerView,
    /// The line that was called.
    pub line: LineId,
    /// When the call arrived.
    pub at: Timestamp,
    /// Why nobody talked.
    pub reason: MissedReason,
    /// How long it rang, in milliseconds.
    pub rang_ms: i64,
    /// After how long the caller gave up, in milliseconds; absent for other reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gave_up_after_ms: Option<i64>,
    /// The reason in a sentence: `The caller gave up after 12 s.`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub in_words: String,
    /// Who was rung and what each did, in order; at most the first fifty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rung: Vec<RungAgent>,
}

impl MissedCall {
    /// After how long the caller gave up; `None` when that is not why the call was missed.
    pub const fn gave_up_after(reason: MissedReason, rang_ms: i64) -> Option<i64> {
        match reason {
            MissedReason::CallerGaveUp => Some(rang_ms),
            MissedReason::NobodyReady
            | MissedReason::NobodyAnswered
            | MissedReason::DeclinedByAll
            | MissedReason::Balance
            | MissedReason::OutsidePolicy
            | MissedReason::ArrivedTooLate
            | MissedReason::Fault => None,
        }
    }

    /// The reason in a sentence.
    pub fn words_for(reason: MissedReason, rang_ms: i64) -> String {
        let seconds = rang_ms.max(0) / 1_000;
        match reason {
            MissedReason::NobodyReady => "Nobody was ready.".to_owned(),
            MissedReason::NobodyAnswered => format!("Nobody answered for {seconds} s."),
            MissedReason::DeclinedByAll => "Everybody who was rung declined.".to_owned(),
            MissedReason::Balance => "The balance was under the minimum.".to_owned(),
            MissedReason::OutsidePolicy => "The line was closed or full.".to_owned(),
            MissedReason::CallerGaveUp => format!("The caller gave up after {seconds} s."),
            MissedReason::ArrivedTooLate => "The call reached us too late.".to_owned(),
            MissedReason::Fault => "Something failed.".to_owned(),
        }
    }
}

/// A call that an agent sent on and that nobody has taken yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SentOn {
    /// The call.
    pub call: CallId,
    /// Who called.
    pub from: CallerView,
    /// Where it rings: an agent's or a group's name.
    pub to: String,
}

/// An agent who was rung for a call, and what they did.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RungAgent {
    /// The agent.
    pub agent: AgentId,
    /// Their name for people; the id of an agent who was removed.
    pub name: String,
    /// What became of it.
    pub outcome: RingOutcome,
    /// How long it rang there, in milliseconds.
    pub rang_ms: i64,
}

/// A line as agents choose it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LineBrief {
    /// The line.
    pub line: LineId,
    /// Its name for people.
    pub name: String,
}

/// Where a contact's permission stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PermitStatus {
    /// There is none.
    None,
    /// The contact has been asked.
    Requested,
    /// Until a moment.
    Temporary,
    /// For ever.
    Permanent,
    /// Taken back.
    Revoked,
    /// Declined when asked.
    Declined,
}

/// What a contact permits a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PermitView {
    /// The line.
    pub line: LineId,
    /// The contact.
    pub contact: CallerView,
    /// Where the permission stands.
    pub status: PermitStatus,
    /// When a temporary one ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Calls in a row that the contact did not answer; WhatsApp warns them at two and takes the
    /// permission away at four.
    pub unanswered: u32,
    /// Why the contact cannot be called now; absent when they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call_refused: Option<DialRefusal>,
    /// Why the contact cannot be asked now; absent when they can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_refused: Option<DialRefusal>,
}

/// The prepaid balance as people see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct BalanceView {
    /// What can be spent, exactly.
    pub available_micros: Micros,
    /// The least balance that lets a call start, exactly.
    pub minimum_micros: Micros,
    /// The currency of both.
    pub currency: Currency,
    /// The balance with two decimals, truncated towards zero: `9.98`.
    pub display: String,
    /// True exactly when the gate is closed for want of money.
    pub top_up_required: bool,
}
