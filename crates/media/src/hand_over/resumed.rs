//! Moments of one process in another, whose clock shows something else.

use std::time::{Duration, Instant};

/// The moment at which handed-over legs go on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resumed {
    pub(crate) now: Instant,
    /// How long nobody had the legs.
    pub(crate) gap: Duration,
}

impl Resumed {
    /// When something was that was `age` old when the legs were let go.
    pub(crate) fn instant(self, age: Duration) -> Instant {
        self.patience(age.saturating_add(self.gap))
    }

    /// The same for what the peer has been given time for: while nobody listened, its silence
    /// does not count.
    pub(crate) fn patience(self, age: Duration) -> Instant {
        // Before the clock began there is nothing; such an age starts anew.
        self.now.checked_sub(age).unwrap_or(self.now)
    }

    /// When something is due that was due in `left`.
    pub(crate) fn due(self, left: Duration) -> Instant {
        self.now.checked_add(left).unwrap_or(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_move_with_the_clock_and_patience_does_not_run_in_the_gap() {
        let now = Instant::now();
        let second = Duration::from_secs(1);
        let resumed = Resumed { now, gap: 2 * second };
        assert_eq!(resumed.instant(second), now - 3 * second);
        assert_eq!(resumed.patience(second), now - second);
        assert_eq!(resumed.due(second), now + second);
        assert_eq!(resumed.instant(Duration::MAX), now, "no age is too large to read");
        assert_eq!(resumed.due(Duration::MAX), now);
    }
}
