//! The replay window (RFC 3711 section 3.3.2).

use serde::{Deserialize, Serialize};

/// Remembers the highest index seen and which of the 63 before it were seen too.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Window {
    highest: u64,
    seen: u64,
}

impl Window {
    /// A window in which nothing was seen, expecting packets around `start`.
    pub(super) const fn starting_at(start: u64) -> Self {
        Self { highest: start, seen: 0 }
    }

    pub(super) const fn highest(self) -> u64 {
        self.highest
    }

    /// Whether `index` is new: not seen, and not too old to be sure.
    pub(super) const fn is_fresh(self, index: u64) -> bool {
        if index > self.highest {
            return true;
        }
        let age = self.highest - index;
        age < 64 && self.seen & (1 << age) == 0
    }

    /// Marks `index` as seen. Only for packets that verified.
    pub(super) const fn accept(&mut self, index: u64) {
        if index > self.highest {
            let step = index - self.highest;
            self.seen = if step < 64 { self.seen << step } else { 0 };
            self.highest = index;
            self.seen |= 1;
        } else {
            let age = self.highest - index;
            if age < 64 {
                self.seen |= 1 << age;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_index_is_fresh_once_and_old_ones_never() {
        let mut window = Window::starting_at(100);
        assert!(window.is_fresh(100));
        window.accept(100);
        assert!(!window.is_fresh(100));
        window.accept(110);
        assert!(window.is_fresh(105));
        window.accept(105);
        assert!(!window.is_fresh(105));
        assert!(window.is_fresh(47));
        assert!(!window.is_fresh(46));
        window.accept(1_000);
        assert!(!window.is_fresh(110));
        assert!(window.is_fresh(999));
        assert_eq!(window.highest(), 1_000);
    }
}
