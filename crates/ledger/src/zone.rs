//! Days and months in the time zone of a WhatsApp business account: what Meta's cards and volume
//! tiers go by. Intervals are half-open: midnight belongs to the new day.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use model::Timestamp;

use crate::LedgerError;

/// A time zone of the IANA database that is built into this binary; it is never read from the
/// system, so the same call costs the same everywhere.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// Coordinated universal time, the default.
    pub fn utc() -> Self {
        Self { name: "UTC".to_owned(), zone: TimeZone::UTC }
    }

    /// Finds a zone such as `Asia/Kolkata`.
    ///
    /// # Errors
    /// [`LedgerError::Zone`].
    pub fn named(name: &str) -> Result<Self, LedgerError> {
        let zone = TimeZoneDatabase::bundled()
            .get(name)
            .map_err(|_| LedgerError::Zone { name: name.to_owned() })?;
        Ok(Self { name: name.to_owned(), zone })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The day a moment falls on here.
    pub fn day(&self, at: Timestamp) -> Day {
        let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
        Day(self.zone.to_datetime(at).date())
    }

    /// The first moment of a day here. Where clocks skip midnight, the first moment after it.
    pub fn start_of(&self, day: Day) -> Timestamp {
        let start = day.0.to_zoned(self.zone.clone()).map(|zoned| zoned.timestamp());
        Timestamp::from_millis(start.map_or(0, jiff::Timestamp::as_millisecond))
    }

    /// The moments of a month here: from the first, up to and without the second.
    pub fn span_of(&self, month: Month) -> (Timestamp, Timestamp) {
        (self.start_of(month.first()), self.start_of(month.next().first()))
    }
}

/// A day of the calendar, `2026-10-01`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Day(Date);

impl Day {
    /// The month it is in.
    pub fn month(self) -> Month {
        Month { year: self.0.year(), month: self.0.month() }
    }

    /// The day after it.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Day {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let refused = || LedgerError::Day { text: text.to_owned() };
        // Stricter than the library: exactly YYYY-MM-DD.
        let date: Date = text.parse().map_err(|_| refused())?;
        if date.to_string() == text { Ok(Self(date)) } else { Err(refused()) }
    }
}

/// A month of the calendar, `2026-11`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// Its first day.
    pub fn first(self) -> Day {
        Day(Date::new(self.year, self.month, 1).unwrap_or_default())
    }

    /// The month after it.
    #[must_use]
    pub const fn next(self) -> Self {
        if self.month == 12 {
            Self { year: self.year.saturating_add(1), month: 1 }
        } else {
            Self { year: self.year, month: self.month + 1 }
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = LedgerError;

    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let refused = || LedgerError::Month { text: text.to_owned() };
        let day: Day = format!("{text}-01").parse().map_err(|_| refused())?;
        Ok(day.month())
    }
}
