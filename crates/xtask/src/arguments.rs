//! What was asked for.

use crate::Outcome;

/// Shown for `--help` and after a mistake.
pub(crate) const HELP: &str = "\
Development tasks of Ringdown

  cargo xtask demo [--dev] [options of `ringdown demo`]
      Install what is missing, build, and show simulated calls.
        cargo xtask demo --calls 3 --exit --json   three calls as one JSON document
        cargo xtask demo --dev                     quicker build, slower program
  cargo xtask test [--quick]
      Install what tests need, then format check, tidy, clippy, Rust tests, desk and browser tests,
      talks with WebRTC stacks of others (Chromium, Firefox, GStreamer; aiortc from PyPI), and the
      short measurement (Linux).
        --quick   leave browsers, other stacks and the measurement out
  cargo xtask bench [--calls N,N,...] [--seconds S] [--rounds R] [--no-fit] [--short] [--json]
      Measure the media engine beside a loop that only receives and sends (Linux).
        --no-fit  do not look for how many calls fit; --calls implies it
        --short   half a minute; fails when the engine carries less than 0.6 of the loop's calls
  cargo xtask bench switchboard [--devices N,N,...] [--calls N] [--idle N] [--webhooks N]
                                [--short] [--json]
      Measure the daemon: rings on up to 1,000 devices, 10,000 idle ones, webhooks (Linux).
        --short   twenty seconds; fails only when something is really wrong
  cargo xtask bench ledger [--grants N] [--concurrent N] [--entries N] [--cdrs N]
                           [--short] [--json]
      Measure the ledger on SQLite: grants on one hot balance, a balance among ten million entries,
      a million CDRs exported (Linux). Fails when it is slower than it must be.
        --short   some seconds
  cargo xtask tidy
      Check the rules of the source tree that no compiler checks.
  cargo xtask setup [--tests]
      Only install what is missing; with --tests also what the tests need.

  --yes     install system packages without asking (CI=true does the same)
  --help    this text";

/// A task with its options.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Help,
    Setup {
        tests: bool,
        yes: bool,
    },
    Demo {
        dev: bool,
        yes: bool,
        /// For `ringdown demo`.
        rest: Vec<String>,
    },
    Test {
        quick: bool,
        yes: bool,
    },
    Tidy,
    Bench {
        yes: bool,
        /// For `bench run`.
        rest: Vec<String>,
    },
}

/// Reads the arguments after the program's name.
pub(crate) fn parse(mut arguments: Vec<String>) -> Outcome<Task> {
    if arguments.is_empty() {
        return Err("name a task".to_owned());
    }
    let name = arguments.remove(0);
    // What follows `--` is the demo's own, even if it looks like ours.
    let own_end = arguments.iter().position(|argument| argument == "--");
    let verbatim = own_end.map_or_else(Vec::new, |at| arguments.split_off(at).split_off(1));
    let mut take = |flag: &str| {
        let before = arguments.len();
        arguments.retain(|argument| argument != flag);
        arguments.len() < before
    };
    if matches!(&*name, "help" | "--help" | "-h") || take("--help") || take("-h") {
        return Ok(Task::Help);
    }
    let yes = take("--yes");
    let task = match &*name {
        "setup" => Task::Setup { tests: take("--tests"), yes },
        "demo" => {
            let dev = take("--dev");
            let mut rest = std::mem::take(&mut arguments);
            rest.extend(verbatim.iter().cloned());
            return Ok(Task::Demo { dev, yes, rest });
        }
        "bench" => {
            let mut rest = std::mem::take(&mut arguments);
            rest.extend(verbatim.iter().cloned());
            return Ok(Task::Bench { yes, rest });
        }
        "test" => Task::Test { quick: take("--quick"), yes },
        "tidy" => Task::Tidy,
        other => return Err(format!("there is no task `{other}`")),
    };
    match arguments.iter().chain(&verbatim).next() {
        None => Ok(task),
        Some(stranger) => Err(format!("`{name}` does not know `{stranger}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Outcome<Task> {
        parse(text.split_whitespace().map(str::to_owned).collect())
    }

    #[test]
    fn the_demo_passes_on_what_is_not_ours() {
        let demo = |dev, yes, rest: &[&str]| {
            Ok(Task::Demo { dev, yes, rest: rest.iter().map(|text| (*text).to_owned()).collect() })
        };
        assert_eq!(
            read("demo --calls 3 --exit --json"),
            demo(false, false, &["--calls", "3", "--exit", "--json"])
        );
        assert_eq!(
            read("demo --dev --yes --calls 1 -- --help"),
            demo(true, true, &["--calls", "1", "--help"])
        );
    }

    #[test]
    fn the_measurement_reads_its_own_options() {
        let rest = ["--calls", "50,200", "--json"].map(str::to_owned).to_vec();
        assert_eq!(read("bench --yes --calls 50,200 --json"), Ok(Task::Bench { yes: true, rest }));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(read("test --fast"), Err("`test` does not know `--fast`".to_owned()));
        assert_eq!(read("dance"), Err("there is no task `dance`".to_owned()));
        assert_eq!(read(""), Err("name a task".to_owned()));
        assert_eq!(read("tidy -- x"), Err("`tidy` does not know `x`".to_owned()));
    }

    #[test]
    fn help_is_given_wherever_it_is_asked_for() {
        for text in ["--help", "help", "demo --help", "test -h"] {
            assert_eq!(read(text), Ok(Task::Help), "{text}");
        }
    }

    #[test]
    fn tests_may_be_quick() {
        assert_eq!(read("test --quick --yes"), Ok(Task::Test { quick: true, yes: true }));
        assert_eq!(read("test"), Ok(Task::Test { quick: false, yes: false }));
    }
}
