//! The sound of supervised calls: from legs to their mixer, and from it to legs.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use super::Shard;
use super::supervision::Supervised;
use crate::event::SupervisionEnd;
use crate::leg::{Heard, Kind};
use crate::mix::Party;
use crate::turn::Wire;

impl Shard {
    /// Lets the mixer hear what a leg of a supervised call says. Whether that is how it reaches
    /// whom the leg is bridged with, so that its packet must not.
    pub(super) fn overhear(&mut self, now: Instant, heard: &Heard, payload: &[u8]) -> bool {
        match heard.kind {
            // A key is no voice: it goes its own way.
            Kind::Key => return false,
            Kind::Sound => {}
        }
        let origin = heard.origin;
        let mut known = self.supervised.iter_mut().enumerate();
        let found = known.find_map(|(at, known)| Some((at, known.party(origin.leg)?, known)));
        let Some((at, party, supervised)) = found else {
            return false;
        };
        let caught = catch_unwind(AssertUnwindSafe(|| {
            supervised.mixer.hear(now, party, origin.ssrc, origin.index, payload);
            let supervision = supervised.mixer.supervision();
            match party {
                Party::Caller => supervision.is_mixed_for(Party::Agent),
                Party::Agent => supervision.is_mixed_for(Party::Caller),
                Party::Supervisor => false,
            }
        }));
        caught.unwrap_or_else(|_| {
            self.fault_in(at);
            false
        })
    }

    fn fault_in(&mut self, at: usize) {
        self.totals.faults += 1;
        tracing::error!("a fault ended the supervision of a call; the call goes on");
        self.end_supervision(at, SupervisionEnd::Fault);
    }

    /// When [`Self::mix`] is due.
    pub(super) fn next_mix(&self) -> Option<Instant> {
        self.supervised.iter().map(|supervised| supervised.mixer.due()).min()
    }

    /// Sends the mixes that are due.
    pub(super) fn mix(&mut self, now: Instant, wire: &mut dyn Wire) {
        // Backwards: what is put back at the end has had its turn.
        for at in (0..self.supervised.len()).rev() {
            if self.supervised[at].mixer.due() > now {
                continue;
            }
            // The frames are the mixer's, so it steps aside while legs send them.
            let mut supervised = self.supervised.swap_remove(at);
            let done = catch_unwind(AssertUnwindSafe(|| self.say(now, &mut supervised, wire)));
            self.supervised.push(supervised);
            if done.is_err() {
                self.fault_in(self.supervised.len() - 1);
            }
        }
    }

    fn say(&mut self, now: Instant, supervised: &mut Supervised, wire: &mut dyn Wire) {
        #[cfg(test)]
        assert!(!supervised.rigged, "rigged to panic");
        if supervised.mixer.skip(now) {
            for party in Party::ALL {
                if let Some(leg) = self.legs.get_mut(&supervised.leg(party)) {
                    leg.cut_mix();
                }
            }
        }
        while supervised.mixer.due() <= now {
            supervised.mixer.advance(now);
            for (hearer, frame) in supervised.mixer.frames() {
                let turn = self.turn(now, supervised.leg(hearer), wire);
                let stamp = turn.and_then(|(leg, mut turn)| leg.say_mix(&mut turn, frame));
                let tap = self.legs.get(&supervised.agent).and_then(|agent| agent.route.tap);
                // What the caller hears of this side belongs to the agent's track.
                if hearer == Party::Caller
                    && let (Some(stamp), Some(tap)) = (stamp, tap)
                {
                    self.taps.copy(tap, now, stamp.index, stamp.timestamp, frame);
                }
            }
        }
    }
}
