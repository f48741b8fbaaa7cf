//! The loop that turns a shard: wait, obey, receive, run timers, send, report.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use mio::{Events, Poll};
use model::LegId;
use tokio::sync::mpsc::error::{TryRecvError, TrySendError};
use tokio::sync::{mpsc, oneshot};

use crate::batch::Inbox;
use crate::command::{LetGo, Moving, Order};
use crate::event::MediaEvent;
use crate::hand_over::Resumed;
use crate::incoming::Group;
use crate::outgoing::Outgoing;
use crate::pace::Pace;
use crate::shard::{Foresight, Shard, ShardState};
use crate::socket::{Ready, Sockets, Way, ready};
use crate::turn::{ConnectionId, DATAGRAM_MAX, Path, Via};

/// Datagrams per call from the agents' socket.
const SHARED_BATCH: usize = 64;
/// Calls to one socket before the others have their turn, so that a flood on one starves nobody.
const CALLS_MAX: usize = 16;
/// Orders taken per pass, for the same reason.
const ORDERS_MAX: usize = 256;
/// Readiness reports taken per pass; the others come with the next one.
const REPORTS_MAX: usize = 1_024;
/// Finest step of timers. A quarter of a frame is finer than anything heard.
const TICK: Duration = Duration::from_millis(5);
/// Longest wait, in case a wake-up was lost.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// How soon an event is offered again when the receiver was full.
const RETRY: Duration = Duration::from_millis(20);

/// The thread's state.
pub(crate) struct Driver {
    pub(crate) poll: Poll,
    pub(crate) sockets: Sockets,
    pub(crate) shard: Shard,
    pub(crate) orders: mpsc::Receiver<Order>,
    pub(crate) events: mpsc::Sender<MediaEvent>,
    /// Sockets that may have more to read: readiness is reported once, not while it lasts.
    pub(crate) ready: Vec<Via>,
    /// Browsers wait to be connected by TCP.
    pub(crate) knocked: bool,
    /// Events that must not be lost. At most two per leg, up and down,
    /// and one per supervision.
    pub(crate) pending: VecDeque<MediaEvent>,
}

/// Where datagrams lie while they are handled. Made in the thread: it cannot be sent to one.
struct Tray {
    shared: Inbox<SHARED_BATCH>,
    foresight: Foresight,
    own: Group,
    frame: Box<[u8; DATAGRAM_MAX]>,
    outgoing: Outgoing,
}

/// What the thread does after its orders.
enum Next {
    GoOn,
    /// Nobody can give orders any more.
    Close,
    HandOver(oneshot::Sender<LetGo>),
}

impl Driver {
    /// Runs until the control plane is gone.
    pub(crate) fn run(mut self) {
        let mut readiness = Events::with_capacity(REPORTS_MAX);
        let mut tray = Tray {
            shared: Inbox::new(),
            foresight: Foresight::new(),
            own: Group::new(),
            frame: Box::new([0; DATAGRAM_MAX]),
            outgoing: Outgoing::new(),
        };
        let mut ticked = Instant::now();
        let mut pace = Pace::new(ticked);
        let mut next_look = None;
        loop {
            self.wait(&mut readiness, ticked, next_look);
            self.note(&readiness);
            // Orders first: what was said after "mute" was sent is already muted.
            match self.obey(&mut tray.outgoing) {
                Next::GoOn => {}
                Next::Close => {
                    let mut way = Way { sockets: &mut self.sockets, outgoing: &mut tray.outgoing };
                    self.shard.close_all(Instant::now(), &mut way);
                    way.flush();
                    return;
                }
                Next::HandOver(reply) => {
                    self.let_go(&mut tray.outgoing, reply);
                    return;
                }
            }
            let taken = self.receive(&mut tray);
            let mut way = Way { sockets: &mut self.sockets, outgoing: &mut tray.outgoing };
            let now = Instant::now();
            if timer(&self.shard, ticked).is_some_and(|at| at <= now) {
                ticked = now;
                self.shard.timeout(now, &mut way);
            }
            way.flush();
            self.report();
            next_look = pace.passed(Instant::now(), taken);
        }
    }

