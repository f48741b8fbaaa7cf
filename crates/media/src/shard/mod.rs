//! The sans-IO core of one media thread: all its legs, who belongs to which datagram, and who
//! hears whom. Sockets, threads and clocks stay outside, so that a shard can be tested without
//! them and run once per core.

mod ahead;
mod control;
mod deadlines;
mod demux;
mod guard;
mod hand_over;
mod mixing;
mod offering;
mod restart;
mod supervision;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use foldhash::fast::RandomState;
use model::LegId;
use rustc_hash::FxHashMap;

use crate::command::Command;
use crate::event::{LegDown, MediaEvent};
use crate::identity::Identity;
use crate::leg::{Heard, Ice, Leg};
use crate::plane::Totals;
use crate::tap::TapWriter;
use crate::turn::{DATAGRAM_MAX, Path, Turn, Via, WallClock, Wire};
pub(crate) use ahead::{Foresight, Foretold};
use deadlines::Deadlines;
pub(crate) use hand_over::ShardState;
use offering::Offered;
use supervision::{Cause, Supervised};

/// Legs one shard carries: 2,000 calls, about what one core can forward.
pub(crate) const LEGS_MAX: usize = 4_096;

/// Where a shard can be reached.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// Addresses for SDP, best first; never empty.
    pub(crate) addresses: Vec<IpAddr>,
    /// The port of the agents' socket.
    pub(crate) agent_port: u16,
    /// The port of their TCP connections, if they may make any.
    pub(crate) agent_tcp_port: Option<u16>,
}

pub(crate) struct Shard {
    identity: Arc<Identity>,
    place: Place,
    wall: WallClock,
    legs: FxHashMap<LegId, Box<Leg>>,
    /// Legs that wait for Meta's answer.
    offered: FxHashMap<LegId, Offered>,
    by_ufrag: HashMap<String, LegId>,
    by_path: HashMap<Path, LegId, RandomState>,
    outbox: VecDeque<MediaEvent>,
    taps: TapWriter,
    totals: Totals,
    deadlines: Deadlines,
    /// At most [`crate::mix::SUPERVISED_MAX`].
    supervised: Vec<Supervised>,
    /// Legs whose deadline has come; kept so that it need not grow anew each time.
    due: Vec<LegId>,
    scratch: Box<[u8; DATAGRAM_MAX]>,
}

impl Shard {
    /// `now` and `wall` are the same moment.
    pub(crate) fn new(
        identity: Arc<Identity>,
        place: Place,
        taps: TapWriter,
        now: Instant,
        wall: SystemTime,
    ) -> Self {
        Self {
            identity,
            place,
            wall: WallClock::new(now, wall),
            legs: FxHashMap::default(),
            offered: FxHashMap::default(),
            by_ufrag: HashMap::new(),
            by_path: HashMap::default(),
            outbox: VecDeque::new(),
            taps,
            totals: Totals::default(),
            deadlines: Deadlines::default(),
            supervised: Vec::new(),
            due: Vec::new(),
            scratch: Box::new([0; DATAGRAM_MAX]),
        }
    }

    /// Takes a datagram; it is decrypted in place.
    pub(crate) fn datagram(
        &mut self,
        now: Instant,
        via: Via,
        from: SocketAddr,
        bytes: &mut [u8],
        wire: &mut dyn Wire,
    ) {
        self.foretold_datagram(now, Path { via, to: from }, bytes, None, wire);
    }

    /// The same for one that [`Self::expect`] has seen.
    pub(crate) fn foretold_datagram(
        &mut self,
        now: Instant,
        from: Path,
        bytes: &mut [u8],
        foretold: Option<Foretold>,
        wire: &mut dyn Wire,
    ) {
        self.totals.datagrams += 1;
        let Some(leg) = self.recipient(now, from, bytes) else {
            self.totals.refused += 1;
            return;
        };
        let handled =
            catch_unwind(AssertUnwindSafe(|| self.deliver(now, leg, from, bytes, foretold, wire)));
        match handled {
            Ok(None) => {}
            Ok(Some(why)) => self.end(now, leg, why, wire),
            Err(_) => self.end(now, leg, LegDown::Fault, wire),
        }
    }

    /// Runs everything that is due.
    pub(crate) fn timeout(&mut self, now: Instant, wire: &mut dyn Wire) {
        let mut due = std::mem::take(&mut self.due);
        due.extend(std::iter::from_fn(|| self.deadlines.pop(now)));
        for id in due.drain(..) {
            // A deadline that has moved is nothing to wake the whole leg for.
            let look = self.legs.get(&id).filter(|leg| !leg.is_ended()).map(|leg| leg.next_look());
            match look {
                Some(at) if at > now => self.deadlines.set(id, at),
                Some(_) => self.run_due(now, id, wire),
                None => {}
            }
        }
        self.due = due;
        self.mix(now, wire);
    }

    /// Runs what is due of a leg.
    fn run_due(&mut self, now: Instant, id: LegId, wire: &mut dyn Wire) {
        let handled = catch_unwind(AssertUnwindSafe(|| {
            let (leg, mut turn) = self.turn(now, id, wire)?;
            leg.talk(&mut turn);
            leg.advance(&mut turn)
        }));
        match handled {
            Ok(None) => {
                self.guard(now, id);
                self.settle(id, wire);
            }
            Ok(Some(why)) => self.end(now, id, why, wire),
            Err(_) => self.end(now, id, LegDown::Fault, wire),
        }
    }

