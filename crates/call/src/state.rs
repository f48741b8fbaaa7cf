//! The states of a call, each carrying what it needs.

use std::time::Instant;

use model::{Cause, EndReason};
use serde::Serialize;

use crate::ring::Target;

/// A winning claim.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    /// Who won, on which device.
    pub(crate) target: Target,
    /// When the lease ends, unless the device is heard before.
    pub(crate) lease_ends: Instant,
    /// The device has been heard since it claimed.
    pub(crate) heard: bool,
}

/// Where a call is.
#[derive(Clone, Debug)]
pub(crate) enum State {
    /// Created; the gate has not spoken.
    Offered,
    /// Devices ring.
    Ringing,
    /// The call has been accepted, or is being, without an agent; devices ring.
    Queued,
    /// The caller hears the notice, and then the call ends.
    Noticing {
        /// Why nobody took the call.
        cause: Cause,
        /// It has begun.
        plays: bool,
        /// When to stop waiting for its beginning, or its end.
        ends: Instant,
    },
    /// Somebody won; Meta is being asked to accept, or the winner to be heard.
    Claimed(Claim),
    /// Sound flows.
    Bridged(Claim),
    /// The agent's media is lost; the caller is kept on the line.
    Reconnecting {
        /// Who talked.
        claim: Claim,
        /// When to stop waiting for them.
        ends: Instant,
        /// Their device has left: there is nobody to tell anything.
        gone: bool,
    },
    /// Meta is being told that it is over.
    Ending {
        /// Why.
        reason: EndReason,
        /// When to stop waiting for Meta.
        ends: Instant,
    },
    /// Over.
    Ended,
}

/// Where a call is, for those outside.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The gate has not spoken.
    Offered,
    /// Devices ring.
    Ringing,
    /// Accepted without an agent; the caller waits, devices ring.
    Queued,
    /// The caller hears the notice.
    Noticing,
    /// We call the contact, who has not picked up.
    Dialling,
    /// Claimed, being accepted.
    Accepting,
    /// Sound flows.
    Bridged,
    /// The agent's media is lost, the caller is kept on the line.
    Reconnecting,
    /// Being ended.
    Ending,
    /// Over.
    Ended,
}

impl Phase {
    /// The word for logs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Ringing => "ringing",
            Self::Queued => "queued",
            Self::Noticing => "noticing",
            Self::Dialling => "dialling",
            Self::Accepting => "accepting",
            Self::Bridged => "bridged",
            Self::Reconnecting => "reconnecting",
            Self::Ending => "ending",
            Self::Ended => "ended",
        }
    }
}

/// How far Meta has been asked to go. It outlives claims: a call is accepted at most once.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Carrier {
    /// Nothing asked.
    Offered,
    /// `pre_accept` is under way.
    PreAccepting {
        /// When to go on without its answer.
        overdue: Instant,
    },
    /// `pre_accept` worked, or might have; `accept` may be sent.
    Prepared,
    /// `accept` is under way.
    Accepting {
        /// When to give up.
        overdue: Instant,
    },
    /// Nobody knows whether `accept` worked.
    Unclear {
        /// When to give up looking for evidence.
        overdue: Instant,
    },
    /// Accepted.
    Accepted,
    /// We call, and the contact's phone has not been answered, or its media not described.
    Dialling(Dialling),
}

/// How far a call that we place is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Dialling {
    /// When to give up.
    pub(crate) ends: Instant,
    /// When to give up looking for a sign that Meta has placed the call, while there was none.
    pub(crate) sign_due: Option<Instant>,
    /// Meta's description was taken.
    pub(crate) described: bool,
    /// The phone rings.
    pub(crate) rings: bool,
    /// The contact picked up.
    pub(crate) picked_up: bool,
    /// The agent hears it ring.
    pub(crate) rings_back: bool,
}

/// What the recorder does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recording {
    /// Nothing.
    Off,
    /// Keeps both sides.
    On,
    /// Keeps time only.
    Paused,
    /// Failed; the call goes on without it.
    Failed,
}
