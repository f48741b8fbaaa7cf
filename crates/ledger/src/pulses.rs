//! From talked time to a price: 6-second pulses and the rate of one pulse.

use std::fmt;
use std::time::Duration;

use model::Micros;

use crate::LedgerError;

/// The billing step: Meta prices calls in 6-second pulses and counts a begun one whole.
pub const PULSE_SECONDS: u64 = 6;
/// Pulses in a minute, the unit of rate cards.
pub const PULSES_PER_MINUTE: i64 = 10;

const PULSE_NANOS: u128 = PULSE_SECONDS as u128 * 1_000_000_000;

/// A number of begun 6-second pulses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Pulses(u32);

impl Pulses {
    /// Counts the pulses of a talked time; a begun pulse counts whole, no time is no pulse.
    /// Saturates after about 816 years.
    pub fn from_talked(talked: Duration) -> Self {
        let pulses = talked.as_nanos().div_ceil(PULSE_NANOS);
        Self(u32::try_from(pulses).unwrap_or(u32::MAX))
    }

    /// A count of pulses; saturates.
    pub fn of(count: u64) -> Self {
        Self(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// A small count, for constants.
    pub const fn small(count: u8) -> Self {
        Self(count as u32)
    }

    /// The time they pay for.
    pub const fn time(self) -> Duration {
        Duration::from_secs(self.0 as u64 * PULSE_SECONDS)
    }

    /// The count.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Pulses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What talking costs. Kept per pulse, because that is the smallest thing ever charged.
///
/// A card's per-minute price that does not divide by ten is rounded **up** to whole micros per
/// pulse once, here, when the card is read; every sum after that is exact, so the price of a call
/// never depends on how it was sliced.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Rate {
    per_pulse: Micros,
}

impl Rate {
    /// No charge: inbound calls.
    pub const FREE: Self = Self { per_pulse: Micros::ZERO };

    /// Reads a rate card's price of one minute.
    ///
    /// # Errors
    /// [`LedgerError::NegativeRate`] below zero.
    pub fn from_per_minute(per_minute: Micros) -> Result<Self, LedgerError> {
        let micros = per_minute.get();
        if micros < 0 {
            return Err(LedgerError::NegativeRate { per_minute });
        }
        let whole = micros / PULSES_PER_MINUTE;
        let rest = i64::from(micros % PULSES_PER_MINUTE > 0);
        Ok(Self { per_pulse: Micros::new(whole + rest) })
    }

    /// From the price of one pulse; what is below zero counts as zero.
    pub(crate) fn per_pulse_of(per_pulse: Micros) -> Self {
        Self { per_pulse: per_pulse.max(Micros::ZERO) }
    }

    /// The price of one pulse.
    pub const fn per_pulse(self) -> Micros {
        self.per_pulse
    }
}

/// The price of a number of pulses.
///
/// # Errors
/// [`LedgerError::Money`] when it does not fit in 64 bits.
pub fn cost(rate: Rate, pulses: Pulses) -> Result<Micros, LedgerError> {
    Ok(rate.per_pulse.times(i64::from(pulses.0))?)
}
