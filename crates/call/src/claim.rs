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
                if holder.device == target.device {
                    return Response::Done;
                }
                if holder.agent == target.agent {
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

    fn win(&mut self, target: Target, now: Instant) {
        self.epoch += 1;
        self.muted = false;
        let lease_ends = now + self.rules.claim_lease;
        self.state = State::Claimed(Claim { target: target.clone(), lease_ends, heard: false });
        self.event(Event::ClaimWon {
            agent: target.agent.clone(),
            device: target.device,
            epoch: self.epoch,
        });
        let others = self.ring_is_won(&target);
        self.command(Command::Confirm(target.clone()));
        match self.carrier {
            Carrier::Prepared => self.ask_accept(now),
            Carrier::Accepted | Carrier::Unclear { .. } => {
                self.command(Command::Bridge(target.clone()))
            }
            Carrier::Offered | Carrier::PreAccepting { .. } | Carrier::Accepting { .. } => {}
        }
        let why = StopWhy::Claimed { winner: target.agent, device: target.device };
        if !others.is_empty() {
            self.command(Command::StopRinging { devices: others, why });
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
        self.talker = Some(target.agent.clone());
        self.event(Event::Bridged { agent: target.agent.clone() });
        self.record_if_always();
        self.command(Command::Open(target));
    }

    pub(crate) fn agent_heard(&mut self, device: DeviceId, now: Instant) {
        if self.holder().is_none_or(|target| target.device != device) {
            return;
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
            State::Bridged(_) if holds => self.agent_is_lost(why, now),
            // The new leg failed too; the grace goes on.
            State::Reconnecting { .. } if holds => self.ignored("agent_leg_failed"),
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

    /// Gives the claim back and rings the others again; without others the call ends.
    pub(crate) fn release_claim(&mut self, why: &'static str, now: Instant) {
        let State::Claimed(claim) = &self.state else {
            return self.ignored("release");
        };
        let target = claim.target.clone();
        // Their other devices have been silent since the claim.
        self.ring.silence(&target.agent);
        self.event(Event::ClaimReleased { agent: target.agent.clone(), why });
        if matches!(self.carrier, Carrier::Accepted | Carrier::Unclear { .. }) {
            self.command(Command::Unbridge(target.clone()));
        }
        self.hint = None;
        self.tone_due = None;
        self.command(Command::Release { target, why });
        self.blame(Cause::AgentLegFailed);
        self.ring_again(now);
        if self.carrier == Carrier::Accepted || matches!(self.carrier, Carrier::Unclear { .. }) {
            self.sound_without_agent();
        }
    }
}
