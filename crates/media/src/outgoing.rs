//! What a pass sends, gathered until the work on packets is done: the kernel's code and ours are
//! each too large for the first caches, and would push each other out with every packet. The tags
//! of many packets are made together before they leave.

use std::net::SocketAddr;

use mio::net::UdpSocket;
use model::LegId;
use smallvec::SmallVec;

use crate::batch::Outbox;
use crate::srtp::{LANES, Message, Untagged, tags};
use crate::turn::DATAGRAM_MAX;

/// Datagrams that wait for own sockets; more gain nothing measurable.
const OWN: usize = 32;

/// Datagrams that wait for the agents' socket: as many as leave it at once.
const AGENTS_MAX: usize = 64;

/// Both kinds of datagrams that wait.
pub(crate) struct Outgoing {
    /// Of the agents' socket.
    agents: Outbox,
    /// What is still to be made of each of those.
    agents_untagged: Vec<Option<Untagged>>,
    /// Of the sockets of WhatsApp legs.
    pub(crate) own: Parcels,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        let agents_untagged = Vec::with_capacity(AGENTS_MAX);
        Self { agents: Outbox::new(), agents_untagged, own: Parcels::new() }
    }

    /// Adds a datagram of the agents' socket; sends those that wait first if there is no room.
    pub(crate) fn push_agents(
        &mut self,
        socket: &UdpSocket,
        to: SocketAddr,
        bytes: &[u8],
        untagged: Option<Untagged>,
    ) {
        if self.agents.is_full() {
            self.flush_agents(socket);
        }
        // No larger datagram is handled anywhere.
        if bytes.len() <= DATAGRAM_MAX {
            self.agents.push(socket, to, bytes);
            self.agents_untagged.push(untagged);
        }
    }

    /// Sends the datagrams of the agents' socket.
    pub(crate) fn flush_agents(&mut self, socket: &UdpSocket) {
        self.finish();
        self.agents.flush(socket);
        self.agents_untagged.clear();
    }

    /// Makes the tags of everything that waits: all of it together, because that is cheaper.
    pub(crate) fn finish(&mut self) {
        let agents = self.agents.waiting_mut().zip(&mut self.agents_untagged);
        let own = self.own.waiting_mut();
        let mut unfinished = agents
            .map(|((buffer, length), untagged)| (buffer, length, untagged))
            .chain(own)
            .filter_map(|(buffer, length, untagged)| Some((buffer, length, untagged.take()?)));
        loop {
            let mut group: SmallVec<[_; LANES]> = unfinished.by_ref().take(LANES).collect();
            let made = {
                let messages: SmallVec<[Message<'_>; LANES]> = group
                    .iter()
                    .map(|(buffer, length, untagged)| untagged.message(&buffer[..**length]))
                    .collect();
                tags(&messages)
            };
            for ((buffer, length, _), tag) in group.iter_mut().zip(made) {
                let end = **length + tag.len();
                if let Some(room) = buffer.get_mut(**length..end) {
                    room.copy_from_slice(&tag);
                    **length = end;
                }
            }
            if group.len() < LANES {
                return;
            }
        }
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
    untagged: Option<Untagged>,
}

impl Parcels {
    fn new() -> Self {
        Self { heads: [None; OWN], buffers: Box::new([[0; DATAGRAM_MAX]; OWN]), waiting: 0 }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.waiting == OWN
    }

    /// Adds a datagram; there must be room.
    pub(crate) fn push(
        &mut self,
        leg: LegId,
        to: SocketAddr,
        bytes: &[u8],
        untagged: Option<Untagged>,
    ) {
        let length = bytes.len();
        let room = self.buffers.get_mut(self.waiting).and_then(|room| room.get_mut(..length));
        if let Some(room) = room {
            room.copy_from_slice(bytes);
            self.heads[self.waiting] = Some(Head { leg, to, length, untagged });
            self.waiting += 1;
        }
    }

    fn waiting_mut(
        &mut self,
    ) -> impl Iterator<Item = (&mut [u8; DATAGRAM_MAX], &mut usize, &mut Option<Untagged>)> {
        let heads = self.heads[..self.waiting].iter_mut().flatten();
        let slots = heads.zip(&mut *self.buffers);
        slots.map(|(head, buffer)| (buffer, &mut head.length, &mut head.untagged))
    }

    /// Hands out what waits, in order, and forgets it. [`Outgoing::finish`] comes first.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = (LegId, SocketAddr, &[u8])> {
        let waiting = std::mem::take(&mut self.waiting);
        let heads = self.heads[..waiting].iter().flatten();
        heads.zip(&*self.buffers).map(|(head, buffer)| (head.leg, head.to, &buffer[..head.length]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp;
    use crate::srtp::{Inbound, Outbound, Profile, contexts};

    #[test]
    fn what_waits_is_handed_out_once_and_in_order() {
        let to = SocketAddr::from(([192, 0, 2, 1], 3_480));
        let mut parcels = Parcels::new();
        for round in 0..2 {
            for number in 0..OWN {
                assert!(!parcels.is_full());
                parcels.push(LegId(number as u64), to, &vec![round; number], None);
            }
            assert!(parcels.is_full());
            let taken: Vec<_> = parcels.take().map(|(leg, _, bytes)| (leg, bytes.len())).collect();
            assert_eq!(taken, (0..OWN).map(|n| (LegId(n as u64), n)).collect::<Vec<_>>());
        }
        assert_eq!(parcels.take().count(), 0);
        parcels.push(LegId(1), to, &[0; DATAGRAM_MAX + 1], None);
        assert_eq!(parcels.take().count(), 0, "no larger datagram is handled anywhere");
    }

    /// The peer's ear and our mouth of one leg.
    fn pair() -> (Outbound, Inbound) {
        let profile = Profile::AesCm128HmacSha1_80;
        let material: Vec<u8> = rand::random::<[u8; 60]>().to_vec();
        let (ours, _) = contexts(profile, &material, true).unwrap();
        (ours, contexts(profile, &material, false).unwrap().1)
    }

    #[test]
    fn whatever_waits_together_each_packet_leaves_with_its_own_tag() {
        let sockets = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap());
        let to = sockets[1].local_addr().unwrap();
        for count in [1, 3, LANES - 1, LANES, LANES + 1, OWN] {
            let mut outgoing = Outgoing::new();
            let mut ears = Vec::new();
            for at in 0..2 * count {
                let (outbound, inbound) = pair();
                let length = rtp::HEADER + 40 + 3 * at;
                let mut packet = [7; DATAGRAM_MAX];
                rtp::write(packet.first_chunk_mut().unwrap(), 111, false, 9, 0, at as u32);
                let (length, untagged) =
                    outbound.cover_rtp(at as u32, 9, &mut packet, length).unwrap();
                if at % 2 == 0 {
                    outgoing.push_agents(&sockets[0], to, &packet[..length], untagged);
                } else {
                    outgoing.own.push(LegId(at as u64), to, &packet[..length], untagged);
                }
                ears.push(inbound);
            }
            // RTCP and the like wait among them, and stay as they are.
            outgoing.push_agents(&sockets[0], to, &[1; 30], None);
            outgoing.finish();
            let mut heard = |packet: &[u8]| {
                let header = rtp::Header::read(packet).unwrap();
                let inbound = &mut ears[header.ssrc as usize];
                inbound.open_rtp(&header, &mut packet.to_vec(), None).is_some()
            };
            assert!(outgoing.own.take().all(|(_, _, packet)| heard(packet)));
            let agents: Vec<_> = outgoing.agents.waiting_mut().collect();
            assert_eq!(agents.len(), count + 1);
            let (last, packets) = agents.split_last().unwrap();
            assert!(packets.iter().all(|(buffer, length)| heard(&buffer[..**length])));
            assert_eq!(last.0[..*last.1], [1; 30]);
        }
    }
}
