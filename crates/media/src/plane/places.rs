//! Which shard each leg is on.

use model::LegId;
use rustc_hash::FxHashMap;

/// A shard, by its number from 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct ShardId(pub(super) usize);

pub(super) struct Places {
    of: FxHashMap<LegId, ShardId>,
    /// Legs per shard.
    counts: Vec<usize>,
}

impl Places {
    pub(super) fn new(shards: usize) -> Self {
        Self { of: FxHashMap::default(), counts: vec![0; shards] }
    }

    pub(super) fn of(&self, leg: LegId) -> Option<ShardId> {
        self.of.get(&leg).copied()
    }

    /// A shard with the fewest legs. Legs that are being opened do not count yet, so those with
    /// neighbouring ids get different shards as long as several are equal.
    pub(super) fn roomiest(&self, leg: LegId) -> ShardId {
        let shards = self.counts.len();
        let first = usize::try_from(leg.0 % shards as u64).unwrap_or(0);
        let all = (first..shards).chain(0..first);
        ShardId(all.min_by_key(|shard| self.counts[*shard]).unwrap_or(0))
    }

    /// The leg is there from now on.
    pub(super) fn put(&mut self, leg: LegId, shard: ShardId) {
        self.take(leg);
        self.of.insert(leg, shard);
        self.counts[shard.0] += 1;
    }

    /// Forgets every leg.
    pub(super) fn clear(&mut self) -> impl Iterator<Item = LegId> {
        self.counts.fill(0);
        self.of.drain().map(|(leg, _)| leg)
    }

    /// Forgets a leg and says where it was.
    pub(super) fn take(&mut self, leg: LegId) -> Option<ShardId> {
        let shard = self.of.remove(&leg)?;
        self.counts[shard.0] -= 1;
        Some(shard)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn legs_spread_evenly_and_leave_room_behind() {
        let mut places = Places::new(3);
        let together: Vec<_> = (1..=3).map(|leg| places.roomiest(LegId(leg)).0).collect();
        assert_eq!(together, [1, 2, 0], "opened at once, and still on different shards");
        for leg in 1..=9 {
            let shard = places.roomiest(LegId(leg));
            places.put(LegId(leg), shard);
        }
        assert_eq!(places.counts, [3, 3, 3]);
        let left = places.of(LegId(4)).unwrap();
        assert_eq!(places.take(LegId(4)), Some(left));
        assert_eq!((places.take(LegId(4)), places.of(LegId(4))), (None, None));
        assert_eq!(places.roomiest(LegId(99)), left);
        places.put(LegId(1), left);
        assert_eq!(places.counts.iter().sum::<usize>(), 8, "a leg that moves is counted once");
    }
}
