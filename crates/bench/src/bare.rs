//! The floor: receives and sends with the engine's sockets, batches and tick, and does nothing
//! else. No ICE, no DTLS, no SRTP, no RTP; datagrams go out as they came in.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use media::{Inbox, Outbox, Pace};
use mio::net::UdpSocket;
use mio::{Events, Interest, Poll, Token, Waker};
use serde_json::{Value, json};

use crate::error::BenchError;
use crate::http;

const WAKER: Token = Token(0);
const AGENTS: Token = Token(1);
const FIRST_LEG: usize = 2;
/// Longest wait, in case a wake-up was lost.
const WAIT_MAX: Duration = Duration::from_millis(500);
/// Requests under way; the one client waits for each answer.
const REQUESTS_MAX: usize = 16;

/// What the loop is asked, and where the answer goes.
enum Request {
    Open { lite: bool, address: SocketAddr, answer: SyncSender<Option<(usize, SocketAddr)>> },
    Bridge(usize, usize),
}

/// Serves until the process ends; `ready` gets the address once everything is bound.
///
/// # Errors
/// [`BenchError::System`].
pub fn serve(http: SocketAddr, ready: impl FnOnce(SocketAddr)) -> Result<(), BenchError> {
    let listener = TcpListener::bind(http).map_err(BenchError::system("the HTTP address"))?;
    let address = listener.local_addr().map_err(BenchError::system("the HTTP address"))?;
    let poll = Poll::new().map_err(BenchError::system("a poll"))?;
    let waker = Waker::new(poll.registry(), WAKER).map_err(BenchError::system("a waker"))?;
    let mut agents = socket().map_err(BenchError::system("the shared socket"))?;
    poll.registry()
        .register(&mut agents, AGENTS, Interest::READABLE)
        .map_err(BenchError::system("the shared socket"))?;
    let (requests, asked) = sync_channel(REQUESTS_MAX);
    std::thread::Builder::new()
        .name("bare-loop".to_owned())
        .spawn(move || {
            let core = Core { agents, legs: Vec::new(), by_address: HashMap::new() };
            turn(poll, core, &asked)
        })
        .map_err(BenchError::system("the thread of the loop"))?;
    ready(address);
    let desk = move |path: &str, body: &Value| {
        answer(path, body, &requests, &waker).map_or_else(
            || (400, json!({ "error": "use /leg with an offer or /bridge with two ids" })),
            |answer| (200, answer),
        )
    };
    http::serve(&listener, Arc::new(desk))
}

fn answer(
    path: &str,
    body: &Value,
    requests: &SyncSender<Request>,
    waker: &Waker,
) -> Option<Value> {
    let number = |name| body[name].as_u64().and_then(|id| usize::try_from(id).ok());
    match path {
        "/leg" => {
            let sdp = body["sdp"].as_str()?;
            let lite = sdp.lines().any(|line| line == "a=ice-lite");
            let candidate = sdp.lines().find_map(|line| line.strip_prefix("a=candidate:"))?;
            let mut words = candidate.split(' ').skip(4);
            let address = SocketAddr::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?);
            let (answer, opened) = sync_channel(1);
            requests.send(Request::Open { lite, address, answer }).ok()?;
            waker.wake().ok()?;
            let (id, at) = opened.recv().ok()??;
            let (ip, port) = (at.ip(), at.port());
            Some(
                json!({ "id": id, "sdp": format!("a=candidate:1 1 udp 1 {ip} {port} typ host\r\n") }),
            )
        }
        "/bridge" => {
            requests.send(Request::Bridge(number("a")?, number("b")?)).ok()?;
            waker.wake().ok()?;
            Some(json!({}))
        }
        _ => None,
    }
}

fn socket() -> io::Result<UdpSocket> {
    UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
}

struct Leg {
    /// A WhatsApp leg's own; agents share one.
    own: Option<UdpSocket>,
    address: SocketAddr,
    peer: Option<usize>,
}

struct Core {
    agents: UdpSocket,
    legs: Vec<Leg>,
    by_address: HashMap<SocketAddr, usize>,
}

impl Core {
    fn open(&mut self, poll: &Poll, lite: bool, address: SocketAddr) -> io::Result<SocketAddr> {
        let id = self.legs.len();
        let own = if lite {
            let mut own = socket()?;
            own.connect(address)?;
            poll.registry().register(&mut own, Token(FIRST_LEG + id), Interest::READABLE)?;
            Some(own)
        } else {
            self.by_address.insert(address, id);
            None
        };
        let at = own.as_ref().unwrap_or(&self.agents).local_addr()?;
        self.legs.push(Leg { own, address, peer: None });
        Ok(at)
    }

    fn forward(&self, from: usize, bytes: &[u8], outbox: &mut Outbox) {
        let peer = self.legs.get(from).and_then(|leg| self.legs.get(leg.peer?));
        match peer {
            Some(Leg { own: Some(own), .. }) => drop(own.send(bytes)),
            Some(leg) => outbox.push(&self.agents, leg.address, bytes),
            None => {}
        }
    }
}

/// The loop. The system tells once that a socket has something, so each is emptied; a call that
/// brings less than it could has emptied it.
fn turn(mut poll: Poll, mut core: Core, asked: &Receiver<Request>) {
    let mut events = Events::with_capacity(1_024);
    let (mut shared, mut own, mut outbox) = (Inbox::<64>::new(), Inbox::<2>::new(), Outbox::new());
    let mut pace = Pace::new(Instant::now());
    let mut next = None;
    loop {
        let wait = next.map_or(WAIT_MAX, |at: Instant| {
            std::thread::sleep(at.saturating_duration_since(Instant::now()));
            Duration::ZERO
        });
        if poll.poll(&mut events, Some(wait)).is_err() {
            continue;
        }
        let mut taken = 0;
        for event in &events {
            match event.token() {
                WAKER => obey(&poll, &mut core, asked),
                AGENTS => {
                    while let Ok(count) = shared.receive(&core.agents) {
                        taken += count;
                        for at in 0..count {
                            let Some((from, bytes)) = shared.datagram(at) else { continue };
                            if let Some(leg) = core.by_address.get(&from) {
                                core.forward(*leg, bytes, &mut outbox);
                            }
                        }
                        if count < 64 {
                            break;
                        }
                    }
                }
                Token(token) => {
                    let leg = token - FIRST_LEG;
                    while let Some(Ok(count)) =
                        core.legs[leg].own.as_ref().map(|socket| own.receive(socket))
                    {
                        taken += count;
                        for at in 0..count {
                            let Some((_, bytes)) = own.datagram(at) else { continue };
                            core.forward(leg, bytes, &mut outbox);
                        }
                        if count < 2 {
                            break;
                        }
                    }
                }
            }
        }
        outbox.flush(&core.agents);
        next = pace.passed(Instant::now(), u32::try_from(taken).unwrap_or(u32::MAX));
    }
}

fn obey(poll: &Poll, core: &mut Core, asked: &Receiver<Request>) {
    while let Ok(request) = asked.try_recv() {
        match request {
            Request::Open { lite, address, answer } => {
                let id = core.legs.len();
                let opened = core.open(poll, lite, address).ok().map(|at| (id, at));
                // Whoever asked may have gone.
                let _ = answer.send(opened);
            }
            Request::Bridge(a, b) => {
                for (one, other) in [(a, b), (b, a)] {
                    if let Some(leg) = core.legs.get_mut(one) {
                        leg.peer = Some(other);
                    }
                }
            }
        }
    }
}
