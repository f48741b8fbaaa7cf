//! What one turn of the shard may touch: the clock it was given, the wire, the outbox, the taps.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::LegId;

use crate::error::MediaError;
use crate::event::MediaEvent;
use crate::srtp::Untagged;
use crate::tap::TapWriter;

/// Largest datagram handled. Nothing legal on these legs exceeds an Ethernet frame.
pub(crate) const DATAGRAM_MAX: usize = 2_048;

/// The socket a datagram came from or leaves by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Via {
    /// The one socket of all agent legs.
    Agents,
    /// A connection of a browser that cannot send UDP.
    AgentTcp(ConnectionId),
    /// A WhatsApp leg's own socket.
    WhatsApp(LegId),
}

/// A TCP connection; numbers are not used twice.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct ConnectionId(pub(crate) u64);

/// The way to a far end and back: by which socket, to which address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Path {
    pub(crate) via: Via,
    pub(crate) to: SocketAddr,
}

/// The outside of a shard. Real sockets in the daemon, a recorder in tests.
pub(crate) trait Wire {
    /// Makes the socket of a WhatsApp leg and returns its port.
    fn open(&mut self, leg: LegId) -> Result<u16, MediaError>;
    /// Makes the socket of a WhatsApp leg that had this port in another process.
    fn reopen(&mut self, leg: LegId, port: u16) -> Result<(), MediaError>;
    /// Sends a datagram, or loses it: UDP promises nothing and audio does not wait.
    fn send(&mut self, via: Via, to: SocketAddr, bytes: &[u8]);
    /// The same for the packet in `buffer[..length]`, whose tag is still to be made.
    fn send_untagged(
        &mut self,
        via: Via,
        to: SocketAddr,
        buffer: &mut [u8; DATAGRAM_MAX],
        length: usize,
        untagged: Untagged,
    ) {
        if let Some(length) = untagged.finish(buffer, length) {
            self.send(via, to, &buffer[..length]);
        }
    }
    /// ICE has chosen: the socket of a WhatsApp leg hears only `to` from now on. Harmless when
    /// repeated.
    fn connect(&mut self, leg: LegId, to: SocketAddr);
    /// Closes the socket of a WhatsApp leg, if it has one.
    fn release(&mut self, leg: LegId);
    /// Something genuine came over a TCP connection; it may stay.
    fn vouch(&mut self, now: Instant, connection: ConnectionId);
    /// Closes a TCP connection, if it is open.
    fn hang_up(&mut self, connection: ConnectionId);
}

/// Maps monotonic time to wall-clock time for sender reports, without reading a clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WallClock {
    at: Instant,
    since_epoch: Duration,
}

impl WallClock {
    /// `at` and `wall` are the same moment.
    pub(crate) fn new(at: Instant, wall: SystemTime) -> Self {
        let since_epoch = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { at, since_epoch }
    }

    /// Time since 1970 at `now`.
    pub(crate) fn since_epoch(self, now: Instant) -> Duration {
        self.since_epoch + now.saturating_duration_since(self.at)
    }
}

/// One call into the core.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    pub(crate) wire: &'a mut dyn Wire,
    pub(crate) outbox: &'a mut VecDeque<MediaEvent>,
    pub(crate) taps: &'a mut TapWriter,
    pub(crate) wall: WallClock,
    pub(crate) scratch: &'a mut [u8; DATAGRAM_MAX],
}
