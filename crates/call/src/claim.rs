//! Claims: who wins, when sound flows, and what gives a call back to the others.

use std::time::Instant;

use model::{Cause, DeviceId};

use crate::event::Event;
use crate::input::{Refusal, Response};
use crate::life::Call;
use crate::output::{Command, StopWhy};
use crate::ring::Target;
use crate::state::{Carrier, Claim, State};

impl Call {
    pub(crate) fn claim(&mut self, target: Target, now: Instant) -> Response {
        match &self.state {
            State::Claimed(claim) | State::Bridged(claim) | State::Reconnecting { claim, .. } => {
                let holder = claim.target.clone();
                if holder.device == target.device || self.is_consulted_on(target.device) {
                    return Response::Done;
                }
                if holder.agent == target.agent {
                    return self.claim_of_holder(target, now);
                }
                if self.is_asking() && self.ring.is_invited(&target.agent) {
                    self.consult(target, now);
                    return Response::Done;
                }
                if self.consulted().is_some_and(|second| second.agent == target.agent) {
                    return Response::Refused(Refusal::TakenByYou);
                }
                self.event(Event::ClaimLost { agent: target.agent, winner: holder.agent.clone() });
                Response::Refused(Refusal::Taken { winner: holder.agent })
            }
            // Who was not rung, or declined, has no business with the call.
            State::Ringing | State::Queued if self.ring.is_invited(&target.agent) => {
                self.win(target, now);
                Response::Done
            }
            State::Offered | State::Ringing | State::Queued | State::Noticing { .. } => {
                Response::Refused(Refusal::NotAllowed)
            }
            State::Ending { .. } | State::Ended => Response::Refused(Refusal::Over),
        }
    }

    /// The agent who has the call claims it on another device: after a while that means to go on
    /// there; at once it is two tabs that answer the same ring.
    fn claim_of_holder(&mut self, target: Target, now: Instant) -> Response {
        let moves = match &self.state {
            State::Bridged(claim) => claim.lease_ends <= now && self.sent.is_none(),
            State::Reconnecting { .. } => true,
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Ending { .. }
            | State::Ended => false,
        };
        if !moves {
            return Response::Refused(Refusal::TakenByYou);
        }
        self.move_to(target, now);
        Response::Done
    }

    pub(crate) fn new_claim(&mut self, target: Target, now: Instant) -> Claim {
        self.epoch += 1;
        self.event(Event::ClaimWon {
            agent: target.agent.clone(),
            device: target.device,
            epoch: self.epoch,
        });
        Claim { target, lease_ends: now + self.rules.claim_lease, heard: false }
    }

    pub(crate) fn win(&mut self, target: Target, now: Instant) {
        (self.muted, self.muted_by_supervisor, self.held) = (false, false, false);
        let claim = self.new_claim(target.clone(), now);
        self.state = State::Claimed(claim);
        let others = self.ring_is_won(&target);
        self.command(Command::Confirm(target.clone()));
        // Before anything that waits for the journal: it is decided. Should the daemon die before it
        // is written down, the snapshot of the next start tells everybody the truth.
        self.tell_losers(others, &target);
        // A supervisor may take the call before it rings anybody.
        self.prepare_carrier(now);
        match self.carrier {
            Carrier::Prepared => self.ask_accept(now),
            Carrier::Accepted | Carrier::Unclear { .. } => {
                self.join(target.clone());
            }
            Carrier::Offered
            | Carrier::PreAccepting { .. }
            | Carrier::Accepting { .. }
            | Carrier::Dialling(_) => {}
        }
    }

    pub(crate) fn tell_losers(&mut self, devices: Vec<DeviceId>, winner: &Target) {
        if !devices.is_empty() {
            let why = StopWhy::Claimed { winner: winner.agent.clone(), device: winner.device };
            self.command(Command::StopRinging { devices, why });
        }
    }

    pub(crate) fn open_if_complete(&mut self, now: Instant) {
        let State::Claimed(claim) = &self.state else {
            return;
        };
        if !claim.heard || self.carrier != Carrier::Accepted || !self.carrier_media_up {
            return;
        }
        let claim = claim.clone();
        let target = claim.target.clone();
        self.state = State::Bridged(claim);
        self.run = None;
        self.opened_at.get_or_insert(now);
        self.sent = None;
        if self.talkers.last() != Some(&target.agent) {
            self.talkers.push(target.agent.clone());
        }
        self.event(Event::Bridged { agent: target.agent.clone() });
        self.record_if_always();
        self.command(Command::Open(target));
    }

    pub(crate) fn agent_heard(&mut self, device: DeviceId, now: Instant) {
        if self.is_consulted_on(device) {
            return self.consulted_is_heard();
        }
        if self.holder().is_none_or(|target| target.device != device) {
            return;
        }
        // What the lost leg sent last arrives late, and proves nothing.
        if matches!(self.state, State::Reconnecting { .. }) && self.joined.is_none() {
            return self.ignored("agent_heard");
        }
        self.agent_is_heard();
        match &mut self.state {
            State::Claimed(claim) => {
                claim.heard = true;
                self.open_if_complete(now);
            }
            State::Reconnecting { claim, .. } => {
                let claim = claim.clone();
                self.agent_is_back(claim);
            }
            State::Offered
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Bridged(_)
            | State::Ending { .. }
            | State::Ended => {}
        }
    }

    pub(crate) fn agent_leg_failed(&mut self, device: DeviceId, why: &'static str, now: Instant) {
        let holds = self.holder().is_some_and(|target| target.device == device);
        match self.state {
            State::Claimed(_) if holds => self.release_claim(why, now),
            State::Bridged(_) if holds => self.agent_is_lost(why, false, now),
            // The new leg failed too; the grace goes on.
            State::Reconnecting { .. } if holds => self.part(),
            State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. }
            | State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Offered => self.device_gone(device, now),
            State::Ending { .. } | State::Ended => {}
        }
    }

    /// The winner, or who is consulted, was not heard in time.
    pub(crate) fn lease_is_over(&mut self, now: Instant) {
        if self.consulted().is_some() {
            return self.consultation_over();
        }
        self.release_claim("not heard within the lease", now);
    }

    /// Gives the claim back and rings the others again; without others the call ends.
    pub(crate) fn release_claim(&mut self, why: &'static str, now: Instant) {
        let State::Claimed(claim) = &self.state else {
            return self.ignored("release");
        };
        if matches!(self.carrier, Carrier::Dialling(_)) {
            // Nobody else has anything to say to the contact.
            return self.end(Cause::AgentLegFailed, StopWhy::CallEnded, now);
        }
        let target = claim.target.clone();
        let agent = target.agent.clone();
        // Their other devices have been silent since the claim.
        self.ring.silence(&target.agent);
        self.event(Event::ClaimReleased { agent: target.agent.clone(), why });
        self.part();
        self.hint = None;
        self.tone_due = None;
        self.command(Command::Release { target, why });
        self.blame(Cause::AgentLegFailed);
        self.ring_again(&agent, now);
        if self.carrier == Carrier::Accepted || matches!(self.carrier, Carrier::Unclear { .. }) {
            self.sound_without_agent();
        }
    }
}
