//! The sockets of a shard: one that all its agent legs share, the TCP connections of those that
//! cannot use it, and one for each WhatsApp leg.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Instant;

use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use model::LegId;
use rustc_hash::FxHashMap;
use socket2::{Domain, Protocol, Socket, Type};

use crate::error::MediaError;
use crate::outgoing::Outgoing;
use crate::srtp::Untagged;
use crate::tcp::Connections;
use crate::turn::{ConnectionId, DATAGRAM_MAX, Via, Wire};

pub(crate) const WAKER: Token = Token(0);
const AGENTS: Token = Token(1);
const LISTENER: Token = Token(2);
const FIRST_LEG: usize = 3;
/// Far beyond every leg there will be.
const FIRST_CONNECTION: usize = 1 << (usize::BITS - 2);

/// Receive buffer of the agents' socket: one second of 2,000 talking agents. The system may grant
/// less.
const AGENTS_BUFFER: usize = 16 * 1024 * 1024;
/// Receive buffer of a WhatsApp leg's socket: some seconds of its one stream.
const WHATSAPP_BUFFER: usize = 64 * 1024;

/// Every socket of one shard.
pub(crate) struct Sockets {
    registry: Registry,
    agents: UdpSocket,
    agents_wait: bool,
    tcp: Option<Connections>,
    whatsapp: FxHashMap<LegId, Own>,
    bind: IpAddr,
    ports: RangeInclusive<u16>,
}

/// The socket of a WhatsApp leg.
pub(crate) struct Own {
    socket: UdpSocket,
    /// The only address it hears, once ICE has chosen one.
    peer: Option<SocketAddr>,
    waits: bool,
}

impl Sockets {
    /// Binds the agents' socket.
    pub(crate) fn new(
        registry: Registry,
        bind: IpAddr,
        agent_port: u16,
        ports: RangeInclusive<u16>,
    ) -> Result<Self, MediaError> {
        let address = SocketAddr::new(bind, agent_port);
        let failed = |source| MediaError::Bind { address, source };
        let mut agents = bound(address, AGENTS_BUFFER).map_err(failed)?;
        registry.register(&mut agents, AGENTS, Interest::READABLE).map_err(failed)?;
        let whatsapp = FxHashMap::default();
        Ok(Self { registry, agents, agents_wait: false, tcp: None, whatsapp, bind, ports })
    }

    /// Listens for agents' TCP connections too, and returns the port.
    pub(crate) fn listen(&mut self, port: u16) -> Result<u16, MediaError> {
        let address = SocketAddr::new(self.bind, port);
        let failed = |source| MediaError::Listen { address, source };
        let tcp = Connections::listen(Instant::now(), &self.registry, LISTENER, address);
        let tcp = tcp.map_err(failed)?;
        let port = tcp.address().map_err(failed)?.port();
        self.tcp = Some(tcp);
        Ok(port)
    }

    /// Takes new TCP connections and closes stale ones; `true` when there may be more to take.
    pub(crate) fn attend(&mut self, now: Instant, somebody_knocks: bool) -> bool {
        let Some(tcp) = &mut self.tcp else {
            return false;
        };
        tcp.sweep(now);
        somebody_knocks && tcp.accept(now, &self.registry, connection_token)
    }

    /// The TCP connections, if there may be any.
    pub(crate) const fn tcp(&mut self) -> Option<&mut Connections> {
        self.tcp.as_mut()
    }

    /// The address agents send to.
    pub(crate) fn agent_address(&self) -> io::Result<SocketAddr> {
        self.agents.local_addr()
    }

    /// An address as our sockets want it: those that serve both families take IPv4 addresses in the
    /// form of IPv6 (RFC 4291 section 2.5.5.2).
    fn outward(&self, to: SocketAddr) -> SocketAddr {
        match (self.bind, to) {
            (IpAddr::V6(_), SocketAddr::V4(to)) => {
                SocketAddr::new(to.ip().to_ipv6_mapped().into(), to.port())
            }
            (IpAddr::V6(_) | IpAddr::V4(_), to) => to,
        }
    }

    pub(crate) const fn agents(&self) -> &UdpSocket {
        &self.agents
    }

