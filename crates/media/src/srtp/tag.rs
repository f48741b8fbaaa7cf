//! Tags that are made apart from their packets, so that those of many packets can be made together.

use super::cipher::append;
use super::cm::TAG;
use super::hmac::Hmac;
use super::lanes::Message;

/// What an encrypted packet's tag is made with. The packet must not leave without it.
#[derive(Clone, Copy)]
pub(crate) struct Untagged {
    hmac: Hmac,
    rollover: [u8; 4],
}

impl Untagged {
    pub(super) const fn new(hmac: Hmac, rollover: [u8; 4]) -> Self {
        Self { hmac, rollover }
    }

    /// What the tag of `packet` is made of.
    pub(crate) const fn message<'a>(&'a self, packet: &'a [u8]) -> Message<'a> {
        Message::new(&self.hmac, packet, self.rollover)
    }

    /// Puts the tag behind the packet in `buffer[..length]`; returns the new length, `None` when
    /// there is no room.
    pub(crate) fn finish(&self, buffer: &mut [u8], length: usize) -> Option<usize> {
        let code = self.hmac.code(buffer.get(..length)?, &self.rollover);
        append(buffer, length, &code[..TAG])
    }
}

/// The tag that a received packet must have if the rollover counter is this.
#[derive(Clone, Copy)]
pub(crate) struct Expected {
    rollover: [u8; 4],
    tag: [u8; TAG],
}

impl Expected {
    /// `tag` is that of `message`.
    pub(crate) const fn new(message: &Message<'_>, tag: [u8; TAG]) -> Self {
        Self { rollover: message.rollover, tag }
    }

    /// The tag, if it was made with this counter.
    pub(super) fn with(self, rollover: [u8; 4]) -> Option<[u8; TAG]> {
        (self.rollover == rollover).then_some(self.tag)
    }
}
