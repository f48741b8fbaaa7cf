//! Calls that were accepted without an agent, in the order in which they wait.

use std::collections::BTreeMap;

use model::{CallId, GroupId};

use crate::switchboard::Inner;

/// Who waits, and for which group; `None` waits for everybody. Call ids are ordered by age.
#[derive(Default)]
pub(crate) struct Queue {
    waiting: BTreeMap<CallId, Option<GroupId>>,
}

impl Queue {
    /// A call waits from now on.
    pub(crate) fn enter(&mut self, call: CallId, group: Option<GroupId>) {
        self.waiting.insert(call, group);
    }

    /// It waits no more. Returns those behind it, whose places have changed.
    pub(crate) fn leave(&mut self, call: CallId) -> Vec<CallId> {
        let Some(group) = self.waiting.remove(&call) else { return Vec::new() };
        let behind = self.waiting.range(call..);
        behind.filter(|(_, other)| **other == group).map(|(call, _)| *call).collect()
    }

    /// Its place among those who wait for the same group, from 1.
    pub(crate) fn position(&self, call: CallId) -> Option<u32> {
        let group = self.waiting.get(&call)?;
        let before = self.waiting.range(..call).filter(|(_, other)| *other == group).count();
        Some(u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1))
    }
}

impl Inner {
    /// A call waits no more: those behind it move up, and whoever they ring sees it.
    pub(crate) fn leave_queue(&self, call: CallId) {
        let moved = self.board.lock().queue.leave(call);
        for behind in moved {
            self.ring_anew(behind);
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn places_count_within_a_group_and_move_up_when_somebody_leaves() {
        let call = |age| CallId::from_uuid(Uuid::from_u128(age));
        let group = |name: &str| Some(GroupId::new(name).unwrap());
        let mut queue = Queue::default();
        for (age, name) in [(1, "sales"), (2, "billing"), (3, "sales"), (4, "sales")] {
            queue.enter(call(age), group(name));
        }
        assert_eq!([1, 2, 3, 4].map(|age| queue.position(call(age)).unwrap()), [1, 1, 2, 3]);
        assert_eq!(queue.leave(call(1)), [call(3), call(4)]);
        assert_eq!(queue.leave(call(1)), [], "it left already");
        assert_eq!([3, 4].map(|age| queue.position(call(age)).unwrap()), [1, 2]);
        assert_eq!(queue.position(call(1)), None);
    }
}