    /// The socket of a WhatsApp leg that is still open.
    pub(crate) fn own(&self, leg: LegId) -> Option<&UdpSocket> {
        self.whatsapp.get(&leg).map(|own| &own.socket)
    }

    /// Gives up the socket of a WhatsApp leg, open, for the sockets of another shard.
    pub(crate) fn detach(&mut self, leg: LegId) -> Option<Own> {
        let mut own = self.whatsapp.remove(&leg)?;
        // It leaves this poll in any case once the other one has it.
        let _ = self.registry.deregister(&mut own.socket);
        own.waits = false;
        Some(own)
    }

    /// Takes such a socket. What arrived in between is reported at once.
    pub(crate) fn attach(&mut self, leg: LegId, mut own: Own) -> io::Result<()> {
        self.registry.register(&mut own.socket, token(leg), Interest::READABLE)?;
        self.whatsapp.insert(leg, own);
        Ok(())
    }

    /// Notes that a socket has something to read, or no longer has. Says whether that is news.
    pub(crate) fn set_waiting(&mut self, via: Via, waits: bool) -> bool {
        let known = match via {
            Via::Agents => Some(&mut self.agents_wait),
            Via::AgentTcp(connection) => self.tcp.as_mut().and_then(|tcp| tcp.waits(connection)),
            Via::WhatsApp(leg) => self.whatsapp.get_mut(&leg).map(|own| &mut own.waits),
        };
        known.is_some_and(|known| std::mem::replace(known, waits) != waits)
    }

    /// A socket on a free port of the range, searched from a random place so that ports are not
    /// reused at once.
    fn bind_in_range(&self) -> Result<UdpSocket, MediaError> {
        let (first, last) = (*self.ports.start(), *self.ports.end());
        let width = u32::from(last.saturating_sub(first)) + 1;
        let start = rand::random::<u32>() % width;
        for step in 0..width {
            let offset = u16::try_from((start + step) % width).unwrap_or(0);
            let address = SocketAddr::new(self.bind, first + offset);
            match bound(address, WHATSAPP_BUFFER) {
                Ok(socket) => return Ok(socket),
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                Err(source) => return Err(MediaError::Bind { address, source }),
            }
        }
        Err(MediaError::NoFreePort { range: self.ports.clone() })
    }

    /// Listens to a leg's own socket, and returns its port.
    fn keep(&mut self, leg: LegId, mut socket: UdpSocket) -> Result<u16, MediaError> {
        let address = SocketAddr::new(self.bind, 0);
        let failed = |source| MediaError::Bind { address, source };
        let port = socket.local_addr().map_err(failed)?.port();
        self.registry.register(&mut socket, token(leg), Interest::READABLE).map_err(failed)?;
        self.whatsapp.insert(leg, Own { socket, peer: None, waits: false });
        Ok(port)
    }
}

/// The sockets for the length of a pass. Datagrams are gathered and flushed at its end.
pub(crate) struct Way<'a> {
    pub(crate) sockets: &'a mut Sockets,
    pub(crate) outgoing: &'a mut Outgoing,
}

impl Way<'_> {
    pub(crate) fn flush(&mut self) {
        self.outgoing.flush_agents(&self.sockets.agents);
        self.flush_own();
    }

    fn gather(&mut self, via: Via, to: SocketAddr, bytes: &[u8], untagged: Option<Untagged>) {
        match via {
            Via::Agents => {
                let outward = self.sockets.outward(to);
                self.outgoing.push_agents(&self.sockets.agents, outward, bytes, untagged);
            }
            Via::AgentTcp(connection) => {
                if let Some(tcp) = self.sockets.tcp() {
                    tcp.send(connection, bytes);
                }
            }
            Via::WhatsApp(leg) => {
                if self.outgoing.own.is_full() {
                    self.flush_own();
                }
                self.outgoing.own.push(leg, to, bytes, untagged);
            }
        }
    }

    fn flush_own(&mut self) {
        self.outgoing.finish();
        for (leg, to, bytes) in self.outgoing.own.take() {
            let sent = match self.sockets.whatsapp.get(&leg) {
                Some(own) if own.peer == Some(to) => own.socket.send(bytes),
                Some(own) => own.socket.send_to(bytes, self.sockets.outward(to)),
                None => continue,
            };
            if let Err(error) = sent {
                tracing::trace!(%error, "a datagram was not sent");
            }
        }
    }
}

