//! The documents of the REST API, `/v1`. Errors are `application/problem+json` (RFC 9457).

use model::{
    AgentId, CallId, CallQuality, Currency, Direction, Disposition, EndReason, GroupId, LineId,
    Member, Micros, MissedReason, Presence, RecordingFormat, RecordingId, Rights, RingPolicy,
    Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::view::{CallerView, RungAgent};

mod contact;
mod money;

pub use contact::{
    Annotation, CallBack, CallNote, ContactView, ErasedContact, FollowUp, FollowUpDone,
    FollowUpEnd, FollowUpState, MarkDone, NoCallBack, Outcomes, Talker, TimelineCall,
};
pub use money::{Adjustment, RateQuote, ReconciliationItem, Statement, StatementLine};

/// An error document.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A stable slug: `unauthorized`, `not_found`, `bad_signature`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and how to mend it.
    pub detail: String,
}

/// A call in a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallSummary {
    /// The call.
    pub id: CallId,
    /// Who placed it.
    pub direction: Direction,
    /// The line.
    pub line: LineId,
    /// The WhatsApp user.
    pub from: CallerView,
    /// Where the call is.
    pub state: CallState,
    /// When the connect webhook arrived.
    pub arrived_at: Timestamp,
    /// How it counted, once ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// Who talked; the last one when the call was sent on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_by: Option<AgentId>,
    /// Everybody who talked, in order; an agent who had the call twice is there twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub talkers: Vec<AgentId>,
    /// From arrival to claim or to the end of ringing, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ring_ms: Option<i64>,
    /// From the claim frame's arrival to the first packet forwarded in the later direction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_to_audio_ms: Option<i64>,
    /// From accepted to ended by the monotonic clock, in milliseconds; 0 when never accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_ms: Option<i64>,
    /// What the call cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billed_micros: Option<Micros>,
    /// Why nobody talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedReason>,
    /// Who ended it and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<EndReason>,
    /// How it sounded, once ended; absent when nobody was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<CallQuality>,
    /// Its recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingId>,
    /// What an agent noted, in its latest form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The outcome, in one of the workspace's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Where a call is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CallState {
    /// Being admitted.
    Offered,
    /// Alerting devices.
    Ringing,
    /// Accepted without an agent: waiting with hold music, or hearing the notice.
    Queued,
    /// We call the contact, who has not picked up.
    Dialling,
    /// Claimed, waiting for Meta's acceptance.
    Accepting,
    /// Sound flows.
    Bridged,
    /// The agent's media is lost; the caller is kept on the line.
    Reconnecting,
    /// Being ended at Meta.
    Ending,
    /// Over.
    Ended,
}

/// One call with everything known about it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallDetail {
    /// The summary.
    #[serde(flatten)]
    pub summary: CallSummary,
    /// What happened, in order.
    pub timeline: Vec<TimelineEvent>,
    /// The money lines of this call.
    pub ledger: Vec<LedgerLine>,
    /// Its recordings.
    pub recordings: Vec<RecordingView>,
    /// Who was rung and what each did, in order, once ended; at most the first fifty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rung: Vec<RungAgent>,
    /// Every form its note had, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<CallNote>,
}

/// One journalled event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimelineEvent {
    /// Its number within the call, from 1.
    pub seq: u32,
    /// When, on the wall clock.
    pub at: Timestamp,
    /// Milliseconds since the call arrived, on the monotonic clock.
    pub offset_ms: i64,
    /// What happened, past tense: `ring_started`, `claim_won`, …
    pub event: String,
    /// Details; never SDP passwords or tokens.
    pub detail: serde_json::Value,
}

/// One money line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LedgerLine {
    /// The balanced group this line belongs to.
    pub transaction: model::TransactionId,
    /// When.
    pub at: Timestamp,
    /// What for: `top_up`, `settle`, …
    pub kind: String,
    /// The account: `prepaid:acme`, `revenue:acme`, …
    pub account: String,
    /// Added to the account (negative: taken from it).
    pub amount_micros: Micros,
    /// The currency.
    pub currency: Currency,
    /// Details for people: pulses, rate.
    pub memo: String,
    /// The call it belongs to, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
}

/// A recording.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct RecordingView {
    /// The recording.
    pub id: RecordingId,
    /// Its call.
    pub call: CallId,
    /// The container.
    pub format: RecordingFormat,
    /// When it started.
    pub started_at: Timestamp,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// Its size.
    pub bytes: i64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The path within the vault.
    pub path: String,
    /// Whether it was repaired after a crash.
    pub recovered: bool,
    /// Where to download it.
    pub download: String,
}

/// An agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentView {
    /// The agent.
    pub id: AgentId,
    /// The name for people.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
    /// Whether they can be rung.
    pub presence: Presence,
    /// Connected devices.
    pub devices: u32,
    /// The call they are on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_call: Option<CallId>,
}

/// Create or change an agent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PutAgent {
    /// The name for people.
    pub name: String,
    /// What they may do. Left out, an agent who is there keeps what they have, and a new one may
    /// answer, dial and record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Rights>,
}

/// A group of agents.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupView {
    /// The group.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
    /// How it rings.
    pub policy: RingPolicy,
    /// Who is in it, by tier and then by id.
    pub members: Vec<Member>,
}

/// Create or replace a group, members included.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutGroup {
    /// The name for people.
    pub name: String,
    /// How it rings.
    #[serde(default)]
    pub policy: RingPolicy,
    /// Who is in it. They must be agents of the workspace.
    #[serde(default)]
    pub members: Vec<Member>,
}

/// Choose the group that rings for a line's calls.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PutLineGroup {
    /// Which; `null` leaves it to the configuration, and without a word there everybody rings.
    pub group: Option<GroupId>,
}

/// A line and who rings for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct LineView {
    /// The line.
    pub id: LineId,
    /// The name for people.
    pub name: String,
    /// The group that rings for its calls; absent when everybody does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
}

/// A short-lived token for one agent's device.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct AgentToken {
    /// The JWT for `hello`.
    pub token: String,
    /// When it stops working for new sockets.
    pub expires_at: Timestamp,
}

/// A one-time code that signs an agent in to the desk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignInCode {
    /// The code, to be typed or put in the desk's URL fragment.
    pub code: String,
    /// When it stops working.
    pub expires_at: Timestamp,
}

/// Exchange a sign-in code for the desk's session cookie.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignIn {
    /// The code.
    pub code: String,
}

/// Who is signed in at the desk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct SignedIn {
    /// The agent.
    pub agent: AgentId,
    /// The name for people.
    pub name: String,
    /// What they may do.
    #[serde(default)]
    pub rights: Rights,
}

/// Add prepaid money.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TopUp {
    /// How much; more than zero.
    pub amount_micros: Micros,
    /// The caller's own key: repeating it adds nothing.
    pub idempotency_key: String,
}

/// A page of a list.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items, newest first.
    pub items: Vec<T>,
    /// Give this as `cursor` for the next page; absent at the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
