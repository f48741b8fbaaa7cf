//! Comparing a day of ours with what Meta says of it.

use std::collections::BTreeMap;

use model::{Direction, Micros};

/// Each call may be counted up to this much longer or shorter by Meta.
const SECONDS_PER_CALL: u64 = 2;

/// Which calls of a day: who called, and the user's country (ISO 3166).
pub type DayKey = (bool, String);

/// The key of calls in a direction with a country.
pub fn day_key(direction: Direction, country: &str) -> DayKey {
    let outbound = match direction {
        Direction::BusinessInitiated => true,
        Direction::UserInitiated => false,
    };
    (outbound, country.to_owned())
}

/// What a day's calls sum to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct DayFigures {
    /// Calls in which people talked.
    pub calls: i64,
    /// Talked seconds.
    pub seconds: i64,
    /// What they cost; `None` when that is not known or not comparable.
    pub cost: Option<Micros>,
}

/// Which figure differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayFigure {
    /// The number of calls.
    Calls,
    /// Their seconds, by more than two per call.
    Seconds,
    /// Their cost, at all.
    Cost,
}

/// A figure that differs: of which calls, which one, ours, Meta's.
pub type DayDifference = (DayKey, DayFigure, i64, i64);

/// Every figure in which the two sides differ. What one side does not know at all counts as
/// nothing there.
pub fn compare_day(
    ours: &BTreeMap<DayKey, DayFigures>,
    theirs: &BTreeMap<DayKey, DayFigures>,
) -> Vec<DayDifference> {
    let keys: std::collections::BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    let mut found = Vec::new();
    for key in keys {
        let our = ours.get(key).copied().unwrap_or_default();
        let their = theirs.get(key).copied().unwrap_or_default();
        if our.calls != their.calls {
            found.push((key.clone(), DayFigure::Calls, our.calls, their.calls));
        }
        let allowed = our.calls.max(their.calls).unsigned_abs() * SECONDS_PER_CALL;
        if our.seconds.abs_diff(their.seconds) > allowed {
            found.push((key.clone(), DayFigure::Seconds, our.seconds, their.seconds));
        }
        if let (Some(our), Some(their)) = (our.cost, their.cost)
            && our != their
        {
            found.push((key.clone(), DayFigure::Cost, our.get(), their.get()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(calls: i64, seconds: i64, cost: i64) -> DayFigures {
        DayFigures { calls, seconds, cost: Some(Micros::new(cost)) }
    }

    #[test]
    fn h9_a_day_differs_in_calls_seconds_beyond_two_each_and_any_cost() {
        let out = |country| day_key(Direction::BusinessInitiated, country);
        let ours = BTreeMap::from([
            (out("IN"), figures(10, 600, 5_300)),
            (out("AE"), figures(2, 100, 1_000)),
            (
                day_key(Direction::UserInitiated, "IN"),
                DayFigures { cost: None, ..figures(1, 9, 0) },
            ),
        ]);
        let same = ours.clone();
        assert_eq!(compare_day(&ours, &same), []);
        let theirs = BTreeMap::from([
            (out("IN"), figures(10, 620, 5_300)),
            (out("AE"), figures(3, 107, 1_001)),
            (out("SA"), figures(1, 60, 1_270)),
            (day_key(Direction::UserInitiated, "IN"), figures(1, 11, 7)),
        ]);
        assert_eq!(
            compare_day(&ours, &theirs),
            [
                (out("AE"), DayFigure::Calls, 2, 3),
                (out("AE"), DayFigure::Seconds, 100, 107),
                (out("AE"), DayFigure::Cost, 1_000, 1_001),
                (out("SA"), DayFigure::Calls, 0, 1),
                (out("SA"), DayFigure::Seconds, 0, 60),
            ],
        );
    }
}
