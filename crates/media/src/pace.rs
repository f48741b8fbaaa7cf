//! When a loop over sockets looks at them again: at once while little arrives, else once a tick,
//! so that one wake-up serves many datagrams.

use std::time::{Duration, Instant};

/// How long datagrams gather under load. Waking a thread costs about three times as much as
/// receiving and sending a datagram; a millisecond is not heard.
const TICK: Duration = Duration::from_millis(1);
/// How much traffic is looked at before the mode changes: one Opus frame, so that every stream
/// that flows has shown itself once.
const WINDOW: Duration = Duration::from_millis(20);
/// Datagrams in a window from which on they gather: 2,000 a second, where a wake-up for each costs
/// more than a thousand ticks that find nothing.
const GATHER_FROM: u32 = 40;
/// Datagrams in a window below which they no longer gather. Half of the above, so that traffic
/// near the border does not change the mode all the time.
const GATHER_UNTIL: u32 = 20;

/// Decides how long to wait between passes over the sockets.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    gathering: bool,
    window: Instant,
    seen: u32,
    looked: Instant,
}

impl Pace {
    /// Starts without gathering.
    pub const fn new(now: Instant) -> Self {
        Self { gathering: false, window: now, seen: 0, looked: now }
    }

    /// Takes note of a pass that took so many datagrams and ended `now`. `Some`: look again then,
    /// and no earlier. `None`: wait until something arrives.
    pub fn passed(&mut self, now: Instant, datagrams: u32) -> Option<Instant> {
        self.seen = self.seen.saturating_add(datagrams);
        if now.saturating_duration_since(self.window) >= WINDOW {
            self.gathering = self.seen >= if self.gathering { GATHER_UNTIL } else { GATHER_FROM };
            self.window = now;
            self.seen = 0;
        }
        if !self.gathering {
            self.looked = now;
            return None;
        }
        // Ticks have a period, not a pause: work done in a tick does not delay the next one. A
        // loop that cannot keep up looks at once and counts its ticks from there.
        self.looked = (self.looked + TICK).max(now);
        Some(self.looked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Passes of `per_pass` datagrams each until `millis` have gone by.
    fn run(pace: &mut Pace, now: &mut Instant, millis: u64, per_pass: u32) -> Option<Instant> {
        let mut next = None;
        for _ in 0..millis {
            *now += Duration::from_millis(1);
            next = pace.passed(*now, per_pass);
        }
        next
    }

    #[test]
    fn load_gathers_and_quiet_does_not_with_a_gap_between_the_two() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        assert_eq!(run(&mut pace, &mut now, 100, 1), None, "1,000 a second are not gathered");
        assert!(run(&mut pace, &mut now, 100, 3).is_some(), "3,000 a second are");
        assert!(run(&mut pace, &mut now, 100, 1).is_some(), "and stay so at 1,000");
        assert_eq!(run(&mut pace, &mut now, 100, 0), None);
    }

    #[test]
    fn ticks_keep_their_period_whatever_a_pass_costs() {
        let mut now = Instant::now();
        let mut pace = Pace::new(now);
        let first = run(&mut pace, &mut now, 40, 100).unwrap();
        let work = Duration::from_micros(400);
        assert_eq!(pace.passed(first + work, 100), Some(first + TICK));
        let late = first + 5 * TICK;
        assert_eq!(pace.passed(late, 100), Some(late), "a late pass is followed at once");
    }
}
