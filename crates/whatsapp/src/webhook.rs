//! What a webhook body says, as values. Parsing is in the submodules.

mod call;
mod errors;
mod ignored;
mod json;
mod parse;
mod party;
mod permission;

use std::fmt;

use model::{Direction, LineId, Party, SdpText, Timestamp, Wacid};

pub use errors::MetaError;
pub use ignored::{Ignored, Reason};
pub use parse::{WebhookError, parse};

/// One webhook body: what happened, and what was skipped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Webhook {
    /// What happened, in the order of the body. Meta promises no order between bodies.
    pub events: Vec<Event>,
    /// What was skipped and why, for counters.
    pub ignored: Vec<Ignored>,
}

/// One thing that happened at Meta. Delivered at least once, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A call needs our answer, or Meta answered our offer.
    Connect(Connect),
    /// A call is over.
    Terminate(Terminate),
    /// The user's phone rings, accepted or rejected (business-initiated calls only).
    Status(Status),
    /// Meta complains about a line without naming a call.
    LineError(LineError),
    /// A user answered, or Meta changed, the permission to be called.
    PermissionReply(PermissionReply),
    /// A user wrote to a line; what they wrote is nobody's business here.
    Message(Message),
}

/// That a user wrote to a line, which opens the customer service window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The business number they wrote to.
    pub line: LineId,
    /// The WhatsApp user.
    pub party: Party,
    /// When Meta says it happened, to the second.
    pub at: Option<Timestamp>,
}

/// Which half of the negotiation a session description is (RFC 3264).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SdpKind {
    /// Meta asks; we answer. User-initiated calls.
    Offer,
    /// Meta answers ours. Business-initiated calls.
    Answer,
}

/// Event `connect`: a session description arrived. It does not mean that anybody picked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The business number it concerns (`phone_number_id`).
    pub line: LineId,
    /// Meta's call id.
    pub wacid: Wacid,
    /// Who called whom; when Meta omits it, told from the kind of session description.
    pub direction: Direction,
    /// The WhatsApp user.
    pub party: Party,
    /// When Meta says it happened, to the second.
    pub at: Option<Timestamp>,
    /// The session description; `None` when it was missing or malformed: end such a call.
    pub sdp: Option<(SdpKind, SdpText)>,
    /// The business number as people write it.
    pub display_phone_number: Option<String>,
    /// Our own text, given back (business-initiated calls).
    pub biz_opaque_callback_data: Option<String>,
    /// The payload of the call button that started the call.
    pub cta_payload: Option<String>,
    /// The payload of the link that started the call.
    pub deeplink_payload: Option<String>,
}

/// Event `terminate`: the call is over, whoever ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminate {
    /// The business number it concerns.
    pub line: LineId,
    /// Meta's call id.
    pub wacid: Wacid,
    /// Who called whom, when Meta says so.
    pub direction: Option<Direction>,
    /// The WhatsApp user.
    pub party: Party,
    /// When Meta says it ended, to the second.
    pub at: Option<Timestamp>,
    /// Meta's word in upper case: `COMPLETED` or `FAILED`. An unanswered call can be `COMPLETED`.
    pub status: Option<String>,
    /// When it was picked up; absent on calls nobody picked up.
    pub start_time: Option<Timestamp>,
    /// When the talk ended; absent on calls nobody picked up.
    pub end_time: Option<Timestamp>,
    /// Meta's own count of talked seconds; absent on calls nobody picked up.
    pub duration_s: Option<u32>,
    /// Why it failed, from the value and the call, each code once.
    pub errors: Vec<MetaError>,
    /// The business number as people write it.
    pub display_phone_number: Option<String>,
    /// Our own text, given back.
    pub biz_opaque_callback_data: Option<String>,
    /// The payload of the call button that started the call.
    pub cta_payload: Option<String>,
    /// The payload of the link that started the call.
    pub deeplink_payload: Option<String>,
}

impl Terminate {
    /// Whether Meta counts the call as picked up. The status does not tell.
    pub const fn was_picked_up(&self) -> bool {
        self.start_time.is_some() || self.duration_s.is_some()
    }
}

/// How far a business-initiated call is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum CallStatus {
    /// The phone rings.
    Ringing,
    /// The user picked up: the only sign of it.
    Accepted,
    /// The user declined; a terminate follows.
    Rejected,
    /// A word Meta added later, in upper case.
    Other(String),
}

/// An item of `statuses`: a step of a business-initiated call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The business number it concerns.
    pub line: LineId,
    /// Meta's call id.
    pub wacid: Wacid,
    /// The step.
    pub status: CallStatus,
    /// When Meta says it happened, to the second.
    pub at: Option<Timestamp>,
    /// The WhatsApp user.
    pub party: Party,
    /// Our own text, given back.
    pub biz_opaque_callback_data: Option<String>,
}

/// Errors of a line that belong to no call, such as 131044 (no payment method).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineError {
    /// The business number it concerns.
    pub line: LineId,
    /// At least one error, each code once.
    pub errors: Vec<MetaError>,
}

/// Meta's message id (`wamid.…`). It embeds the user's number, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct MessageId(pub(crate) String);

impl MessageId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wamid(redacted)")
    }
}

/// What a user said about being called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum PermissionResponse {
    /// The business may call.
    Accept,
    /// It may not; without context it takes an earlier permission back.
    Reject,
    /// A word Meta added later, in upper case.
    Other(String),
}

/// Who caused a permission reply.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReplySource {
    /// The user tapped something.
    UserAction,
    /// Meta: the user called us, or several of our calls went unanswered.
    Automatic,
    /// A word Meta added later, in upper case.
    Other(String),
}

/// What a permission reply answers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ReplyContext {
    /// A permission request we sent.
    Message(MessageId),
    /// A call of the user that granted the permission by itself.
    Call(Wacid),
}

/// A `call_permission_reply` on the field `messages`. There is none when a permission expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PermissionReply {
    /// The business number the permission is for.
    pub line: LineId,
    /// The WhatsApp user.
    pub party: Party,
    /// When Meta says it happened, to the second.
    pub at: Option<Timestamp>,
    /// The id of the reply itself, to drop duplicates by.
    pub message: Option<MessageId>,
    /// Granted or not.
    pub response: PermissionResponse,
    /// Never expires. Older payloads omit it, which reads as `false`.
    pub is_permanent: bool,
    /// When a temporary permission ends; take it as given, never compute it.
    pub expires_at: Option<Timestamp>,
    /// Who caused it.
    pub source: Option<ReplySource>,
    /// What it answers; absent when granted from the business profile or revoked by Meta.
    pub context: Option<ReplyContext>,
}
