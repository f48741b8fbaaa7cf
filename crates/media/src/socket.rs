//! The sockets of a shard and the loop that turns it: wait, receive, obey, run timers, report.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Registry, Token};
use model::LegId;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};

use crate::command::Command;
use crate::error::MediaError;
use crate::event::MediaEvent;
use crate::shard::Shard;
use crate::turn::{DATAGRAM_MAX, Via, Wire};

pub(crate) const WAKER: Token = Token(0);
const AGENTS: Token = Token(1);
const FIRST_LEG: usize = 2;

/// Receive buffer of the agents' socket: one second of 2,000 talking agents. The system may grant
/// less.
const AGENTS_BUFFER: usize = 16 * 1024 * 1024;
/// Receive buffer of a WhatsApp leg's socket: some seconds of its one stream.
const WHATSAPP_BUFFER: usize = 64 * 1024;
/// Datagrams taken from one socket before the others, so that a flood on one starves nobody.
const BATCH_MAX: usize = 64;
/// Commands taken per pass, for the same reason.
const COMMANDS_MAX: usize = 256;
/// Finest step of timers. A quarter of a frame is finer than anything heard.
const TICK: Duration = Duration::from_millis(5);
/// Longest wait, in case a wake-up was lost.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// How soon an event is offered again when the receiver was full.
const RETRY: Duration = Duration::from_millis(20);

/// Every socket of one shard.
pub(crate) struct Sockets {
    registry: Registry,
    agents: UdpSocket,
    whatsapp: HashMap<LegId, UdpSocket>,
    bind: IpAddr,
    ports: RangeInclusive<u16>,
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
        Ok(Self { registry, agents, whatsapp: HashMap::new(), bind, ports })
    }

    /// The address agents send to.
    pub(crate) fn agent_address(&self) -> io::Result<SocketAddr> {
        self.agents.local_addr()
    }

    fn receive(&self, via: Via, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match via {
            Via::Agents => self.agents.recv_from(buffer),
            Via::WhatsApp(leg) => match self.whatsapp.get(&leg) {
                Some(socket) => socket.recv_from(buffer),
                None => Err(io::ErrorKind::WouldBlock.into()),
            },
        }
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
}

impl Wire for Sockets {
    fn open(&mut self, leg: LegId) -> Result<u16, MediaError> {
        let mut socket = self.bind_in_range()?;
        let address = SocketAddr::new(self.bind, 0);
        let failed = |source| MediaError::Bind { address, source };
        let port = socket.local_addr().map_err(failed)?.port();
        self.registry.register(&mut socket, token(leg), Interest::READABLE).map_err(failed)?;
        self.whatsapp.insert(leg, socket);
        Ok(port)
    }

    fn send(&mut self, via: Via, to: SocketAddr, bytes: &[u8]) {
        let socket = match via {
            Via::Agents => Some(&self.agents),
            Via::WhatsApp(leg) => self.whatsapp.get(&leg),
        };
        let sent = socket.map(|socket| socket.send_to(bytes, to));
        if let Some(Err(error)) = sent {
            tracing::trace!(%error, "a datagram was not sent");
        }
    }

    fn release(&mut self, leg: LegId) {
        if let Some(mut socket) = self.whatsapp.remove(&leg) {
            // Closing the socket takes it out of the poll in any case.
            let _ = self.registry.deregister(&mut socket);
        }
    }
}

fn bound(address: SocketAddr, buffer: usize) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
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

fn via(token: Token) -> Option<Via> {
    match token {
        WAKER => None,
        AGENTS => Some(Via::Agents),
        Token(leg) => Some(Via::WhatsApp(LegId((leg - FIRST_LEG) as u64))),
    }
}

/// The thread's state.
pub(crate) struct Driver {
    pub(crate) poll: Poll,
    pub(crate) sockets: Sockets,
    pub(crate) shard: Shard,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) events: mpsc::Sender<MediaEvent>,
    /// Sockets that may have more to read: readiness is reported once, not while it lasts.
    pub(crate) ready: Vec<Via>,
    /// Events that must not be lost. At most two per leg: up and down.
    pub(crate) pending: VecDeque<MediaEvent>,
}

impl Driver {
    /// Runs until the control plane is gone.
    pub(crate) fn run(mut self) {
        let mut readiness = Events::with_capacity(1_024);
        let mut buffer = [0; DATAGRAM_MAX];
        let mut ticked = Instant::now();
        loop {
            let wait = self.wait(Instant::now(), ticked);
            if let Err(error) = self.poll.poll(&mut readiness, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                tracing::error!(%error, "waiting for datagrams failed");
                std::thread::sleep(TICK);
            }
            for via in readiness.iter().filter_map(|event| via(event.token())) {
                if !self.ready.contains(&via) {
                    self.ready.push(via);
                }
            }
            // Commands first: what was said after "mute" was sent is already muted.
            if !self.obey() {
                self.shard.close_all(Instant::now(), &mut self.sockets);
                return;
            }
            self.receive(&mut buffer);
            let now = Instant::now();
            if self.timer(ticked).is_some_and(|at| at <= now) {
                ticked = now;
                self.shard.timeout(now, &mut self.sockets);
            }
            self.report();
        }
    }

    /// When timers run next: no more often than every tick.
    fn timer(&self, ticked: Instant) -> Option<Instant> {
        Some(self.shard.next_timeout()?.max(ticked + TICK))
    }

    fn wait(&self, now: Instant, ticked: Instant) -> Duration {
        if !self.ready.is_empty() {
            return Duration::ZERO;
        }
        let longest = if self.pending.is_empty() { WAIT_MAX } else { RETRY };
        let timer = self.timer(ticked);
        let timer = timer.map(|at| at.saturating_duration_since(now));
        timer.map_or(longest, |timer| timer.min(longest))
    }

    fn receive(&mut self, buffer: &mut [u8; DATAGRAM_MAX]) {
        let (sockets, shard) = (&mut self.sockets, &mut self.shard);
        self.ready.retain(|via| {
            for _ in 0..BATCH_MAX {
                match sockets.receive(*via, buffer) {
                    Ok((length, from)) => {
                        let bytes = &mut buffer[..length];
                        shard.datagram(Instant::now(), *via, from, bytes, sockets);
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return false,
                    // An ICMP error of an earlier datagram; what is behind it still counts.
                    Err(error) => tracing::trace!(%error, "receiving failed once"),
                }
            }
            true
        });
    }

    /// Obeys waiting commands; `false` when nobody can command any more.
    fn obey(&mut self) -> bool {
        for _ in 0..COMMANDS_MAX {
            match self.commands.try_recv() {
                Ok(command) => self.shard.command(Instant::now(), command, &mut self.sockets),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
        true
    }

    /// Hands events over without ever waiting.
    fn report(&mut self) {
        while let Some(event) = self.pending.pop_front() {
            if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                self.pending.push_front(event);
                break;
            }
        }
        while let Some(event) = self.shard.poll_event() {
            let must_arrive = event.must_arrive();
            if must_arrive && !self.pending.is_empty() {
                self.pending.push_back(event);
            } else if let Err(TrySendError::Full(event)) = self.events.try_send(event) {
                if must_arrive {
                    self.pending.push_back(event);
                } else {
                    self.shard.lost_event();
                }
            }
        }
    }
}
