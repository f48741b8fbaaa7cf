//! Why a device's wish was refused, in the words of its protocol.

use wire::agent::ErrorCode;

/// A refusal with a stable code, what happened, and how to mend it.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The stable code.
    pub code: ErrorCode,
    /// What happened.
    pub message: String,
    /// How to mend it.
    pub hint: String,
}

impl Refusal {
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>, hint: &str) -> Self {
        Self { code, message: message.into(), hint: hint.to_owned() }
    }

    pub(crate) fn no_such_call() -> Self {
        Self::new(
            ErrorCode::NoSuchCall,
            "the call is not live",
            "it may have ended; look at the list of calls",
        )
    }

    pub(crate) fn not_ready() -> Self {
        Self::new(
            ErrorCode::NotReady,
            "this device is not ready",
            "go ready first, and wait until the media leg is up",
        )
    }

    pub(crate) fn nobody_there() -> Self {
        Self::new(
            ErrorCode::NobodyThere,
            "nobody there can be rung",
            "choose somebody who is ready; the call stays with you",
        )
    }

    pub(crate) fn finishing_up() -> Self {
        Self::new(
            ErrorCode::NotReady,
            "you are finishing up after a call",
            "end finishing up first",
        )
    }

    pub(crate) fn on_call() -> Self {
        Self::new(ErrorCode::OnCall, "you are on another call", "end that call first")
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, message, "try again; if it stays, look at the daemon's log")
    }

    /// Translates what the rules said; `name_of` turns an agent into a name for people.
    pub(crate) fn of(refusal: &call::Refusal, name_of: impl Fn(&model::AgentId) -> String) -> Self {
        match refusal {
            call::Refusal::Taken { winner } => {
                let name = name_of(winner);
                Self::new(ErrorCode::AlreadyTaken, format!("{name} took the call"), "nothing to do")
            }
            call::Refusal::TakenByYou => Self::new(
                ErrorCode::TakenByYouElsewhere,
                "you took the call on another device",
                "talk there",
            ),
            call::Refusal::Over => {
                Self::new(ErrorCode::CallEnded, "the call is over", "nothing to do")
            }
            call::Refusal::NotYours => {
                Self::new(ErrorCode::NoSuchCall, "the call is not on this device", "claim it first")
            }
            call::Refusal::NobodyThere => Self::new(
                ErrorCode::NobodyThere,
                "nobody there can be rung",
                "send the call to somebody else",
            ),
            call::Refusal::NotAllowed => Self::new(
                ErrorCode::NotAllowed,
                "not allowed now",
                "the line's rule forbids it, or the call is not in the state for it",
            ),
        }
    }
}
