//! What must still be told to others, written together with the fact it tells.

use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, json};
use crate::lists::page_size;
use crate::{Store, StoreError};

/// An event that was not delivered yet.
#[derive(Clone, PartialEq, Debug)]
pub struct OutboxRow {
    /// Its number: later events have higher ones, and none is used twice.
    pub id: i64,
    /// The event: `call_ended`.
    pub event: String,
    /// What happened.
    pub payload: serde_json::Value,
}

impl Store {
    /// The oldest events that were not delivered yet, at most [`crate::PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn next_outbox(&self, limit: u32) -> Result<Vec<OutboxRow>, StoreError> {
        sqlx::query("SELECT id, event, payload FROM outbox ORDER BY id LIMIT ?")
            .bind(page_size(limit))
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("read the outbox"))?
            .iter()
            .map(row_of)
            .collect()
    }

    /// Drops a delivered event: the fact it told stays where it is. Dropping it again changes
    /// nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn mark_outbox_sent(&self, id: i64) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM outbox WHERE id = ?")
            .bind(id)
            .execute(self.writer())
            .await
            .map_err(StoreError::database("drop a delivered event"))?;
        Ok(())
    }
}

/// Adds an event within the write that makes it true.
pub(crate) async fn queue(
    connection: &mut SqliteConnection,
    event: &str,
    payload: &serde_json::Value,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO outbox (event, payload) VALUES (?, ?)")
        .bind(event)
        .bind(json(payload, "outbox.payload")?)
        .execute(connection)
        .await
        .map_err(StoreError::database("queue an event"))?;
    Ok(())
}

fn row_of(row: &SqliteRow) -> Result<OutboxRow, StoreError> {
    let columns = Columns::of(row, "outbox");
    Ok(OutboxRow {
        id: columns.integer("id")?,
        event: columns.text("event")?,
        payload: columns.json("payload")?,
    })
}
