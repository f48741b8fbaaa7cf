//! A histogram of latencies.

use std::time::Duration;

/// Width of a bucket: a hundredth of the tick that is measured.
const WIDTH_US: u64 = 10;
/// Buckets; the last one takes everything from 200 ms on.
const BUCKETS: usize = 20_000;

pub(super) struct Latencies {
    buckets: Vec<u64>,
    count: u64,
}

impl Default for Latencies {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0 }
    }
}

impl Latencies {
    pub(super) fn add(&mut self, latency: Duration) {
        let bucket = (latency.as_micros() / u128::from(WIDTH_US)).min(BUCKETS as u128 - 1);
        self.buckets[bucket as usize] += 1;
        self.count += 1;
    }

    /// The latency below which this share of all lies, in microseconds, at the end of its bucket.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut passed = 0;
        for (at, count) in (1u64..).zip(&self.buckets) {
            passed += count;
            if passed >= wanted.max(1) {
                return (at * WIDTH_US) as f64;
            }
        }
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ends_of_buckets() {
        let mut latencies = Latencies::default();
        assert_eq!(latencies.quantile(0.5), 0.0);
        for micros in 0..1_000 {
            latencies.add(Duration::from_micros(micros));
        }
        latencies.add(Duration::from_secs(9));
        assert_eq!(latencies.quantile(0.5), 510.0);
        assert_eq!(latencies.quantile(0.99), 1_000.0);
        assert_eq!(latencies.quantile(1.0), 200_000.0);
    }
}
