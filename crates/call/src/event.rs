//! What happened in a call, past tense; the journal is a list of these.

use model::{
    AgentId, CallQuality, Cause, DeviceId, EndReason, GroupId, PhoneKey, RingOutcome, SilentCause,
    SupervisionMode, TransferMode,
};
use serde::Serialize;

use crate::output::SupervisionWhy;

/// One journalled event. The name becomes `snake_case`, the fields its details.
#[derive(Clone, PartialEq, Debug, Serialize)]
#[serde(tag = "event", content = "detail", rename_all = "snake_case")]
pub enum Event {
    /// The gate was closed.
    TurnedAway {
        /// Which rule closed it.
        cause: Cause,
    },
    /// An agent calls the contact.
    Dialled {
        /// Who.
        agent: AgentId,
        /// On which device.
        device: DeviceId,
        /// Counts the claims of this call, as which it is one.
        epoch: u32,
    },
    /// Meta was asked to call the contact.
    ConnectRequested {},
    /// Meta took our call.
    Connecting {},
    /// Graph did not say whether it took our call; a sign of it will tell.
    ConnectUnclear {},
    /// Meta described its side: ICE and DTLS are under way.
    Described {},
    /// The contact's phone rings.
    ContactRings {},
    /// The contact declined.
    ContactDeclined {},
    /// Devices began to ring.
    RingStarted {
        /// How many agents.
        agents: usize,
        /// How many devices.
        devices: usize,
    },
    /// A step of the ring plan begins.
    StepStarted {
        /// Its group; absent when it has none.
        #[serde(skip_serializing_if = "Option::is_none")]
        group: Option<GroupId>,
    },
    /// These agents ring from now on. Each of them gets exactly one outcome for it.
    AgentsRung {
        /// Who.
        agents: Vec<AgentId>,
    },
    /// These agents ring no more.
    AgentsRingEnded {
        /// Who.
        agents: Vec<AgentId>,
        /// What became of it.
        outcome: RingOutcome,
    },
    /// The call is being accepted without an agent, to wait with hold music.
    Queued {},
    /// The caller hears the line's notice.
    NoticeStarted {},
    /// The caller heard all of the notice.
    NoticePlayed {},
    /// Meta was asked to prepare the media path.
    PreAcceptRequested {},
    /// Meta prepared the media path.
    PreAccepted {},
    /// Meta did not say whether it prepared the media path; a plain accept follows the claim.
    PreAcceptUnclear {},
    /// ICE and DTLS towards Meta are up.
    CarrierMediaUp {},
    /// An agent declined.
    Declined {
        /// Who.
        agent: AgentId,
    },
    /// An agent's claim won.
    ClaimWon {
        /// Who.
        agent: AgentId,
        /// On which device.
        device: DeviceId,
        /// Counts the claims of this call.
        epoch: u32,
    },
    /// A claim came too late.
    ClaimLost {
        /// Whose.
        agent: AgentId,
        /// Who had it.
        winner: AgentId,
    },
    /// The winner's leg failed; the claim was given back.
    ClaimReleased {
        /// Whose.
        agent: AgentId,
        /// What failed.
        why: &'static str,
    },
    /// Meta was asked to accept.
    AcceptRequested {},
    /// Meta accepted, or the contact whom we call did: the meter runs from here.
    Accepted {},
    /// Graph did not say whether accept worked; the caller's sound will tell.
    AcceptUnclear {},
    /// Sound flows both ways.
    Bridged {
        /// Who talks.
        agent: AgentId,
    },
    /// The talking agent's media was lost; the caller hears hold music.
    AgentLost {
        /// Whose.
        agent: AgentId,
        /// What happened to it.
        why: &'static str,
    },
    /// The agent is heard again.
    AgentBack {
        /// Who.
        agent: AgentId,
    },
    /// Nothing was heard for too long after the call was accepted, or after the agent took it.
    SilentCall {
        /// Why.
        cause: SilentCause,
    },
    /// The caller says nothing, although the path is fine.
    CallerSilent {},
    /// The caller is heard again.
    CallerBack {},
    /// The caller pressed a key.
    KeyPressed {
        /// Which; absent while what is said must not be kept.
        #[serde(skip_serializing_if = "Option::is_none")]
        key: Option<PhoneKey>,
    },
    /// How the call sounded, all in all.
    QualityJudged(CallQuality),
    /// The agent muted or unmuted.
    Muted {
        /// The new state.
        on: bool,
    },
    /// The caller was put on hold, or taken back.
    Held {
        /// The new state.
        on: bool,
    },
    /// An agent sends the call on.
    TransferStarted {
        /// Who.
        from: AgentId,
        /// The name of where.
        to: String,
        /// How.
        mode: TransferMode,
    },
    /// Who sent the call on took it back before anybody else took it.
    TransferCancelled {
        /// Who.
        by: AgentId,
    },
    /// The consulted agent muted or unmuted themselves.
    ConsultedMuted {
        /// Muted.
        on: bool,
    },
    /// Nobody took the transfer: it rings who sent it, whose wrap-up is over with that.
    TransferReturned {
        /// Whom.
        to: AgentId,
    },
    /// Nobody took the consultation.
    NobodyToConsult {
        /// Why.
        cause: Cause,
    },
    /// The two agents talk, the caller is on hold.
    Consulting {
        /// Who was asked.
        agent: AgentId,
    },
    /// The consultation came to nothing; the first agent has the caller back.
    ConsultationOver {},
    /// The consulted agent has the caller.
    TransferCompleted {
        /// Whose the caller was.
        from: AgentId,
        /// Whose they are.
        to: AgentId,
    },
    /// The agent goes on with the call on another device.
    AgentMoved {
        /// Who.
        agent: AgentId,
        /// Where.
        device: DeviceId,
    },
    /// The lost agent did not come back; the call rings again.
    GraceOver {
        /// Who.
        agent: AgentId,
        /// Counts the claims of this call: theirs counts no more.
        epoch: u32,
    },
    /// A supervisor takes part.
    Supervised {
        /// Who.
        supervisor: AgentId,
        /// How.
        mode: SupervisionMode,
    },
    /// A supervisor takes part no longer.
    SupervisionEnded {
        /// Who.
        supervisor: AgentId,
        /// Why.
        why: SupervisionWhy,
    },
    /// A supervisor took the call over.
    TakenOver {
        /// Who.
        supervisor: AgentId,
        /// From whom; absent when nobody had it.
        #[serde(skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
    },
    /// A supervisor muted or unmuted the agent.
    MutedBySupervisor {
        /// Who.
        supervisor: AgentId,
        /// The new state.
        on: bool,
    },
    /// A supervisor ends the call.
    EndedBySupervisor {
        /// Who.
        supervisor: AgentId,
    },
    /// The recorder was started.
    RecordingStarted {},
    /// The recorder keeps time but no sound.
    RecordingPaused {},
    /// The recorder keeps sound again.
    RecordingResumed {},
    /// The recorder was stopped.
    RecordingStopped {},
    /// The recording failed; the call goes on.
    RecordingFailed {},
    /// The call is being ended.
    EndRequested {
        /// Why.
        reason: EndReason,
    },
    /// Meta did not confirm the end; without media it ends the call itself.
    FarewellUnconfirmed {},
    /// The call is over.
    Ended {
        /// Why.
        reason: EndReason,
    },
    /// An input that has no meaning in this state; kept out of the journal.
    Ignored {
        /// What it was.
        input: &'static str,
        /// The state it met.
        phase: &'static str,
    },
}

