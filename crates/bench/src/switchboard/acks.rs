//! How fast webhooks are acknowledged at a steady rate, beside live sockets and ringing calls.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use media::{FarEnds, FarPart, Protection};
use serde_json::{Value, json};
use sim::meta::Meta;

use super::crowd::Crowd;
use super::daemon::{Daemon, LINE};
use super::rest::Rest;
use super::spread::Spread;
use crate::error::BenchError;

/// Connections that post, each one request at a time. At 500 a second they are busy all the time
/// only if every answer takes 32 ms.
const SENDERS: usize = 16;
/// Every so many'th webhook is a new call, which rings; the others are hang-ups of calls nobody
/// knows, and connects and hang-ups that were delivered before.
const EACH_NEW: usize = 50;
/// Shorter than any rest of the crowd between two looks at the clock.
const LOOK: Duration = Duration::from_millis(100);

/// What a steady stream of webhooks showed.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Acks {
    /// Webhooks a second.
    pub per_second: usize,
    /// Devices that were connected and rung meanwhile.
    pub devices: usize,
    /// From the moment a webhook was due to its answer: a sender that is held up does not make
    /// the figures better.
    pub ack: Spread,
    /// Answers that were not 200. None should be.
    pub refused: usize,
}

/// Posts at `per_second` for `time`.
pub(super) fn measure(
    crowd: &mut Crowd,
    daemon: &Daemon,
    meta: &Meta,
    (per_second, time): (usize, Duration),
) -> Result<Acks, BenchError> {
    let count = (per_second as f64 * time.as_secs_f64()) as usize;
    let bodies = bodies(count)?;
    let signed: Vec<_> = bodies.into_iter().map(|body| (meta.sign(&body), body)).collect();
    let (results, arriving) = sync_channel(count);
    let begin = Instant::now() + LOOK;
    let pace = time / u32::try_from(count.max(1)).unwrap_or(u32::MAX);
    std::thread::scope(|scope| {
        let signed = &signed;
        for first in 0..SENDERS {
            let results = results.clone();
            let (address, key) = (daemon.address, daemon.key.as_str());
            scope.spawn(move || {
                let due = |at: usize| begin + pace * u32::try_from(at).unwrap_or(u32::MAX);
                let mine = (first..count).step_by(SENDERS);
                for result in post(address, key, mine.map(|at| (due(at), &signed[at]))) {
                    // The receiver lives longer than the senders.
                    let _ = results.send(result);
                }
            });
        }
        drop(results);
        while Instant::now() < begin + time {
            crowd.rest(LOOK)?;
        }
        collect(&arriving, per_second, crowd.len())
    })
}

fn collect(
    arriving: &Receiver<Result<(Duration, u16), BenchError>>,
    per_second: usize,
    devices: usize,
) -> Result<Acks, BenchError> {
    let answers = arriving.iter().collect::<Result<Vec<_>, _>>()?;
    let refused = answers.iter().filter(|(_, status)| *status != 200).count();
    let ack = Spread::of(answers.into_iter().map(|(time, _)| time).collect());
    Ok(Acks { per_second, devices, ack, refused })
}

/// Posts each body when it is due.
fn post<'a>(
    daemon: SocketAddr,
    key: &str,
    bodies: impl Iterator<Item = (Instant, &'a (String, Vec<u8>))>,
) -> impl Iterator<Item = Result<(Duration, u16), BenchError>> {
    let mut rest = Rest::connect(daemon, key);
    bodies.map(move |(due, (signature, body))| {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let status = match &mut rest {
            Ok(rest) => rest.webhook(body, signature)?,
            Err(error) => {
                return Err(BenchError::Peer { what: "a sender", why: error.to_string() });
            }
        };
        Ok((due.elapsed(), status))
    })
}

/// As many webhooks, all of them valid.
fn bodies(count: usize) -> Result<Vec<Vec<u8>>, BenchError> {
    let ends = FarEnds::new()?;
    let mut known = "wacid.first".to_owned();
    Ok((0..count)
        .map(|number| {
            let fresh = format!("wacid.bench-{}", uuid::Uuid::now_v7());
            // The caller's media is nowhere: the call rings until Meta, who does not know it, has
            // refused to let it be answered.
            let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
            let offer = || ends.make(FarPart::Meta, Protection::AesGcm, nowhere).offer();
            match number % EACH_NEW {
                0 => {
                    known = fresh;
                    webhook("connect", &known, Some(offer().as_str()))
                }
                at if at % 3 == 0 => webhook("connect", &known, Some(offer().as_str())),
                at if at % 3 == 1 => webhook("terminate", &fresh, None),
                _ => webhook("terminate", &known, None),
            }
        })
        .collect())
}

/// A webhook as Meta writes it.
fn webhook(event: &str, wacid: &str, offer: Option<&str>) -> Vec<u8> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut call = json!({
        "id": wacid,
        "from": "15550002222",
        "to": "15550001111",
        "event": event,
        "timestamp": now.unwrap_or_default().as_secs().to_string(),
        "direction": "USER_INITIATED",
    });
    match offer {
        Some(offer) => call["session"] = json!({ "sdp_type": "offer", "sdp": offer }),
        None => call["status"] = json!("COMPLETED"),
    }
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550001111", "phone_number_id": LINE },
        "contacts": [{ "profile": { "name": "Maria" }, "wa_id": "15550002222" }],
        "calls": [call],
    });
    let body: Value = json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": "1", "changes": [{ "field": "calls", "value": value }] }],
    });
    body.to_string().into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_webhook_in_fifty_is_a_new_call_and_the_rest_are_told_again_or_of_nobody() {
        let bodies = bodies(500).expect("bodies");
        let ids: Vec<String> = bodies
            .iter()
            .filter_map(|body| serde_json::from_slice::<Value>(body).ok())
            .filter(|body| {
                body.pointer("/entry/0/changes/0/value/calls/0/event") == Some(&json!("connect"))
            })
            .filter_map(|body| {
                Some(body.pointer("/entry/0/changes/0/value/calls/0/id")?.to_string())
            })
            .collect();
        let mut fresh = ids.clone();
        fresh.sort_unstable();
        fresh.dedup();
        assert_eq!(fresh.len(), 10);
        assert!(ids.len() > 150, "{}", ids.len());
    }
}
