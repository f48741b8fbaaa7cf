//! Devices that came or went since a call's task last looked: taken in together, however many.
//!
//! They do not wait in the call's box: a proxy that is reloaded takes thousands of devices away in
//! one second and brings them back in the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use call::Target;
use model::{AgentId, DeviceId};
use parking_lot::Mutex;
use tokio::sync::Notify;

/// What a call's task has not yet heard of. Bounded by the devices of the house.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    /// The call rings, or waits for its agent.
    looks: AtomicBool,
    waiting: Mutex<Waiting>,
    changed: Notify,
}

/// Devices on the move. Who went and came back is in both: they went first.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    /// These ring no more.
    pub(crate) went: BTreeSet<DeviceId>,
    /// These can be rung.
    pub(crate) came: BTreeMap<DeviceId, AgentId>,
}

impl Moves {
    /// Whether devices that come are to be kept from now on. Said before the roster is asked: who
    /// comes later is kept, and who came before is in the roster.
    pub(crate) fn look(&self, on: bool) {
        self.looks.store(on, Ordering::SeqCst);
        if !on {
            self.waiting.lock().came.clear();
        }
    }

    /// A device can be rung.
    pub(crate) fn came(&self, target: &Target) {
        if self.looks.load(Ordering::SeqCst) {
            self.waiting.lock().came.insert(target.device, target.agent.clone());
            self.changed.notify_one();
        }
    }

    /// A device can be rung no longer.
    pub(crate) fn went(&self, device: DeviceId) {
        {
            let mut waiting = self.waiting.lock();
            waiting.came.remove(&device);
            waiting.went.insert(device);
        }
        self.changed.notify_one();
    }

    /// Waits until there is something to take. For one task only.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Takes what waits.
    pub(crate) fn take(&self) -> Waiting {
        std::mem::take(&mut *self.waiting.lock())
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn target(n: u128) -> Target {
        let agent = AgentId::new(format!("agent{n}")).unwrap();
        Target { agent, device: DeviceId::from_uuid(Uuid::from_u128(n)) }
    }

    #[test]
    fn a_flood_of_devices_waits_as_one_piece_of_news() {
        let moves = Moves::default();
        moves.look(true);
        for n in 0..10_000 {
            moves.came(&target(n));
        }
        let taken = moves.take();
        assert_eq!((taken.came.len(), taken.went.len()), (10_000, 0));
        assert_eq!(moves.take().came.len(), 0, "taken once");
    }

    #[test]
    fn who_went_is_not_there_and_who_came_back_went_first() {
        let moves = Moves::default();
        moves.look(true);
        moves.came(&target(1));
        moves.went(target(1).device);
        moves.went(target(2).device);
        moves.came(&target(2));
        let taken = moves.take();
        assert_eq!(taken.came.into_keys().collect::<Vec<_>>(), [target(2).device]);
        assert_eq!(taken.went, BTreeSet::from([target(1).device, target(2).device]));
    }

    #[test]
    fn a_call_that_looks_for_nobody_hears_only_who_went() {
        let moves = Moves::default();
        moves.came(&target(1));
        moves.went(target(2).device);
        let taken = moves.take();
        assert_eq!((taken.came.len(), taken.went.len()), (0, 1));
    }
}
