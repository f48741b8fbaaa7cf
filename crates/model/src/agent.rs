//! Words about agents: what they may do, and what keeps them from being rung.

use serde::{Deserialize, Serialize};

/// One thing an agent may be allowed to do.
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
pub enum Right {
    /// Be rung and take calls.
    Answer,
    /// Place calls.
    Dial,
    /// Use the record button.
    Record,
    /// See live calls, listen, whisper, barge in, take over, mute and end calls of others.
    Supervise,
    /// Change groups, agents and deliveries.
    Admin,
}

impl Right {
    /// Every right.
    pub const ALL: [Self; 5] =
        [Self::Answer, Self::Dial, Self::Record, Self::Supervise, Self::Admin];

    /// The right as JSON and metrics spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Dial => "dial",
            Self::Record => "record",
            Self::Supervise => "supervise",
            Self::Admin => "admin",
        }
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// What an agent may do. In JSON a list of [`Right`]s.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<Right>", into = "Vec<Right>")]
pub struct Rights(u8);

impl Rights {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Every right.
    pub const ALL: Self = Self::NONE
        .with(Right::Answer)
        .with(Right::Dial)
        .with(Right::Record)
        .with(Right::Supervise)
        .with(Right::Admin);

    /// Whether this is allowed.
    pub const fn allow(self, right: Right) -> bool {
        self.0 & right.bit() != 0
    }

    /// These and one more.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | right.bit())
    }
}

/// What an agent may do when nothing was said: answer, dial and record.
impl Default for Rights {
    fn default() -> Self {
        Self::NONE.with(Right::Answer).with(Right::Dial).with(Right::Record)
    }
}

impl From<Vec<Right>> for Rights {
    fn from(rights: Vec<Right>) -> Self {
        rights.into_iter().fold(Self::NONE, Self::with)
    }
}

impl From<Rights> for Vec<Right> {
    fn from(rights: Rights) -> Self {
        Right::ALL.into_iter().filter(|right| rights.allow(*right)).collect()
    }
}

impl utoipa::PartialSchema for Rights {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        <Vec<Right> as utoipa::PartialSchema>::schema()
    }
}
impl utoipa::ToSchema for Rights {}

/// Why a device, or its agent, is not rung.
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
pub enum Blocker {
    /// The agent has not gone ready.
    Away,
    /// The agent was set away because several calls in a row rang unanswered.
    MissedRings,
    /// The device's socket is lost.
    SocketLost,
    /// The browser does not give the microphone.
    Microphone,
    /// The browser plays no sound before somebody clicks into the page.
    AudioLocked,
    /// The media leg is not up.
    MediaDown,
    /// Another tab of the same browser rings.
    NotLeader,
    /// The agent is on a call.
    OnCall,
    /// The agent is finishing up after a call.
    WrapUp,
    /// The agent may not answer calls.
    NotAllowed,
}

/// How a supervisor takes part in a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionMode {
    /// Hears both, is heard by nobody.
    Listen,
    /// Hears both, is heard by the agent.
    Whisper,
    /// Hears both, is heard by both.
    Barge,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_a_list_in_json_and_each_counts_alone() {
        let rights = Rights::default();
        assert_eq!(serde_json::to_string(&rights).unwrap(), r#"["answer","dial","record"]"#);
        assert!(!rights.allow(Right::Supervise) && !rights.allow(Right::Admin));
        let read: Rights = serde_json::from_str(r#"["admin"]"#).unwrap();
        assert_eq!(read, Rights::NONE.with(Right::Admin));
        assert!(Right::ALL.iter().filter(|right| read.allow(**right)).eq([&Right::Admin]));
        assert!(serde_json::from_str::<Rights>(r#"["fly"]"#).is_err());
        for right in Right::ALL {
            assert!(Rights::ALL.allow(right) && !Rights::NONE.allow(right));
            assert_eq!(serde_json::to_value(right).unwrap(), right.as_str());
        }
    }
}
