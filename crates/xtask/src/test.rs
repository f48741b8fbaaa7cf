//! Runs every check there is, tells how long each took, and sums up.

use std::fs;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::place::Place;
use crate::process::{cargo, command, find, output, run as run_command};
use crate::setup::{self, Purpose};
use crate::talk::say;
use crate::{Outcome, bench, desk, interop, tidy};

/// The committed description of the REST API.
const OPENAPI: &str = "docs/openapi.json";
/// Makes it.
const MAKE_OPENAPI: &str = "cargo run --package ringdown -- openapi > docs/openapi.json";

/// A check of the tree.
struct Step {
    name: &'static str,
    /// Whether `--quick` leaves it out.
    is_long: bool,
    /// Whether it runs the daemon that the step "Rust build" makes.
    needs_build: bool,
    run: fn(&Place) -> Outcome,
}

const BUILD: &str = "Rust build";

const STEPS: [Step; 12] = [
    Step {
        name: "format",
        is_long: false,
        needs_build: false,
        run: |place| run_command(cargo(&place.root).args(["fmt", "--all", "--check"])),
    },
    Step { name: "tidy", is_long: false, needs_build: false, run: tidy::run },
    Step {
        name: "clippy",
        is_long: false,
        needs_build: false,
        run: |place| {
            let arguments = ["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"];
            run_command(cargo(&place.root).args(arguments))
        },
    },
    Step {
        name: BUILD,
        is_long: false,
        needs_build: false,
        run: |place| {
            let arguments = ["test", "--workspace", "--no-run"];
            run_command(cargo(&place.root).args(arguments))
        },
    },
    Step {
        name: "Rust tests",
        is_long: false,
        needs_build: true,
        run: |place| {
            let arguments = ["test", "--workspace", "--no-fail-fast"];
            run_command(cargo(&place.root).args(arguments))
        },
    },
    Step { name: "OpenAPI document", is_long: false, needs_build: true, run: openapi_is_current },
    Step {
        name: "desk types",
        is_long: false,
        needs_build: false,
        run: |place| run_command(&mut command("npm", &["run", "check"], &place.desk())),
    },
    Step {
        name: "desk tests",
        is_long: false,
        needs_build: false,
        run: |place| run_command(&mut command("npm", &["test"], &place.desk())),
    },
    Step { name: "browser tests", is_long: true, needs_build: true, run: browser_tests },
    Step { name: "interop tests", is_long: true, needs_build: true, run: interop::run },
    // Last, when nothing else of ours has the processor.
    Step { name: "short measurement", is_long: true, needs_build: false, run: short_measurement },
    Step {
        name: "short measurement of the switchboard",
        is_long: true,
        needs_build: true,
        run: short_switchboard,
    },
];

/// How a step went.
struct Result {
    name: &'static str,
    took: Duration,
    failure: Option<String>,
}

/// Sets up, runs all steps to the end, and sums up.
pub(crate) fn run(place: &Place, quick: bool, yes: bool) -> Outcome<ExitCode> {
    setup::set_up(if quick { Purpose::Tests } else { Purpose::Interop }, yes)?;
    desk::build(place)?;
    let mut results: Vec<Result> = Vec::new();
    for step in STEPS.into_iter().filter(|step| !(quick && step.is_long)) {
        let build_failed =
            results.iter().any(|result| result.name == BUILD && result.failure.is_some());
        say(&format!("\n=== {} ===", step.name));
        let begun = Instant::now();
        let outcome = if step.needs_build && build_failed {
            Err("not run, because the Rust build failed".to_owned())
        } else {
            (step.run)(place)
        };
        let result = Result { name: step.name, took: begun.elapsed(), failure: outcome.err() };
        say(&line(&result));
        results.push(result);
    }
    if let Some(result) = supply_chain(place) {
        results.push(result);
    }
    if quick {
        let left_out: Vec<_> =
            STEPS.iter().filter(|step| step.is_long).map(|step| step.name).collect();
        say(&format!("\n--quick left out: {}.", left_out.join(", ")));
    }
    let (summary, all_passed) = sum_up(&results);
    say(&summary);
    Ok(if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Licences, advisories and banned crates, where the tool for it is installed.
fn supply_chain(place: &Place) -> Option<Result> {
    if find("cargo-deny").is_none() {
        say("\ncargo-deny is not installed: licences, advisories and banned crates were not \
             checked (`cargo install --locked cargo-deny`).");
        return None;
    }
    say("\n=== supply chain ===");
    let begun = Instant::now();
    let outcome = run_command(cargo(&place.root).args(["deny", "check"]));
    let result = Result { name: "supply chain", took: begun.elapsed(), failure: outcome.err() };
    say(&line(&result));
    Some(result)
}

fn openapi_is_current(place: &Place) -> Outcome {
    let path = place.root.join(OPENAPI);
    let committed = fs::read(&path)
        .map_err(|error| format!("{OPENAPI} cannot be read ({error}); make it: {MAKE_OPENAPI}"))?;
    let daemon = place.daemon("debug");
    let made = output(&mut command(&daemon.to_string_lossy(), &["openapi"], &place.root))?;
    if committed == made {
        Ok(())
    } else {
        Err(format!(
            "{OPENAPI} is not what the handlers say; make it anew and look at the difference: \
             {MAKE_OPENAPI}"
        ))
    }
}

fn browser_tests(place: &Place) -> Outcome {
    let folder = place.browser_tests();
    let browser = setup::browser().ok_or("Chromium is gone; run the task again")?;
    desk::install_packages(&folder)?;
    run_command(
        command("npm", &["test"], &folder)
            .env("RINGDOWN_BIN", place.daemon("debug"))
            .env("CHROMIUM", browser),
    )
}

fn short_measurement(place: &Place) -> Outcome {
    measured(place, bench::short)
}

fn short_switchboard(place: &Place) -> Outcome {
    measured(place, bench::short_switchboard)
}

fn measured(place: &Place, measure: fn(&Place) -> Outcome) -> Outcome {
    if cfg!(target_os = "linux") {
        return measure(place);
    }
    say("CPU time of other processes can be read on Linux only: nothing was measured.");
    Ok(())
}

fn line(result: &Result) -> String {
    let took = result.took.as_secs_f64();
    match &result.failure {
        None => format!("passed  {took:>7.1} s  {}", result.name),
        Some(failure) => format!("FAILED  {took:>7.1} s  {}: {failure}", result.name),
    }
}

/// A table of the steps and whether all of them passed.
fn sum_up(results: &[Result]) -> (String, bool) {
    let failed = results.iter().filter(|result| result.failure.is_some()).count();
    let passed = results.len() - failed;
    let mut text = "\n=== summary ===\n".to_owned();
    for result in results {
        text.push_str(&line(result));
        text.push('\n');
    }
    text.push_str(&format!("{passed} passed, {failed} failed"));
    (text, failed == 0 && passed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(name: &'static str, failure: Option<&str>) -> Result {
        Result { name, took: Duration::from_millis(1_250), failure: failure.map(str::to_owned) }
    }

    #[test]
    fn one_failure_fails_the_whole() {
        let (summary, all_passed) = sum_up(&[result("format", None), result("tidy", Some("tabs"))]);
        assert!(!all_passed);
        assert_eq!(
            summary,
            "\n=== summary ===\n\
             passed      1.2 s  format\n\
             FAILED      1.2 s  tidy: tabs\n\
             1 passed, 1 failed"
        );
    }

    #[test]
    fn nothing_run_is_not_a_success() {
        assert!(!sum_up(&[]).1);
        assert!(sum_up(&[result("format", None)]).1);
    }
}
