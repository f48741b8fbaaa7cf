//! The live calls. The only place that knows the map; no guard ever leaves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use call::{Input, Target};
use dashmap::DashMap;
use model::{CallId, DeviceId};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::moves::Moves;
use crate::owner::Message;

/// Inputs that may wait for one call's task. Agents, Meta and media together send a handful a
/// second; a full box means the task is stuck. Devices that come and go do not go through it.
pub(crate) const MAILBOX_MAX: usize = 256;

/// Mailboxes of the live calls.
#[derive(Default)]
pub(crate) struct Registry {
    calls: DashMap<CallId, Entry>,
    /// Live calls of every workspace: they share the machine, and its bound.
    everywhere: Arc<AtomicUsize>,
}

struct Entry {
    mailbox: mpsc::Sender<Message>,
    moves: Arc<Moves>,
}

impl Registry {
    /// An empty registry that counts its calls together with those of others.
    pub(crate) fn counting(everywhere: Arc<AtomicUsize>) -> Self {
        Self { calls: DashMap::new(), everywhere }
    }

    /// A call has a task from now on. Returns where the task learns which devices come and go.
    pub(crate) fn add(&self, call: CallId, mailbox: mpsc::Sender<Message>) -> Arc<Moves> {
        let moves = Arc::new(Moves::default());
        let entry = Entry { mailbox, moves: Arc::clone(&moves) };
        if self.calls.insert(call, entry).is_none() {
            self.everywhere.fetch_add(1, Ordering::Relaxed);
        }
        moves
    }

    pub(crate) fn remove(&self, call: CallId) {
        if self.calls.remove(&call).is_some() {
            self.everywhere.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// Live calls of every workspace.
    pub(crate) fn everywhere(&self) -> usize {
        self.everywhere.load(Ordering::Relaxed)
    }

    pub(crate) fn mailbox(&self, call: CallId) -> Option<mpsc::Sender<Message>> {
        self.calls.get(&call).map(|entry| entry.mailbox.clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Puts a message into a call's box. Never waits: one call that is stuck must not keep the
    /// news from all others.
    pub(crate) fn post(&self, call: CallId, message: Message) {
        if let Some(entry) = self.calls.get(&call) {
            put(call, &entry.mailbox, message);
        }
    }

    /// Puts an input into every live call's box.
    pub(crate) fn post_all(&self, make: impl Fn() -> Input) {
        for entry in &self.calls {
            put(*entry.key(), &entry.mailbox, Message::Input(make()));
        }
    }

    /// Tells every call that looks for devices that one can be rung.
    pub(crate) fn device_ready(&self, target: &Target) {
        for entry in &self.calls {
            entry.moves.came(target);
        }
    }

    /// Puts a message into every live call's box.
    pub(crate) fn post_each(&self, make: impl Fn() -> Message) {
        for entry in &self.calls {
            put(*entry.key(), &entry.mailbox, make());
        }
    }

    /// Tells every live call that a device rings no more, but for the one it talks on.
    pub(crate) fn device_gone(&self, device: DeviceId, held: Option<CallId>) {
        for entry in self.calls.iter().filter(|entry| Some(*entry.key()) != held) {
            entry.moves.went(device);
        }
    }
}

fn put(call: CallId, mailbox: &mpsc::Sender<Message>, message: Message) {
    match mailbox.try_send(message) {
        // A call that ended meanwhile needs no news.
        Ok(()) | Err(TrySendError::Closed(_)) => {}
        Err(TrySendError::Full(_)) => {
            tracing::error!(%call, "a call's task is stuck: it lost a message; please report it");
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_stuck_call_holds_up_nobody() {
        let (stuck, other) = (CallId::from_uuid(Uuid::now_v7()), CallId::from_uuid(Uuid::now_v7()));
        let registry = Registry::default();
        let (full, _never_read) = mpsc::channel(1);
        let (free, mut read) = mpsc::channel(MAILBOX_MAX);
        registry.add(stuck, full);
        registry.add(other, free);
        for _ in 0..3 {
            registry.post_all(|| Input::CallerHeard);
            registry.post(stuck, Message::Input(Input::CallerHeard));
        }
        for _ in 0..3 {
            assert!(read.try_recv().is_ok());
        }
    }
}
