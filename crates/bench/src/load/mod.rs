//! Far ends of many calls in one thread: sets legs up, talks, and checks everything it hears.

mod caller;
mod latency;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{FarEnds, FarPart, Inbox, Protection};
use mio::{Events, Poll, Token};
use serde_json::json;

use crate::error::BenchError;
use crate::gauge;
use crate::http::Client;
use caller::Caller;
use latency::Latencies;

/// Between packets of a stream.
const FRAME: Duration = Duration::from_millis(20);
/// How long all legs together may take to come up.
const SETUP_MAX: Duration = Duration::from_secs(60);
/// Sound flows this long before anything counts: caches are warm, and the tick has settled.
const WARM_UP: Duration = Duration::from_secs(1);
/// What is under way at the end has this long to arrive.
const DRAIN: Duration = Duration::from_millis(200);
/// Between looks at what a leg has to send by itself.
const TICK: Duration = Duration::from_millis(10);
/// Longest rest when nothing is due: short against the latencies that are measured.
const REST: Duration = Duration::from_micros(50);

/// What is put on the measured process.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Calls of two legs each.
    pub calls: usize,
    /// How long is measured.
    pub time: Duration,
    /// How RTP is protected; `None` for the bare loop.
    pub protection: Option<Protection>,
}

/// What was measured.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Figures {
    /// CPU time of the measured process per forwarded packet.
    pub cpu_per_packet_us: f64,
    /// Calls (100 packets a second) that use one processor up.
    pub calls_per_core: f64,
    /// CPU time of the measured process as a share of one processor.
    pub cpu_share: f64,
    /// One way through the bridge, half of all packets faster.
    pub latency_p50_us: f64,
    /// One way through the bridge, 99 of 100 packets faster.
    pub latency_p99_us: f64,
    /// Resident memory per call, beyond that of the idle process.
    pub memory_per_call_kib: f64,
    /// CPU time to open a leg until its keys are agreed.
    pub setup_per_leg_us: f64,
    /// Packets that arrived and were as they should be.
    pub heard: u64,
    /// Packets that never arrived.
    pub lost: u64,
    /// Packets that arrived twice, late, at the wrong leg, or altered.
    pub wrong: u64,
}

/// Puts `load` on the process and measures it.
///
/// # Errors
/// [`BenchError::Peer`] when legs do not come up, [`BenchError::System`].
pub fn measure(load: Load, process: u32, server: SocketAddr) -> Result<Figures, BenchError> {
    let memory_before = gauge::memory(process)?;
    let cpu_before = gauge::cpu(process)?;
    let mut stage = Stage::new(load, server)?;
    stage.connect()?;
    let setup = gauge::cpu(process)?.saturating_sub(cpu_before);
    stage.bridge()?;
    stage.talk(WARM_UP, None);
    let mut latencies = Latencies::default();
    let heard_before = stage.heard();
    let cpu_before = gauge::cpu(process)?;
    stage.talk(load.time, Some(&mut latencies));
    let cpu = gauge::cpu(process)?.saturating_sub(cpu_before);
    let heard = stage.heard() - heard_before;
    let memory = gauge::memory(process)?;
    stage.listen(DRAIN);
    if heard == 0 {
        return Err(BenchError::Peer { what: "forwarding", why: "nothing was heard".to_owned() });
    }
    let per_packet = cpu.as_secs_f64() * 1e6 / heard as f64;
    let calls = load.calls as f64;
    Ok(Figures {
        cpu_per_packet_us: per_packet,
        calls_per_core: 1e6 / (per_packet * 2.0 / FRAME.as_secs_f64()),
        cpu_share: cpu.as_secs_f64() / load.time.as_secs_f64(),
        latency_p50_us: latencies.quantile(0.5),
        latency_p99_us: latencies.quantile(0.99),
        memory_per_call_kib: memory.saturating_sub(memory_before) as f64 / 1_024.0 / calls,
        setup_per_leg_us: setup.as_secs_f64() * 1e6 / (2.0 * calls),
        heard,
        lost: stage.lost(),
        wrong: stage.callers.iter().map(|caller| caller.wrong).sum(),
    })
}

/// All far ends, and who talks when.
struct Stage {
    poll: Poll,
    events: Events,
    inbox: Inbox<2>,
    client: Client,
    callers: Vec<Caller>,
    protection: Option<Protection>,
    epoch: Instant,
    ticked: Instant,
}

