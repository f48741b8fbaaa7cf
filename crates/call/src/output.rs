//! What a call wants done, and what it reports.

use model::{AgentId, DeviceId, EndReason, PhoneKey};

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
    /// Accepted, or perhaps accepted: `terminate`.
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

/// An effect the switchboard carries out.
#[derive(Clone, PartialEq, Debug)]
pub enum Command {
    /// `pre_accept` at Meta with the prepared answer.
    PreAccept,
    /// `accept` at Meta with the very same answer.
    Accept,
    /// Tell Meta that it is over.
    Farewell(Farewell),
    /// A step begins, or somebody became ready: say with [`crate::Input::Chosen`], at once, who
    /// of it is there.
    ChooseTargets {
        /// The question's number, for the answer.
        round: u32,
        /// Whom to ring, and how.
        step: Step,
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
