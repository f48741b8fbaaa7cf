//! The live calls. The only place that knows the map; no guard ever leaves it.

use dashmap::DashMap;
use model::{CallId, DeviceId};
use tokio::sync::mpsc;

use crate::owner::Message;

/// Inputs that may wait for one call's task. Agents, Meta and media together send a handful a
/// second; a full box means the task is stuck, and the sender is told.
pub(crate) const MAILBOX_MAX: usize = 256;

/// Mailboxes of the live calls.
#[derive(Default)]
pub(crate) struct Registry {
    calls: DashMap<CallId, mpsc::Sender<Message>>,
}

impl Registry {
    pub(crate) fn add(&self, call: CallId, mailbox: mpsc::Sender<Message>) {
        self.calls.insert(call, mailbox);
    }

    pub(crate) fn remove(&self, call: CallId) {
        self.calls.remove(&call);
    }

    pub(crate) fn mailbox(&self, call: CallId) -> Option<mpsc::Sender<Message>> {
        self.calls.get(&call).map(|entry| entry.value().clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.calls.len()
    }

    /// Sends one input to a call, if it lives; false when it does not.
    pub(crate) async fn send(&self, call: CallId, input: call::Input) -> bool {
        match self.mailbox(call) {
            Some(mailbox) => mailbox.send(Message::Input(input)).await.is_ok(),
            None => false,
        }
    }

    /// Sends an input to every live call.
    pub(crate) async fn send_all(&self, make: impl Fn() -> call::Input) {
        let all: Vec<mpsc::Sender<Message>> =
            self.calls.iter().map(|entry| entry.value().clone()).collect();
        for mailbox in all {
            // A call that ends meanwhile needs no news.
            let _ = mailbox.send(Message::Input(make())).await;
        }
    }

    /// Tells every live call that a device left.
    pub(crate) async fn device_gone(&self, device: DeviceId) {
        self.send_all(|| call::Input::DeviceGone { device }).await;
    }
}
