//! The rules of money: pulses, rates, balanced transactions and the gate.
//!
//! Floor 1, pure: no IO, no clock, no randomness, no floats. Ids and moments are handed in.
//! Every movement of money is a [`Transaction`] whose entries sum to exactly zero; a correction
//! is a new transaction, never a change of an old one.
#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod error;
mod gate;
mod pulses;
mod settle;
mod transaction;

pub use account::Account;
pub use error::LedgerError;
pub use gate::{Gate, GateClosed, gate, top_up_required};
pub use pulses::{PULSE_SECONDS, PULSES_PER_MINUTE, Pulses, Rate, cost};
pub use settle::{Settlement, settle, top_up};
pub use transaction::{Draft, Entry, Transaction, TransactionKind};
