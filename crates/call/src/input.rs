//! Everything that can happen to a call.

use model::{
    AgentId, Cause, DeviceId, Network, PhoneKey, SilentCause, SupervisionMode, TransferMode,
    Verdict,
};

use crate::choose::Wave;
use crate::output::SupervisionWhy;
use crate::plan::{RingPlan, Step};
use crate::ring::Target;

/// How a request to Meta ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Meta did it.
    Done,
    /// Meta refused.
    Refused,
    /// It may or may not have happened.
    Unclear,
}

/// An input of the call machine.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// The gate is open: ring by this plan, and answer Meta as soon as anybody rings.
    Ring {
        /// Who, in which order, for how long.
        plan: RingPlan,
    },
    /// Who of a step is there: the answer to [`crate::Command::ChooseTargets`], from
    /// [`crate::choose`]. Without targets the step is over at once.
    Chosen {
        /// The question's number.
        round: u32,
        /// Who rings when.
        waves: Vec<Wave>,
    },
    /// The notice has been played to its end.
    NoticeEnded,
    /// An agent calls a contact, and the gate is open. Like a claim, the roster has the agent
    /// already.
    Dial {
        /// Who calls, on which device.
        target: Target,
        /// Who rings if they are lost later.
        plan: RingPlan,
    },
    /// Meta took our call.
    DialTaken,
    /// Meta did not take our call.
    DialRefused {
        /// Why.
        cause: Cause,
    },
    /// Nobody knows whether Meta took our call.
    DialUnclear,
    /// Meta's description was taken: ICE and DTLS are under way. It does not mean that anybody
    /// picked up.
    DialDescribed,
    /// Meta's description is of no use.
    DialUndescribed,
    /// The contact's phone rings.
    ContactRings,
    /// The contact picked up.
    ContactPickedUp,
    /// The contact declined; Meta ends the call itself.
    ContactDeclined,
    /// The gate is closed.
    TurnAway {
        /// Which rule closed it.
        cause: Cause,
        /// Whether Meta must be told; a stale or already ended call must not be.
        tell_carrier: bool,
    },
    /// Devices can be rung, or their agents have become free.
    DevicesReady {
        /// They.
        targets: Vec<Target>,
    },
    /// A device can no longer be rung (and its media leg is gone).
    DeviceGone {
        /// It.
        device: DeviceId,
    },
    /// A device wants the call. On a second device of the agent who talks it moves there.
    Claim {
        /// It.
        target: Target,
    },
    /// An agent does not want the call.
    Decline {
        /// Who.
        agent: AgentId,
    },
    /// The agent on the call hangs up.
    HangUp {
        /// On which device.
        device: DeviceId,
    },
    /// An operator, or the daemon itself, ends the call.
    End {
        /// Why.
        cause: Cause,
    },
    /// The agent mutes or unmutes.
    Mute {
        /// On which device.
        device: DeviceId,
        /// The new state.
        on: bool,
    },
    /// The agent puts the caller on hold, or takes them back.
    Hold {
        /// On which device.
        device: DeviceId,
        /// The new state.
        on: bool,
    },
    /// The agent sends the call on.
    Transfer {
        /// On which device.
        device: DeviceId,
        /// Where to: whom to ring, and how.
        to: Step,
        /// Who of them is there now, from [`crate::choose`]; nobody refuses the transfer.
        waves: Vec<Wave>,
        /// At once, or after the agents have talked.
        mode: TransferMode,
    },
    /// The consulted agent takes the caller; this one leaves.
    CompleteTransfer {
        /// The first agent's device.
        device: DeviceId,
    },
    /// The first agent takes the caller back.
    CancelTransfer {
        /// The device of who wants the caller back.
        target: Target,
    },
    /// An agent was removed or signed out: they ring no more, and their devices are gone.
    AgentRemoved {
        /// Who.
        agent: AgentId,
    },
    /// A supervisor takes part, or changes how.
    Supervise {
        /// Who, on which device.
        supervisor: Target,
        /// How.
        mode: SupervisionMode,
    },
    /// A supervisor leaves.
    StopSupervising {
        /// On which device.
        device: DeviceId,
    },
    /// The media plane ended the supervision.
    SupervisionEnded {
        /// On which device.
        device: DeviceId,
        /// Why.
        why: SupervisionWhy,
    },
    /// A supervisor becomes the call's agent; like a claim, the roster has them already.
    TakeOver {
        /// Who, on which device.
        target: Target,
    },
    /// A supervisor mutes or unmutes the call's agent.
    MuteAgent {
        /// Who does.
        supervisor: AgentId,
        /// The new state.
        on: bool,
    },
    /// A supervisor ends the call.
    EndBySupervisor {
        /// Who does.
        supervisor: AgentId,
    },
    /// The agent wants the recorder on.
    StartRecording {
        /// On which device.
        device: DeviceId,
    },
    /// The agent wants the sound not kept for a while.
    PauseRecording {
        /// On which device.
        device: DeviceId,
    },
    /// The agent wants the sound kept again.
    ResumeRecording {
        /// On which device.
        device: DeviceId,
    },
    /// The agent wants the recorder off.
    StopRecording {
        /// On which device.
        device: DeviceId,
    },
    /// The recorder failed.
    RecordingFailed,
    /// Meta answered `pre_accept`.
    PreAcceptAnswered(Outcome),
    /// Meta answered `accept`.
    AcceptAnswered(Outcome),
    /// Asking Meta to `reject` or `terminate` came to an end.
    FarewellAnswered {
        /// Meta did it, or said that the call was over already.
        confirmed: bool,
    },
    /// Meta says the call is over.
    CarrierTerminated {
        /// Meta names a failure of the media path as the reason, not a hang-up.
        media_failed: bool,
    },
    /// ICE and DTLS towards Meta are up.
    CarrierMediaUp,
    /// Meta closed its media in an orderly way: the caller hung up, and the webhook is on its way.
    CarrierMediaClosed,
    /// The media path towards Meta is gone.
    CarrierMediaDown,
    /// The first sound packet from the caller.
    CallerHeard,
    /// The first sound packet from a claiming device.
    AgentHeard {
        /// It.
        device: DeviceId,
    },
    /// A device's media leg failed.
    AgentLegFailed {
        /// It.
        device: DeviceId,
        /// What failed, in a few words.
        why: &'static str,
    },
    /// Nothing has been heard since the call was accepted, or since the agent took it.
    SilentCall {
        /// Why.
        cause: SilentCause,
    },
    /// The caller has said nothing for a while, although the path is fine.
    CallerSilent,
    /// The caller pressed a key.
    Key {
        /// Which; never logged.
        key: PhoneKey,
    },
    /// How the call sounds now.
    QualityNow {
        /// That of the worse leg.
        verdict: Verdict,
        /// Whose network makes it so; `None` when it is good.
        network: Option<Network>,
    },
}

/// What the one who gave the input is told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Response {
    /// Done, or nothing to say.
    Done,
    /// Not done.
    Refused(Refusal),
}

/// Why a device's wish was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    /// Another agent has the call.
    #[error("another agent has the call")]
    Taken {
        /// Who.
        winner: AgentId,
    },
    /// The same agent has it on another device.
    #[error("you have the call on another device")]
    TakenByYou,
    /// The call is over.
    #[error("the call is over")]
    Over,
    /// The device does not have this call.
    #[error("the call is not on this device")]
    NotYours,
    /// Nobody there can be rung.
    #[error("nobody there can be rung")]
    NobodyThere,
    /// The line's rule forbids it, or it makes no sense now.
    #[error("not allowed now")]
    NotAllowed,
}
