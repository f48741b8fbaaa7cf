//! An agent whose sound is lost is waited for, on whatever device they come back; the caller hears
//! hold music meanwhile.

use std::time::Instant;

use model::{AgentId, Cause, Hint};

use crate::event::Event;
use crate::life::Call;
use crate::output::{Command, LeftWhy, Sound, StopWhy, SupervisionWhy};
use crate::ring::Target;
use crate::rules::AfterGrace;
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
    pub(crate) fn agent_is_lost(&mut self, why: &'static str, gone: bool, now: Instant) {
        let State::Bridged(claim) = &self.state else {
            return self.ignored("agent_lost");
        };
        let claim = claim.clone();
        let target = claim.target.clone();
        let agent = target.agent.clone();
        if self.consulted().is_some() {
            self.event(Event::AgentLost { agent, why });
            return self.hand_over(LeftWhy::Transferred, now);
        }
        if self.rules.agent_grace.is_zero() {
            return self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now);
        }
        self.part_supervisor();
        self.stop_consulting();
        self.state = State::Reconnecting { claim, ends: now + self.rules.agent_grace, gone };
        self.event(Event::AgentLost { agent, why });
        self.held = false;
        self.part();
        self.play(Sound::Hold);
        self.hint = Some(Hint::NoPath);
        self.indicator = Default::default();
        self.command(Command::Update(target));
    }

    /// The lost agent has a new leg; it is the agent's once something is heard on it.
    pub(crate) fn agent_returns(&mut self, target: Target) {
        self.command(Command::ListenToAgent(target.clone()));
        self.join(target);
    }

    pub(crate) fn agent_is_back(&mut self, claim: Claim) {
        let target = claim.target.clone();
        self.state = State::Bridged(claim);
        self.event(Event::AgentBack { agent: target.agent.clone() });
        self.command(Command::Open(target));
    }

    /// The agent goes on on this device, and nowhere else.
    pub(crate) fn move_to(&mut self, target: Target, now: Instant) {
        let (mut claim, was_gone) = match &self.state {
            State::Bridged(claim) => (claim.clone(), false),
            State::Reconnecting { claim, gone, .. } => (claim.clone(), *gone),
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Ending { .. }
            | State::Ended => return self.ignored("move"),
        };
        self.part_supervisor();
        let old = std::mem::replace(&mut claim.target, target.clone());
        self.held = false;
        self.part();
        if !was_gone {
            let why = LeftWhy::ResumedElsewhere;
            self.command(Command::LeaveCall { target: old, why });
        }
        let grace = self.rules.agent_grace.max(self.rules.claim_lease);
        self.state = State::Reconnecting { claim, ends: now + grace, gone: false };
        self.event(Event::AgentMoved { agent: target.agent.clone(), device: target.device });
        self.play(Sound::Hold);
        self.command(Command::Resume(target.clone()));
        self.agent_returns(target);
    }

    /// A device of the agent who is waited for can be rung.
    pub(crate) fn holder_is_ready(&mut self, target: Target, now: Instant) {
        let State::Reconnecting { claim, gone, .. } = &mut self.state else { return };
        if claim.target == target && !*gone {
            return self.agent_returns(target);
        }
        self.move_to(target, now);
    }

    /// They did not come back.
    pub(crate) fn grace_is_over(&mut self, now: Instant) {
        let State::Reconnecting { claim, .. } = &self.state else { return };
        let target = claim.target.clone();
        match self.rules.after_grace {
            AfterGrace::End => self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now),
            AfterGrace::Ring => {
                // What the agent's device says from now on is about a call of somebody else.
                self.epoch += 1;
                let epoch = self.epoch;
                self.event(Event::GraceOver { agent: target.agent.clone(), epoch });
                self.let_go(target, LeftWhy::GraceOver);
                (self.blamed, self.anybody_declined) = (Some(Cause::AgentLegFailed), false);
                self.ring.forget();
                self.state = State::Ringing;
                self.play(Sound::Ringback);
                self.ring_plan(0, now + self.plan.allowed, now);
            }
        }
    }

    /// The device that has the call is gone for good; its agent may have another one.
    pub(crate) fn holder_left(&mut self, now: Instant) {
        match &mut self.state {
            State::Claimed(_) => self.release_claim("the device left", now),
            State::Bridged(_) => self.agent_is_lost("the device left", true, now),
            State::Reconnecting { gone, .. } => {
                *gone = true;
                self.part();
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Ending { .. }
            | State::Ended => self.ignored("holder_left"),
        }
    }

    /// They signed out, or may not be here any more.
    pub(crate) fn agent_removed(&mut self, agent: &AgentId, now: Instant) {
        let is = |target: &Target| target.agent == *agent;
        if self.supervisor.as_ref().is_some_and(|(target, _)| is(target)) {
            self.supervision_over(SupervisionWhy::Left);
        }
        if self.consulted().is_some_and(is) {
            self.consultation_over();
        }
        if self.holder().is_some_and(is) {
            self.holder_left(now);
        }
        self.ring_no_more(agent, now);
    }
}
