//! Datagrams of many own sockets, received before the first of them is worked on (see
//! [`crate::outgoing`] for why, and [`Shard::expect`] for what it makes possible).

use std::io;
use std::time::Instant;

use model::LegId;

use crate::batch::Inbox;
use crate::shard::{Foresight, Shard};
use crate::socket::{Sockets, Way};
use crate::turn::{Path, Via};

/// Sockets that are received from before their datagrams are worked on.
const GROUP: usize = 32;
/// Datagrams per call from a leg's own socket: one tells too little, because only a call that
/// brings less than it could says that the socket is empty.
const BATCH: usize = 2;

/// Some sockets' datagrams.
pub(crate) struct Group {
    inboxes: Vec<Inbox<BATCH>>,
    /// Whose inboxes they are, and how many datagrams lie in each.
    taken: Vec<(LegId, usize)>,
    foresight: Foresight,
}

impl Group {
    pub(crate) fn new() -> Self {
        let inboxes = std::iter::repeat_with(Inbox::new).take(GROUP).collect();
        Self { inboxes, taken: Vec::with_capacity(GROUP), foresight: Foresight::new() }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.taken.len() == GROUP
    }

    /// Receives from a leg's own socket, once; says how many datagrams came and whether there may
    /// be more. There must be room.
    pub(crate) fn receive(&mut self, leg: LegId, sockets: &Sockets) -> (u32, bool) {
        // A leg that has ended has no socket.
        let Some((socket, inbox)) = sockets.own(leg).zip(self.inboxes.get_mut(self.taken.len()))
        else {
            return (0, false);
        };
        match inbox.receive(socket) {
            Ok(count) => {
                self.taken.push((leg, count));
                (u32::try_from(count).unwrap_or(u32::MAX), count == BATCH)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, false),
            // An ICMP error of an earlier datagram; what is behind it still counts.
            Err(error) => {
                tracing::trace!(%error, "receiving failed once");
                (0, true)
            }
        }
    }

    /// Hands everything to the shard.
    pub(crate) fn deliver(&mut self, shard: &mut Shard, way: &mut Way<'_>) {
        let arrivals = self.taken.iter().zip(&self.inboxes).flat_map(|((leg, _), inbox)| {
            inbox.arrivals().map(|(from, bytes)| (Via::WhatsApp(*leg), from, bytes))
        });
        shard.expect(arrivals, &mut self.foresight);
        let (now, mut arrival) = (Instant::now(), 0);
        for ((leg, count), inbox) in self.taken.drain(..).zip(&mut self.inboxes) {
            for at in 0..count {
                if let Some((to, bytes)) = inbox.datagram(at) {
                    let (from, foretold) =
                        (Path { via: Via::WhatsApp(leg), to }, self.foresight.of(arrival));
                    shard.foretold_datagram(now, from, bytes, foretold, way);
                    arrival += 1;
                }
            }
        }
    }
}
