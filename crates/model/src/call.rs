//! Words about how a call goes and ends.

use serde::{Deserialize, Serialize};

/// Who placed the call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The WhatsApp user called the business.
    UserInitiated,
    /// The business called the WhatsApp user.
    BusinessInitiated,
}

/// How far a call that we place is, before the contact's phone is answered and sound flows.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialStage {
    /// Meta has been asked to call the contact.
    Calling,
    /// The contact's phone rings.
    Ringing,
    /// The contact has picked up; the media is being connected.
    PickedUp,
}

/// Whether an agent can be rung.
#[derive(
    Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// No device is connected.
    #[default]
    Offline,
    /// Connected, but does not want calls (or cannot take them).
    Away,
    /// Can be rung: socket alive, microphone granted, media leg up.
    Ready,
    /// Talking.
    Busy,
    /// Finishing up after a call.
    WrapUp,
}

/// Who ended a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The WhatsApp user.
    Caller,
    /// The agent.
    Agent,
    /// Ringdown, by a rule or a fault.
    Ringdown,
    /// Meta.
    Carrier,
    /// An operator over the API or the command line.
    Operator,
}

/// What ended a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The user hung up.
    CallerHungUp,
    /// The agent hung up.
    AgentHungUp,
    /// The ring time passed.
    NoAnswer,
    /// Every rung agent declined.
    DeclinedByAll,
    /// No agent was ready when the call came.
    NobodyReady,
    /// Nobody took the call while it waited in a queue.
    QueueTimedOut,
    /// The workspace's own program turned the call away before it rang.
    HookRejected,
    /// The balance was under the workspace's minimum.
    BalanceTooLow,
    /// The paid time was over and the balance did not give more.
    BalanceExhausted,
    /// No rate card says what the call would cost.
    NoRate,
    /// The line is unknown here or does not take calls.
    LineClosed,
    /// As many calls as configured are already live.
    AtCapacity,
    /// Meta does not answer for this line, so the call could not have been accepted.
    CarrierDown,
    /// Meta does not take the access token, so the call could not have been accepted.
    NeedsAuth,
    /// Meta delivered the connect too late to be answered.
    StaleConnect,
    /// The hang-up arrived before the connect did.
    TerminatedBeforeConnect,
    /// Meta's offer could not be answered.
    BadOffer,
    /// Meta refused our answer or a step of the call.
    CarrierRefused,
    /// We could not learn whether Meta accepted; the call was ended to be sure.
    AcceptUnresolved,
    /// ICE or DTLS towards Meta never came up.
    MediaNeverUp,
    /// Media towards Meta was lost mid-call.
    MediaLost,
    /// The winner's leg failed and nobody else took the call.
    AgentLegFailed,
    /// The contact declined our call.
    ContactDeclined,
    /// Another call with this contact was going on.
    ContactBusy,
    /// The contact cannot be called on WhatsApp.
    ContactUnreachable,
    /// The contact has not permitted calls.
    NotPermitted,
    /// A limit of Meta's was reached.
    LimitReached,
    /// Meta does not let this line place calls.
    LineNotAllowed,
    /// We could not learn whether Meta placed the call; it was given up.
    DialUnresolved,
    /// An operator ended it.
    OperatorEnded,
    /// A supervisor ended it.
    SupervisorEnded,
    /// The daemon was shutting down.
    ShutDown,
    /// The daemon was restarted while the call was live.
    Restarted,
    /// A fault inside Ringdown, isolated to this call.
    InternalFault,
}

/// The class operators count by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Talked and ended as people end calls.
    Completed,
    /// Never answered.
    Missed,
    /// The user's side failed.
    CallerFault,
    /// Our side failed.
    OurFault,
    /// Meta failed.
    CarrierFault,
    /// Cannot be told.
    Unknown,
}

/// Why a call ended: who, what, and how it counts.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EndReason {
    /// Who ended it.
    pub side: Side,
    /// What ended it.
    pub cause: Cause,
    /// How it counts.
    pub class: Class,
}

impl EndReason {
    /// The reason that belongs to a cause, given whether anybody talked.
    pub const fn of(cause: Cause, talked: bool) -> Self {
        let ended_normally = if talked { Class::Completed } else { Class::Missed };
        let (side, class) = match cause {
            Cause::CallerHungUp | Cause::TerminatedBeforeConnect | Cause::ContactDeclined => {
                (Side::Caller, ended_normally)
            }
            Cause::ContactBusy => (Side::Caller, Class::Missed),
            Cause::ContactUnreachable | Cause::NotPermitted => (Side::Caller, Class::CallerFault),
            Cause::LineNotAllowed => (Side::Carrier, Class::OurFault),
            Cause::AgentHungUp => (Side::Agent, ended_normally),
            Cause::NoAnswer
            | Cause::DeclinedByAll
            | Cause::NobodyReady
            | Cause::QueueTimedOut
            | Cause::BalanceExhausted => (Side::Ringdown, ended_normally),
            Cause::HookRejected => (Side::Operator, Class::Missed),
            Cause::BalanceTooLow | Cause::NoRate | Cause::LineClosed | Cause::AtCapacity => {
                (Side::Ringdown, Class::Missed)
            }
            Cause::StaleConnect
            | Cause::CarrierRefused
            | Cause::AcceptUnresolved
            | Cause::LimitReached
            | Cause::DialUnresolved => (Side::Carrier, Class::CarrierFault),
            Cause::BadOffer | Cause::CarrierDown => (Side::Ringdown, Class::CarrierFault),
            Cause::MediaNeverUp | Cause::AgentLegFailed | Cause::NeedsAuth => {
                (Side::Ringdown, Class::OurFault)
            }
            Cause::MediaLost => (Side::Ringdown, Class::Unknown),
            Cause::OperatorEnded | Cause::SupervisorEnded => (Side::Operator, ended_normally),
            Cause::ShutDown | Cause::Restarted | Cause::InternalFault => {
                (Side::Ringdown, Class::OurFault)
            }
        };
        Self { side, cause, class }
    }
}

