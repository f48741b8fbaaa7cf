//! A call as devices see it: ringing, active, live.

use std::time::Instant;

use call::{Phase, Recording, Target, Whom};
use model::{AgentId, SupervisionMode, Timestamp, TransferMode};
use wire::rest::CallState;
use wire::{
    ActiveCall, LiveCall, QualityNow, RecordingState, RingingCall, SentOn, SupervisedBy,
    TransferFrom, TransferTo,
};

use crate::owner::Owner;

impl Owner {
    /// As a free agent sees it ring.
    pub(crate) fn ringing_view(&self) -> RingingCall {
        let until = self.call.rings_until().unwrap_or_else(Instant::now);
        let left = until.saturating_duration_since(Instant::now());
        let group = self.call.ringing_step().and_then(|step| match &step.whom {
            Whom::Group(group) => Some(group.clone()),
            Whom::Everybody | Whom::Agent(_) => None,
        });
        let board = self.inner.board.lock();
        let transfer = self.call.transfer().map(|transfer| TransferFrom {
            name: board.name_of(&transfer.from),
            agent: transfer.from,
            mode: transfer.mode,
            returned: transfer.returned,
        });
        RingingCall {
            call: self.id,
            from: self.caller.clone(),
            line: self.line.id.clone(),
            line_name: self.line.name.clone(),
            rang_at: self.arrived_at,
            rings_until: Timestamp::now().plus_millis(i64::try_from(left.as_millis()).unwrap_or(0)),
            claimable: true,
            not_claimable: None,
            group,
            queue_position: board.queue.position(self.id),
            transfer,
        }
    }

    fn quality_now(&self) -> Option<QualityNow> {
        let (verdict, network) = self.call.indicator()?;
        Some(QualityNow { verdict, network })
    }

    fn supervised_by(&self) -> Option<SupervisedBy> {
        let (supervisor, mode) = self.call.supervision()?;
        let name = self.inner.board.lock().name_of(&supervisor.agent);
        Some(SupervisedBy { name, mode })
    }

    fn transfer_to(&self) -> Option<TransferTo> {
        let transfer = self.call.transfer().filter(|one| one.mode == TransferMode::Warm)?;
        let name = match (&transfer.to.whom, self.call.consulted()) {
            (_, Some(consulted)) => self.inner.board.lock().name_of(&consulted.agent),
            (Whom::Agent(agent), None) => self.inner.board.lock().name_of(agent),
            (Whom::Everybody | Whom::Group(_), None) => transfer.to.name.clone(),
        };
        Some(TransferTo { name, mode: transfer.mode, consulting: transfer.consulting })
    }

    /// Where the call was sent on to, and by whom, while nobody has taken it.
    pub(crate) fn sent_on(&self) -> Option<(AgentId, SentOn)> {
        let transfer = self.call.transfer()?;
        if !self.call.is_sent_on_by(&transfer.from) || transfer.returned {
            return None;
        }
        let to = match &transfer.to.whom {
            Whom::Agent(agent) => self.inner.board.lock().name_of(agent),
            Whom::Everybody | Whom::Group(_) => transfer.to.name,
        };
        Some((transfer.from, SentOn { call: self.id, from: self.caller.clone(), to }))
    }

    /// As this agent, who has it or is consulted about it, sees it.
    pub(crate) fn active_view(&self, target: &Target) -> ActiveCall {
        let is_consulted = self.call.consulted() == Some(target);
        let first = self.call.holder().filter(|_| is_consulted);
        // Who is listened to must not see it.
        let supervised_by = self.supervised_by().filter(|by| by.mode != SupervisionMode::Listen);
        ActiveCall {
            call: self.id,
            from: self.caller.clone(),
            line: self.line.id.clone(),
            line_name: self.line.name.clone(),
            direction: self.direction,
            dial: self.call.dial_stage(),
            bridged_at: self.bridged_at,
            muted: if is_consulted { self.call.consulted_muted() } else { self.call.muted() },
            muted_by_supervisor: !is_consulted && self.call.muted_by_supervisor(),
            held: self.call.held(),
            reconnecting: self.call.phase() == Phase::Reconnecting,
            transfer: if is_consulted { None } else { self.transfer_to() },
            consulted_by: first.map(|first| self.inner.board.lock().name_of(&first.agent)),
            supervised_by: supervised_by.filter(|_| !is_consulted),
            recording_mode: self.line.recording,
            recording: recording_state(self.call.recording()),
            hint: self.call.hint(),
            quality: self.quality_now(),
            credit_ends_at: self.till.as_ref().and_then(|till| till.ends_at),
        }
    }

    /// As supervisors see it.
    pub(crate) fn live_view(&self) -> LiveCall {
        let agent = self.call.holder().map(|target| target.agent.clone());
        let supervised_by = self.supervised_by();
        let board = self.inner.board.lock();
        LiveCall {
            call: self.id,
            state: state_of(self.call.phase()),
            from: self.caller.clone(),
            line: self.line.id.clone(),
            line_name: self.line.name.clone(),
            arrived_at: self.arrived_at,
            bridged_at: self.bridged_at,
            agent_name: agent.as_ref().map(|agent| board.name_of(agent)),
            agent,
            queue_position: board.queue.position(self.id),
            quality: self.quality_now(),
            muted: self.call.muted(),
            supervised_by,
        }
    }
}

const fn recording_state(recording: Recording) -> RecordingState {
    match recording {
        Recording::Off => RecordingState::Off,
        Recording::On => RecordingState::On,
        Recording::Paused => RecordingState::Paused,
        Recording::Failed => RecordingState::Failed,
    }
}

pub(crate) const fn state_of(phase: Phase) -> CallState {
    match phase {
        Phase::Offered => CallState::Offered,
        Phase::Ringing => CallState::Ringing,
        Phase::Queued | Phase::Noticing => CallState::Queued,
        Phase::Dialling => CallState::Dialling,
        Phase::Accepting => CallState::Accepting,
        Phase::Bridged => CallState::Bridged,
        Phase::Reconnecting => CallState::Reconnecting,
        Phase::Ending => CallState::Ending,
        Phase::Ended => CallState::Ended,
    }
}
