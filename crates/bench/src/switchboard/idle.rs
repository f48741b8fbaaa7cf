//! Devices that are connected and do nothing: what each costs, and whether their hearts beat on.

use std::time::Duration;

use super::crowd::Crowd;
use super::daemon::Daemon;
use super::spread::Spread;
use crate::error::BenchError;
use crate::gauge;

/// Devices before memory is looked at: code is paged in, the allocator has its arenas.
const WARM_UP: usize = 200;
/// What was allocated to let devices in is given back within this time.
const SETTLE: Duration = Duration::from_secs(1);

/// What idle devices showed.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Idle {
    /// Devices, each of an agent of its own; hello said, no media.
    pub devices: usize,
    /// Resident memory of the daemon for each.
    pub memory_kib: f64,
    /// From a ping to its pong, all devices.
    pub pong: Spread,
    /// Sockets the daemon closed. None should be.
    pub lost: usize,
    /// CPU time of the daemon as a share of one processor.
    pub cpu: f64,
}

/// Connects `devices` and watches them for `time`.
pub(super) fn measure(daemon: &Daemon, devices: usize, time: Duration) -> Result<Idle, BenchError> {
    let mut crowd = Crowd::new(daemon.address)?;
    crowd.join(&daemon.tokens(0, WARM_UP)?)?;
    crowd.rest(SETTLE)?;
    let before = gauge::memory(daemon.process())?;
    // Tokens live for minutes, so they are made a thousand at a time.
    let mut there = WARM_UP;
    while there < WARM_UP + devices {
        let more = 1_000.min(WARM_UP + devices - there);
        crowd.join(&daemon.tokens(there, more)?)?;
        there += more;
    }
    crowd.rest(SETTLE)?;
    crowd.pongs.clear();
    let spent = gauge::cpu(daemon.process())?;
    crowd.rest(time)?;
    let spent = gauge::cpu(daemon.process())? - spent;
    let memory = gauge::memory(daemon.process())?.saturating_sub(before);
    Ok(Idle {
        devices,
        memory_kib: memory as f64 / 1_024.0 / devices as f64,
        pong: Spread::of(std::mem::take(&mut crowd.pongs)),
        lost: crowd.lost,
        cpu: spent.as_secs_f64() / time.as_secs_f64(),
    })
}
