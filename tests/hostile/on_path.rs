//! T3 and T5: forged packets from a proven address end nothing, cost no sound and no memory.

use std::time::Duration;

use crate::house::{House, Setup, Talk};
use crate::packets::{self, Kind};
use crate::relay::Relay;
use crate::{amount, tell};

/// A burst that fits into a small socket buffer.
const BURST: usize = 32;

/// Packets a second that the daemon sends on, over a while.
async fn pace(relay: &Relay, over: Duration) -> f64 {
    let before = relay.sent_by_daemon(Kind::Rtp);
    tokio::time::sleep(over).await;
    (relay.sent_by_daemon(Kind::Rtp) - before) as f64 / over.as_secs_f64()
}

/// Bad tags: at the right place, half a cycle of numbers away in both directions, of a thousand
/// sources nobody announced, and as RTCP.
fn bad(relay: &Relay, step: usize) -> Vec<u8> {
    let kind = if step % 8 == 7 { Kind::Rtcp } else { Kind::Rtp };
    let recorded = relay.recorded(kind);
    let Some(genuine) = recorded.last() else { return vec![0x80; 60] };
    match step % 8 {
        0 | 1 => packets::forged(genuine, (step % 100) as u16),
        2 => packets::forged(genuine, 0x7fff),
        3 => packets::forged(genuine, 0x8001),
        4 | 5 => {
            let mut other = packets::forged(genuine, step as u16);
            other[8..12].copy_from_slice(&rand::random::<[u8; 4]>());
            other
        }
        6 => genuine[..12 + step % 20].to_vec(),
        _ => {
            let mut report = genuine.clone();
            let index = report.len() - 1;
            report[index] ^= 0x55;
            report
        }
    }
}

async fn bombard(talk: &Talk, count: usize) {
    for relay in [&talk.caller, &talk.agent] {
        let mut batch = Vec::new();
        for step in 0..count {
            if step % 512 == 0 {
                // Fresh copies: the stream goes on while it is bombarded.
                batch = (0..512).map(|at| bad(relay, step + at)).collect();
            }
            relay.inject(&batch[step % 512]).await;
            if step % BURST == BURST - 1 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn t3_t5_bad_tags_from_the_proven_address_end_nothing_and_lose_nothing() {
    let talk = House::talk(Setup::default()).await;
    let count = amount(50_000, 1_000_000);
    let begun = std::time::Instant::now();
    bombard(&talk, count).await;
    tell(&format!("{count} bad packets per leg in {:.1} s", begun.elapsed().as_secs_f64()));
    for (who, relay) in [("caller", &talk.caller), ("agent", &talk.agent)] {
        let pace = pace(relay, Duration::from_secs(2)).await;
        assert!((45.0..=55.0).contains(&pace), "to the {who}: {pace} packets a second");
    }
    talk.stands_unharmed().await;
}
