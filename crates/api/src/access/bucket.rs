//! A token bucket: so many per second, so many at once.

use std::time::Duration;
use tokio::time::Instant;

/// Counts in thousandths, so that slow rates need no floating point.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bucket {
    milli: u64,
    burst_milli: u64,
    per_second_milli: u64,
    filled_at: Instant,
}

/// One admission.
const ONE_MILLI: u64 = 1_000;

impl Bucket {
    /// A full bucket that admits `burst` at once and `count` more in every `period`.
    pub(crate) fn new(burst: u32, count: u32, period: Duration, now: Instant) -> Self {
        let burst_milli = u64::from(burst) * ONE_MILLI;
        let period_ms = u64::try_from(period.as_millis()).unwrap_or(u64::MAX).max(1);
        let per_second_milli = u64::from(count) * ONE_MILLI * 1_000 / period_ms;
        Self { milli: burst_milli, burst_milli, per_second_milli, filled_at: now }
    }

    /// Takes one; false when there is none.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.filled_at);
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        let gained = elapsed_ms.saturating_mul(self.per_second_milli) / 1_000;
        if gained > 0 {
            self.milli = self.milli.saturating_add(gained).min(self.burst_milli);
            self.filled_at = now;
        }
        let enough = self.milli >= ONE_MILLI;
        if enough {
            self.milli -= ONE_MILLI;
        }
        enough
    }

    /// Whether nothing was taken lately, so that a new bucket would do the same.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        let mut later = *self;
        later.take(now) && later.milli + ONE_MILLI >= self.burst_milli
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_rate() {
        let start = Instant::now();
        let mut bucket = Bucket::new(40, 20, Duration::from_secs(1), start);
        let at_once = (0..100).filter(|_| bucket.take(start)).count();
        assert_eq!(at_once, 40);
        let second_later = start + Duration::from_secs(1);
        let later = (0..100).filter(|_| bucket.take(second_later)).count();
        assert_eq!(later, 20);
    }

    #[test]
    fn a_steady_sender_at_the_rate_is_never_refused() {
        let start = Instant::now();
        let mut bucket = Bucket::new(40, 20, Duration::from_secs(1), start);
        for frame in 0..1_000_u64 {
            assert!(bucket.take(start + Duration::from_millis(50 * frame)));
        }
    }

    #[test]
    fn ten_a_minute_come_back_one_every_six_seconds() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, 10, Duration::from_secs(60), start);
        assert_eq!((0..20).filter(|_| bucket.take(start)).count(), 10);
        assert!(!bucket.take(start + Duration::from_secs(5)));
        assert!(bucket.take(start + Duration::from_secs(13)));
        assert!(bucket.is_full(start + Duration::from_secs(200)));
    }
}