impl Wire for Way<'_> {
    fn open(&mut self, leg: LegId) -> Result<u16, MediaError> {
        let socket = self.sockets.bind_in_range()?;
        self.sockets.keep(leg, socket)
    }

    fn reopen(&mut self, leg: LegId, port: u16) -> Result<(), MediaError> {
        let address = SocketAddr::new(self.sockets.bind, port);
        let socket = bound(address, WHATSAPP_BUFFER);
        let socket = socket.map_err(|source| MediaError::Bind { address, source })?;
        self.sockets.keep(leg, socket).map(|_| ())
    }

    fn send(&mut self, via: Via, to: SocketAddr, bytes: &[u8]) {
        self.gather(via, to, bytes, None);
    }

    fn send_untagged(
        &mut self,
        via: Via,
        to: SocketAddr,
        buffer: &mut [u8; DATAGRAM_MAX],
        length: usize,
        untagged: Untagged,
    ) {
        match via {
            Via::Agents | Via::WhatsApp(_) => {
                self.gather(via, to, &buffer[..length], Some(untagged));
            }
            // What goes over TCP leaves at once.
            Via::AgentTcp(_) => {
                if let Some(length) = untagged.finish(buffer, length) {
                    self.gather(via, to, &buffer[..length], None);
                }
            }
        }
    }

    fn connect(&mut self, leg: LegId, to: SocketAddr) {
        let outward = self.sockets.outward(to);
        if let Some(own) = self.sockets.whatsapp.get_mut(&leg)
            && own.peer != Some(to)
        {
            own.peer = None;
            match own.socket.connect(outward) {
                Ok(()) => own.peer = Some(to),
                // It goes on as it is: only slower, and the leg itself refuses strangers.
                Err(error) => tracing::debug!(%leg, %error, "a socket was not connected"),
            }
        }
    }

    fn release(&mut self, leg: LegId) {
        // Its good-bye is among what waits.
        self.flush_own();
        if let Some(mut own) = self.sockets.whatsapp.remove(&leg) {
            // Closing the socket takes it out of the poll in any case.
            let _ = self.sockets.registry.deregister(&mut own.socket);
        }
    }

    fn vouch(&mut self, now: Instant, connection: ConnectionId) {
        if let Some(tcp) = self.sockets.tcp() {
            tcp.vouch(now, connection);
        }
    }

    fn hang_up(&mut self, connection: ConnectionId) {
        if let Some(tcp) = self.sockets.tcp() {
            tcp.close(connection);
        }
    }
}

fn bound(address: SocketAddr, buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        // The wildcard address stands for both families.
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    // A smaller buffer than asked for is no reason not to start.
    let _ = socket.set_recv_buffer_size(buffer);
    socket.bind(&address.into())?;
    Ok(UdpSocket::from_std(socket.into()))
}

fn token(leg: LegId) -> Token {
    Token(usize::try_from(leg.0).unwrap_or(usize::MAX - FIRST_LEG) + FIRST_LEG)
}

fn connection_token(connection: ConnectionId) -> Token {
    Token(usize::try_from(connection.0).unwrap_or(usize::MAX / 2) + FIRST_CONNECTION)
}

/// What a readiness report is about.
pub(crate) enum Ready {
    /// An order.
    Order,
    /// A browser wants to connect.
    Knock,
    /// Datagrams, or room for them.
    Socket(Via),
}

/// What a readiness report is about.
pub(crate) fn ready(token: Token) -> Ready {
    match token {
        WAKER => Ready::Order,
        AGENTS => Ready::Socket(Via::Agents),
        LISTENER => Ready::Knock,
        Token(connection) if connection >= FIRST_CONNECTION => {
            Ready::Socket(Via::AgentTcp(ConnectionId((connection - FIRST_CONNECTION) as u64)))
        }
        Token(leg) => Ready::Socket(Via::WhatsApp(LegId((leg - FIRST_LEG) as u64))),
    }
}
