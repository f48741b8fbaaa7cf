//! When an undelivered event is tried again, and when it is given up. Pure.

use std::time::Duration;

/// Pause after the first failure; it doubles with each further one.
const FIRST: Duration = Duration::from_secs(1);
/// Longest pause: whoever repairs their receiver has what they missed within the hour.
const LONGEST: Duration = Duration::from_secs(3_600);
/// Which part of a pause is left to chance, so that receivers that failed together are not asked
/// together again.
const CHANCE: f64 = 0.5;
/// How long an event is tried: a long weekend.
pub const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 86_400);

/// The shortest and the longest pause after so many failures.
pub fn pause_bounds(failures: u32) -> (Duration, Duration) {
    let doublings = failures.saturating_sub(1).min(31);
    let longest = FIRST.saturating_mul(1 << doublings).min(LONGEST);
    (longest.mul_f64(1.0 - CHANCE), longest)
}

/// How long to wait after so many failures; `None` when it has waited so long already that it is
/// given up. `chance` is from 0 to 1.
pub fn pause_before(failures: u32, waited: Duration, chance: f64) -> Option<Duration> {
    if waited >= GIVE_UP_AFTER {
        return None;
    }
    let (shortest, longest) = pause_bounds(failures);
    let pause = shortest + (longest - shortest).mul_f64(chance.clamp(0.0, 1.0));
    // The last attempt is at the end of the time, not an hour after it.
    Some(pause.min(GIVE_UP_AFTER - waited))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pauses_double_from_a_second_to_an_hour() {
        let seconds = |failures| pause_bounds(failures).1.as_secs();
        assert_eq!([1, 2, 3, 4, 12].map(seconds), [1, 2, 4, 8, 2_048]);
        assert_eq!([13, 14, 40, u32::MAX].map(seconds), [3_600; 4]);
        assert_eq!(pause_before(5, GIVE_UP_AFTER, 0.5), None);
    }

    proptest! {
        #[test]
        fn a_pause_keeps_to_its_bounds_and_an_event_is_given_up_in_time(
            failures in 1_u32..100, waited in 0_u64..400_000, chance in 0.0..1.0_f64,
        ) {
            let waited = Duration::from_secs(waited);
            let (shortest, longest) = pause_bounds(failures);
            match pause_before(failures, waited, chance) {
                None => prop_assert!(waited >= GIVE_UP_AFTER),
                Some(pause) => {
                    prop_assert!(pause <= longest && waited + pause <= GIVE_UP_AFTER);
                    prop_assert!(pause >= shortest || waited + pause == GIVE_UP_AFTER);
                }
            }
        }

        #[test]
        fn three_days_of_failures_are_a_hundred_and_fifty_attempts_at_most(chance in 0.0..1.0_f64) {
            let (mut failures, mut waited) = (1, Duration::ZERO);
            while let Some(pause) = pause_before(failures, waited, chance) {
                (failures, waited) = (failures + 1, waited + pause);
            }
            prop_assert!((80..=170).contains(&failures), "{}", failures);
        }
    }
}
