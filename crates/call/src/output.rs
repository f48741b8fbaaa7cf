//! What a call wants done, and what it reports.

use model::{AgentId, DeviceId, EndReason, PhoneKey, SupervisionMode};
use serde::Serialize;

use crate::event::Event;
use crate::plan::Step;
use crate::ring::Target;

/// One thing to do or to write down. An event always comes before the command it explains.
#[derive(Clone, PartialEq, Debug)]
pub enum Output {
    /// Do this.
    Command(Command),
    /// This happened.
    Event(Event),
}

/// How Meta is told that a call is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Farewell {
    /// Not accepted yet: `reject`.
    Reject,
    /// Accepted, or perhaps accepted, or placed by us: `terminate`.
    Terminate,
}

/// What the caller hears while no agent is heard.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sound {
    /// Nothing: somebody talks, or is about to.
    Silence,
    /// It rings again.
    Ringback,
    /// Wait, you are not forgotten.
    Hold,
}

/// Why a device stops ringing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum StopWhy {
    /// Somebody won the call.
    Claimed {
        /// Who.
        winner: AgentId,
        /// On which device.
        device: DeviceId,
    },
    /// This agent declined.
    Declined,
    /// The caller hung up.
    CallerHungUp,
    /// The ring time passed.
    TimedOut,
    /// The device can ring no more.
    DeviceGone,
    /// The call ended otherwise.
    CallEnded,
}

/// Why a call goes on without a device that had it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftWhy {
    /// It was sent on.
    Transferred,
    /// A supervisor took it over.
    TakenOver,
    /// The consultation is over.
    ConsultationOver,
    /// The same agent goes on with it on another device.
    ResumedElsewhere,
    /// The agent did not come back in time.
    GraceOver,
}

/// Why a supervisor takes part no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SupervisionWhy {
    /// The supervisor left.
    Left,
    /// The call ended.
    CallEnded,
    /// Caller and agent are not joined any more.
    Parted,
    /// The supervisor became the call's agent.
    TookOver,
    /// The supervisor's media failed.
    MediaFailed,
    /// As many calls as one thread can mix are supervised already.
    Full,
}

/// An effect the switchboard carries out.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// `pre_accept` at Meta with the prepared answer.
    PreAccept,
    /// `accept` at Meta with the very same answer.
    Accept,
    /// Make an offer and have Meta call the contact with it.
    Connect,
    /// The dialling agent hears it ring, or no longer.
    RingBack(Target, bool),
    /// Tell Meta that it is over.
    Farewell(Farewell),
    /// A step begins, or somebody became ready: say with [`crate::Input::Chosen`], at once, who
    /// of it is there.
    ChooseTargets {
        /// The question's number, for the answer.
        round: u32,
        /// Whom to ring, and how.
        step: Step,
        /// Only where these belong, who have just become ready; empty for everybody who is there.
        newcomers: Vec<Target>,
    },
    /// Alert these devices.
    Ring(Vec<Target>),
    /// Stop alerting these devices.
    StopRinging {
        /// Which.
        devices: Vec<DeviceId>,
        /// Why.
        why: StopWhy,
    },
    /// Tell the winner, and listen for its sound.
    Confirm(Target),
    /// Tell the device that its claim was given back, and free its agent.
    Release {
        /// Whose.
        target: Target,
        /// What failed.
        why: &'static str,
    },
    /// From now on Meta gets sound from us: silence until a bridge speaks.
    Speak,
    /// Report the caller's next sound: after an unclear accept it tells that Meta accepted.
    ListenToCaller,
    /// Report the agent's next sound.
    ListenToAgent(Target),
    /// From now on the caller hears this whenever no bridged sound flows.
    Play(Sound),
    /// Play the line's notice to the caller once, and say when it is over.
    PlayNotice,
    /// Join the legs.
    Bridge(Target),
    /// Part the legs.
    Unbridge(Target),
    /// Tell the agent that sound flows.
    Open(Target),
    /// Mute or unmute the agent at the bridge.
    Mute(Target, bool),
    /// Tell the agent about mute, recording, a hint or the quality.
    Update(Target),
    /// Tell the agent which key the caller pressed.
    TellKey(Target, PhoneKey),
    /// The call goes on without this device: tell it, and give its agent back, with wrap-up. Only
    /// with [`LeftWhy::ResumedElsewhere`] the agent stays on the call.
    LeaveCall {
        /// Whose.
        target: Target,
        /// Why.
        why: LeftWhy,
    },
    /// The call goes on on this device of the agent who had it: show it there. Listening to it and
    /// a bridge follow.
    Resume(Target),
    /// Join two agents' legs; the caller is on hold.
    Consult {
        /// Whose the caller is.
        first: Target,
        /// Who is asked.
        second: Target,
    },
    /// Part two agents' legs.
    Unconsult {
        /// Whose the caller is, or was.
        first: Target,
        /// Who was asked.
        second: Target,
    },
    /// Let a supervisor take part in this way; also when they take part in another one already.
    Supervise(Target, SupervisionMode),
    /// Let a supervisor take part no longer, and tell them.
    Unsupervise(Target, SupervisionWhy),
    /// Start the recorder.
    StartRecording,
    /// Pause the recorder.
    PauseRecording,
    /// Resume the recorder.
    ResumeRecording,
    /// Stop the recorder.
    StopRecording,
    /// Tell the agent that the call is over, and free the agent.
    Dismiss(Target, EndReason),
    /// Close the leg towards Meta.
    CloseCarrierLeg,
    /// The media is over: write down how the call was.
    Judge,
    /// Write the CDR, settle the money, forget the call.
    CloseBooks(EndReason),
}
