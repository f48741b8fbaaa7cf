//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;
use std::path::PathBuf;

/// One thing that is wrong.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The key with its section, such as `server.listen`.
    pub key: String,
    /// What is wrong. Never the value of a secret.
    pub message: String,
    /// How to mend it.
    pub hint: String,
    /// Where the wrong value came from.
    pub place: Place,
}

/// Where a value came from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// It was not given at all, or the problem lies between several keys.
    Nowhere,
    /// A configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// The line with a caret under the culprit; absent where it could show a secret.
        excerpt: Option<String>,
    },
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.key)?;
        match &self.place {
            Place::Nowhere => {}
            Place::File { path, line, column, .. } => {
                write!(f, " ({}:{line}:{column})", path.display())?
            }
            Place::Variable(name) => write!(f, " (variable {name})")?,
        }
        write!(f, ": {}", self.message)?;
        if let Place::File { excerpt: Some(excerpt), .. } = &self.place {
            write!(f, "\n{excerpt}")?;
        }
        write!(f, "\n  to mend it: {}", self.hint)
    }
}

/// Everything that is wrong with a configuration; at least one problem.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// At least one problem; also for those that only show when a configured file is used.
    pub fn new(problems: Vec<Problem>) -> Self {
        Self(problems)
    }

    /// The problems, files first, then section by section.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl<'p> IntoIterator for &'p Problems {
    type Item = &'p Problem;
    type IntoIter = std::slice::Iter<'p, Problem>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "the configuration has 1 problem")?,
            count => write!(f, "the configuration has {count} problems")?,
        }
        for problem in &self.0 {
            write!(f, "\n\n{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
