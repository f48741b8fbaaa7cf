//! Measures the media engine, `bench run`, with the processes that it measures; and the whole
//! daemon, `bench switchboard`.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::engine::EngineConfig;
use bench::report::Report;
use bench::run::{Engine, Plan, run};
use bench::{BenchError, bare, engine, gauge, switchboard};

const HELP: &str = "\
usage: bench run [--calls N,N,...] [--seconds S] [--rounds R] [--no-fit] [--short] [--json]
       bench switchboard --daemon PROGRAM [--devices N,N,...] [--calls N] [--idle N]
                         [--webhooks N] [--short] [--json]
       bench ledger --daemon PROGRAM [--grants N] [--concurrent N] [--entries N] [--cdrs N]
                    [--short] [--json]
       bench engine --http ADDRESS [--record FOLDER] [--processor N]
       bench bare --http ADDRESS [--processor N]";

/// The least share of the bare loop's calls per core that the short form accepts.
const RATIO_MIN: f64 = 0.6;
/// The same on a processor that has no instructions for SHA-1: there the authentication of AES-CM
/// packets alone costs about a quarter of what the bare loop does.
const RATIO_MIN_WITHOUT_SHA: f64 = 0.45;
/// Measurements of the short form before it fails. Other programs only ever make it look worse, and
/// an engine that has become slow fails every time.
const TRIES: usize = 3;

