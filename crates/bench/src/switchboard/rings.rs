//! Calls that ring on every device, one after the other: how fast each device is told, how fast
//! the losers are, and what it costs the daemon.

use std::time::{Duration, Instant};

use model::LineId;
use serde_json::json;
use sim::meta::{CallPlan, Meta, SimCall, SimUser};
use tokio::runtime::Runtime;

use super::crowd::Crowd;
use super::daemon::LINE;
use super::frame::word;
use super::spread::Spread;
use crate::error::BenchError;
use crate::gauge;

/// How long a ring, its end, or the end of a call may take before the run fails.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between calls: what the last one left to do is done, its books closed.
const PAUSE: Duration = Duration::from_millis(300);
/// How long the daemon is watched doing nothing but keeping legs warm.
const QUIET: Duration = Duration::from_secs(2);
/// Calls before those that count: code is paged in, buffers are there.
const WARM_UP: usize = 2;

/// What calls on so many devices showed.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Rings {
    /// Devices that rang, each of an agent of its own and with a warm media leg.
    pub devices: usize,
    /// Calls, each over before the next.
    pub calls: usize,
    /// From the moment the webhook's request is sent to the ring frame read, every device.
    pub ring: Spread,
    /// The same until the last device of each call has its frame.
    pub last_ring: Spread,
    /// From the claim frame sent to `ring_end` with the winner's name read, every loser.
    pub loser: Spread,
    /// From the webhook's request sent to Meta's answer to it.
    pub ack: Spread,
    /// CPU time of the daemon for a call: ringing, one claim, everybody told, the end. What it
    /// spends on doing nothing is taken off.
    pub cpu_per_call_ms: f64,
    /// That for each device.
    pub cpu_per_device_us: f64,
    /// CPU time of the daemon while nothing rings, as a share of one processor.
    pub idle_cpu: f64,
}

/// Has `calls` calls ring on the crowd.
pub(super) fn measure(
    crowd: &mut Crowd,
    meta: (&Runtime, &Meta),
    process: u32,
    calls: usize,
) -> Result<Rings, BenchError> {
    crowd.rest(PAUSE)?;
    let (before, begun) = (gauge::cpu(process)?, Instant::now());
    crowd.rest(QUIET)?;
    let idle = (gauge::cpu(process)? - before).as_secs_f64() / begun.elapsed().as_secs_f64();
    let mut notes = Notes::default();
    for number in 0..WARM_UP + calls {
        if number == WARM_UP {
            notes = Notes::default();
        }
        let (before, begun) = (gauge::cpu(process)?, Instant::now());
        one_call(crowd, meta, number % crowd.len(), &mut notes)?;
        crowd.rest(PAUSE)?;
        let spent = (gauge::cpu(process)? - before).as_secs_f64();
        notes.cpu += (spent - idle * begun.elapsed().as_secs_f64()).max(0.0);
    }
    let per_call = notes.cpu / calls as f64;
    Ok(Rings {
        devices: crowd.len(),
        calls,
        ring: Spread::of(notes.ring),
        last_ring: Spread::of(notes.last_ring),
        loser: Spread::of(notes.loser),
        ack: Spread::of(notes.ack),
        cpu_per_call_ms: per_call * 1e3,
        cpu_per_device_us: per_call * 1e6 / crowd.len() as f64,
        idle_cpu: idle,
    })
}

#[derive(Default)]
struct Notes {
    ring: Vec<Duration>,
    last_ring: Vec<Duration>,
    loser: Vec<Duration>,
    ack: Vec<Duration>,
    cpu: f64,
}

/// A call rings everywhere, one device takes it, and the caller hangs up.
fn one_call(
    crowd: &mut Crowd,
    (runtime, meta): (&Runtime, &Meta),
    winner: usize,
    notes: &mut Notes,
) -> Result<(), BenchError> {
    let simulated = |error: sim::SimError| BenchError::Peer {
        what: "the simulated Meta",
        why: error.to_string(),
    };
    let phone = runtime.block_on(meta.ring(plan()?)).map_err(simulated)?;
    let rings = crowd.await_all("ring", crowd.len(), PATIENCE)?;
    let sent = noted(&phone, "webhook connect sent")?;
    let times = || rings.iter().map(|ring| ring.at.saturating_duration_since(sent));
    notes.ring.extend(times());
    notes.last_ring.extend(times().max());
    let call = rings.first().and_then(|ring| word(&ring.text, "call")).unwrap_or_default();
    let claimed = Instant::now();
    crowd.send(winner, &json!({ "type": "claim", "call": call }))?;
    let ends = crowd.await_all("ring_end", crowd.len(), PATIENCE)?;
    for end in ends.iter().filter(|end| end.device != winner) {
        let named = word(&end.text, "winner").is_some();
        if word(&end.text, "why") != Some("claimed_elsewhere") || !named {
            return Err(BenchError::Peer { what: "telling losers", why: end.text.clone() });
        }
        notes.loser.push(end.at - claimed);
    }
    crowd.await_all("claim_won", 1, PATIENCE)?;
    notes.ack.push(noted(&phone, "webhook connect answered 200")?.duration_since(sent));
    runtime.block_on(phone.hang_up());
    crowd.await_all("call_end", 1, PATIENCE)?;
    Ok(())
}

/// When the phone's call came to this.
fn noted(phone: &SimCall, what: &str) -> Result<Instant, BenchError> {
    let timeline = phone.timeline();
    let at = timeline.iter().find(|(_, note)| note == what).map(|(at, _)| *at);
    at.ok_or_else(|| BenchError::Peer { what: "the webhook", why: format!("no `{what}`") })
}

fn plan() -> Result<CallPlan, BenchError> {
    let line = LineId::new(LINE)
        .map_err(|error| BenchError::Peer { what: "the line", why: error.to_string() })?;
    let phone = Some("15550002222".to_owned());
    Ok(CallPlan::new(line, SimUser { phone, bsuid: None, name: "Maria".to_owned() }))
}
