//! When which leg wants to be looked at. A deadline that moves to a later time costs nothing: the
//! leg is looked at too early once and says its next one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

use model::LegId;
use rustc_hash::FxHashMap;

#[derive(Default)]
pub(super) struct Deadlines {
    /// Also holds entries that an earlier one of the same leg has replaced.
    order: BinaryHeap<Reverse<(Instant, LegId)>>,
    valid: FxHashMap<LegId, Instant>,
}

impl Deadlines {
    /// Looks at the leg at `at`, or earlier if that was said before.
    pub(super) fn set(&mut self, leg: LegId, at: Instant) {
        if self.valid.get(&leg).is_none_or(|known| at < *known) {
            self.valid.insert(leg, at);
            self.order.push(Reverse((at, leg)));
        }
    }

    /// Takes a leg whose deadline has come.
    pub(super) fn pop(&mut self, now: Instant) -> Option<LegId> {
        while let Some(&Reverse((at, leg))) = self.order.peek() {
            if at > now {
                return None;
            }
            self.order.pop();
            if self.valid.get(&leg) == Some(&at) {
                self.valid.remove(&leg);
                return Some(leg);
            }
        }
        None
    }

    pub(super) fn forget(&mut self, leg: LegId) {
        self.valid.remove(&leg);
    }

    /// The next deadline; it may be early, never late.
    pub(super) fn next(&self) -> Option<Instant> {
        self.order.peek().map(|Reverse((at, _))| *at)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_leg_comes_up_once_at_the_earliest_time_that_was_said() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut deadlines = Deadlines::default();
        for (leg, second) in [(1, 5), (2, 3), (1, 2), (2, 9), (3, 1), (4, 4)] {
            deadlines.set(LegId(leg), at(second));
        }
        deadlines.forget(LegId(3));
        assert_eq!(deadlines.pop(at(0)), None);
        assert_eq!(deadlines.pop(at(1)), None);
        assert_eq!(deadlines.next(), Some(at(2)));
        let order: Vec<_> = std::iter::from_fn(|| deadlines.pop(at(9))).collect();
        assert_eq!(order, [LegId(1), LegId(2), LegId(4)]);
        assert_eq!(deadlines.next(), None);
        deadlines.set(LegId(1), at(20));
        assert_eq!(deadlines.pop(at(20)), Some(LegId(1)), "a leg that came up can be set again");
    }
}
