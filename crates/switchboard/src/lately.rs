//! What is remembered of the most recent ones only.

use std::collections::BTreeMap;

/// A map that forgets what was written longest ago when it is full.
#[derive(Debug)]
pub(crate) struct Lately<K, V> {
    most: usize,
    written: u64,
    known: BTreeMap<K, (u64, V)>,
    order: BTreeMap<u64, K>,
}

impl<K: Ord + Clone, V> Lately<K, V> {
    /// Remembers this many, at least one.
    pub(crate) const fn new(most: usize) -> Self {
        Self { most, written: 0, known: BTreeMap::new(), order: BTreeMap::new() }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.known.get(key).map(|(_, value)| value)
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.written += 1;
        if let Some((before, _)) = self.known.insert(key.clone(), (self.written, value)) {
            self.order.remove(&before);
        }
        self.order.insert(self.written, key);
        if self.order.len() > self.most
            && let Some((_, oldest)) = self.order.pop_first()
        {
            self.known.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_written_longest_ago_is_forgotten_and_no_more_than_asked_are_kept() {
        let mut lately = Lately::new(3);
        for n in 0..3 {
            lately.insert(n, "first");
        }
        lately.insert(0, "again");
        lately.insert(3, "new");
        assert_eq!(lately.get(&1), None, "of the others it is the oldest");
        assert_eq!((lately.get(&0), lately.get(&3)), (Some(&"again"), Some(&"new")));
        for n in 0..10_000 {
            lately.insert(n, "many");
        }
        assert_eq!((lately.known.len(), lately.order.len()), (3, 3));
    }
}
