//! What the caller hears when no agent does: a tone while it rings again, hold music while a lost
//! agent is waited for.

use std::time::Instant;

use model::{Cause, Hint};

use crate::event::Event;
use crate::life::Call;
use crate::output::{Command, Sound, StopWhy};
use crate::ring::Target;
use crate::state::{Claim, State};

impl Call {
    pub(crate) fn play(&mut self, sound: Sound) {
        self.tone_due = None;
        if self.sound != sound {
            self.sound = sound;
            self.command(Command::Play(sound));
        }
    }

    pub(crate) fn tone_is_due(&mut self) {
        self.play(Sound::Ringback);
    }

    /// The talking agent's media is gone; the caller is not sent away for that.
    pub(crate) fn agent_is_lost(&mut self, why: &'static str, now: Instant) {
        let State::Bridged(claim) = &self.state else {
            return self.ignored("agent_lost");
        };
        if self.rules.agent_grace.is_zero() {
            return self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now);
        }
        let claim = claim.clone();
        let target = claim.target.clone();
        self.state = State::Reconnecting { claim, ends: now + self.rules.agent_grace };
        self.event(Event::AgentLost { agent: target.agent.clone(), why });
        self.command(Command::Unbridge(target.clone()));
        self.play(Sound::Hold);
        self.hint = Some(Hint::NoPath);
        self.indicator = Default::default();
        self.command(Command::Update(target));
    }

    /// The lost agent's device has a new leg; it is the agent's once something is heard on it.
    pub(crate) fn agent_returns(&mut self, target: Target) {
        self.command(Command::ListenToAgent(target.clone()));
        self.command(Command::Bridge(target));
    }

    pub(crate) fn agent_is_back(&mut self, claim: Claim) {
        let target = claim.target.clone();
        self.state = State::Bridged(claim);
        self.event(Event::AgentBack { agent: target.agent.clone() });
        self.command(Command::Open(target));
    }

    /// The device that has the call is gone for good.
    pub(crate) fn holder_left(&mut self, now: Instant) {
        match self.state {
            State::Claimed(_) => self.release_claim("the device left", now),
            State::Bridged(_) | State::Reconnecting { .. } => {
                self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now);
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Ending { .. }
            | State::Ended => {
                self.ignored("holder_left");
            }
        }
    }
}
