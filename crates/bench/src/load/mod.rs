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
/// The first call talks this long before memory is looked at.
const FIRST_CALL: Duration = Duration::from_millis(200);
/// The threads that carry sound: the engine's, and the bare loop's.
const MEDIA_THREADS: [&str; 2] = ["media-", "bare-loop"];
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
    /// Resident memory of each call after the first one, which has code paged in and threads for
    /// HTTP started. With recording the recorder's is in it.
    pub memory_per_call_kib: f64,
    /// CPU time of the media threads to open a leg until its keys are agreed: ICE, DTLS, SRTP.
    /// Where threads cannot be told apart, that of the whole process.
    pub setup_per_leg_us: f64,
    /// The same of the whole process: with HTTP, JSON and SDP.
    pub setup_with_http_us: f64,
    /// CPU time of the far ends' process as a share of one processor: near 1 it is they who are
    /// measured, not the engine.
    pub far_cpu_share: f64,
    /// Packets the far ends sent as a share of those they had to send: much below 1 they did not
    /// get the processor, and nothing was proven.
    pub offered: f64,
    /// Packets that arrived and were as they should be.
    pub heard: u64,
    /// Packets that never arrived, in the whole run.
    pub lost: u64,
    /// They as a share of all that were sent.
    pub loss: f64,
    /// Packets that arrived twice, late, at the wrong leg, or altered.
    pub wrong: u64,
}

/// Puts `load` on the process and measures it.
///
/// # Errors
/// [`BenchError::Peer`] when legs do not come up, [`BenchError::System`].
pub fn measure(load: Load, process: u32, server: SocketAddr) -> Result<Figures, BenchError> {
    let mut stage = Stage::new(load, server)?;
    // The first call pays for everything that is there once.
    stage.set_up(1)?;
    stage.talk(FIRST_CALL, None);
    let memory_before = gauge::memory(process)?;
    let setup = stage.set_up_gauged(load.calls, process)?;
    stage.talk(WARM_UP, None);
    let mut latencies = Latencies::default();
    let (heard_before, sent_before) = (stage.heard(), stage.sent());
    let (cpu_before, far_before) = (gauge::cpu(process)?, gauge::cpu(std::process::id())?);
    stage.talk(load.time, Some(&mut latencies));
    let cpu = gauge::cpu(process)?.saturating_sub(cpu_before);
    let far = gauge::cpu(std::process::id())?.saturating_sub(far_before);
    let (heard, sent) = (stage.heard() - heard_before, stage.sent() - sent_before);
    let memory = gauge::memory(process)?;
    stage.listen(DRAIN);
    if heard == 0 {
        return Err(BenchError::Peer { what: "forwarding", why: "nothing was heard".to_owned() });
    }
    let per_packet = cpu.as_secs_f64() * 1e6 / heard as f64;
    let more = load.calls.saturating_sub(1).max(1) as f64;
    let (seconds, lost) = (load.time.as_secs_f64(), stage.lost());
    let due = 2.0 * load.calls as f64 * seconds / FRAME.as_secs_f64();
    Ok(Figures {
        cpu_per_packet_us: per_packet,
        calls_per_core: 1e6 / (per_packet * 2.0 / FRAME.as_secs_f64()),
        cpu_share: cpu.as_secs_f64() / seconds,
        latency_p50_us: latencies.quantile(0.5),
        latency_p99_us: latencies.quantile(0.99),
        memory_per_call_kib: memory.saturating_sub(memory_before) as f64 / 1_024.0 / more,
        setup_per_leg_us: setup.media.as_secs_f64() * 1e6 / (2.0 * more),
        setup_with_http_us: setup.process.as_secs_f64() * 1e6 / (2.0 * more),
        far_cpu_share: far.as_secs_f64() / seconds,
        offered: sent as f64 / due,
        heard,
        lost,
        loss: lost as f64 / stage.sent().max(1) as f64,
        wrong: stage.callers.iter().map(|caller| caller.wrong).sum(),
    })
}

/// CPU time that setting legs up took.
struct SetUp {
    media: Duration,
    process: Duration,
}

/// All far ends, and who talks when.
struct Stage {
    poll: Poll,
    events: Events,
    inbox: Inbox<2>,
    client: Client,
    ends: FarEnds,
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
        Ok(Self {
            poll,
            ends: FarEnds::new()?,
            events: Events::with_capacity(1_024),
            inbox: Inbox::new(),
            client,
            callers: Vec::with_capacity(2 * load.calls),
            protection: load.protection,
            epoch: now,
            ticked: now,
        })
    }

    /// Sets calls up until there are `calls`, and bridges them.
    fn set_up(&mut self, calls: usize) -> Result<(), BenchError> {
        let there = self.callers.len();
        self.open_until(2 * calls)?;
        self.bridge(there)
    }

    /// The same, and what it took until all legs were up.
    fn set_up_gauged(&mut self, calls: usize, process: u32) -> Result<SetUp, BenchError> {
        let there = self.callers.len();
        let cpu_before = gauge::cpu(process)?;
        let media_before = gauge::cpu_of_threads(process, &MEDIA_THREADS);
        self.open_until(2 * calls)?;
        let media_after = gauge::cpu_of_threads(process, &MEDIA_THREADS);
        let process = gauge::cpu(process)?.saturating_sub(cpu_before);
        let media = media_before.zip(media_after);
        let media = media.map_or(process, |(before, after)| after.saturating_sub(before));
        self.bridge(there)?;
        Ok(SetUp { media, process })
    }

    fn open_until(&mut self, legs: usize) -> Result<(), BenchError> {
        for number in self.callers.len()..legs {
            self.open(number)?;
            self.receive(None);
            self.tick();
        }
        self.connect()
    }

    /// Opens a leg: even numbers are Meta's, odd ones browsers.
    fn open(&mut self, number: usize) -> Result<(), BenchError> {
        let part = if number.is_multiple_of(2) { FarPart::Meta } else { FarPart::Browser };
        let secured = self.protection.map(|protection| (&self.ends, protection));
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

    /// Bridges all calls from this leg on.
    fn bridge(&mut self, from: usize) -> Result<(), BenchError> {
        for pair in self.callers[from..].chunks_exact(2) {
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
        self.sent().saturating_sub(self.heard())
    }

    fn sent(&self) -> u64 {
        self.callers.iter().map(|caller| caller.sent).sum()
    }
}
