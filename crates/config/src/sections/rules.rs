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
    /// What follows when the agent did not come back in time.
    pub after_grace: AfterGrace,
    /// How long an agent may finish up after each call; zero: not at all.
    pub wrap_up: Duration,
    /// So many rings in a row that an agent lets ring out set them away; zero: never.
    pub missed_rings_max: u32,
    /// How long whoever a call is sent on to is rung before it comes back.
    pub transfer_ring: Duration,
    /// A connect webhook older than this is not answered any more.
    pub stale_connect: Duration,
    /// Calls at one time; further ones are rejected.
    pub live_calls_max: u32,
}

/// What follows when a lost agent did not come back in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AfterGrace {
    /// The call rings the others.
    #[default]
    Ring,
    /// The call ends.
    End,
}

impl Rules {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            // Meta gives up at 60 s at the latest; our reject must reach it before.
            ring: section.seconds("ring_seconds", 28, 5..=55),
            claim_lease: section.seconds("claim_lease_seconds", 8, 2..=20),
            // Nobody listens to hold music longer than a minute without a word.
            agent_grace: section.seconds("agent_grace_seconds", 25, 0..=60),
            after_grace: section
                .choice("after_grace", &[("ring", AfterGrace::Ring), ("end", AfterGrace::End)]),
            // A quarter of an hour is a break, and breaks are taken by going away.
            wrap_up: section.seconds("wrap_up_seconds", 0, 0..=900),
            missed_rings_max: section.integer("missed_rings_max", 3, 0..=100),
            // A caller on hold waits for each of them.
            transfer_ring: section.seconds("transfer_ring_seconds", 20, 5..=120),
            // Nobody waits at the phone longer than this, and Meta redelivers for days.
            stale_connect: section.seconds("stale_connect_seconds", 90, 10..=90),
            live_calls_max: section.integer("live_calls_max", 1_000, 1..=64_512),
        }
    }
}
