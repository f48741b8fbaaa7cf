//! Which leg a datagram belongs to, and what it is. A stranger's datagram ends here: it is
//! counted, answered by nothing, and leaves no state.

use std::time::{Duration, Instant};

use model::LegId;

use super::{Foretold, Shard};
use crate::event::LegDown;
use crate::ice::stun::{Binding, is_stun};
use crate::leg::{Ice, Rebound};
use crate::rtp;
use crate::turn::{Path, Via, Wire};

/// How long after its last authenticated packet a leg keeps a path that another leg claims
/// too. Only somebody who forges source addresses would claim an address that is in use.
const ADDRESS_HELD: Duration = Duration::from_secs(3);

/// RFC 7983: what a datagram is by its first byte.
enum Shape {
    Dtls,
    Rtp,
    Rtcp,
}

fn shape(bytes: &[u8]) -> Option<Shape> {
    match bytes.first()? {
        20..=63 => Some(Shape::Dtls),
        128..=191 if rtp::is_rtcp(bytes) => Some(Shape::Rtcp),
        128..=191 => Some(Shape::Rtp),
        _ => None,
    }
}

impl Shard {
    /// The leg a datagram is for, if it may have one. On the agents' socket STUN is proven here
    /// and now; everything else must come from an address that was proven before.
    pub(super) fn recipient(&self, now: Instant, from: Path, bytes: &[u8]) -> Option<LegId> {
        let id = match from.via {
            Via::WhatsApp(id) => id,
            Via::Agents | Via::AgentTcp(_) if is_stun(bytes) => {
                let binding = Binding::read(bytes)?;
                let id = *self.by_ufrag.get(binding.fragments()?.0)?;
                let Ice::Lite(lite) = self.legs.get(&id)?.ice() else {
                    return None;
                };
                if !lite.is_genuine(&binding) || self.is_held_by_another(now, from, id) {
                    return None;
                }
                id
            }
            Via::Agents | Via::AgentTcp(_) => *self.by_path.get(&from)?,
        };
        let leg = self.legs.get(&id)?;
        (!leg.is_ended()).then_some(id)
    }

    fn is_held_by_another(&self, now: Instant, from: Path, id: LegId) -> bool {
        let holder = self.by_path.get(&from).filter(|holder| **holder != id);
        let holder = holder.and_then(|holder| self.legs.get(holder));
        holder.is_some_and(|leg| leg.path() == Some(from) && leg.heard_within(now, ADDRESS_HELD))
    }

    /// Hands a datagram to its leg; says whether that ended the leg.
    pub(super) fn deliver(
        &mut self,
        now: Instant,
        id: LegId,
        from: Path,
        bytes: &mut [u8],
        foretold: Option<Foretold>,
        wire: &mut dyn Wire,
    ) -> Option<LegDown> {
        let (leg, mut turn) = self.turn(now, id, wire)?;
        #[cfg(test)]
        assert!(!leg.rigged, "rigged to panic");
        if is_stun(bytes) {
            return self.deliver_stun(now, id, from, bytes, wire);
        }
        if leg.is_whatsapp() && leg.path() != Some(from) {
            leg.refuse();
            self.totals.refused += 1;
            return None;
        }
        match shape(bytes) {
            Some(Shape::Rtp) => {
                let expected = foretold.and_then(|foretold| foretold.of(id));
                let heard = leg.hear(&mut turn, from, bytes, expected);
                if leg.take_stirred() {
                    self.reschedule(id);
                }
                let heard = heard?;
                let payload = bytes.get(heard.payload.clone())?;
                self.forward(now, &heard, payload, wire);
                None
            }
            Some(Shape::Rtcp) => {
                leg.hear_rtcp(&mut turn, from, bytes);
                None
            }
            Some(Shape::Dtls) => {
                let down = leg.shake(&mut turn, from, bytes);
                self.reschedule(id);
                down
            }
            None => {
                leg.refuse();
                None
            }
        }
    }

    fn deliver_stun(
        &mut self,
        now: Instant,
        id: LegId,
        from: Path,
        bytes: &[u8],
        wire: &mut dyn Wire,
    ) -> Option<LegDown> {
        let (leg, mut turn) = self.turn(now, id, wire)?;
        if leg.is_whatsapp() {
            let down = leg.check_full(&mut turn, from.to, bytes);
            self.settle(id, wire);
            return down;
        }
        let rebound = leg.check_lite(&mut turn, from, &Binding::read(bytes)?);
        if let Some(Rebound { evicted, outlived }) = rebound {
            if let Some(old) = evicted {
                self.forget_path(id, old, wire);
            }
            if let Some(old) = outlived {
                self.by_ufrag.remove(&old);
            }
        }
        // A leg that held the address but has been quiet loses it; its next check takes it back.
        self.by_path.insert(from, id);
        None
    }
}
