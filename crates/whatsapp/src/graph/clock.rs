//! How far our wall clock is from Meta's, as its answers tell by their `Date`.

use std::sync::atomic::{AtomicI64, Ordering};

use model::Timestamp;

/// An answer that took longer says too little about when it was written.
const ROUND_TRIP_MAX_MS: i64 = 2_000;
/// `Date` has whole seconds, cut off: on average it is this much behind.
const HALF_A_SECOND_MS: i64 = 500;
/// From this difference on, operators should look at NTP.
const ALARM_MS: i64 = 2_000;

/// Meta's clock less ours, in milliseconds. Until an answer came it counts as none.
#[derive(Debug, Default)]
pub(super) struct MetaClock {
    ahead_ms: AtomicI64,
}

impl MetaClock {
    /// Meta's clock less ours.
    pub(super) fn ahead_ms(&self) -> i64 {
        self.ahead_ms.load(Ordering::Relaxed)
    }

    /// Learns from an answer's `Date` header, and when the request left and the answer came.
    pub(super) fn learn(&self, date: &str, sent: Timestamp, came: Timestamp) {
        let round_trip = came.millis_since(sent);
        let Some(theirs) = http_date(date) else { return };
        if !(0..=ROUND_TRIP_MAX_MS).contains(&round_trip) {
            return;
        }
        let middle = sent.plus_millis(round_trip / 2);
        let ahead = theirs.plus_millis(HALF_A_SECOND_MS).millis_since(middle);
        let before = self.ahead_ms.swap(ahead, Ordering::Relaxed);
        if ahead.abs() > ALARM_MS && before.abs() <= ALARM_MS {
            tracing::warn!(
                ahead_ms = ahead,
                "this machine's clock is not Meta's; check that NTP runs. Ages of calls are corrected"
            );
        }
    }
}

/// The one form of dates that HTTP sends: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Timestamp::from_millis(parsed.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Thu, 01 Jan 2026 12:00:00 GMT";

    fn noon(millis: i64) -> Timestamp {
        Timestamp::from_seconds(1_767_268_800).plus_millis(millis)
    }

    #[test]
    fn i3c_the_difference_to_metas_clock_is_learned_to_half_a_second() {
        for (ours_ms, ahead) in [(500, 0), (60_500, -60_000), (-89_500, 90_000), (3_000, -2_500)] {
            let clock = MetaClock::default();
            clock.learn(DATE, noon(ours_ms - 100), noon(ours_ms + 100));
            assert_eq!(clock.ahead_ms(), ahead, "ours is {ours_ms} ms after noon");
        }
    }

    #[test]
    fn i3c_an_answer_that_says_too_little_changes_nothing() {
        let clock = MetaClock::default();
        clock.learn(DATE, noon(0), noon(5_000));
        clock.learn(DATE, noon(1_000), noon(0));
        clock.learn("yesterday", noon(0), noon(1));
        clock.learn("", noon(0), noon(1));
        assert_eq!(clock.ahead_ms(), 0);
    }
}
