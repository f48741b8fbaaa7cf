//! The only place that prints: talk goes to stderr, so that a task's data has stdout for itself.

use std::io::{IsTerminal, Write};

/// Says a line to the person at the terminal.
pub(crate) fn say(text: &str) {
    // Nobody is left to tell if stderr is gone.
    drop(writeln!(std::io::stderr(), "{text}"));
}

/// Prints what was asked for.
pub(crate) fn print(text: &str) {
    drop(writeln!(std::io::stdout(), "{text}"));
}

/// Asks a question that an empty line answers with yes. `None` when nobody can be asked.
pub(crate) fn ask(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return None;
    }
    drop(write!(std::io::stderr(), "{question} [Y/n] "));
    drop(std::io::stderr().flush());
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(is_yes(&answer))
}

fn is_yes(answer: &str) -> bool {
    matches!(answer.trim().to_ascii_lowercase().as_str(), "" | "y" | "yes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_or_nothing_is_yes() {
        for yes in ["\n", "y\n", "Y\r\n", "yes\n"] {
            assert!(is_yes(yes), "{yes:?}");
        }
        for no in ["n\n", "no\n", "what?\n"] {
            assert!(!is_yes(no), "{no:?}");
        }
    }
}
