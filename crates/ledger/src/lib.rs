//! The rules of money: pulses, rates, balanced transactions and the gate.
//!
//! Floor 1, pure: no IO, no clock, no randomness, no floats. Ids and moments are handed in.
//! Every movement of money is a [`Transaction`] whose entries sum to exactly zero; a correction
//! is a new transaction, never a change of an old one.
#![warn(clippy::wildcard_enum_match_arm)]

mod account;
mod card;
mod card_csv;
mod countries;
mod country;
mod error;
mod gate;
mod hold;
mod meter;
mod price;
mod pulses;
mod reconcile;
mod settle;
mod shipped;
mod transaction;
mod zone;

pub use account::Account;
pub use card::{Change, RateCard, RowKey, Step, differences};
pub use card_csv::{BadLine, read_card};
pub use country::{Country, Market, Region};
pub use error::LedgerError;
pub use gate::{Gate, GateClosed, gate, top_up_required};
pub use hold::{Finish, GrantSize, finish, grant, size_grant};
pub use meter::{Meter, MeterInput, MeterOutput, MeterRules, Slice, Unreachable};
pub use price::{Ask, Charge, Markup, NoRate, Part, RateBook, Snapshot, charge};
pub use pulses::{PULSE_SECONDS, PULSES_PER_MINUTE, Pulses, Rate, cost};
pub use reconcile::{DayDifference, DayFigure, DayFigures, DayKey, compare_day, day_key};
pub use settle::{Settlement, adjust, settle, top_up};
pub use shipped::shipped_card;
pub use transaction::{Draft, Entry, Transaction, TransactionKind};
pub use zone::{Day, Month, Zone};
