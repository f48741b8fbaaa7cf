//! Measures the media engine against a loop that only receives and sends, and the whole daemon
//! against its budgets.
//!
//! The measured side of the engine's measurement is a process of its own that is told what to do over HTTP, so that foreign
//! load generators can drive the same engine: `POST /leg {"call","leg","sdp"}` takes an offer and
//! returns `{"id","sdp"}`, `POST /bridge {"a","b"}` lets sound flow between two legs.

pub mod bare;
pub mod engine;
mod error;
pub mod fit;
pub mod gauge;
pub mod http;
#[cfg(target_os = "linux")]
pub mod ledger;
pub mod load;
pub mod report;
pub mod run;
pub mod switchboard;

pub use error::BenchError;
