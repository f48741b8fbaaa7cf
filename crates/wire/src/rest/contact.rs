//! Documents about contacts: their timeline, what is to be followed up, notes and outcomes.

use model::{
    AgentId, CallId, ContactKey, Direction, Disposition, FollowUpId, LineId, MissedReason,
    RecordingId, Timestamp,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::CallState;

/// A contact in short.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct ContactView {
    /// What finds this contact: its numbers first, then its business-scoped ids.
    pub keys: Vec<ContactKey>,
    /// Profile name, username or number, as the last call told it.
    pub display: String,
    /// How many calls there were.
    pub calls: u32,
    /// How many of them nobody took.
    pub missed: u32,
    /// The last call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_call: Option<TimelineCall>,
    /// Who talked with this contact last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<Talker>,
    /// What is to be followed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<FollowUpId>,
}

/// What was removed with a contact. Its calls stay, with journal, CDR and money, and name nobody.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct ErasedContact {
    /// Numbers and business-scoped ids.
    pub keys: u64,
    /// Calls that name nobody any more.
    pub calls: u64,
    /// Notes and outcomes.
    pub notes: u64,
    /// Follow-ups, open and done.
    pub follow_ups: u64,
    /// Recordings, files included.
    pub recordings: u64,
    /// Events about their calls, delivered or not.
    pub events: u64,
}

/// An agent who talked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Talker {
    /// The agent.
    pub agent: AgentId,
    /// Their name for people; the id of an agent who was removed.
    pub name: String,
}

/// A call on a contact's timeline.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimelineCall {
    /// The call.
    pub call: CallId,
    /// Who placed it.
    pub direction: Direction,
    /// The line.
    pub line: LineId,
    /// The line's name for people.
    pub line_name: String,
    /// When it arrived.
    pub at: Timestamp,
    /// Where it is in its life.
    pub state: CallState,
    /// How it counted, once ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<Disposition>,
    /// Why nobody talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed: Option<MissedReason>,
    /// The same in a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missed_in_words: Option<String>,
    /// Everybody who talked, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub talkers: Vec<Talker>,
    /// From accepted to ended, in milliseconds, when somebody talked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub talked_ms: Option<i64>,
    /// Its recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recording: Option<RecordingId>,
    /// What an agent noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The outcome, in one of the workspace's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// The missed calls of one contact, to be followed up once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FollowUp {
    /// Its id.
    pub id: FollowUpId,
    /// Whether somebody still has to act.
    pub state: FollowUpState,
    /// What finds the contact.
    pub contact: Vec<ContactKey>,
    /// Profile name, username or number.
    pub display: String,
    /// How many calls were missed since.
    pub missed: u32,
    /// When the first of them arrived.
    pub since: Timestamp,
    /// The last of them.
    pub last_call: CallId,
    /// When it arrived.
    pub last_at: Timestamp,
    /// Why nobody talked then.
    pub last_reason: MissedReason,
    /// The same in a sentence.
    pub last_in_words: String,
    /// Whether the contact may be called back.
    pub call_back: CallBack,
    /// How it was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<FollowUpDone>,
}

/// Whether somebody still has to act.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpState {
    /// Nobody talked with the contact since.
    Open,
    /// Somebody did, or said that nothing is left to do.
    Done,
}

/// How a follow-up was done.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct FollowUpDone {
    /// When.
    pub at: Timestamp,
    /// By what.
    pub how: FollowUpEnd,
    /// The call in which the contact was talked with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// What they noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What made a follow-up done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowUpEnd {
    /// The contact was talked with.
    Talked,
    /// Somebody said so.
    ByHand,
}

/// Whether a contact may be called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallBack {
    /// Whether it is possible now.
    pub possible: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why_not: Option<NoCallBack>,
}

/// Why a contact cannot be called back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoCallBack {
    /// This installation does not place calls yet.
    CallingOutNotAvailable,
}

/// Say that a follow-up is done.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MarkDone {
    /// Who did it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// What is to be remembered, at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Note something about a call. What is left out stays as it was; an empty text takes it away.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Annotation {
    /// Who notes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// A note for people, at most 4,000 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The outcome, at most 64 characters; one of the workspace's words when it has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// A call's note and outcome as they were from some moment on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallNote {
    /// When.
    pub at: Timestamp,
    /// Who noted it; absent for a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// The words a workspace uses for outcomes.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcomes {
    /// At most 50 different words of at most 64 characters, in the order agents see them. With
    /// none, an outcome may be any word.
    pub outcomes: Vec<String>,
}
