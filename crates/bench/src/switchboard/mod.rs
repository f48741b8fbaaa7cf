//! Measures the switchboard: the real daemon with its database, a simulated Meta, and a crowd of
//! real sockets in this process.

mod acks;
mod crowd;
mod daemon;
mod device;
mod frame;
mod idle;
mod report;
mod rest;
mod rings;
mod spread;

use std::path::PathBuf;
use std::time::Duration;

use model::LineId;
use sim::meta::{Meta, MetaConfig, SimLine};
use tokio::runtime::Runtime;

pub use acks::Acks;
pub use idle::Idle;
pub use report::Report;
pub use rings::Rings;
pub use spread::{Spread, steepening};

use crate::error::BenchError;
use crate::gauge;
use crowd::Crowd;
use daemon::Daemon;

/// What is measured, and how much of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Plan {
    /// The daemon's program.
    pub daemon: PathBuf,
    /// Numbers of devices that ring, in order of size.
    pub devices: Vec<usize>,
    /// Calls at each number.
    pub calls: usize,
    /// Idle devices; zero leaves them out.
    pub idle: usize,
    /// How long they are watched: some pings of each fit into it.
    pub idle_time: Duration,
    /// Webhooks a second; zero leaves them out.
    pub webhooks: usize,
    /// How long they are posted.
    pub webhook_time: Duration,
    /// Devices that are rung meanwhile.
    pub webhook_devices: usize,
}

impl Plan {
    /// Everything there is a budget for.
    pub fn full(daemon: PathBuf) -> Self {
        Self {
            daemon,
            devices: vec![100, 400, 1_000],
            calls: 25,
            idle: 10_000,
            idle_time: Duration::from_secs(25),
            webhooks: 500,
            webhook_time: Duration::from_secs(10),
            webhook_devices: 100,
        }
    }

    /// Enough to notice that something is really wrong, in less than twenty seconds.
    pub fn short(daemon: PathBuf) -> Self {
        Self {
            daemon,
            devices: vec![200],
            calls: 5,
            idle: 400,
            idle_time: Duration::from_secs(1),
            webhooks: 200,
            webhook_time: Duration::from_secs(1),
            webhook_devices: 50,
        }
    }
}

/// Measures; `progress` gets a line for each part.
///
/// # Errors
/// The first part that failed.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Report, BenchError> {
    gauge::allow_many_files();
    // Whoever runs this may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(BenchError::system("a runtime for the simulated Meta"))?;
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut report = Report { processors, ..Report::default() };
    if !plan.devices.is_empty() {
        let (daemon, meta) = house(plan, &runtime)?;
        let mut crowd = Crowd::new(daemon.address)?;
        for &devices in &plan.devices {
            grow(&mut crowd, &daemon, devices)?;
            let measured = (&runtime, &meta);
            let rings = rings::measure(&mut crowd, measured, daemon.process(), plan.calls)?;
            progress(&format!(
                "{devices} devices: ring p99 {:.1} ms, losers p99 {:.1} ms",
                rings.ring.p99_ms, rings.loser.p99_ms
            ));
            report.rings.push(rings);
        }
    }
    if plan.webhooks > 0 {
        let (daemon, meta) = house(plan, &runtime)?;
        let mut crowd = Crowd::new(daemon.address)?;
        grow(&mut crowd, &daemon, plan.webhook_devices)?;
        let load = (plan.webhooks, plan.webhook_time);
        let acks = acks::measure(&mut crowd, &daemon, &meta, load)?;
        progress(&format!("{} webhooks/s: p99.9 {:.1} ms", acks.per_second, acks.ack.p999_ms));
        report.acks = Some(acks);
    }
    if plan.idle > 0 {
        let (daemon, _meta) = house(plan, &runtime)?;
        let idle = idle::measure(&daemon, plan.idle, plan.idle_time)?;
        progress(&format!("{} idle devices: {:.1} KiB each", idle.devices, idle.memory_kib));
        report.idle = Some(idle);
    }
    Ok(report)
}

/// A daemon and the Meta it talks to.
fn house(plan: &Plan, runtime: &Runtime) -> Result<(Daemon, Meta), BenchError> {
    let failed = |why: String| BenchError::Peer { what: "the simulated Meta", why };
    let line = SimLine {
        id: LineId::new(daemon::LINE).map_err(|error| failed(error.to_string()))?,
        display_phone_number: "15550001111".to_owned(),
    };
    let config =
        MetaConfig::new(daemon::APP_SECRET, daemon::VERIFY_TOKEN, daemon::ACCESS_TOKEN, vec![line]);
    let meta = runtime.block_on(Meta::start(config)).map_err(|error| failed(error.to_string()))?;
    let daemon = Daemon::start(&plan.daemon, &meta.graph_url())?;
    meta.set_webhook_url(daemon.webhook_url());
    Ok((daemon, meta))
}

/// Lets devices in until there are so many, all ready.
fn grow(crowd: &mut Crowd, daemon: &Daemon, devices: usize) -> Result<(), BenchError> {
    let there = crowd.len();
    crowd.join(&daemon.tokens(there, devices.saturating_sub(there))?)?;
    crowd.go_ready()
}
