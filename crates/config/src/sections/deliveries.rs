//! `[deliveries]`: events to other programs.

use std::time::Duration;

use crate::section::Section;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// How events are kept and delivered.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Deliveries {
    /// Whether endpoints may be in private networks, and unencrypted.
    pub allow_private: bool,
    /// How long events can be replayed.
    pub retention: Duration,
}

impl Deliveries {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        // An event is tried for three days; less than a few more would lose what comes late.
        let days = section.integer("retention_days", 8, 4..=90);
        Self {
            allow_private: section.boolean("allow_private", false),
            retention: Duration::from_secs(DAY * u64::from(days)),
        }
    }
}
