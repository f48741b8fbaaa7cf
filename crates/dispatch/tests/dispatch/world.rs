//! Two workspaces with calls, and dispatches that carry their events.

use std::path::PathBuf;
use std::time::Duration;

use dispatch::{Dispatch, Settings};
use model::{
    CallId, Currency, Direction, EndpointId, LineId, Micros, Party, RecordingMode, Timestamp,
    Wacid, WorkspaceId,
};
use store::{EndpointRow, LineRow, NewCall, NewEvent, Store, Workspace};
use tempfile::TempDir;
use uuid::Uuid;
use wire::events::{DeliveryView, Envelope};

use crate::receiver::{PATIENCE, Receiver};

pub(crate) const SECRET: &str = "whsec_of_the_tests";
/// A call's events in these tests, as they are journalled.
pub(crate) const STORY: [&str; 3] = ["ring_started", "bridged", "agent_lost"];

pub(crate) const SETTINGS: Settings = Settings {
    allow_private: true,
    retention: Duration::from_secs(8 * 86_400),
    delivery_time: Duration::from_millis(800),
};

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

pub(crate) fn workspace(name: &str) -> WorkspaceId {
    WorkspaceId::new(name).expect("a workspace id")
}

pub(crate) fn dispatch(store: &Store, settings: Settings) -> Dispatch {
    // Another test of this process may have installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Dispatch::new(store.clone(), settings).expect("a courier")
}

impl World {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch directory");
        let store = Store::open_in(folder.path()).await.expect("a store");
        for name in ["acme", "other"] {
            let id = workspace(name);
            let (currency, minimum_balance) = (Currency::USD, Micros::ZERO);
            let row =
                Workspace { id: id.clone(), name: name.to_owned(), currency, minimum_balance };
            store.ensure_workspace(&row).await.expect("a workspace");
            let line = LineRow {
                id: line(name),
                workspace: id,
                name: name.to_owned(),
                inbound: true,
                recording: RecordingMode::Off,
                group: None,
            };
            store.ensure_line(&line).await.expect("a line");
        }
        Self { store, folder }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("ringdown.db")
    }

    /// An endpoint of `acme` for all events.
    pub(crate) async fn endpoint(&self, receiver: &Receiver) -> EndpointRow {
        self.endpoint_of("acme", &receiver.url()).await
    }

    pub(crate) async fn endpoint_of(&self, name: &str, url: &str) -> EndpointRow {
        let row = EndpointRow {
            id: EndpointId::from_uuid(Uuid::now_v7()),
            workspace: workspace(name),
            url: url.to_owned(),
            secret: SECRET.to_owned(),
            previous_secret: None,
            types: Vec::new(),
            enabled: true,
            disabled_why: None,
            created_at: Timestamp::now(),
        };
        self.store.add_endpoint(&row).await.expect("an endpoint");
        row
    }

    pub(crate) async fn call(&self) -> CallId {
        self.call_of("acme").await
    }

    pub(crate) async fn call_of(&self, name: &str) -> CallId {
        let id = CallId::from_uuid(Uuid::now_v7());
        let new = NewCall {
            id,
            workspace: workspace(name),
            line: line(name),
            wacid: Wacid::new(format!("wacid.{id}")).expect("an id"),
            direction: Direction::UserInitiated,
            party: Party { name: Some("Maria".to_owned()), ..Party::default() },
            arrived_at: Timestamp::now(),
        };
        self.store.open_call(new).await.expect("a new call");
        id
    }

    pub(crate) async fn happens(&self, call: CallId, event: &str) {
        let event = NewEvent {
            at: Timestamp::now(),
            offset_ms: 1,
            event: event.to_owned(),
            detail: serde_json::json!({ "agent": "ana" }),
        };
        self.store.append(call, event).await.expect("a known call");
    }

    /// Everything that can be replayed of `acme`.
    pub(crate) async fn replayed(&self) -> Vec<Envelope> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.events_after(&workspace("acme"), after, &[], 7).await;
            let page = page.expect("events are kept");
            if page.items.is_empty() {
                return all;
            }
            after = Some(page.next_after);
            all.extend(page.items);
        }
    }

    /// Waits until the newest delivery of an endpoint is as wanted.
    pub(crate) async fn noted(
        &self,
        id: EndpointId,
        wanted: impl Fn(&DeliveryView) -> bool,
    ) -> DeliveryView {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let newest = self.store.deliveries(id, 1).await.expect("deliveries").pop();
            if let Some(newest) = newest.clone().filter(|newest| wanted(newest)) {
                return newest;
            }
            assert!(std::time::Instant::now() < deadline, "not noted: {newest:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

fn line(name: &str) -> LineId {
    LineId::new(format!("line-of-{name}")).expect("a line id")
}
