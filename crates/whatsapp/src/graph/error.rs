//! What can go wrong with a request, and what is then known about its effect.

use std::time::Duration;

use model::Class;

use crate::code::Code;

/// Words with which a refusal says that the call is over already. Meta documents the refusal
/// ("call already completed / failed / reject in progress") but neither code nor text, so the
/// details are searched for any of these, as whole words.
const OVER_WORDS: [&str; 10] = [
    " already ",
    " ended ",
    " terminated ",
    " completed ",
    " rejected ",
    " not in progress ",
    " no longer ",
    " not active ",
    " not found ",
    " does not exist ",
];

/// Why a verb did not succeed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    /// Meta said no: it did not happen. `message` and `details` are Meta's and may name people;
    /// `Display` leaves them out.
    #[error("Meta refused with HTTP {status}, code {}: {}", code.number(), code.meaning())]
    Refused {
        /// HTTP status.
        status: u16,
        /// Meta's code; branch on it.
        code: Code,
        /// Meta's sentence, call ids removed; empty when there was none.
        message: String,
        /// `error_data.details`, call ids removed.
        details: Option<String>,
        /// How long Meta asks to wait (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// It may or may not have happened: time-out, lost connection, 5xx, an unreadable answer.
    #[error("outcome unknown: {what}; look for media or a terminate webhook")]
    Ambiguous {
        /// What was seen of it.
        what: String,
    },
    /// Surely not delivered: no connection came about.
    #[error("Meta cannot be reached: {what}; check DNS, firewall and the Graph base address")]
    Unreachable {
        /// What was seen of it.
        what: String,
    },
    /// The client cannot be used as configured.
    #[error("the Graph client cannot be used: {what}")]
    Setup {
        /// What to mend.
        what: String,
    },
}

impl GraphError {
    pub(super) fn setup(what: &str) -> Self {
        Self::Setup { what: what.to_owned() }
    }

    pub(super) fn ambiguous(what: impl Into<String>) -> Self {
        Self::Ambiguous { what: what.into() }
    }

    /// Whether it may have happened all the same.
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self, Self::Ambiguous { .. })
    }

    /// For `terminate` and `reject`: whether the refusal says that the call is over already, so
    /// that the purpose is reached. Meaningless for the other verbs.
    pub fn is_already_done(&self) -> bool {
        let Self::Refused { status, code, message, details, .. } = self else {
            return false;
        };
        let text: String = details
            .as_deref()
            .unwrap_or(message)
            .chars()
            .map(|c| match c {
                letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
                _ => ' ',
            })
            .collect();
        let text = format!(" {text} ");
        (400..500).contains(status)
            && code.may_speak_of_call_state()
            && OVER_WORDS.iter().any(|word| text.contains(word))
    }

    /// Meta's code, when Meta answered with one.
    pub const fn code(&self) -> Option<Code> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Ambiguous { .. } | Self::Unreachable { .. } | Self::Setup { .. } => None,
        }
    }

    /// Whether nothing works on the line before the token or its permissions are mended.
    pub const fn needs_auth(&self) -> bool {
        match self {
            Self::Refused { status: 401, code: Code::Absent, .. } => true,
            Self::Refused { code, .. } => code.needs_auth(),
            Self::Ambiguous { .. } | Self::Unreachable { .. } | Self::Setup { .. } => false,
        }
    }

    /// Whose fault it counts as when a call ends by it.
    pub const fn class(&self) -> Class {
        match self {
            Self::Refused { code, .. } => code.class(),
            Self::Ambiguous { .. } => Class::Unknown,
            Self::Unreachable { .. } | Self::Setup { .. } => Class::OurFault,
        }
    }
}