fn main() -> ExitCode {
    let mut arguments = Arguments(std::env::args().skip(1).collect());
    match carry_out(&mut arguments) {
        Ok(code) => code,
        Err(failure) => {
            talk(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}

fn carry_out(arguments: &mut Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let task = arguments.first();
    let http = arguments.value("--http")?;
    if let Some(processor) = arguments.value("--processor")? {
        gauge::pin(processor);
    }
    match task.as_deref() {
        Some("run") => measure(arguments),
        Some("switchboard") => measure_switchboard(arguments),
        #[cfg(target_os = "linux")]
        Some("ledger") => measure_ledger(arguments),
        Some("engine") => {
            let config = EngineConfig {
                http: http.ok_or(HELP)?,
                shards: NonZeroU16::MIN,
                record: arguments.value::<PathBuf>("--record")?,
            };
            arguments.end()?;
            gauge::allow_many_files();
            engine::serve(config, ready)?;
            Ok(ExitCode::SUCCESS)
        }
        Some("bare") => {
            arguments.end()?;
            gauge::allow_many_files();
            bare::serve(http.ok_or(HELP)?, ready)?;
            Ok(ExitCode::SUCCESS)
        }
        _ => Err(HELP.into()),
    }
}

fn measure(arguments: &mut Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (short, json) = (arguments.flag("--short"), arguments.flag("--json"));
    let only_sizes = arguments.flag("--no-fit");
    let calls = arguments.value::<String>("--calls")?;
    let seconds = arguments.value::<f64>("--seconds")?;
    let rounds = arguments.value("--rounds")?;
    arguments.end()?;
    // Sizes that were asked for are all that is wanted.
    let fits = !short && !only_sizes && calls.is_none();
    let calls = match calls {
        Some(list) => list.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?,
        None if short => vec![200],
        None => vec![50, 100, 200, 400, 800, 1_000],
    };
    let engines = [Engine::Bare, Engine::AesCm, Engine::AesGcm];
    let plan = Plan {
        calls,
        time: Duration::from_secs_f64(seconds.unwrap_or(if short { 1.5 } else { 5.0 })),
        rounds: rounds.unwrap_or(3).max(1),
        engines: if short { engines.to_vec() } else { Engine::ALL.to_vec() },
        fits,
    };
    for left in (0..if short { TRIES } else { 1 }).rev() {
        let report = run(&plan, &mut |line| talk(line))?;
        print(&if json { report.json().to_string() } else { report.table() });
        if !short || is_enough(&report)? {
            return Ok(ExitCode::SUCCESS);
        }
        if left > 0 {
            talk("measuring once more: something else may have had the processor");
        }
    }
    Ok(ExitCode::FAILURE)
}

fn measure_switchboard(arguments: &mut Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (short, json) = (arguments.flag("--short"), arguments.flag("--json"));
    let daemon = arguments.value::<PathBuf>("--daemon")?.ok_or("--daemon is missing")?;
    let mut plan = match short {
        true => switchboard::Plan::short(daemon),
        false => switchboard::Plan::full(daemon),
    };
    if let Some(list) = arguments.value::<String>("--devices")? {
        let sizes = list.split(',').filter(|size| !size.is_empty()).map(str::parse);
        plan.devices = sizes.collect::<Result<_, _>>()?;
    }
    plan.calls = arguments.value("--calls")?.unwrap_or(plan.calls).max(1);
    plan.idle = arguments.value("--idle")?.unwrap_or(plan.idle);
    plan.webhooks = arguments.value("--webhooks")?.unwrap_or(plan.webhooks);
    arguments.end()?;
    for left in (0..if short { TRIES } else { 1 }).rev() {
        let report = switchboard::run(&plan, &mut |line| talk(line))?;
        print(&if json { report.json().to_string() } else { report.table() });
        let faults = report.faults();
        if !short || faults.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        talk(&faults.join("\n"));
        if left > 0 {
            talk("measuring once more: something else may have had the processor");
        }
    }
    Ok(ExitCode::FAILURE)
}

#[cfg(target_os = "linux")]
fn measure_ledger(arguments: &mut Arguments) -> Result<ExitCode, Box<dyn std::error::Error>> {
    let (short, json) = (arguments.flag("--short"), arguments.flag("--json"));
    let daemon = arguments.value::<PathBuf>("--daemon")?.ok_or("--daemon is missing")?;
    let mut plan = bench::ledger::Plan {
        grants: 40_000,
        concurrent: 200,
        entries: 10_000_000,
        cdrs: 1_000_000,
        daemon,
    };
    if short {
        plan.shorten();
    }
    plan.grants = arguments.value("--grants")?.unwrap_or(plan.grants);
    plan.concurrent = arguments.value("--concurrent")?.unwrap_or(plan.concurrent);
    plan.entries = arguments.value("--entries")?.unwrap_or(plan.entries);
    plan.cdrs = arguments.value("--cdrs")?.unwrap_or(plan.cdrs);
    arguments.end()?;
    for left in (0..if short { TRIES } else { 1 }).rev() {
        let figures = bench::ledger::run(&plan).map_err(|error| error.to_string())?;
        print(&if json { serde_json::to_string(&figures)? } else { format!("{figures:#?}") });
        let misses = figures.misses();
        if misses.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        talk(&format!("slower than the ledger must be: {}", misses.join(", ")));
        if left > 0 {
            talk("measuring once more: something else may have had the processor");
        }
    }
    Ok(ExitCode::FAILURE)
}

/// Whether the engine is close enough to the bare loop; says so when it is not.
fn is_enough(report: &Report) -> Result<bool, BenchError> {
    let nothing = || BenchError::Peer { what: "measuring", why: "there is no ratio".to_owned() };
    let ratio = report.worst_ratio().ok_or_else(nothing)?;
    let least = if hashes_in_hardware() { RATIO_MIN } else { RATIO_MIN_WITHOUT_SHA };
    if ratio < least {
        talk(&format!(
            "the engine carries {ratio:.2} of the calls per core of a loop that only receives and \
             sends; at least {least} is expected. Look at what the packet path has got to do \
             lately (`cargo bench -p bench` times its parts), or try again on a quieter machine"
        ));
    }
    Ok(ratio >= least)
}

/// Whether the processor has instructions for SHA-1.
#[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
fn hashes_in_hardware() -> bool {
    std::arch::is_x86_feature_detected!("sha")
}

/// Others that servers are made of have them.
#[cfg(not(any(target_arch = "x86", target_arch = "x86_64")))]
const fn hashes_in_hardware() -> bool {
    true
}

/// What the caller of a measured process waits for.
fn ready(address: SocketAddr) {
    print(&format!("listening on {address}"));
}

#[expect(clippy::print_stdout, reason = "figures are what this program is for")]
fn print(text: &str) {
    println!("{text}");
}

#[expect(clippy::print_stderr, reason = "talk goes beside the figures")]
fn talk(text: &str) {
    eprintln!("{text}");
}

/// What is left of the command line.
struct Arguments(Vec<String>);

impl Arguments {
    fn first(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|argument| argument != name);
        self.0.len() < before
    }

    fn value<T: std::str::FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(at) = self.0.iter().position(|argument| argument == name) else {
            return Ok(None);
        };
        let value = self.0.get(at + 1).cloned().ok_or(format!("{name} needs a value"))?;
        self.0.drain(at..=at + 1);
        value.parse().map(Some).map_err(|_| format!("{name} cannot be {value}"))
    }

    fn end(&self) -> Result<(), BenchError> {
        match self.0.first() {
            None => Ok(()),
            Some(stranger) => Err(BenchError::Peer {
                what: "reading the command line",
                why: format!("`{stranger}` is not known\n{HELP}"),
            }),
        }
    }
}
