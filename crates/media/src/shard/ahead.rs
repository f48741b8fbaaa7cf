//! What the next datagrams will need, read before they are worked on; and what can be made for many
//! of them together.

use std::net::SocketAddr;

use model::LegId;
use smallvec::SmallVec;

use super::Shard;
use crate::leg::Leg;
use crate::srtp::{Expected, LANES, Message, tags};
use crate::turn::{Path, Via};

/// Datagrams looked at together: what the agents' socket gives at once.
const AHEAD: usize = 64;

/// The tag that a datagram must have if it is this leg's.
#[derive(Clone, Copy)]
pub(crate) struct Foretold {
    leg: LegId,
    expected: Expected,
}

impl Foretold {
    /// The tag, if the datagram has come to the leg it was expected at: between the two, another
    /// datagram may have given its address to another leg.
    pub(super) fn of(self, leg: LegId) -> Option<Expected> {
        (self.leg == leg).then_some(self.expected)
    }
}

/// What is foretold of the datagrams of one [`Shard::expect`].
pub(crate) struct Foresight([Option<Foretold>; AHEAD]);

impl Foresight {
    pub(crate) const fn new() -> Self {
        Self([None; AHEAD])
    }

    /// What is foretold of the arrival at this place, if anything.
    pub(crate) fn of(&self, at: usize) -> Option<Foretold> {
        self.0.get(at).copied().flatten()
    }
}

impl Shard {
    /// Brings near what these datagrams will need: the legs they came to, those they go to, and
    /// the keys of both; and makes the tags they must have. It changes nothing, so it need not be
    /// right: an address that nobody has proven leads nowhere here too.
    pub(crate) fn expect<'a>(
        &self,
        arrivals: impl Iterator<Item = (Via, SocketAddr, &'a [u8])>,
        foresight: &mut Foresight,
    ) {
        let mut legs: [Option<(&Leg, &[u8])>; AHEAD] = [None; AHEAD];
        let mut peers: [Option<&Leg>; AHEAD] = [None; AHEAD];
        for (leg, (via, to, bytes)) in legs.iter_mut().zip(arrivals) {
            let id = match via {
                Via::WhatsApp(id) => Some(id),
                Via::Agents | Via::AgentTcp(_) => self.by_path.get(&Path { via, to }).copied(),
            };
            *leg = id.and_then(|id| Some((self.legs.get(&id)?.as_ref(), bytes)));
        }
        // Each loop reads what the one before it has found, and none waits for itself.
        for (leg, peer) in legs.iter().zip(&mut peers) {
            let bridged = leg.and_then(|(leg, _)| leg.route.bridged);
            *peer = bridged.and_then(|id| self.legs.get(&id)).map(Box::as_ref);
        }
        for leg in legs.iter().flatten().map(|(leg, _)| leg).chain(peers.iter().flatten()) {
            leg.touch();
        }
        for (leg, _) in legs.iter().flatten() {
            leg.touch_inbound();
        }
        for peer in peers.iter().flatten() {
            peer.touch_outbound();
        }
        foretell(&legs, foresight);
    }
}

/// Makes the tags, as many at once as can be.
fn foretell(legs: &[Option<(&Leg, &[u8])>; AHEAD], foresight: &mut Foresight) {
    foresight.0.fill(None);
    let mut wanted = legs.iter().enumerate().filter_map(|(at, leg)| {
        let (leg, bytes) = (*leg)?;
        Some((at, leg.id(), leg.message(bytes)?))
    });
    loop {
        let group: SmallVec<[_; LANES]> = wanted.by_ref().take(LANES).collect();
        let messages: SmallVec<[Message<'_>; LANES]> =
            group.iter().map(|(_, _, message)| *message).collect();
        for ((at, leg, message), tag) in group.iter().zip(tags(&messages)) {
            let expected = Expected::new(message, tag);
            foresight.0[*at] = Some(Foretold { leg: *leg, expected });
        }
        if group.len() < LANES {
            return;
        }
    }
}
