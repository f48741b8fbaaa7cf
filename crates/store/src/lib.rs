//! Keeps the facts in one SQLite file: journal, CDRs, ledger, outbox, set-up and key hashes.
//!
//! Floor 2, a door. Writes go through one connection and are durable when they return
//! (`synchronous = FULL`); reads use a small pool and never wait for a write. Telephone numbers
//! and Meta's call ids are stored, because agents and Meta need them, and never logged.
#![warn(clippy::wildcard_enum_match_arm)]

mod access;
mod agents;
mod call_back;
mod calls;
mod close;
mod column;
mod contacts;
mod deliveries;
mod endpoints;
mod erasure;
mod error;
mod export;
mod follow_ups;
mod groups;
mod hang_ups;
mod lists;
mod money;
mod names;
mod notes;
mod open;
mod outbox;
mod permits;
mod placed;
#[cfg(test)]
mod plans;
mod quality;
mod recordings;
mod retention;
mod setup;
mod story;
mod timeline;
mod tombstone;

pub use access::ApiKeyRow;
pub use agents::AgentRow;
pub use calls::{NewCall, NewEvent, Opened, UnfinishedCall};
pub use close::{Cdr, Closed};
pub use deliveries::{Attempt, DueDelivery, Next, Retried};
pub use endpoints::{ENDPOINTS_MAX, EndpointRow};
pub use erasure::{ErasableRecording, Erasure};
pub use error::StoreError;
pub use export::{After, CdrRow, EXPORT_PAGE};
pub use groups::GroupRow;
pub use hang_ups::KeptHangUp;
pub use lists::{CDRS_MAX, PAGE_MAX};
pub use money::{
    CardRow, ExpiredHold, FinishAsk, Finished, GrantAsk, Granted, ItemKind, KindSum, LedgerReport,
    NewItem, Posted,
};
pub use notes::{NOTE_LENGTH_MAX, NOTES_PER_CALL_MAX, OUTCOME_LENGTH_MAX, OUTCOMES_MAX};
pub use open::Store;
pub use placed::{Named, PlacedCall};
pub use recordings::RecordingRow;
pub use setup::{LineRow, Workspace};
pub use tombstone::{Burial, TOMBSTONE_KEPT_MS};
