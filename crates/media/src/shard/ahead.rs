//! What the next datagrams will need, read before they are worked on.

use std::net::SocketAddr;

use super::Shard;
use crate::leg::Leg;
use crate::turn::{Path, Via};

/// Datagrams looked at together: what the agents' socket gives at once.
const AHEAD: usize = 64;

impl Shard {
    /// Brings near what these datagrams will need: the legs they came to, those they go to, and
    /// the keys of both. It changes nothing, so it need not be right: an address that nobody has
    /// proven leads nowhere here too.
    pub(crate) fn expect(&self, arrivals: impl Iterator<Item = (Via, SocketAddr)>) {
        let mut legs: [Option<&Leg>; AHEAD] = [None; AHEAD];
        let mut peers: [Option<&Leg>; AHEAD] = [None; AHEAD];
        for (leg, (via, to)) in legs.iter_mut().zip(arrivals) {
            let id = match via {
                Via::WhatsApp(id) => Some(id),
                Via::Agents | Via::AgentTcp(_) => self.by_path.get(&Path { via, to }).copied(),
            };
            *leg = id.and_then(|id| self.legs.get(&id)).map(Box::as_ref);
        }
        // Each loop reads what the one before it has found, and none waits for itself.
        for (leg, peer) in legs.iter().zip(&mut peers) {
            let bridged = leg.and_then(|leg| leg.route.bridged);
            *peer = bridged.and_then(|id| self.legs.get(&id)).map(Box::as_ref);
        }
        for leg in legs.iter().chain(&peers).flatten() {
            leg.touch();
        }
        for leg in legs.iter().flatten() {
            leg.touch_inbound();
        }
        for peer in peers.iter().flatten() {
            peer.touch_outbound();
        }
    }
}
