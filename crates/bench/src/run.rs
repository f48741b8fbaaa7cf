//! Measures every engine at every size, turn by turn, so that a machine that is busy now and
//! quiet later does not favour one of them.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use media::Protection;

use crate::error::BenchError;
use crate::load::{Figures, Load, measure};
use crate::report::{Report, Row};
use crate::{fit, gauge};

/// Processors of the measured process and of the far ends.
pub const ENGINE_PROCESSOR: usize = 0;
const FAR_PROCESSOR: usize = 1;

/// What is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Receives and sends, nothing else.
    Bare,
    /// The engine with AES-CM on both legs.
    AesCm,
    /// The engine with AES-GCM on both legs.
    AesGcm,
    /// AES-CM, and every call recorded.
    AesCmRecorded,
    /// AES-GCM, and every call recorded.
    AesGcmRecorded,
}

impl Engine {
    /// All, in the order in which they take turns.
    pub const ALL: [Self; 5] =
        [Self::Bare, Self::AesCm, Self::AesGcm, Self::AesCmRecorded, Self::AesGcmRecorded];

    const fn protection(self) -> Option<Protection> {
        match self {
            Self::Bare => None,
            Self::AesCm | Self::AesCmRecorded => Some(Protection::AesCm),
            Self::AesGcm | Self::AesGcmRecorded => Some(Protection::AesGcm),
        }
    }

    const fn is_recorded(self) -> bool {
        match self {
            Self::Bare | Self::AesCm | Self::AesGcm => false,
            Self::AesCmRecorded | Self::AesGcmRecorded => true,
        }
    }
}

/// What to measure, how often and how long.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Numbers of calls.
    pub calls: Vec<usize>,
    /// Measured time of each engine at each size and round.
    pub time: Duration,
    /// Turns; the median counts.
    pub rounds: usize,
    /// What takes turns.
    pub engines: Vec<Engine>,
    /// Find out how many calls fit, too.
    pub fits: bool,
}

/// Measures; `progress` gets a line for each measurement.
///
/// # Errors
/// The first measurement that failed.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(&str)) -> Result<Report, BenchError> {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let pinned = processors > 1 && gauge::pin(FAR_PROCESSOR);
    gauge::allow_many_files();
    let mut rows = Vec::new();
    for &calls in &plan.calls {
        rows.extend(one_size(plan, calls, pinned, progress)?);
    }
    let mut fits = Vec::new();
    let unrecorded = plan.engines.iter().filter(|engine| plan.fits && !engine.is_recorded());
    for &engine in unrecorded {
        let mut attempt = |calls| {
            let load = Load { calls, time: plan.time, protection: engine.protection() };
            let figures = once(engine, load, pinned)?;
            progress(&said(calls, engine, &figures));
            Ok(figures)
        };
        fits.push(fit::find(engine, &mut attempt)?);
    }
    let seconds = plan.time.as_secs_f64();
    Ok(Report { processors, pinned, seconds, rounds: plan.rounds, rows, fits })
}

/// All engines at one size, round by round.
fn one_size(
    plan: &Plan,
    calls: usize,
    pinned: bool,
    progress: &mut dyn FnMut(&str),
) -> Result<Vec<Row>, BenchError> {
    let mut measured: Vec<Vec<Figures>> = vec![Vec::new(); plan.engines.len()];
    for _ in 0..plan.rounds {
        for (engine, figures) in plan.engines.iter().zip(&mut measured) {
            let load = Load { calls, time: plan.time, protection: engine.protection() };
            let figure = once(*engine, load, pinned)?;
            progress(&said(calls, *engine, &figure));
            figures.push(figure);
        }
    }
    let bare = plan.engines.iter().position(|engine| *engine == Engine::Bare);
    let bare = bare.map(|at| measured[at].clone());
    let rows = plan.engines.iter().zip(measured).map(|(engine, figures)| {
        let ratio = bare.as_ref().map(|bare| paired_ratio(&figures, bare));
        Row { engine: *engine, calls, figures: median(figures), ratio }
    });
    Ok(rows.collect())
}

fn said(calls: usize, engine: Engine, figures: &Figures) -> String {
    format!(
        "{calls} calls, {engine:?}: {:.2} us/packet, p50 {:.0} us, p99 {:.0} us, lost {}, \
         {:.0} % of the load",
        figures.cpu_per_packet_us,
        figures.latency_p50_us,
        figures.latency_p99_us,
        figures.lost,
        figures.offered * 100.0
    )
}

/// Calls per core against the bare loop's of the same round, the median of all rounds: what else
/// the machine did in a round slowed both of them.
fn paired_ratio(figures: &[Figures], bare: &[Figures]) -> f64 {
    let pairs = figures.iter().zip(bare);
    let mut ratios: Vec<f64> =
        pairs.map(|(ours, bare)| ours.calls_per_core / bare.calls_per_core).collect();
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

fn once(engine: Engine, load: Load, pinned: bool) -> Result<Figures, BenchError> {
    let measured = Measured::start(engine, pinned)?;
    measure(load, measured.child.id(), measured.address)
}

/// The round with the median CPU time, whole: figures of one moment belong together.
fn median(mut figures: Vec<Figures>) -> Figures {
    figures.sort_by(|a, b| a.cpu_per_packet_us.total_cmp(&b.cpu_per_packet_us));
    figures[figures.len() / 2]
}

/// The measured process; it ends with this value.
struct Measured {
    child: Child,
    address: SocketAddr,
    folder: Option<PathBuf>,
}

impl Measured {
    fn start(engine: Engine, pinned: bool) -> Result<Self, BenchError> {
        let program = std::env::current_exe().map_err(BenchError::system("our own program"))?;
        let mut command = Command::new(program);
        command.arg(if engine == Engine::Bare { "bare" } else { "engine" });
        command.args(["--http", "127.0.0.1:0"]);
        if pinned {
            command.args(["--processor", &ENGINE_PROCESSOR.to_string()]);
        }
        let folder = engine
            .is_recorded()
            .then(|| std::env::temp_dir().join(format!("ringdown-bench-{}", std::process::id())));
        if let Some(folder) = &folder {
            command.arg("--record").arg(folder);
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(BenchError::system("the measured process"))?;
        let mut line = String::new();
        let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line));
        let address = line.trim().rsplit(' ').next().and_then(|address| address.parse().ok());
        match (read, address) {
            (Some(Ok(_)), Some(address)) => Ok(Self { child, address, folder }),
            _ => {
                let _ = child.kill();
                let _ = child.wait();
                Err(BenchError::Peer { what: "starting", why: line })
            }
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(folder) = &self.folder {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