/// How a call counts in one word, for lists and the CDR.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Disposition {
    /// An agent and the user talked.
    Answered,
    /// Nobody talked: not answered, declined, or the caller gave up.
    Missed,
    /// Ringdown turned the call away before ringing (gate).
    Rejected,
    /// A fault ended it before anybody talked.
    Failed,
}

impl Disposition {
    /// The disposition that follows from whether anybody talked and why it ended.
    pub const fn of(reason: EndReason, talked: bool) -> Self {
        if talked {
            return Self::Answered;
        }
        match reason.cause {
            Cause::BalanceTooLow
            | Cause::NoRate
            | Cause::LineClosed
            | Cause::AtCapacity
            | Cause::CarrierDown
            | Cause::NeedsAuth
            | Cause::HookRejected
            | Cause::NotPermitted
            | Cause::LimitReached
            | Cause::LineNotAllowed => Self::Rejected,
            Cause::CallerHungUp
            | Cause::ContactDeclined
            | Cause::ContactBusy
            | Cause::AgentHungUp
            | Cause::NoAnswer
            | Cause::DeclinedByAll
            | Cause::NobodyReady
            | Cause::QueueTimedOut
            | Cause::TerminatedBeforeConnect
            | Cause::StaleConnect
            | Cause::BalanceExhausted
            | Cause::OperatorEnded
            | Cause::SupervisorEnded => Self::Missed,
            Cause::BadOffer
            | Cause::CarrierRefused
            | Cause::AcceptUnresolved
            | Cause::ContactUnreachable
            | Cause::DialUnresolved
            | Cause::MediaNeverUp
            | Cause::MediaLost
            | Cause::AgentLegFailed
            | Cause::ShutDown
            | Cause::Restarted
            | Cause::InternalFault => Self::Failed,
        }
    }
}

/// Why a call was missed, as the contact's timeline and the follow-up list show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissedReason {
    /// No agent was ready.
    NobodyReady,
    /// Agents were rung; none answered.
    NobodyAnswered,
    /// Every rung agent declined.
    DeclinedByAll,
    /// The balance was under the minimum.
    Balance,
    /// The line was closed or full.
    OutsidePolicy,
    /// The caller hung up while it rang.
    CallerGaveUp,
    /// The call reached us too late.
    ArrivedTooLate,
    /// Something failed.
    Fault,
}

impl MissedReason {
    /// The reason to show for a cause; `None` when somebody talked.
    pub const fn of(cause: Cause, talked: bool) -> Option<Self> {
        if talked {
            return None;
        }
        Some(match cause {
            Cause::NobodyReady => Self::NobodyReady,
            Cause::NoAnswer | Cause::QueueTimedOut => Self::NobodyAnswered,
            Cause::DeclinedByAll => Self::DeclinedByAll,
            Cause::BalanceTooLow | Cause::BalanceExhausted => Self::Balance,
            Cause::LineClosed | Cause::AtCapacity | Cause::HookRejected | Cause::NoRate => {
                Self::OutsidePolicy
            }
            Cause::CallerHungUp | Cause::TerminatedBeforeConnect => Self::CallerGaveUp,
            Cause::StaleConnect => Self::ArrivedTooLate,
            Cause::AgentHungUp
            | Cause::CarrierDown
            | Cause::NeedsAuth
            | Cause::BadOffer
            | Cause::CarrierRefused
            | Cause::AcceptUnresolved
            | Cause::MediaNeverUp
            | Cause::MediaLost
            | Cause::AgentLegFailed
            | Cause::OperatorEnded
            | Cause::SupervisorEnded
            | Cause::ShutDown
            | Cause::Restarted
            | Cause::InternalFault
            // Of calls that we place, which nobody here can miss.
            | Cause::ContactDeclined
            | Cause::ContactBusy
            | Cause::ContactUnreachable
            | Cause::NotPermitted
            | Cause::LimitReached
            | Cause::LineNotAllowed
            | Cause::DialUnresolved => Self::Fault,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hang_up_counts_by_whether_anybody_talked() {
        assert_eq!(EndReason::of(Cause::CallerHungUp, true).class, Class::Completed);
        let gave_up = EndReason::of(Cause::CallerHungUp, false);
        assert_eq!(gave_up.class, Class::Missed);
        assert_eq!(Disposition::of(gave_up, false), Disposition::Missed);
        assert_eq!(MissedReason::of(Cause::CallerHungUp, false), Some(MissedReason::CallerGaveUp));
        assert_eq!(MissedReason::of(Cause::CallerHungUp, true), None);
    }

    #[test]
    fn a_closed_gate_is_a_rejection() {
        let reason = EndReason::of(Cause::BalanceTooLow, false);
        assert_eq!(Disposition::of(reason, false), Disposition::Rejected);
        assert_eq!(reason.side, Side::Ringdown);
    }
}
