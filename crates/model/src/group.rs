//! Words about who is rung: groups, their policies, and what became of each ring.

use serde::{Deserialize, Serialize};

use crate::{AgentId, GroupId};

/// In which order the agents of a group ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Everybody at once.
    #[default]
    All,
    /// One after the other, who has been without a call for longest first.
    LongestIdle,
    /// One after the other, who comes after the one that was rung first last time first.
    RoundRobin,
    /// The first tier at once, each further one joins after a delay.
    Tiers,
}

/// What happens when nobody of a group took the call in time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Overflow {
    /// The call is rejected and counts as missed.
    #[default]
    Reject,
    /// The call is accepted, the caller hears the line's notice, and the call ends as missed. On
    /// a line without a notice it is rejected.
    Notice,
    /// Another group rings.
    Group {
        /// Which.
        group: GroupId,
    },
    /// The call is accepted and waits with hold music until somebody takes it.
    Queue {
        /// Then the caller hears the line's notice, if there is one, and the call ends as missed.
        max_wait_seconds: u32,
    },
}

/// How a group rings.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RingPolicy {
    /// In which order.
    pub strategy: Strategy,
    /// How long the whole group rings. However many groups overflow into each other, a call rings
    /// no longer than the house allows, unless it is accepted into a queue.
    pub ring_seconds: u32,
    /// How long one agent rings alone, with `longest_idle` and `round_robin`.
    pub turn_seconds: u32,
    /// How much later each further tier joins, with `tiers`.
    pub tier_delay_seconds: u32,
    /// How long the agent who spoke with the contact last rings alone before the others; 0 does
    /// not prefer them.
    pub sticky_seconds: u32,
    /// What happens then.
    pub overflow: Overflow,
}

impl Default for RingPolicy {
    fn default() -> Self {
        Self {
            strategy: Strategy::All,
            ring_seconds: 28,
            turn_seconds: 10,
            tier_delay_seconds: 8,
            sticky_seconds: 0,
            overflow: Overflow::Reject,
        }
    }
}

/// An agent of a group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Member {
    /// Who.
    pub agent: AgentId,
    /// With `tiers`: 0 rings first.
    #[serde(default)]
    pub tier: u8,
}

/// What became of ringing one agent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RingOutcome {
    /// They took the call.
    Claimed,
    /// They declined.
    Declined,
    /// They let it ring until their time was over: this counts as a missed ring.
    Unanswered,
    /// Somebody else took the call.
    TakenByOther,
    /// The caller hung up.
    CallerHungUp,
    /// They could not be rung any more.
    Left,
    /// The call ended otherwise.
    CallEnded,
}

/// Where an agent sends a call.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", content = "id", rename_all = "snake_case")]
pub enum TransferTarget {
    /// One agent.
    Agent(AgentId),
    /// Whoever of a group takes it.
    Group(GroupId),
}

/// How an agent sends a call on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TransferMode {
    /// At once: the agent is free, the caller hears ringing.
    Blind,
    /// The two agents talk first while the caller is on hold.
    Warm,
}
