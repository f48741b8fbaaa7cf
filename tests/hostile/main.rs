//! Attackers beside and inside live calls: no call ends, nobody unproven gets a byte.
//!
//! The daemon is a process of its own, its calls are real, and a man in the middle sits between
//! it and both far ends: what he injects comes from the very addresses that ICE has proven.
//! `RINGDOWN_HOSTILE=long` makes floods and repetitions as large as they are meant to be
//! (`cargo test --test hostile -- --test-threads 1 --nocapture`); without it they fit into a quick
//! test run. Every test ends with a call that stands: both tones, one stream each, no growth.
//!
//! | attack | test | short | long |
//! |---|---|--:|--:|
//! | ClientHellos from 1,000 sources during set-ups | `hellos` | 10 set-ups | 200 |
//! | RTP injected by strangers, RTP bled to them, STUN reflected | `strangers` | 150 rounds | 1,500 |
//! | bad tags, jumps and SSRCs from the proven address, per leg | `on_path` | 50,000 | 1,000,000 |
//! | SRTP and SRTCP sent again, on a live leg and on a dead one | `replay` | 5 times | 5 times |
//! | a certificate that was not promised, on either leg | `impostors` | | |
//! | candidates that lead inside, of the caller and of the agent | `candidates` | 10,000 | 10,000 |
//! | 200,000 datagrams of junk a second on both ports | `flood` | 3 s | 20 s |
//!
//! Weaknesses known of the library family under the media plane, and what shows that they are
//! not ours:
//!
//! | weakness | test |
//! |---|---|
//! | state for each SSRC before a tag verified | `bench_engine: unproven_sources` |
//! | a panic when a hostile header is longer than what it is forwarded in | `bench_engine: hostile_headers` |
//! | alerts answered with alerts, for ever | `crossfire: alert_storms_...` |
//! | a role conflict believed before its integrity was checked | `crossfire: false_role_conflicts_...` |
//! | media and DTLS taken from any address once a pair is chosen | `strangers` |
//! | the port of multicast DNS taken for it | `candidates: a_caller_whose_router_...` |

mod candidates;
mod crossfire;
mod flood;
mod hellos;
mod house;
mod impostors;
mod middle;
mod on_path;
mod packets;
mod ports;
mod relay;
mod replay;
mod strangers;

/// `long` when asked for, else `short`.
fn amount(short: usize, long: usize) -> usize {
    let is_long = std::env::var("RINGDOWN_HOSTILE").is_ok_and(|value| value == "long");
    if is_long { long } else { short }
}

/// Figures for whoever runs the tests with `--nocapture`.
#[expect(clippy::print_stderr, reason = "figures are for the person at the terminal")]
fn tell(figures: &str) {
    eprintln!("{figures}");
}