    /// Notes what has become ready, and sees to the TCP connections.
    fn note(&mut self, readiness: &Events) {
        for event in readiness {
            match ready(event.token()) {
                Ready::Order => {}
                Ready::Knock => self.knocked = true,
                Ready::Socket(via) => {
                    if let (Via::AgentTcp(connection), Some(tcp)) = (via, self.sockets.tcp()) {
                        tcp.flush(connection);
                    }
                    if self.sockets.set_waiting(via, true) {
                        self.ready.push(via);
                    }
                }
            }
        }
        self.knocked = self.sockets.attend(Instant::now(), self.knocked);
    }

    /// Waits for datagrams, orders or the next timer; under load for the end of the tick.
    fn wait(&mut self, readiness: &mut Events, ticked: Instant, next_look: Option<Instant>) {
        let now = Instant::now();
        let wait = match next_look {
            _ if !self.ready.is_empty() || self.knocked => Duration::ZERO,
            Some(at) => {
                std::thread::sleep(at.saturating_duration_since(now));
                Duration::ZERO
            }
            None => {
                let longest = if self.pending.is_empty() { WAIT_MAX } else { RETRY };
                let timer = timer(&self.shard, ticked);
                timer.map_or(longest, |at| at.saturating_duration_since(now).min(longest))
            }
        };
        if let Err(error) = self.poll.poll(readiness, Some(wait))
            && error.kind() != io::ErrorKind::Interrupted
        {
            tracing::error!(%error, "waiting for datagrams failed");
            std::thread::sleep(TICK);
        }
    }

    /// Takes what has arrived and says how many datagrams that were.
    fn receive(&mut self, tray: &mut Tray) -> u32 {
        let mut taken = 0;
        for _ in 0..CALLS_MAX {
            if self.ready.is_empty() {
                break;
            }
            taken += self.receive_once(tray);
        }
        taken
    }

    /// The same with one call to each socket.
    fn receive_once(&mut self, tray: &mut Tray) -> u32 {
        let Self { sockets, shard, ready, .. } = self;
        let Tray { shared, foresight, own, frame, outgoing } = tray;
        let mut way = Way { sockets, outgoing };
        let mut taken = 0;
        ready.retain(|via| {
            let (count, has_more) = match via {
                Via::Agents => drain(shared, foresight, shard, &mut way),
                Via::AgentTcp(connection) => drain_stream(frame, *connection, shard, &mut way),
                Via::WhatsApp(leg) => {
                    if own.is_full() {
                        own.deliver(shard, &mut way);
                    }
                    own.receive(*leg, way.sockets)
                }
            };
            taken += count;
            if !has_more {
                way.sockets.set_waiting(*via, false);
            }
            has_more
        });
        own.deliver(shard, &mut way);
        taken
    }

    /// Obeys waiting orders.
    fn obey(&mut self, outgoing: &mut Outgoing) -> Next {
        for _ in 0..ORDERS_MAX {
            let now = Instant::now();
            match self.orders.try_recv() {
                Ok(Order::Obey(command)) => {
                    let mut way = Way { sockets: &mut self.sockets, outgoing };
                    self.shard.command(now, command, &mut way);
                }
                Ok(Order::Release { leg, reply }) => {
                    // What it has said leaves by its socket while that is ours.
                    Way { sockets: &mut self.sockets, outgoing }.flush();
                    let released = self.shard.release(now, leg);
                    let moving =
                        released.map(|leg| Moving { socket: self.sockets.detach(leg.id()), leg });
                    // The plane waits for it; if it has stopped, so has the call.
                    let _ = reply.send(moving);
                }
                Ok(Order::Adopt(moving)) => self.adopt(now, moving, outgoing),
                Ok(Order::HandOver(reply)) => return Next::HandOver(reply),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return Next::Close,
            }
        }
        Next::GoOn
    }

