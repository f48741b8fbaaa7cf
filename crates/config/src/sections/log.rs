//! `[log]`: what is logged and how.

use crate::section::Section;

/// What is logged and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Log {
    /// Lines for people or for machines.
    pub format: LogFormat,
    /// The least important lines to write.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// The least important lines to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// Also what may fail soon.
    Warn,
    /// Also one line per call.
    Info,
    /// Also each step of a call.
    Debug,
    /// Everything.
    Trace,
}

impl LogLevel {
    /// The level as `tracing` writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Log {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            format: section
                .choice("format", &[("human", LogFormat::Human), ("json", LogFormat::Json)]),
            level: section.choice(
                "level",
                &[
                    ("info", LogLevel::Info),
                    ("error", LogLevel::Error),
                    ("warn", LogLevel::Warn),
                    ("debug", LogLevel::Debug),
                    ("trace", LogLevel::Trace),
                ],
            ),
        }
    }
}
