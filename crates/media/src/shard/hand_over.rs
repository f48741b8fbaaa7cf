//! Letting the legs of a shard go, and going on with those of another process's shard.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Instant;

use model::LegId;
use serde::{Deserialize, Serialize};

use super::{LEGS_MAX, Shard};
use crate::error::MediaError;
use crate::hand_over::Resumed;
use crate::leg::{Ice, IceState, Leg, LegState};
use crate::turn::{Path, Via, Wire};

/// The live legs of a shard. Holds keys, so it has no `Debug`.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct ShardState {
    pub(crate) legs: Vec<LegState>,
    /// Whose datagrams come from which address, on the socket agents share.
    addresses: Vec<(SocketAddr, LegId)>,
}

impl Shard {
    /// Its legs, whatever state they are in.
    pub(crate) fn leg_ids(&self) -> impl Iterator<Item = LegId> {
        self.legs.keys().chain(self.offered.keys()).copied()
    }

    /// Lets every leg go without a word to its peer, and returns those that are up and the names
    /// of the others. Nothing is sent or heard any more.
    pub(crate) fn hand_over(&mut self, now: Instant) -> (ShardState, Vec<LegId>) {
        self.end_all_supervision();
        let mut legs = Vec::with_capacity(self.legs.len());
        let mut dropped: Vec<_> = self.offered.drain().map(|(id, _)| id).collect();
        for (id, leg) in self.legs.drain() {
            self.deadlines.forget(id);
            match leg.state(now) {
                Some(state) => legs.push(state),
                None => dropped.push(id),
            }
        }
        self.by_ufrag.clear();
        let bound = self.by_path.drain().filter(|(_, id)| !dropped.contains(id));
        let udp = bound.filter(|(path, _)| path.via == Via::Agents);
        let addresses = udp.map(|(path, id)| (path.to, id)).collect();
        (ShardState { legs, addresses }, dropped)
    }

    /// Goes on with the legs of another process's shard; returns those it cannot go on with.
    /// Nothing is sent here: the first timers are due now.
    pub(crate) fn take_over(
        &mut self,
        resumed: Resumed,
        state: ShardState,
        wire: &mut dyn Wire,
    ) -> Vec<LegId> {
        let mut dropped = Vec::new();
        for state in state.legs {
            let id = state.id;
            if self.legs.contains_key(&id) {
                tracing::error!(leg = %id, "a leg was handed over twice; the first one counts");
            } else if let Err(error) = self.restore(resumed, state, wire) {
                tracing::error!(leg = %id, %error, "a handed-over leg was lost");
                wire.release(id);
                dropped.push(id);
            }
        }
        for (to, id) in state.addresses {
            let path = Path { via: Via::Agents, to };
            let leg = self.legs.get(&id).map(|leg| leg.ice());
            if let Some(Ice::Lite(lite)) = leg
                && lite.bound().contains(&path)
            {
                self.by_path.insert(path, id);
            }
        }
        self.mend_bridges();
        dropped
    }

    fn restore(
        &mut self,
        resumed: Resumed,
        state: LegState,
        wire: &mut dyn Wire,
    ) -> Result<(), MediaError> {
        let id = state.id;
        if self.legs.len() >= LEGS_MAX {
            return Err(MediaError::Full { limit: LEGS_MAX });
        }
        if let IceState::Full(full) = &state.ice {
            wire.reopen(id, full.port())?;
        }
        let leg = Leg::restore(resumed, &self.identity, state)?;
        if let Ice::Lite(lite) = leg.ice() {
            for ufrag in lite.ufrags() {
                self.by_ufrag.insert(ufrag.to_owned(), id);
            }
        }
        self.legs.insert(id, Box::new(leg));
        self.settle(id, wire);
        Ok(())
    }

    /// A bridge has two ends; one whose other end was lost gets silence again.
    fn mend_bridges(&mut self) {
        let bridged = |leg: &Leg| leg.route.bridged;
        let ends: HashSet<_> =
            self.legs.iter().filter_map(|(id, leg)| Some((bridged(leg)?, *id))).collect();
        for (id, leg) in &mut self.legs {
            if bridged(leg).is_some_and(|peer| !ends.contains(&(*id, peer))) {
                leg.cut();
                leg.route.bridged = None;
                leg.route.announce_forward = false;
            }
        }
    }
}