    /// Goes on with the legs of another process, which nobody had for `gap`; returns those it
    /// cannot go on with. Before the thread runs: nothing is sent yet.
    pub(crate) fn take_over(&mut self, gap: Duration, state: ShardState) -> Vec<LegId> {
        let mut outgoing = Outgoing::new();
        let mut way = Way { sockets: &mut self.sockets, outgoing: &mut outgoing };
        self.shard.take_over(Resumed { now: Instant::now(), gap }, state, &mut way)
    }

    /// Gives every leg to another process. The ports are free before it can know of them.
    fn let_go(mut self, outgoing: &mut Outgoing, reply: oneshot::Sender<LetGo>) {
        // What was sealed has used its numbers, so it leaves.
        Way { sockets: &mut self.sockets, outgoing }.flush();
        let (state, dropped) = self.shard.hand_over(Instant::now());
        self.report();
        drop(self.sockets);
        if reply.send(LetGo { state, dropped }).is_err() {
            tracing::error!("nobody took the legs that were handed over; their calls are lost");
        }
    }

    fn adopt(&mut self, now: Instant, moving: Moving, outgoing: &mut Outgoing) {
        let Moving { leg, socket } = moving;
        let id = leg.id();
        self.shard.adopt(leg);
        let attached = socket.map_or(Ok(()), |socket| self.sockets.attach(id, socket));
        if let Err(error) = attached {
            tracing::error!(leg = %id, %error, "the socket of a leg could not change its thread");
            let mut way = Way { sockets: &mut self.sockets, outgoing };
            self.shard.fail(now, id, &mut way);
        }
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

/// When timers run next: no more often than every tick.
fn timer(shard: &Shard, ticked: Instant) -> Option<Instant> {
    Some(shard.next_timeout()?.max(ticked + TICK))
}

/// Hands the shard what the agents' socket has; says how many datagrams that were and whether
/// there may be more.
fn drain(
    inbox: &mut Inbox<SHARED_BATCH>,
    foresight: &mut Foresight,
    shard: &mut Shard,
    way: &mut Way<'_>,
) -> (u32, bool) {
    match inbox.receive(way.sockets.agents()) {
        Ok(count) => {
            let arrivals = inbox.arrivals().map(|(from, bytes)| (Via::Agents, from, bytes));
            shard.expect(arrivals, foresight);
            let (now, mut arrival) = (Instant::now(), 0);
            for at in 0..count {
                if let Some((to, bytes)) = inbox.datagram(at) {
                    let (from, foretold) = (Path { via: Via::Agents, to }, foresight.of(arrival));
                    shard.foretold_datagram(now, from, bytes, foretold, way);
                    arrival += 1;
                }
            }
            (u32::try_from(count).unwrap_or(u32::MAX), count == SHARED_BATCH)
        }
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => (0, false),
        // An ICMP error of an earlier datagram; what is behind it still counts.
        Err(error) => {
            tracing::trace!(%error, "receiving failed once");
            (0, true)
        }
    }
}

/// The same for a TCP connection. One whose first datagram is not genuine is closed unanswered.
fn drain_stream(
    frame: &mut [u8; DATAGRAM_MAX],
    connection: ConnectionId,
    shard: &mut Shard,
    way: &mut Way<'_>,
) -> (u32, bool) {
    let mut taken = 0;
    for _ in 0..CALLS_MAX {
        if !way.sockets.tcp().is_some_and(|tcp| tcp.read(connection)) {
            return (taken, false);
        }
        let now = Instant::now();
        while let Some((from, length)) =
            way.sockets.tcp().and_then(|tcp| tcp.take(connection, frame))
        {
            shard.datagram(now, Via::AgentTcp(connection), from, &mut frame[..length], way);
            taken += 1;
            if let Some(tcp) = way.sockets.tcp()
                && !tcp.is_proven(connection)
            {
                tcp.close(connection);
            }
        }
    }
    (taken, true)
}
