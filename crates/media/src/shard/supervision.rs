//! Supervised calls: how supervision begins, changes and ends. [`super::mixing`] carries the sound.

use std::time::Instant;

use model::LegId;

use super::Shard;
use crate::event::{MediaEvent, SupervisionEnd};
use crate::leg::Leg;
use crate::mix::{Mixer, Party, SUPERVISED_MAX, SuperviseError, Supervision};

/// A call and its supervisor.
pub(super) struct Supervised {
    caller: LegId,
    pub(super) agent: LegId,
    supervisor: LegId,
    pub(super) mixer: Box<Mixer>,
    /// Makes the next frame panic, to test that the panic stays in here.
    #[cfg(test)]
    pub(super) rigged: bool,
}

/// What happened to a leg that may be part of a supervised call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    Gone,
    Parted,
    Moved,
}

impl Supervised {
    pub(super) const fn leg(&self, party: Party) -> LegId {
        match party {
            Party::Caller => self.caller,
            Party::Agent => self.agent,
            Party::Supervisor => self.supervisor,
        }
    }

    pub(super) fn party(&self, leg: LegId) -> Option<Party> {
        Party::ALL.into_iter().find(|party| self.leg(*party) == leg)
    }
}

const fn end_by(party: Party, cause: Cause) -> SupervisionEnd {
    match (cause, party) {
        (Cause::Moved, _) => SupervisionEnd::Moved,
        (Cause::Gone, Party::Caller) => SupervisionEnd::CallEnded,
        (Cause::Gone, Party::Agent) => SupervisionEnd::AgentGone,
        (Cause::Gone | Cause::Parted, Party::Supervisor) => SupervisionEnd::SupervisorGone,
        (Cause::Parted, Party::Caller | Party::Agent) => SupervisionEnd::Parted,
    }
}

impl Shard {
    /// Begins to supervise a call, or changes how. An error changes nothing.
    pub(super) fn supervise(
        &mut self,
        now: Instant,
        supervisor: LegId,
        whatsapp: LegId,
        supervision: Supervision,
    ) -> Result<(), SuperviseError> {
        let agent = self.supervisable(supervisor, whatsapp)?;
        let codec = |error: opus::Error| SuperviseError::Codec { why: error.to_string() };
        let of_call = self.supervised.iter_mut().find(|known| known.caller == whatsapp);
        if let Some(known) = of_call {
            if known.supervisor != supervisor {
                return Err(SuperviseError::Taken { whatsapp, by: known.supervisor });
            }
            known.mixer.choose(supervision).map_err(codec)?;
        } else {
            let another = self.supervised.iter().any(|known| known.supervisor == supervisor);
            if self.supervised.len() - usize::from(another) >= SUPERVISED_MAX {
                return Err(SuperviseError::TooMany { limit: SUPERVISED_MAX });
            }
            let mixer = Box::new(Mixer::new(now, supervision).map_err(codec)?);
            self.unsupervise(supervisor);
            self.supervised.push(Supervised {
                caller: whatsapp,
                agent,
                supervisor,
                mixer,
                #[cfg(test)]
                rigged: false,
            });
        }
        for (leg, party) in
            [(whatsapp, Party::Caller), (agent, Party::Agent), (supervisor, Party::Supervisor)]
        {
            self.mark(leg, party, Some(supervision));
        }
        Ok(())
    }

    /// The agent of a call that this leg could supervise.
    fn supervisable(&self, supervisor: LegId, whatsapp: LegId) -> Result<LegId, SuperviseError> {
        let live = |id| {
            let leg = self.legs.get(&id).filter(|leg| !leg.is_ended());
            leg.ok_or(SuperviseError::Gone { leg: id })
        };
        let (listener, call): (&Leg, &Leg) = (live(supervisor)?, live(whatsapp)?);
        let agent = call.route.bridged.filter(|_| call.is_whatsapp());
        let agent = agent.ok_or(SuperviseError::NotBridged { whatsapp })?;
        if listener.is_whatsapp() || listener.route.bridged.is_some() {
            return Err(SuperviseError::NotFree { supervisor });
        }
        Ok(agent)
    }

    /// Ends what this leg supervises; no event follows.
    pub(super) fn unsupervise(&mut self, supervisor: LegId) {
        let at = self.supervised.iter().position(|known| known.supervisor == supervisor);
        if let Some(at) = at {
            let supervised = self.supervised.swap_remove(at);
            self.dismiss(&supervised);
        }
    }

    /// Ends the supervision that this leg is part of.
    pub(super) fn end_supervision_of(&mut self, id: LegId, cause: Cause) {
        if self.supervised.is_empty() {
            return;
        }
        let mut known = self.supervised.iter().enumerate();
        if let Some((at, party)) = known.find_map(|(at, known)| Some((at, known.party(id)?))) {
            self.end_supervision(at, end_by(party, cause));
        }
    }

    /// Ends all of it, because the legs go to another process.
    pub(super) fn end_all_supervision(&mut self) {
        while !self.supervised.is_empty() {
            self.end_supervision(0, SupervisionEnd::HandedOver);
        }
    }

    pub(super) fn end_supervision(&mut self, at: usize, why: SupervisionEnd) {
        let supervised = self.supervised.swap_remove(at);
        self.dismiss(&supervised);
        let Supervised { supervisor, caller: whatsapp, .. } = supervised;
        tracing::debug!(leg = %supervisor, why = why.as_str(), "supervision has ended");
        self.outbox.push_back(MediaEvent::SupervisionEnded { supervisor, whatsapp, why });
    }

    /// Lets everybody hear what they would hear without.
    fn dismiss(&mut self, supervised: &Supervised) {
        for party in Party::ALL {
            self.mark(supervised.leg(party), party, None);
        }
    }

    /// Notes at a leg what supervision means for it. Whoever hears a mix, or hears it no longer,
    /// begins a new run.
    fn mark(&mut self, id: LegId, party: Party, supervision: Option<Supervision>) {
        if let Some(leg) = self.legs.get_mut(&id) {
            let barges = supervision.is_some_and(|how| how.is_mixed_for(Party::Caller));
            leg.route.supervised = supervision.is_some();
            leg.route.tapped_mixed = party == Party::Agent && barges;
            if supervision.is_none_or(|how| !how.is_mixed_for(party)) {
                leg.cut_mix();
            }
        }
    }
}
