//! What the agent does with a live call: hang up, mute, record.

use std::time::Instant;

use model::{Cause, DeviceId, RecordingMode};

use crate::event::Event;
use crate::input::{Refusal, Response};
use crate::life::Call;
use crate::output::{Command, LeftWhy, StopWhy};
use crate::ring::Target;
use crate::state::{Recording, State};

impl Call {
    pub(crate) fn hang_up(&mut self, device: DeviceId, now: Instant) -> Response {
        if self.is_consulted_on(device) {
            self.consultation_over();
            return Response::Done;
        }
        match self.held_by(device) {
            // Who goes during a consultation leaves the caller to the other agent.
            Ok(_) if self.consulted().is_some() => {
                self.hand_over(LeftWhy::Transferred, now);
                Response::Done
            }
            Ok(_) => {
                self.end(Cause::AgentHungUp, StopWhy::CallEnded, now);
                Response::Done
            }
            Err(refusal) => Response::Refused(refusal),
        }
    }

    pub(crate) fn mute(&mut self, device: DeviceId, on: bool) -> Response {
        if self.is_consulted_on(device) {
            return self.mute_consulted(on);
        }
        let target = match self.held_by(device) {
            Ok(target) => target,
            Err(refusal) => return Response::Refused(refusal),
        };
        if self.muted_by_supervisor && !on {
            return Response::Refused(Refusal::NotAllowed);
        }
        if self.muted != on {
            let before = self.muted();
            self.muted = on;
            self.event(Event::Muted { on });
            self.mute_if_changed(before, &target);
        }
        self.command(Command::Update(target));
        Response::Done
    }

    fn mute_consulted(&mut self, on: bool) -> Response {
        let (Some(target), Some(sent)) = (self.consulted().cloned(), &mut self.sent) else {
            return Response::Refused(Refusal::NotYours);
        };
        if std::mem::replace(&mut sent.muted, on) != on {
            self.event(Event::ConsultedMuted { on });
            self.command(Command::Mute(target.clone(), on));
        }
        self.command(Command::Update(target));
        Response::Done
    }

    pub(crate) fn mute_if_changed(&mut self, before: bool, target: &Target) {
        let muted = self.muted();
        if muted != before {
            self.unmuted_clears_hint();
            self.command(Command::Mute(target.clone(), muted));
        }
    }

    pub(crate) fn start_recording(&mut self, device: DeviceId) -> Response {
        let wanted = match self.recording {
            Recording::Off => Recording::On,
            Recording::On | Recording::Paused => return Response::Done,
            Recording::Failed => return Response::Refused(Refusal::NotAllowed),
        };
        self.turn_recorder(device, wanted, Event::RecordingStarted {}, Command::StartRecording)
    }

    pub(crate) fn pause_recording(&mut self, device: DeviceId) -> Response {
        match self.recording {
            Recording::On => {}
            Recording::Paused => return Response::Done,
            Recording::Off | Recording::Failed => return Response::Refused(Refusal::NotAllowed),
        }
        self.turn_recorder(
            device,
            Recording::Paused,
            Event::RecordingPaused {},
            Command::PauseRecording,
        )
    }

    pub(crate) fn resume_recording(&mut self, device: DeviceId) -> Response {
        match self.recording {
            Recording::Paused => {}
            Recording::On => return Response::Done,
            Recording::Off | Recording::Failed => return Response::Refused(Refusal::NotAllowed),
        }
        self.turn_recorder(
            device,
            Recording::On,
            Event::RecordingResumed {},
            Command::ResumeRecording,
        )
    }

    pub(crate) fn stop_recording(&mut self, device: DeviceId) -> Response {
        // A line that records always is not for agents to switch off; pausing is.
        if self.rules.recording == RecordingMode::Always {
            return Response::Refused(Refusal::NotAllowed);
        }
        match self.recording {
            Recording::On | Recording::Paused => {}
            Recording::Off => return Response::Done,
            Recording::Failed => return Response::Refused(Refusal::NotAllowed),
        }
        self.turn_recorder(
            device,
            Recording::Off,
            Event::RecordingStopped {},
            Command::StopRecording,
        )
    }

    fn turn_recorder(
        &mut self,
        device: DeviceId,
        to: Recording,
        event: Event,
        command: Command,
    ) -> Response {
        let target = match self.held_by(device) {
            Ok(target) => target,
            Err(refusal) => return Response::Refused(refusal),
        };
        let live = matches!(self.state, State::Bridged(_) | State::Reconnecting { .. });
        if !live || self.rules.recording == RecordingMode::Off {
            return Response::Refused(Refusal::NotAllowed);
        }
        self.recording = to;
        self.event(event);
        self.command(command);
        self.command(Command::Update(target));
        Response::Done
    }

    pub(crate) fn record_if_always(&mut self) {
        if self.rules.recording == RecordingMode::Always && self.recording == Recording::Off {
            self.recording = Recording::On;
            self.event(Event::RecordingStarted {});
            self.command(Command::StartRecording);
        }
    }

    pub(crate) fn recording_failed(&mut self) {
        match self.recording {
            Recording::On | Recording::Paused => {
                self.recording = Recording::Failed;
                self.event(Event::RecordingFailed {});
                if let Some(target) = self.holder().cloned() {
                    self.command(Command::Update(target));
                }
            }
            Recording::Off | Recording::Failed => self.ignored("recording_failed"),
        }
    }

    pub(crate) fn stop_recording_at_end(&mut self) {
        match self.recording {
            Recording::On | Recording::Paused => {
                self.recording = Recording::Off;
                self.event(Event::RecordingStopped {});
                self.command(Command::StopRecording);
            }
            Recording::Off | Recording::Failed => {}
        }
    }

    pub(crate) fn held_by(&self, device: DeviceId) -> Result<Target, Refusal> {
        match &self.state {
            State::Claimed(claim) | State::Bridged(claim) | State::Reconnecting { claim, .. }
                if claim.target.device == device =>
            {
                Ok(claim.target.clone())
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => Err(Refusal::NotYours),
            State::Ending { .. } | State::Ended => Err(Refusal::Over),
        }
    }
}
