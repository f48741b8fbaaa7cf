//! The statements of money, compiled for SQLite.

pub(super) use sqlx::Sqlite as Database;
pub(super) use sqlx::SqliteConnection as Connection;
pub(super) use sqlx::sqlite::SqliteRow as Row;

#[expect(
    clippy::duplicate_mod,
    reason = "the same text is compiled once per database, so that no statement exists twice"
)]
#[path = "sql/mod.rs"]
pub(crate) mod sql;