    /// When [`Self::timeout`] is due; it may be early, never late.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.deadlines.next().into_iter().chain(self.next_mix()).min()
    }

    /// The next event.
    pub(crate) fn poll_event(&mut self) -> Option<MediaEvent> {
        self.outbox.pop_front()
    }

    /// Counts an event that could not be handed over.
    pub(crate) const fn lost_event(&mut self) {
        self.totals.events_lost += 1;
    }

    /// Does what the control plane asks.
    pub(crate) fn command(&mut self, now: Instant, command: Command, wire: &mut dyn Wire) {
        self.obey(now, command, wire);
    }

    /// Says good-bye on every leg.
    pub(crate) fn close_all(&mut self, now: Instant, wire: &mut dyn Wire) {
        let all: Vec<LegId> = self.legs.keys().copied().collect();
        for leg in all {
            self.close(now, leg, wire);
        }
    }

    /// A leg and everything it may touch.
    fn turn<'a>(
        &'a mut self,
        now: Instant,
        id: LegId,
        wire: &'a mut dyn Wire,
    ) -> Option<(&'a mut Leg, Turn<'a>)> {
        let leg = self.legs.get_mut(&id)?;
        let turn = Turn {
            now,
            wire,
            outbox: &mut self.outbox,
            taps: &mut self.taps,
            wall: self.wall,
            scratch: &mut self.scratch,
        };
        Some((leg, turn))
    }

    /// Lets the bridged leg say what was heard.
    fn forward(&mut self, now: Instant, heard: &Heard, payload: &[u8], wire: &mut dyn Wire) {
        let from = heard.origin.leg;
        let Some((bridged, supervised)) =
            self.legs.get(&from).map(|leg| (leg.route.bridged, leg.route.supervised))
        else {
            return;
        };
        let mixed = supervised && self.overhear(now, heard, payload);
        let Some(to) = bridged else {
            return;
        };
        let relayed = mixed
            || self
                .turn(now, to, wire)
                .is_some_and(|(leg, mut turn)| leg.relay(&mut turn, heard, payload));
        if !relayed {
            return;
        }
        self.totals.forwarded += 1;
        if let Some(leg) = self.legs.get_mut(&from)
            && std::mem::take(&mut leg.route.announce_forward)
        {
            self.outbox.push_back(MediaEvent::Forwarded { from, to, at: now });
        }
    }

    /// Ends a leg for a reason of its own.
    fn end(&mut self, now: Instant, id: LegId, why: LegDown, wire: &mut dyn Wire) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        if leg.is_ended() {
            return;
        }
        if why == LegDown::Fault {
            self.totals.faults += 1;
            tracing::error!(leg = %id, "a fault ended this leg; the others go on");
        }
        leg.end();
        self.end_supervision_of(id, Cause::Gone);
        self.deadlines.forget(id);
        self.unbind(id, wire);
        self.part(now, id);
        wire.release(id);
        self.outbox.push_back(MediaEvent::LegDown { leg: id, why });
    }

    /// Ends a leg that lost what it cannot do without.
    pub(crate) fn fail(&mut self, now: Instant, id: LegId, wire: &mut dyn Wire) {
        self.end(now, id, LegDown::Fault, wire);
    }

    /// Ends a leg because the control plane says so, and forgets it.
    fn close(&mut self, now: Instant, id: LegId, wire: &mut dyn Wire) {
        // A fault while saying good-bye changes nothing: the leg is forgotten either way.
        let _ = catch_unwind(AssertUnwindSafe(|| {
            if let Some((leg, mut turn)) = self.turn(now, id, wire) {
                leg.close(&mut turn);
            }
        }));
        self.end_supervision_of(id, Cause::Gone);
        self.unbind(id, wire);
        self.part(now, id);
        self.legs.remove(&id);
        self.offered.remove(&id);
        self.deadlines.forget(id);
        wire.release(id);
    }

    /// Undoes the bridge of a leg, if it has one.
    fn part(&mut self, now: Instant, id: LegId) {
        self.end_supervision_of(id, Cause::Parted);
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.cut();
        let Some(peer) = leg.route.bridged.take() else {
            return;
        };
        leg.route.announce_forward = false;
        if let Some(peer) = self.legs.get_mut(&peer) {
            peer.cut();
            peer.route.bridged = None;
            peer.route.announce_forward = false;
        }
        tracing::debug!(leg = %id, ?now, "bridge undone");
    }

    /// Makes sure that the leg's next timeout is not missed. Needed whenever it may have become
    /// earlier.
    fn reschedule(&mut self, id: LegId) {
        if let Some(at) = self.legs.get_mut(&id).and_then(|leg| leg.next_timeout()) {
            self.deadlines.set(id, at);
        }
    }

    /// The same after something that may have chosen the path.
    fn settle(&mut self, id: LegId, wire: &mut dyn Wire) {
        self.reschedule(id);
        if let Some(leg) = self.legs.get(&id).filter(|leg| leg.is_whatsapp())
            && let Some(path) = leg.path()
        {
            wire.connect(id, path.to);
        }
    }

    /// Forgets how datagrams find a leg.
    fn unbind(&mut self, id: LegId, wire: &mut dyn Wire) {
        let Some(leg) = self.legs.get(&id) else {
            return;
        };
        let mut paths = Vec::new();
        if let Ice::Lite(lite) = leg.ice() {
            for ufrag in lite.ufrags() {
                self.by_ufrag.remove(ufrag);
            }
            paths.extend_from_slice(lite.bound());
        }
        for path in paths {
            self.forget_path(id, path, wire);
        }
    }

    /// Nothing of a leg is expected on this path any more.
    fn forget_path(&mut self, id: LegId, path: Path, wire: &mut dyn Wire) {
        if self.by_path.get(&path) != Some(&id) {
            return;
        }
        self.by_path.remove(&path);
        match path.via {
            Via::AgentTcp(connection) => wire.hang_up(connection),
            Via::Agents | Via::WhatsApp(_) => {}
        }
    }
}
