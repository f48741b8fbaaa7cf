//! Supervisors: they listen, whisper, barge in, mute, take over and end calls. Every such act is
//! journalled with who did it.

use std::time::Instant;

use model::{AgentId, Cause, DeviceId, SupervisionMode};

use crate::event::Event;
use crate::input::{Refusal, Response};
use crate::life::Call;
use crate::output::{Command, LeftWhy, Sound, StopWhy, SupervisionWhy};
use crate::ring::Target;
use crate::rules::TONE_AFTER;
use crate::state::State;

impl Call {
    /// Who supervises the call, and how.
    pub fn supervision(&self) -> Option<(&Target, SupervisionMode)> {
        self.supervisor.as_ref().map(|(target, mode)| (target, *mode))
    }

    pub(crate) fn supervise(&mut self, supervisor: Target, mode: SupervisionMode) -> Response {
        let State::Bridged(claim) = &self.state else {
            return Response::Refused(self.over_or_not_allowed());
        };
        let agent = claim.target.clone();
        let is_other =
            self.supervisor.as_ref().is_some_and(|(target, _)| target.device != supervisor.device);
        if is_other || self.held || self.sent.is_some() || agent.agent == supervisor.agent {
            return Response::Refused(Refusal::NotAllowed);
        }
        if self.supervisor.as_ref().is_some_and(|(_, now)| *now == mode) {
            return Response::Done;
        }
        self.event(Event::Supervised { supervisor: supervisor.agent.clone(), mode });
        self.supervisor = Some((supervisor.clone(), mode));
        self.command(Command::Supervise(supervisor, mode));
        self.command(Command::Update(agent));
        Response::Done
    }

    pub(crate) fn stop_supervising(&mut self, device: DeviceId) -> Response {
        match &self.supervisor {
            Some((target, _)) if target.device == device => {
                self.supervision_over(SupervisionWhy::Left);
                Response::Done
            }
            Some(_) | None => Response::Refused(Refusal::NotYours),
        }
    }

    /// The media plane, or the supervisor's device, ended it.
    pub(crate) fn supervision_ended(&mut self, device: DeviceId, why: SupervisionWhy) {
        match &self.supervisor {
            Some((target, _)) if target.device == device => self.supervision_over(why),
            Some(_) | None => self.ignored("supervision_ended"),
        }
    }

    /// Caller and agent are parted: there is nothing to supervise.
    pub(crate) fn part_supervisor(&mut self) {
        self.supervision_over(SupervisionWhy::Parted);
    }

    pub(crate) fn supervision_over(&mut self, why: SupervisionWhy) {
        let Some((target, _)) = self.supervisor.take() else { return };
        self.event(Event::SupervisionEnded { supervisor: target.agent.clone(), why });
        self.command(Command::Unsupervise(target, why));
        if let State::Bridged(claim) = &self.state {
            let agent = claim.target.clone();
            self.command(Command::Update(agent));
        }
    }

    /// The supervisor becomes the call's agent.
    pub(crate) fn take_over(&mut self, target: Target, now: Instant) -> Response {
        match &self.state {
            State::Ringing | State::Queued => {
                self.event(Event::TakenOver { supervisor: target.agent.clone(), from: None });
                self.win(target, now);
                Response::Done
            }
            State::Bridged(claim) | State::Reconnecting { claim, .. } => {
                let from = claim.target.clone();
                let is_consulted = self.consulted().is_some_and(|who| who.agent == target.agent);
                if from.agent == target.agent || is_consulted {
                    return Response::Refused(Refusal::NotAllowed);
                }
                self.event(Event::TakenOver {
                    supervisor: target.agent.clone(),
                    from: Some(from.agent.clone()),
                });
                self.supervision_over(SupervisionWhy::TookOver);
                self.stop_consulting();
                let was_heard = self.sound == Sound::Silence;
                self.let_go(from, LeftWhy::TakenOver);
                self.run = None;
                self.ring.forget();
                self.win(target, now);
                if was_heard {
                    self.tone_due = Some(now + TONE_AFTER);
                }
                Response::Done
            }
            State::Offered
            | State::Claimed(_)
            | State::Noticing { .. }
            | State::Ending { .. }
            | State::Ended => Response::Refused(self.over_or_not_allowed()),
        }
    }

    pub(crate) fn mute_agent(&mut self, supervisor: AgentId, on: bool) -> Response {
        let (State::Bridged(claim) | State::Reconnecting { claim, .. }) = &self.state else {
            return Response::Refused(self.over_or_not_allowed());
        };
        let target = claim.target.clone();
        if self.muted_by_supervisor != on {
            self.event(Event::MutedBySupervisor { supervisor, on });
            let before = self.muted();
            self.muted_by_supervisor = on;
            self.mute_if_changed(before, &target);
            self.command(Command::Update(target));
        }
        Response::Done
    }

    pub(crate) fn end_by_supervisor(&mut self, supervisor: AgentId, now: Instant) -> Response {
        match self.state {
            State::Ending { .. } | State::Ended => Response::Refused(Refusal::Over),
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => {
                self.event(Event::EndedBySupervisor { supervisor });
                self.end(Cause::SupervisorEnded, StopWhy::CallEnded, now);
                Response::Done
            }
        }
    }

    pub(crate) fn over_or_not_allowed(&self) -> Refusal {
        match self.state {
            State::Ending { .. } | State::Ended => Refusal::Over,
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => Refusal::NotAllowed,
        }
    }
}
