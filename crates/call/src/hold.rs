//! Hold: the caller hears music while the agent does something else.

use model::DeviceId;

use crate::event::Event;
use crate::input::{Refusal, Response};
use crate::life::Call;
use crate::output::{Command, Sound};
use crate::ring::Target;

impl Call {
    pub(crate) fn hold(&mut self, device: DeviceId, on: bool) -> Response {
        let target = match self.talks_on(device) {
            Ok(target) => target,
            Err(refusal) => return Response::Refused(refusal),
        };
        // While somebody is asked or consulted the caller must wait.
        if self.sent.is_some() {
            return Response::Refused(Refusal::NotAllowed);
        }
        if self.held != on {
            self.event(Event::Held { on });
            if on {
                self.part_supervisor();
                self.hold_caller();
            } else {
                self.unhold_caller(&target);
            }
        }
        self.command(Command::Update(target));
        Response::Done
    }

    /// Joins the caller with this device, and with no other.
    pub(crate) fn join(&mut self, target: Target) {
        if self.joined.as_ref().is_some_and(|joined| *joined != target) {
            self.part();
        }
        self.joined = Some(target.clone());
        self.command(Command::Bridge(target));
    }

    /// Parts the caller from whomever they are joined with.
    pub(crate) fn part(&mut self) {
        if let Some(target) = self.joined.take() {
            self.command(Command::Unbridge(target));
        }
    }

    pub(crate) fn hold_caller(&mut self) {
        if !std::mem::replace(&mut self.held, true) {
            self.part();
            self.play(Sound::Hold);
        }
    }

    pub(crate) fn unhold_caller(&mut self, agent: &Target) {
        if std::mem::replace(&mut self.held, false) {
            self.join(agent.clone());
            self.play(Sound::Silence);
        }
    }
}
