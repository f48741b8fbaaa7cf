//! The statements of money, compiled for Postgres.

pub(super) use sqlx::PgConnection as Connection;
pub(super) use sqlx::Postgres as Database;
pub(super) use sqlx::postgres::PgRow as Row;

#[expect(
    clippy::duplicate_mod,
    reason = "the same text is compiled once per database, so that no statement exists twice"
)]
#[path = "sql/mod.rs"]
pub(crate) mod sql;
