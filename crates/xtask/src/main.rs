//! Development tasks: set a machine up, show the demo, run every test, keep the tree tidy.
//!
//! Only the standard library: this crate is the first thing a fresh machine compiles.

mod arguments;
mod bench;
mod demo;
mod desk;
mod interop;
mod place;
mod process;
mod setup;
mod talk;
mod test;
mod tidy;

use std::process::ExitCode;

use arguments::Task;
use place::Place;
use setup::Purpose;

/// What a task could not do, in a sentence for people.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let task = match arguments::parse(std::env::args().skip(1).collect()) {
        Ok(task) => task,
        Err(mistake) => {
            talk::say(&format!("xtask: {mistake}\n\n{}", arguments::HELP));
            return ExitCode::from(2);
        }
    };
    match carry_out(task) {
        Ok(code) => code,
        Err(failure) => {
            talk::say(&format!("\nxtask: {failure}"));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(task: Task) -> Outcome<ExitCode> {
    let place = Place::find()?;
    match task {
        Task::Help => {
            talk::print(arguments::HELP);
            Ok(ExitCode::SUCCESS)
        }
        Task::Setup { tests, yes } => {
            let purpose = if tests { Purpose::Tests } else { Purpose::Demo };
            setup::set_up(purpose, yes)?;
            talk::say("Everything needed is there.");
            Ok(ExitCode::SUCCESS)
        }
        Task::Demo { dev, yes, rest } => demo::run(&place, dev, yes, &rest),
        Task::Bench { yes, rest } => bench::run(&place, yes, &rest),
        Task::Test { quick, yes } => test::run(&place, quick, yes),
        Task::Tidy => {
            tidy::run(&place)?;
            talk::say("The tree is tidy.");
            Ok(ExitCode::SUCCESS)
        }
    }
}
