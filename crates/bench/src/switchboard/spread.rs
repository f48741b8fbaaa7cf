//! How times spread: percentiles of every sample, none thrown away.

use std::time::Duration;

/// Percentiles of a set of times, in milliseconds.
#[derive(Clone, Copy, PartialEq, Debug, Default, serde::Serialize)]
pub struct Spread {
    /// How many there were.
    pub samples: usize,
    /// Half were faster.
    pub p50_ms: f64,
    /// 99 of 100 were faster.
    pub p99_ms: f64,
    /// 999 of 1,000 were faster.
    pub p999_ms: f64,
    /// The slowest.
    pub max_ms: f64,
}

impl Spread {
    /// Sorts the times; all zero when there are none.
    pub fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |share: f64| {
            // The nearest rank: the smallest time that this share of all does not exceed.
            let rank = (times.len() as f64 * share).ceil() as usize;
            times.get(rank.saturating_sub(1)).map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        Self {
            samples: times.len(),
            p50_ms: at(0.5),
            p99_ms: at(0.99),
            p999_ms: at(0.999),
            max_ms: at(1.0),
        }
    }
}

/// How much steeper the second of two steps is than the first: 1 where cost grows in proportion,
/// 2 where each further device costs twice as much as the earlier ones did. Takes three points of
/// (size, cost) in order of size.
pub fn steepening(points: [(f64, f64); 3]) -> Option<f64> {
    let [(a, cost_a), (b, cost_b), (c, cost_c)] = points;
    let (first, second) = ((cost_b - cost_a) / (b - a), (cost_c - cost_b) / (c - b));
    (first > 0.0 && second.is_finite()).then(|| second / first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_measured() {
        let times = (1..=1_000).rev().map(Duration::from_millis).collect();
        let spread = Spread::of(times);
        assert_eq!(spread.samples, 1_000);
        assert_eq!((spread.p50_ms, spread.p99_ms), (500.0, 990.0));
        assert_eq!((spread.p999_ms, spread.max_ms), (999.0, 1_000.0));
    }

    #[test]
    fn one_slow_socket_among_few_is_the_worst_percentile() {
        let mut times = vec![Duration::from_millis(1); 50];
        times.push(Duration::from_millis(80));
        assert_eq!(Spread::of(times).p99_ms, 80.0);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }

    #[test]
    fn cost_in_proportion_does_not_steepen_and_a_square_does() {
        let line = |n: f64| (n, 5.0 + 2.0 * n);
        let square = |n: f64| (n, n * n);
        let three = |f: &dyn Fn(f64) -> (f64, f64)| steepening([f(100.0), f(400.0), f(1_000.0)]);
        assert_eq!(three(&line), Some(1.0));
        assert!(three(&square).is_some_and(|times| times > 2.5));
        assert_eq!(three(&|n| (n, 3.0)), None, "nothing can be said of a cost that does not grow");
    }
}
