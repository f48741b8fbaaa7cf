//! Words about how a call sounds, and about why it does not.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How well people understand each other. The worst comes first, so that `min` is the worst.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Users are dissatisfied.
    Poor,
    /// Some are.
    Fair,
    /// Nobody complains.
    Good,
}

impl Verdict {
    /// A stable name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Poor => "poor",
            Self::Fair => "fair",
            Self::Good => "good",
        }
    }
}

/// Whose network sound suffered on. Where ours meets theirs cannot be told apart: ours is in both.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Between the caller's phone and us.
    Caller,
    /// Between the agent's browser and us.
    Agent,
}

impl Network {
    /// A stable name for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Agent => "agent",
        }
    }
}

/// A direction of a leg, as its far end sees it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// From them to us.
    Uplink,
    /// From us to them.
    Downlink,
}

/// How one leg of a call was. The figures are those of its worse way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LegQuality {
    /// All in all.
    pub verdict: Verdict,
    /// The worse way; absent when nothing was wrong with either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worse: Option<Way>,
    /// Mean opinion score by the E-model (ITU-T G.107), in thousandths: 1000 to 4500.
    pub mos_milli: u32,
    /// Packets lost or too late, per million.
    pub loss_ppm: u32,
    /// Interarrival jitter (RFC 3550 section 6.4.1), in milliseconds.
    pub jitter_ms: u32,
    /// Mean round trip, in milliseconds; absent without reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rtt_ms: Option<u32>,
}

/// How a call was.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct CallQuality {
    /// That of the worse leg.
    pub verdict: Verdict,
    /// Whose network made it so; absent for a good call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<Network>,
    /// The WhatsApp leg; absent when the caller was never heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller: Option<LegQuality>,
    /// The agent's leg; absent when no agent was heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<LegQuality>,
}

/// Why nothing is heard on a call that was accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SilentCause {
    /// Not one of our checks was answered: what we send does not leave this network.
    EgressBlocked,
    /// There is a path, but DTLS has not finished on it.
    DtlsNotStarted,
    /// All is up, and the phone sends nothing.
    CallerSendsNothing,
    /// The agent's browser has no path to us, or has lost it.
    AgentIce,
    /// The agent's browser has a path, but DTLS has not finished on it.
    AgentDtls,
    /// The agent is muted.
    AgentMuted,
    /// The agent's leg is up and unmuted, and the browser sends nothing.
    AgentSendsNothing,
}

impl SilentCause {
    /// A stable name for records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EgressBlocked => "egress_blocked",
            Self::DtlsNotStarted => "dtls_not_started",
            Self::CallerSendsNothing => "caller_sends_nothing",
            Self::AgentIce => "agent_ice",
            Self::AgentDtls => "agent_dtls",
            Self::AgentMuted => "agent_muted",
            Self::AgentSendsNothing => "agent_sends_nothing",
        }
    }
}

impl SilentCause {
    /// What to tell the agent, when it is something an agent can mend.
    pub const fn hint(self) -> Option<Hint> {
        match self {
            Self::EgressBlocked | Self::DtlsNotStarted | Self::CallerSendsNothing => None,
            Self::AgentIce | Self::AgentDtls => Some(Hint::NoPath),
            Self::AgentMuted => Some(Hint::Muted),
            Self::AgentSendsNothing => Some(Hint::NoSound),
        }
    }
}

/// What the agent on a call should know about its sound.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// The caller says nothing; the path is fine, so they may have muted.
    CallerSilent,
    /// The caller has not heard the agent yet: the agent is muted.
    Muted,
    /// The caller has not heard the agent yet: the browser sends no sound.
    NoSound,
    /// The caller has not heard the agent yet: the browser has no media path.
    NoPath,
}

/// A key of a phone: `0` to `9`, `*`, `#`, `A` to `D`. It may be part of a card number, so it does
/// not print itself.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "char", into = "char")]
#[schema(value_type = String, example = "5")]
pub struct PhoneKey(char);

/// It is not a key of a phone.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a key of a phone")]
pub struct NotAPhoneKey;

impl TryFrom<char> for PhoneKey {
    type Error = NotAPhoneKey;

    fn try_from(key: char) -> Result<Self, NotAPhoneKey> {
        if matches!(key, '0'..='9' | '*' | '#' | 'A'..='D') {
            Ok(Self(key))
        } else {
            Err(NotAPhoneKey)
        }
    }
}

impl From<PhoneKey> for char {
    fn from(key: PhoneKey) -> Self {
        key.0
    }
}

impl fmt::Debug for PhoneKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_written_as_itself_and_never_printed() {
        let key = PhoneKey::try_from('7').unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"7\"");
        assert!(!format!("{key:?}").contains('7'));
        assert!(serde_json::from_str::<PhoneKey>("\"x\"").is_err());
        assert_eq!(PhoneKey::try_from('a'), Err(NotAPhoneKey));
    }

    #[test]
    fn the_least_verdict_is_the_worst() {
        assert_eq!(
            [Verdict::Good, Verdict::Poor, Verdict::Fair].into_iter().min(),
            Some(Verdict::Poor)
        );
    }

    #[test]
    fn names_are_those_of_documents() {
        for cause in
            [SilentCause::EgressBlocked, SilentCause::AgentIce, SilentCause::AgentSendsNothing]
        {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
        assert_eq!(serde_json::to_value(Verdict::Fair).unwrap(), Verdict::Fair.as_str());
        assert_eq!(serde_json::to_value(Network::Agent).unwrap(), Network::Agent.as_str());
    }
}
