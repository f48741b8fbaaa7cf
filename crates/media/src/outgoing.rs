//! What a pass sends, gathered until the work on packets is done: the kernel's code and ours are
//! each too large for the first caches, and would push each other out with every packet.

use std::net::SocketAddr;

use model::LegId;

use crate::batch::Outbox;
use crate::turn::DATAGRAM_MAX;

/// Datagrams that wait for own sockets; more gain nothing measurable.
const OWN: usize = 32;

/// Both kinds of datagrams that wait.
pub(crate) struct Outgoing {
    /// Of the agents' socket.
    pub(crate) agents: Outbox,
    /// Of the sockets of WhatsApp legs.
    pub(crate) own: Parcels,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self { agents: Outbox::new(), own: Parcels::new() }
    }
}

/// Datagrams that wait for own sockets.
pub(crate) struct Parcels {
    heads: [Option<Head>; OWN],
    buffers: Box<[[u8; DATAGRAM_MAX]; OWN]>,
    waiting: usize,
}

#[derive(Clone, Copy)]
struct Head {
    leg: LegId,
    to: SocketAddr,
    length: usize,
}

impl Parcels {
    fn new() -> Self {
        Self { heads: [None; OWN], buffers: Box::new([[0; DATAGRAM_MAX]; OWN]), waiting: 0 }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.waiting == OWN
    }

    /// Adds a datagram; there must be room.
    pub(crate) fn push(&mut self, leg: LegId, to: SocketAddr, bytes: &[u8]) {
        let length = bytes.len();
        let room = self.buffers.get_mut(self.waiting).and_then(|room| room.get_mut(..length));
        if let Some(room) = room {
            room.copy_from_slice(bytes);
            self.heads[self.waiting] = Some(Head { leg, to, length });
            self.waiting += 1;
        }
    }

    /// Hands out what waits, in order, and forgets it.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (LegId, SocketAddr, &[u8])> {
        let waiting = std::mem::take(&mut self.waiting);
        let heads = self.heads[..waiting].iter().flatten();
        heads.zip(&*self.buffers).map(|(head, buffer)| (head.leg, head.to, &buffer[..head.length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_handed_out_once_and_in_order() {
        let to = SocketAddr::from(([192, 0, 2, 1], 3_480));
        let mut parcels = Parcels::new();
        for round in 0..2 {
            for number in 0..OWN {
                assert!(!parcels.is_full());
                parcels.push(LegId(number as u64), to, &vec![round; number]);
            }
            assert!(parcels.is_full());
            let taken: Vec<_> = parcels.take().map(|(leg, _, bytes)| (leg, bytes.len())).collect();
            assert_eq!(taken, (0..OWN).map(|n| (LegId(n as u64), n)).collect::<Vec<_>>());
        }
        assert_eq!(parcels.take().count(), 0);
        parcels.push(LegId(1), to, &[0; DATAGRAM_MAX + 1]);
        assert_eq!(parcels.take().count(), 0, "no larger datagram is handled anywhere");
    }
}
