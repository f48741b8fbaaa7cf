//! Measures the media engine: `bench run`, and the processes that it measures.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bench::engine::EngineConfig;
use bench::run::{Engine, Plan, run};
use bench::{BenchError, bare, engine, gauge};

const HELP: &str = "\
usage: bench run [--calls N,N,...] [--seconds S] [--rounds R] [--short] [--json]
       bench engine --http ADDRESS [--record FOLDER] [--processor N]
       bench bare --http ADDRESS [--processor N]";

/// The least share of the bare loop's calls per core that the short form accepts.
const RATIO_MIN: f64 = 0.6;

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
        Some("engine") => {
            let config = EngineConfig {
                http: http.ok_or(HELP)?,
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
    let calls = arguments.value::<String>("--calls")?;
    let seconds = arguments.value::<f64>("--seconds")?;
    let rounds = arguments.value("--rounds")?;
    arguments.end()?;
    let calls = match calls {
        Some(list) => list.split(',').map(str::parse).collect::<Result<Vec<usize>, _>>()?,
        None if short => vec![200],
        None => vec![50, 200, 400, 800],
    };
    let engines = [Engine::Bare, Engine::AesCm, Engine::AesGcm];
    let plan = Plan {
        calls,
        time: Duration::from_secs_f64(seconds.unwrap_or(if short { 2.0 } else { 5.0 })),
        rounds: rounds.unwrap_or(if short { 2 } else { 3 }).max(1),
        engines: if short { engines.to_vec() } else { Engine::ALL.to_vec() },
    };
    let report = run(&plan, &mut |line| talk(line))?;
    print(&if json { report.json().to_string() } else { report.table() });
    let ratio = report.worst_ratio().ok_or("nothing was measured")?;
    if short && ratio < RATIO_MIN {
        talk(&format!("{ratio:.2} of the bare loop; at least {RATIO_MIN} is expected"));
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
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