impl Stage {
    fn new(load: Load, server: SocketAddr) -> Result<Self, BenchError> {
        let poll = Poll::new().map_err(BenchError::system("a poll"))?;
        let client = Client::connect(server)?;
        let now = Instant::now();
        let mut stage = Self {
            poll,
            events: Events::with_capacity(1_024),
            inbox: Inbox::new(),
            client,
            callers: Vec::with_capacity(2 * load.calls),
            protection: load.protection,
            epoch: now,
            ticked: now,
        };
        let ends = FarEnds::new()?;
        for number in 0..2 * load.calls {
            stage.open(&ends, number)?;
            stage.receive(None);
            stage.tick();
        }
        Ok(stage)
    }

    /// Opens a leg: even numbers are Meta's, odd ones browsers.
    fn open(&mut self, ends: &FarEnds, number: usize) -> Result<(), BenchError> {
        let part = if number.is_multiple_of(2) { FarPart::Meta } else { FarPart::Browser };
        let secured = self.protection.map(|protection| (ends, protection));
        let mut caller = Caller::new(number, part, secured)?;
        let offer = caller.offer(part);
        let body = json!({ "call": number / 2, "leg": number % 2, "sdp": offer });
        let answer = self.client.post("/leg", &body)?;
        caller.answered(&answer)?;
        caller.register(self.poll.registry(), Token(number))?;
        self.callers.push(caller);
        Ok(())
    }

    fn connect(&mut self) -> Result<(), BenchError> {
        let deadline = Instant::now() + SETUP_MAX;
        while let Some(waiting) = self.callers.iter().position(|caller| !caller.is_up()) {
            if Instant::now() > deadline {
                let up = self.callers.iter().filter(|caller| caller.is_up()).count();
                let why = format!("leg {waiting} did not come up; {up} did");
                return Err(BenchError::Peer { what: "ICE and DTLS", why });
            }
            self.receive(None);
            self.tick();
            std::thread::sleep(REST);
        }
        Ok(())
    }

    fn bridge(&mut self) -> Result<(), BenchError> {
        for pair in self.callers.chunks(2) {
            let body = json!({ "a": pair[0].id, "b": pair[1].id });
            self.client.post("/bridge", &body)?;
        }
        Ok(())
    }

    /// Every leg sends a packet every 20 ms, evenly spread, for `time`.
    fn talk(&mut self, time: Duration, mut latencies: Option<&mut Latencies>) {
        let begun = Instant::now();
        let legs = self.callers.len();
        let step = FRAME.as_secs_f64() / legs as f64;
        let mut turn = 0usize;
        loop {
            let now = Instant::now();
            let passed = now.saturating_duration_since(begun);
            if passed >= time {
                return;
            }
            let due = (passed.as_secs_f64() / step) as usize;
            // A few at a time, so that what arrives is not kept waiting.
            for _ in 0..(due.saturating_sub(turn)).min(8) {
                self.callers[turn % legs].say(self.epoch);
                turn += 1;
            }
            let busy = self.receive(latencies.as_deref_mut());
            self.tick();
            if !busy && turn >= due {
                let next = begun + Duration::from_secs_f64(step * turn as f64);
                let rest = next.saturating_duration_since(Instant::now()).min(REST);
                if rest > Duration::from_micros(5) {
                    std::thread::sleep(rest);
                }
            }
        }
    }

    fn listen(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.receive(None);
            self.tick();
        }
    }

    /// Takes everything that has arrived; says whether there was anything.
    fn receive(&mut self, mut latencies: Option<&mut Latencies>) -> bool {
        if self.poll.poll(&mut self.events, Some(Duration::ZERO)).is_err() {
            return false;
        }
        for event in &self.events {
            let Some(caller) = self.callers.get_mut(event.token().0) else {
                continue;
            };
            while let Ok(count) = self.inbox.receive(&caller.socket) {
                let now = Instant::now();
                for at in 0..count {
                    let Some((_, bytes)) = self.inbox.datagram(at) else { continue };
                    let sent = caller.hear(now, bytes);
                    if let (Some(latencies), Some(sent)) = (latencies.as_deref_mut(), sent) {
                        latencies.add(now.saturating_duration_since(self.epoch + sent));
                    }
                }
                if count < 2 {
                    break;
                }
            }
        }
        !self.events.is_empty()
    }

    /// Lets legs do what is due.
    fn tick(&mut self) {
        let now = Instant::now();
        if now.saturating_duration_since(self.ticked) >= TICK {
            self.ticked = now;
            for caller in &mut self.callers {
                caller.tick(now);
            }
        }
    }

    fn heard(&self) -> u64 {
        self.callers.iter().map(|caller| caller.heard).sum()
    }

    /// Packets sent that the other leg of the call has not heard.
    fn lost(&self) -> u64 {
        let sent: u64 = self.callers.iter().map(|caller| caller.sent).sum();
        sent.saturating_sub(self.heard())
    }
}
