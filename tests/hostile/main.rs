//! Attackers beside and inside live calls: no call ends, nobody unproven gets a byte.
//!
//! The daemon is a process of its own, its calls are real, and a man in the middle sits between
//! it and both far ends: what he injects comes from the very addresses that ICE has proven.
//! `RINGDOWN_HOSTILE=long` makes floods and repetitions as large as they are meant to be;
//! without it they fit into a quick test run.

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
