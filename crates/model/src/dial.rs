//! Why a contact cannot be called, or asked for the permission to be called.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// The rule that is in the way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialBlocker {
    /// What was given names nobody: no number in E.164, and no business-scoped id.
    BadNumber,
    /// The line does not exist here.
    NoSuchLine,
    /// Calling is off for the line at Meta, or the line is in SIP mode.
    LineOff,
    /// Meta has restricted the line.
    Restricted,
    /// Meta lets no business of the line's country place calls.
    LineRegion,
    /// Nobody in the contact's region can be called.
    ContactRegion,
    /// The contact cannot be called on WhatsApp.
    Unreachable,
    /// The balance is under the minimum.
    Balance,
    /// No price list says what a call to this contact costs.
    NoRate,
    /// As many calls as may be are live.
    AtCapacity,
    /// The line has placed as many calls as it may in a day.
    DailyCap,
    /// A call with this contact is going on.
    CallRunning,
    /// The contact has not permitted calls, or no longer does.
    NoPermission,
    /// As many calls with this contact as may be were connected within 24 hours.
    CallLimit,
    /// One more unanswered call would make WhatsApp take the permission away.
    Streak,
    /// Meta does not answer for this line.
    LineDown,
    /// Meta does not take the access token.
    NeedsAuth,
    /// Meta could not be asked what the contact permits.
    Unknown,
    /// The daemon is shutting down.
    ShutDown,
    /// The contact permits calls for ever: there is nothing to ask for.
    AlreadyPermitted,
    /// The contact has been asked within 24 hours.
    AskedToday,
    /// The contact has been asked twice within 7 days.
    AskedTwice,
    /// The contact declined within 24 hours.
    DeclinedToday,
    /// The contact has not written or called within 24 hours, and there is no template to ask with.
    WindowClosed,
}

impl DialBlocker {
    /// The reason in a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::BadNumber => {
                "This is no number in international form, and no contact's id. Write it as \
                 +4917012345678."
            }
            Self::NoSuchLine => "This line does not exist here.",
            Self::LineOff => "Calling is switched off for this line at Meta.",
            Self::Restricted => "Meta has restricted calls from this line.",
            Self::LineRegion => "Meta lets no business of this line's country place calls.",
            Self::ContactRegion => "Nobody in this region can be called.",
            Self::Unreachable => "This contact cannot be called on WhatsApp.",
            Self::Balance => "The balance is too low. Top up first.",
            Self::NoRate => {
                "No price list says what a call to this contact costs. Tell an administrator."
            }
            Self::AtCapacity => "As many calls as possible are going on.",
            Self::DailyCap => "This line has placed as many calls as it may in a day.",
            Self::CallRunning => "A call with this contact is going on already.",
            Self::NoPermission => "This contact has not permitted calls. Ask first.",
            Self::CallLimit => "This contact was called as often as one day allows.",
            Self::Streak => {
                "This contact has not answered three calls in a row. Another one that stays \
                 unanswered ends the permission."
            }
            Self::LineDown => "Meta does not answer for this line at the moment.",
            Self::NeedsAuth => "Meta does not take our access token. Tell an administrator.",
            Self::Unknown => "Meta could not be asked what this contact permits. Try again.",
            Self::ShutDown => "Ringdown is shutting down.",
            Self::AlreadyPermitted => "This contact permits calls for ever.",
            Self::AskedToday => "This contact has been asked within 24 hours.",
            Self::AskedTwice => "This contact has been asked twice within 7 days.",
            Self::DeclinedToday => "This contact declined within 24 hours.",
            Self::WindowClosed => {
                "This contact has not written or called within 24 hours. Wait until they do."
            }
        }
    }
}

/// Why a contact cannot be called now, and from when on it may be different.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema, thiserror::Error,
)]
#[error("{}", blocker.words())]
pub struct DialRefusal {
    /// The rule.
    pub blocker: DialBlocker,
    /// When to try again; absent when time alone changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

impl DialRefusal {
    /// One that time alone does not change.
    pub const fn of(blocker: DialBlocker) -> Self {
        Self { blocker, not_before: None }
    }

    /// One that is over at some moment.
    pub const fn until(blocker: DialBlocker, not_before: Timestamp) -> Self {
        Self { blocker, not_before: Some(not_before) }
    }
}
