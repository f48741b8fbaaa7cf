//! Looking ahead. With many calls a leg's state has left the near caches each time a packet of it
//! comes, and a packet that waits for one piece of memory after the other waits longer than it
//! works. Reading a little of everything first, for many packets at once, makes those waits one.

use std::hint::black_box;

use super::{Ice, Leg};
use crate::srtp::Message;

impl Leg {
    /// Reads what every packet of this leg needs, heard or said, apart from keys.
    pub(crate) fn touch(&self) {
        black_box((self.id, self.ended, self.frame_due, self.alive_at, self.hint_due));
        black_box((self.codec, self.route.bridged, self.route.tap.is_some(), self.out.ssrc()));
        black_box((self.out.sent_at(), self.count.packets_in, self.count.rtp_in_at));
        black_box((self.player.is_chosen(), self.meter.voiced(), self.is_up()));
        black_box(self.reception.as_ref().map(|reception| (reception.ssrc(), reception.tally())));
        match &self.ice {
            Ice::Full(full) => black_box(full.path().is_some()),
            Ice::Lite(lite) => black_box(lite.path().is_some()),
        };
    }

    /// What the tag of a packet that this leg is about to hear is made of, if it is made apart.
    pub(crate) fn message<'a>(&'a self, packet: &'a [u8]) -> Option<Message<'a>> {
        self.keys.as_ref()?.inbound.message(packet)
    }

    /// Reads what opening a packet of this leg needs.
    pub(crate) fn touch_inbound(&self) {
        if let Some(keys) = &self.keys {
            keys.inbound.touch();
        }
    }

    /// Reads what sealing a packet for this leg needs.
    pub(crate) fn touch_outbound(&self) {
        if let Some(keys) = &self.keys {
            keys.outbound.touch();
        }
    }
}
