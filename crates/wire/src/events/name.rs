//! The names of events, and which of a call's journal become events.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What happened. The name says what `data` holds.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, ToSchema,
)]
pub enum EventName {
    /// Devices began to ring: `line`, `from` (`display`, `phone`), and how many ring.
    #[serde(rename = "call.ringing")]
    CallRinging,
    /// An agent calls a contact: `line`, `from` (the contact), `agent`.
    #[serde(rename = "call.dialled")]
    CallDialled,
    /// The call was accepted into a queue: `line`, `from`, and where it waits.
    #[serde(rename = "call.queued")]
    CallQueued,
    /// An agent and the caller hear each other: `agent`.
    #[serde(rename = "call.answered")]
    CallAnswered,
    /// The caller hears hold music: `agent`.
    #[serde(rename = "call.held")]
    CallHeld,
    /// The hold is over: `agent`.
    #[serde(rename = "call.resumed")]
    CallResumed,
    /// Somebody else has the call now: from whom, to whom.
    #[serde(rename = "call.transferred")]
    CallTransferred,
    /// The talking agent's media was lost: `agent`, `why`.
    #[serde(rename = "call.agent_lost")]
    CallAgentLost,
    /// The lost agent is heard again: `agent`.
    #[serde(rename = "call.agent_back")]
    CallAgentBack,
    /// Nobody talked with the caller: the call as in `call.ended`. Comes before it.
    #[serde(rename = "call.missed")]
    CallMissed,
    /// The call is over: the whole call as `GET /v1/calls` lists it.
    #[serde(rename = "call.ended")]
    CallEnded,
    /// An agent wrote a note or chose an outcome.
    #[serde(rename = "call.noted")]
    CallNoted,
    /// A recording is finished: as `GET /v1/recordings/{id}` shows it.
    #[serde(rename = "recording.ready")]
    RecordingReady,
    /// Somebody listens to a call, or joins it: who and how.
    #[serde(rename = "supervision.started")]
    SupervisionStarted,
    /// Nobody supervises any more: who did and why it ended.
    #[serde(rename = "supervision.ended")]
    SupervisionEnded,
    /// The prepaid balance changed: as `GET /v1/balance` shows it.
    #[serde(rename = "balance.changed")]
    BalanceChanged,
    /// The balance fell under the minimum, so calls do not ring: as `balance.changed`.
    #[serde(rename = "balance.top_up_required")]
    BalanceTopUpRequired,
    /// An agent became ready, busy, away …: as `GET /v1/agents` shows them. Only in the stream,
    /// not kept, without a number.
    #[serde(rename = "agent.presence")]
    AgentPresence,
}

/// A text that names no event.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{name}` is no event; the names are in /openapi.json under EventName")]
pub struct UnknownEventName {
    /// What was given.
    pub name: String,
}

impl EventName {
    /// Every event there is.
    pub const ALL: [Self; 18] = [
        Self::CallRinging,
        Self::CallDialled,
        Self::CallQueued,
        Self::CallAnswered,
        Self::CallHeld,
        Self::CallResumed,
        Self::CallTransferred,
        Self::CallAgentLost,
        Self::CallAgentBack,
        Self::CallMissed,
        Self::CallEnded,
        Self::CallNoted,
        Self::RecordingReady,
        Self::SupervisionStarted,
        Self::SupervisionEnded,
        Self::BalanceChanged,
        Self::BalanceTopUpRequired,
        Self::AgentPresence,
    ];

    /// The name as it travels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallRinging => "call.ringing",
            Self::CallDialled => "call.dialled",
            Self::CallQueued => "call.queued",
            Self::CallAnswered => "call.answered",
            Self::CallHeld => "call.held",
            Self::CallResumed => "call.resumed",
            Self::CallTransferred => "call.transferred",
            Self::CallAgentLost => "call.agent_lost",
            Self::CallAgentBack => "call.agent_back",
            Self::CallMissed => "call.missed",
            Self::CallEnded => "call.ended",
            Self::CallNoted => "call.noted",
            Self::RecordingReady => "recording.ready",
            Self::SupervisionStarted => "supervision.started",
            Self::SupervisionEnded => "supervision.ended",
            Self::BalanceChanged => "balance.changed",
            Self::BalanceTopUpRequired => "balance.top_up_required",
            Self::AgentPresence => "agent.presence",
        }
    }

    /// Whether it is kept in the outbox, so that it is delivered and can be replayed.
    pub const fn is_kept(self) -> bool {
        !matches!(self, Self::AgentPresence)
    }

    /// The event that a journalled one is told as; `None` for what stays inside. The end of a call
    /// is told with its CDR, and a recording when its file is finished, so neither is here.
    pub fn of_journal(event: &str, detail: &serde_json::Value) -> Option<Self> {
        Some(match event {
            "ring_started" => Self::CallRinging,
            "dialled" => Self::CallDialled,
            "queued" => Self::CallQueued,
            "bridged" => Self::CallAnswered,
            "held" if detail["on"] == false => Self::CallResumed,
            "held" => Self::CallHeld,
            // A warm transfer has only been asked for when it begins.
            "transfer_started" if detail["mode"] == "blind" => Self::CallTransferred,
            "transfer_completed" | "taken_over" => Self::CallTransferred,
            "agent_lost" => Self::CallAgentLost,
            "agent_back" => Self::CallAgentBack,
            "supervised" => Self::SupervisionStarted,
            "supervision_ended" => Self::SupervisionEnded,
            _ => return None,
        })
    }

    /// Whether its details begin with who calls on which line.
    pub const fn names_the_caller(self) -> bool {
        matches!(self, Self::CallRinging | Self::CallDialled | Self::CallQueued)
    }
}

impl FromStr for EventName {
    type Err = UnknownEventName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|known| known.as_str() == name);
        known.ok_or_else(|| UnknownEventName { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_travels_as_it_is_written() {
        for name in EventName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
            assert_eq!(name.as_str().parse(), Ok(name));
        }
        assert!("call.exploded".parse::<EventName>().is_err());
    }

    #[test]
    fn what_is_not_known_stays_inside() {
        let of = |event, detail| EventName::of_journal(event, &detail);
        let none = || serde_json::Value::Null;
        assert_eq!(of("bridged", none()), Some(EventName::CallAnswered));
        assert_eq!(of("held", serde_json::json!({ "on": true })), Some(EventName::CallHeld));
        assert_eq!(of("held", serde_json::json!({ "on": false })), Some(EventName::CallResumed));
        let warm = serde_json::json!({ "mode": "warm" });
        assert_eq!(of("transfer_started", warm), None, "nobody has it yet");
        for inside in ["claim_won", "pre_accepted", "key_pressed", "ended", "", "call.ended"] {
            assert_eq!(of(inside, none()), None, "{inside}");
        }
    }
}
