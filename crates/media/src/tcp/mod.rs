//! ICE over TCP for agents behind firewalls that swallow UDP: passive candidates (RFC 6544), each
//! datagram framed by its length (RFC 4571). A connection is worth nothing until a genuine check
//! came over it, and gets no byte before.

mod connection;
mod frames;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use mio::event::Source as _;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry, Token};
use rustc_hash::FxHashMap;
use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::turn::{ConnectionId, DATAGRAM_MAX};
use connection::{Broken, Connection};

/// Connections at once: half of the agents that one shard carries, 8 MiB of buffers.
const CONNECTIONS_MAX: usize = 1_024;
/// Connections at once that have shown nothing yet; the oldest gives way. A browser shows a check
/// within a round trip, so a flood must be very fast to crowd it out.
const UNPROVEN_MAX: usize = 64;
/// Connections taken per pass, so that a flood of them holds up no sound.
const ACCEPTS_MAX: usize = 16;
/// Connections that the system keeps for us until then.
const BACKLOG: i32 = 128;
/// Bytes that the system may hold back for one connection: about a second of sound. What is older
/// is of no use to a listener.
const SEND_BUFFER: usize = 8 * 1_024;
/// Between looks for stale connections.
const SWEEP: Duration = Duration::from_secs(1);

/// The listener of one shard and what came in by it.
pub(crate) struct Connections {
    listener: TcpListener,
    open: FxHashMap<ConnectionId, Connection>,
    /// Those that have shown nothing yet, oldest first.
    unproven: VecDeque<ConnectionId>,
    next: u64,
    swept_at: Instant,
}

impl Connections {
    /// Listens on an address.
    pub(crate) fn listen(
        now: Instant,
        registry: &Registry,
        token: Token,
        address: SocketAddr,
    ) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            // The wildcard address stands for both families.
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        let mut listener = TcpListener::from_std(socket.into());
        listener.register(registry, token, Interest::READABLE)?;
        let (open, unproven) = (FxHashMap::default(), VecDeque::new());
        Ok(Self { listener, open, unproven, next: 0, swept_at: now })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Takes new connections; `true` when there may be more.
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        registry: &Registry,
        token: impl Fn(ConnectionId) -> Token,
    ) -> bool {
        for _ in 0..ACCEPTS_MAX {
            let (mut stream, peer) = match self.listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                Err(error) => {
                    tracing::debug!(%error, "a connection of a browser was not taken");
                    return false;
                }
            };
            if !self.make_room() {
                continue;
            }
            let id = ConnectionId(self.next);
            let interest = Interest::READABLE | Interest::WRITABLE;
            if prepare(&stream).is_err() || stream.register(registry, token(id), interest).is_err()
            {
                continue;
            }
            self.next += 1;
            // An IPv4 browser on a socket for both families is told its own address.
            let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
            self.open.insert(id, Connection::new(now, stream, peer));
            self.unproven.push_back(id);
        }
        true
    }

    /// Room for one more, at the cost of the oldest that has shown nothing.
    fn make_room(&mut self) -> bool {
        let is_full = self.open.len() >= CONNECTIONS_MAX;
        if (is_full || self.unproven.len() >= UNPROVEN_MAX)
            && let Some(oldest) = self.unproven.front().copied()
        {
            self.close(oldest);
        }
        self.open.len() < CONNECTIONS_MAX
    }

    /// Closes a connection, if it is open.
    pub(crate) fn close(&mut self, id: ConnectionId) {
        // Dropping a stream takes it out of the poll.
        if let Some(connection) = self.open.remove(&id)
            && !connection.is_proven()
        {
            self.unproven.retain(|unproven| *unproven != id);
        }
    }

    /// Closes what has brought nothing genuine for too long.
    pub(crate) fn sweep(&mut self, now: Instant) {
        if now.saturating_duration_since(self.swept_at) < SWEEP {
            return;
        }
        self.swept_at = now;
        self.open.retain(|_, connection| !connection.is_stale(now));
        self.unproven.retain(|id| self.open.contains_key(id));
    }

    /// Something genuine came over a connection.
    pub(crate) fn vouch(&mut self, now: Instant, id: ConnectionId) {
        if self.open.get_mut(&id).is_some_and(|connection| connection.vouch(now)) {
            self.unproven.retain(|unproven| *unproven != id);
        }
    }

    /// Whether a connection is open and something genuine has come over it.
    pub(crate) fn is_proven(&self, id: ConnectionId) -> bool {
        self.open.get(&id).is_some_and(Connection::is_proven)
    }

    /// Whether a connection may have something to read, if it is open.
    pub(crate) fn waits(&mut self, id: ConnectionId) -> Option<&mut bool> {
        self.open.get_mut(&id).map(|connection| &mut connection.waits)
    }

    /// Reads once; `false` when nothing is there, or nothing any more.
    pub(crate) fn read(&mut self, id: ConnectionId) -> bool {
        self.with(id, Connection::read).unwrap_or(false)
    }

    /// Copies the next datagram of a connection into `buffer`; returns who sent it and its length.
    pub(crate) fn take(
        &mut self,
        id: ConnectionId,
        buffer: &mut [u8; DATAGRAM_MAX],
    ) -> Option<(SocketAddr, usize)> {
        self.with(id, |connection| connection.take(buffer)).flatten()
    }

    /// Sends a datagram or drops it.
    pub(crate) fn send(&mut self, id: ConnectionId, datagram: &[u8]) {
        self.with(id, |connection| connection.send(datagram));
    }

    /// There is room in the stream again.
    pub(crate) fn flush(&mut self, id: ConnectionId) {
        self.with(id, Connection::flush);
    }

    /// Does something with a connection, and closes it if that showed that it is broken.
    fn with<T>(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Connection) -> Result<T, Broken>,
    ) -> Option<T> {
        let done = act(self.open.get_mut(&id)?);
        if done.is_err() {
            self.close(id);
        }
        done.ok()
    }
}

fn prepare(stream: &TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // A larger buffer than asked for only means that more late sound is sent.
    let _ = SockRef::from(stream).set_send_buffer_size(SEND_BUFFER);
    Ok(())
}
