//! What the simulator notes down, and the faults it can be told to have.

use std::fmt;
use std::time::Instant;

use model::{SdpText, Wacid};

/// One request to the Graph `/calls` endpoint.
#[derive(Clone, Debug)]
pub struct GraphRequest {
    /// The `action` of the body; empty when there was none.
    pub action: String,
    /// The line in the path, as written there.
    pub line: String,
    /// The call it names.
    pub call_id: Option<Wacid>,
    /// The description it carries.
    pub sdp: Option<SdpText>,
    /// The HTTP status it was answered with; 0 while the response is held back.
    pub status: u16,
    /// When it arrived.
    pub at: Instant,
}

/// A rule of Meta that the business broke without being refused.
#[derive(Clone, Debug)]
pub struct Violation {
    /// Which rule.
    pub kind: ViolationKind,
    /// On which call.
    pub call_id: Wacid,
    /// What was seen.
    pub detail: String,
    /// When it was noticed.
    pub at: Instant,
}

/// The rules that are watched.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ViolationKind {
    /// RTP before `accept` was carried out: the user's timer starts and the first words are lost.
    MediaTooEarly,
    /// More than one SSRC from the business: media is corrupted on a real phone.
    SecondSsrc,
    /// Frames that are not 20 ms long.
    WrongFrameLength,
    /// RTP of the Opus payload type that is not Opus.
    NotOpus,
    /// The answer does not take the DTLS client role; Meta then never starts DTLS.
    DtlsRole,
    /// Connectivity checks in the controlled role: two controlled agents never connect.
    IceRole,
}

impl ViolationKind {
    /// The name used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MediaTooEarly => "media_too_early",
            Self::SecondSsrc => "second_ssrc",
            Self::WrongFrameLength => "wrong_frame_length",
            Self::NotOpus => "not_opus",
            Self::DtlsRole => "dtls_role",
            Self::IceRole => "ice_role",
        }
    }
}

impl fmt::Display for ViolationKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How the next Graph request of an action goes wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// Refused with this Graph code and HTTP status; nothing is done.
    Error(u32, u16),
    /// Carried out, but the response never comes.
    TimeOutButSucceed,
    /// Answered 200 with something that is not JSON; nothing is done.
    Garbage,
    /// Answered with this HTTP status and an empty body; nothing is done.
    Status(u16),
}

/// Where a call stands, seen from the phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PhoneState {
    /// "Calling…": the business has not reacted. Of a business's call: not ringing yet.
    Calling,
    /// "Ringing…": `pre_accept` was carried out.
    Ringing,
    /// `accept` was carried out, or the user picked up; the timer runs.
    Talking,
    /// Over.
    Ended(SimEnd),
}

impl PhoneState {
    /// How the call ended, if it did.
    pub const fn end(self) -> Option<SimEnd> {
        match self {
            Self::Ended(end) => Some(end),
            Self::Calling | Self::Ringing | Self::Talking => None,
        }
    }

    /// The name used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calling => "calling",
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Ended(_) => "ended",
        }
    }
}

/// How a call ended, as its terminate webhook says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SimEnd {
    /// Meta's status word.
    pub status: EndStatus,
    /// Whole seconds from accept to the end; `None` when nobody picked up.
    pub duration_s: Option<u64>,
    /// Meta's error code, when there is one.
    pub error_code: Option<u32>,
}

/// Meta's two words for an end. An unanswered call is completed, too.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndStatus {
    /// `COMPLETED`
    Completed,
    /// `FAILED`
    Failed,
}

impl EndStatus {
    /// The word in the webhook.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
        }
    }
}

/// Why a call ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum EndCause {
    /// The user hung up, ringing or talking.
    UserHungUp,
    /// The user declined a business's call.
    UserDeclined,
    /// The business sent `terminate`.
    BusinessTerminated,
    /// The business sent `reject`.
    Rejected,
    /// Nobody answered in time.
    RingTimeout,
    /// The phone received no media.
    NoMedia,
    /// The simulator is shut down.
    ShutDown,
}

impl EndCause {
    /// Meta's status and error code for it.
    pub(crate) const fn verdict(self) -> (EndStatus, Option<u32>) {
        match self {
            Self::UserHungUp
            | Self::UserDeclined
            | Self::BusinessTerminated
            | Self::Rejected
            | Self::RingTimeout
            | Self::ShutDown => (EndStatus::Completed, None),
            Self::NoMedia => (EndStatus::Failed, Some(NO_MEDIA_CODE)),
        }
    }
}

/// "Phone ended call: no media received for long".
pub(crate) const NO_MEDIA_CODE: u32 = 138_021;

/// A list that forgets its oldest items, so that a long run does not grow without bound.
pub(crate) struct Log<T> {
    items: std::collections::VecDeque<T>,
    items_max: usize,
}

impl<T: Clone> Log<T> {
    /// An empty list of at most `items_max`.
    pub(crate) const fn new(items_max: usize) -> Self {
        Self { items: std::collections::VecDeque::new(), items_max }
    }

    /// Adds an item, dropping the oldest when full.
    pub(crate) fn push(&mut self, item: T) {
        if self.items.len() == self.items_max {
            self.items.pop_front();
        }
        self.items.push_back(item);
    }

    /// The items, oldest first.
    pub(crate) fn to_vec(&self) -> Vec<T> {
        self.items.iter().cloned().collect()
    }
}
