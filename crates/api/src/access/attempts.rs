//! Bounds guessing: so many sign-in attempts per peer address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

use super::bucket::Bucket;

/// Attempts per address at once and again in every [`PERIOD`]: plenty for typing errors, nothing
/// for guessing among 2^60 codes.
const ATTEMPTS: u32 = 10;
/// See [`ATTEMPTS`].
const PERIOD: Duration = Duration::from_secs(60);
/// Addresses remembered; when full, quiet ones are forgotten, and with none quiet every new
/// address is refused, so that a flood from many addresses costs bounded memory.
const ADDRESSES_MAX: usize = 4_096;

/// The attempts of late, by address.
#[derive(Debug, Default)]
pub(crate) struct Attempts(Mutex<HashMap<IpAddr, Bucket>>);

impl Attempts {
    /// Counts an attempt; false when this address must wait.
    pub(crate) fn admit(&self, peer: IpAddr, now: Instant) -> bool {
        let mut buckets = self.0.lock();
        if buckets.len() >= ADDRESSES_MAX && !buckets.contains_key(&peer) {
            buckets.retain(|_, bucket| !bucket.is_full(now));
            if buckets.len() >= ADDRESSES_MAX {
                return false;
            }
        }
        buckets
            .entry(peer)
            .or_insert_with(|| Bucket::new(ATTEMPTS, ATTEMPTS, PERIOD, now))
            .take(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(number: u32) -> IpAddr {
        IpAddr::from(number.to_be_bytes())
    }

    #[test]
    fn the_eleventh_attempt_in_a_minute_waits_and_others_do_not() {
        let attempts = Attempts::default();
        let now = Instant::now();
        let admitted = (0..20).filter(|_| attempts.admit(address(1), now)).count();
        assert_eq!(admitted, 10);
        assert!(attempts.admit(address(2), now));
        assert!(attempts.admit(address(1), now + PERIOD));
    }

    #[test]
    fn a_flood_of_addresses_is_bounded_and_passes() {
        let attempts = Attempts::default();
        let now = Instant::now();
        for number in 0..10_000 {
            attempts.admit(address(number), now);
        }
        assert_eq!(attempts.0.lock().len(), ADDRESSES_MAX);
        assert!(attempts.admit(address(20_000), now + PERIOD));
        assert_eq!(attempts.0.lock().len(), 1);
    }
}