impl Event {
    /// Whether it announces something that cannot be taken back. It must be durable before that is
    /// tried, so that a restart knows what may have happened.
    pub const fn is_intent(&self) -> bool {
        match self {
            Self::PreAcceptRequested {}
            | Self::AcceptRequested {}
            | Self::ConnectRequested {}
            | Self::EndRequested { .. } => true,
            Self::TurnedAway { .. }
            | Self::Dialled { .. }
            | Self::Connecting {}
            | Self::ConnectUnclear {}
            | Self::Described {}
            | Self::ContactRings {}
            | Self::ContactDeclined {}
            | Self::RingStarted { .. }
            | Self::StepStarted { .. }
            | Self::AgentsRung { .. }
            | Self::AgentsRingEnded { .. }
            | Self::Queued {}
            | Self::NoticeStarted {}
            | Self::NoticePlayed {}
            | Self::PreAccepted {}
            | Self::PreAcceptUnclear {}
            | Self::CarrierMediaUp {}
            | Self::Declined { .. }
            | Self::ClaimWon { .. }
            | Self::ClaimLost { .. }
            | Self::ClaimReleased { .. }
            | Self::Accepted {}
            | Self::AcceptUnclear {}
            | Self::Bridged { .. }
            | Self::AgentLost { .. }
            | Self::AgentBack { .. }
            | Self::SilentCall { .. }
            | Self::CallerSilent {}
            | Self::CallerBack {}
            | Self::KeyPressed { .. }
            | Self::QualityJudged(_)
            | Self::Muted { .. }
            | Self::Held { .. }
            | Self::TransferStarted { .. }
            | Self::TransferReturned { .. }
            | Self::TransferCancelled { .. }
            | Self::ConsultedMuted { .. }
            | Self::NobodyToConsult { .. }
            | Self::Consulting { .. }
            | Self::ConsultationOver {}
            | Self::TransferCompleted { .. }
            | Self::AgentMoved { .. }
            | Self::GraceOver { .. }
            | Self::Supervised { .. }
            | Self::SupervisionEnded { .. }
            | Self::TakenOver { .. }
            | Self::MutedBySupervisor { .. }
            | Self::EndedBySupervisor { .. }
            | Self::RecordingStarted {}
            | Self::RecordingPaused {}
            | Self::RecordingResumed {}
            | Self::RecordingStopped {}
            | Self::RecordingFailed {}
            | Self::FarewellUnconfirmed {}
            | Self::Ended { .. }
            | Self::Ignored { .. } => false,
        }
    }
}
