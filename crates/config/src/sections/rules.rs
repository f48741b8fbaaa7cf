//! `[rules]`: the times and limits of a call.

use std::time::Duration;

use crate::section::Section;

/// The times and limits of a call.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rules {
    /// How long agents are rung before the call is missed.
    pub ring: Duration,
    /// How long a winner's leg may take until its claim is given back.
    pub claim_lease: Duration,
    /// How long a lost agent may take to come back into their call; zero ends it at once.
    pub agent_grace: Duration,
    /// A connect webhook older than this is not answered any more.
    pub stale_connect: Duration,
    /// Calls at one time; further ones are rejected.
    pub live_calls_max: u32,
}

impl Rules {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            // Meta gives up at 60 s at the latest; our reject must reach it before.
            ring: section.seconds("ring_seconds", 28, 5..=55),
            claim_lease: section.seconds("claim_lease_seconds", 8, 2..=20),
            // Nobody listens to hold music longer than a minute without a word.
            agent_grace: section.seconds("agent_grace_seconds", 25, 0..=60),
            // Nobody waits at the phone longer than this, and Meta redelivers for days.
            stale_connect: section.seconds("stale_connect_seconds", 90, 10..=90),
            live_calls_max: section.integer("live_calls_max", 1_000, 1..=64_512),
        }
    }
}
