//! `[ledger]`: where the money is, and how running calls are metered.

use std::time::Duration;

use ledger::{MeterRules, PULSE_SECONDS, Pulses, Unreachable};
use secrecy::SecretString;

use crate::problem::Place;
use crate::secret::Need;
use crate::section::Section;

/// Where the money is, and how running calls are metered.
#[derive(Debug)]
pub struct Ledger {
    /// The Postgres database that keeps the money; `None` keeps it in the store's file.
    pub postgres_url: Option<SecretString>,
    /// How long a slice of paid time is.
    pub slice: Pulses,
    /// The times of a meter, and what happens when the ledger is unreachable.
    pub meter: MeterRules,
}

impl Ledger {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let postgres_url = section.secret("postgres_url", "postgres_url_file", Need::Optional);
        let slice = section.integer("slice_seconds", 60, 30..=600);
        if u64::from(slice) % PULSE_SECONDS != 0 {
            section.problem(
                "slice_seconds",
                format!("{slice} is no multiple of {PULSE_SECONDS}"),
                format!("a slice is whole pulses of {PULSE_SECONDS} s; 60 is usual"),
                Place::Nowhere,
            );
        }
        let unbilled = section.seconds("unbilled_seconds", 30, 1..=600);
        let unreachable = section.choice(
            "unreachable",
            &[
                ("continue_to_grant_end", Unreachable::ContinueToGrantEnd),
                ("terminate", Unreachable::Terminate),
                ("continue_unbilled", Unreachable::ContinueUnbilled(unbilled)),
            ],
        );
        let renew_at = Duration::from_secs(20).min(Duration::from_secs(u64::from(slice)) / 2);
        Self {
            postgres_url,
            slice: Pulses::of(u64::from(slice) / PULSE_SECONDS),
            meter: MeterRules { renew_at, unreachable, ..MeterRules::default() },
        }
    }
}
