//! The statements of money. This text is compiled twice, for SQLite and for Postgres: both read
//! `$1`, `ON CONFLICT` and `RETURNING` alike. Every function runs within a transaction of its
//! caller's.

mod cards;
mod finish;
mod grant;
mod grant_batch;
mod items;
mod post;
mod read;
mod verify;

use sqlx::Row as _;

use super::{Connection, Database, Row};
use crate::StoreError;

pub(crate) use cards::{add_card, cards};
pub(crate) use finish::{expired_holds, finish_call};
pub(crate) use grant::grant_slice;
pub(crate) use grant_batch::grant_batch;
pub(crate) use items::{add_item, items, resolve_item};
pub(crate) use post::post;
pub(crate) use read::{entries, ledger_of, sums, total, volume};
pub(crate) use verify::verify;

fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt { column: column.to_owned() }
}

fn integer(row: &Row, column: &str) -> Result<i64, StoreError> {
    row.try_get(column).map_err(|_| corrupt(column))
}

fn integer_if_any(row: &Row, column: &str) -> Result<Option<i64>, StoreError> {
    row.try_get(column).map_err(|_| corrupt(column))
}

fn text(row: &Row, column: &str) -> Result<String, StoreError> {
    row.try_get(column).map_err(|_| corrupt(column))
}

/// An id or another value that is read from text.
fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T, StoreError> {
    text(row, column)?.parse().map_err(|_| corrupt(column))
}

fn parsed_if_any<T: std::str::FromStr>(row: &Row, column: &str) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.try_get(column).map_err(|_| corrupt(column))?;
    text.map(|text| text.parse().map_err(|_| corrupt(column))).transpose()
}
