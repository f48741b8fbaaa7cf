//! A workspace with a line and an agent, in a real file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ledger::{Rate, Transaction};
use model::{
    AgentId, CallId, CallQuality, Cause, Currency, Direction, Disposition, EndReason, LegQuality,
    LineId, Micros, MissedReason, Network, Party, Phone, RecordingMode, Timestamp, TransactionId,
    Verdict, Wacid, Way, WorkspaceId,
};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use store::{Cdr, LineRow, NewCall, NewEvent, Store, Workspace};
use tempfile::TempDir;
use uuid::Uuid;
use wire::events::{Envelope, EventName};

/// The caller's number in these tests.
pub(crate) const NUMBER: &str = "15550002222";

pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) directory: TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let directory = tempfile::tempdir().expect("the system has a temporary directory");
        let store = open(directory.path()).await;
        store.ensure_workspace(&workspace()).await.expect("a new workspace is accepted");
        store.ensure_line(&line()).await.expect("a new line is accepted");
        store.put_agent(&acme(), &ana(), "Ana").await.expect("a new agent is accepted");
        Self { store, directory }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.directory.path().join("ringdown.db")
    }

    /// What the file would hold if the machine's power went now: a copy, made without closing.
    pub(crate) async fn after_a_crash(&self) -> (Store, TempDir) {
        let directory = tempfile::tempdir().expect("the system has a temporary directory");
        for name in ["ringdown.db", "ringdown.db-wal"] {
            let from = self.directory.path().join(name);
            std::fs::copy(from, directory.path().join(name)).expect("both files exist in WAL mode");
        }
        (open(directory.path()).await, directory)
    }

    /// A connection beside the store's, as another program would have.
    pub(crate) async fn intruder(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.file());
        SqliteConnection::connect_with(&options).await.expect("the file is a database")
    }

    pub(crate) async fn open_call(&self, number: u128) -> CallId {
        let new = new_call(number);
        let id = new.id;
        self.store.open_call(new).await.expect("the line is set up");
        id
    }
}

pub(crate) async fn open(directory: &Path) -> Store {
    Store::open_in(directory).await.expect("the directory is writable")
}

pub(crate) fn acme() -> WorkspaceId {
    WorkspaceId::new("acme").expect("a plain word is a workspace id")
}

pub(crate) fn ana() -> AgentId {
    AgentId::new("ana").expect("a plain word is an agent id")
}

pub(crate) fn line_id() -> LineId {
    LineId::new("106540352242922").expect("digits are a line id")
}

pub(crate) fn wacid(number: u128) -> Wacid {
    Wacid::new(format!("wacid.{number}")).expect("printable text is an id")
}

pub(crate) fn call_id(number: u128) -> CallId {
    CallId::from_uuid(Uuid::from_u128(number))
}

pub(crate) fn transaction_id() -> TransactionId {
    TransactionId::from_uuid(Uuid::now_v7())
}

/// Noon of a day, and `millis` later.
pub(crate) fn noon(millis: i64) -> Timestamp {
    Timestamp::from_seconds(1_767_268_800).plus_millis(millis)
}

pub(crate) fn workspace() -> Workspace {
    Workspace {
        id: acme(),
        name: "Acme".to_owned(),
        currency: Currency::USD,
        minimum_balance: Micros::from_units(10),
    }
}

pub(crate) fn line() -> LineRow {
    LineRow {
        id: line_id(),
        workspace: acme(),
        name: "Support".to_owned(),
        inbound: true,
        recording: RecordingMode::Always,
        group: None,
    }
}

/// A call whose id, Meta's id and arrival follow from one number.
pub(crate) fn new_call(number: u128) -> NewCall {
    NewCall {
        id: call_id(number),
        workspace: acme(),
        line: line_id(),
        wacid: wacid(number),
        direction: Direction::UserInitiated,
        party: Party {
            phone: Phone::new(NUMBER),
            name: Some("Carla".to_owned()),
            ..Party::default()
        },
        arrived_at: noon(i64::try_from(number).expect("test calls have small numbers")),
    }
}

pub(crate) fn event(event: &str, offset_ms: i64) -> NewEvent {
    NewEvent {
        at: noon(offset_ms),
        offset_ms,
        event: event.to_owned(),
        detail: serde_json::json!({ "devices": 3 }),
    }
}

/// The ends of calls that others are told of, oldest first.
pub(crate) async fn ends_told(store: &Store) -> Vec<Envelope> {
    let page = store.events_after(&acme(), None, &[EventName::CallEnded], 100).await;
    page.expect("events are kept").items
}

/// An agent on a bad network.
pub(crate) fn quality() -> CallQuality {
    let caller = LegQuality {
        verdict: Verdict::Good,
        worse: None,
        mos_milli: 4_210,
        loss_ppm: 0,
        jitter_ms: 4,
        rtt_ms: Some(81),
    };
    let agent = LegQuality {
        verdict: Verdict::Poor,
        worse: Some(Way::Uplink),
        mos_milli: 2_950,
        loss_ppm: 84_000,
        jitter_ms: 37,
        rtt_ms: None,
    };
    CallQuality {
        verdict: Verdict::Poor,
        network: Some(Network::Agent),
        caller: Some(caller),
        agent: Some(agent),
    }
}

/// The CDR of a call that was talked for 56 s.
pub(crate) fn talked(call: CallId) -> Cdr {
    let end = EndReason::of(Cause::CallerHungUp, true);
    Cdr {
        call,
        ended_at: noon(60_000),
        disposition: Disposition::of(end, true),
        end,
        missed: None,
        claimed_by: Some(ana()),
        ring_ms: 3_200,
        claim_to_audio_ms: Some(140),
        duration_ms: 56_000,
        talked_s: 56,
        pulses: 10,
        billed: Micros::ZERO,
        recording: None,
        meta_duration_s: Some(56),
        quality: Some(quality()),
        volume_tier: None,
        clock_jump_ms: 0,
    }
}

/// The CDR of a call that rang for nothing.
pub(crate) fn missed(call: CallId, cause: Cause) -> Cdr {
    let end = EndReason::of(cause, false);
    Cdr {
        disposition: Disposition::of(end, false),
        end,
        missed: MissedReason::of(cause, false),
        claimed_by: None,
        ring_ms: 20_000,
        claim_to_audio_ms: None,
        duration_ms: 0,
        talked_s: 0,
        pulses: 0,
        meta_duration_s: None,
        quality: None,
        ..talked(call)
    }
}

/// The settlement of a 56-second call at a price per minute, in micros.
pub(crate) fn settlement(call: CallId, per_minute: i64) -> Transaction {
    let rate = Rate::from_per_minute(Micros::new(per_minute)).expect("test rates are positive");
    ledger::settle(
        &acme(),
        call,
        Currency::USD,
        rate,
        Duration::from_secs(56),
        noon(60_000),
        transaction_id(),
    )
    .expect("a minute has a price")
    .transaction
}

pub(crate) fn top_up(micros: i64, key: &str) -> Transaction {
    ledger::top_up(&acme(), Micros::new(micros), Currency::USD, key, noon(0), transaction_id())
        .expect("test top-ups are positive")
}
