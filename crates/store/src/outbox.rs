//! The events for others: written together with the fact they tell, kept for a while, read in
//! order from a cursor on.

use model::{CallId, Timestamp, WorkspaceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor};
use tokio::sync::watch;
use wire::events::{Envelope, EventName, EventPage, VERSION};

use crate::column::{Columns, json, word};
use crate::lists::page_size;
use crate::{Store, StoreError};

/// An event to be told.
pub(crate) struct News<'a> {
    pub(crate) workspace: &'a WorkspaceId,
    pub(crate) at: Timestamp,
    pub(crate) name: EventName,
    pub(crate) call: Option<CallId>,
    pub(crate) data: serde_json::Value,
}

impl Store {
    /// Changes whenever there may be something new for others: an event, or an endpoint.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.bell().subscribe()
    }

    /// The events of a workspace after a cursor, oldest first, at most [`crate::PAGE_MAX`];
    /// without a cursor from the oldest that is kept. `names` picks; without any all are meant.
    ///
    /// # Errors
    /// [`StoreError::EventsGone`] when events after the cursor are not kept any more.
    pub async fn events_after(
        &self,
        workspace: &WorkspaceId,
        after: Option<i64>,
        names: &[EventName],
        limit: u32,
    ) -> Result<EventPage, StoreError> {
        const DOING: &str = "read the events";
        let mut tx = self.readers().begin().await.map_err(StoreError::database(DOING))?;
        let horizon = horizon_in(&mut *tx, workspace).await?;
        let after = after.unwrap_or(horizon);
        if after < horizon {
            return Err(StoreError::EventsGone { through: horizon });
        }
        let items = sqlx::query(
            "SELECT id, workspace, call, at, type, payload FROM outbox
             WHERE workspace = ?1 AND id > ?2
                 AND (json_array_length(?3) = 0 OR type IN (SELECT value FROM json_each(?3)))
             ORDER BY id LIMIT ?4",
        )
        .bind(workspace.as_str())
        .bind(after)
        .bind(json(&names, "outbox.type")?)
        .bind(page_size(limit))
        .fetch_all(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?
        .iter()
        .map(envelope_of)
        .collect::<Result<Vec<_>, _>>()?;
        // A page that is not full has seen everything: what was not picked need not be kept for it.
        let full = i64::try_from(items.len()).unwrap_or(i64::MAX) >= page_size(limit);
        let last = items.last().map_or(after, |last| last.seq);
        let next_after = if full { last } else { newest_in(&mut *tx, workspace).await?.max(after) };
        Ok(EventPage { items, next_after })
    }

    /// The number of the newest event of a workspace, 0 before the first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn newest_event(&self, workspace: &WorkspaceId) -> Result<i64, StoreError> {
        newest_in(self.readers(), workspace).await
    }
}

/// Adds an event within the write that makes it true. Ring [`Store::bell`] after the commit.
pub(crate) async fn queue(
    connection: &mut SqliteConnection,
    news: News<'_>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO outbox (workspace, call, at, type, payload) VALUES (?, ?, ?, ?, ?)")
        .bind(news.workspace.as_str())
        .bind(news.call.map(|call| call.to_string()))
        .bind(news.at.as_millis())
        .bind(word(&news.name, "outbox.type")?)
        .bind(json(&news.data, "outbox.payload")?)
        .execute(connection)
        .await
        .map_err(StoreError::database("queue an event"))?;
    Ok(())
}

/// The newest event of a workspace, read inside a write or beside it. What was pruned counts too.
pub(crate) async fn newest_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT max(coalesce((SELECT max(id) FROM outbox WHERE workspace = ?1), 0),
             coalesce((SELECT pruned_through FROM outbox_horizon WHERE workspace = ?1), 0))
             AS newest",
    )
    .bind(workspace.as_str())
    .fetch_one(executor)
    .await
    .map_err(StoreError::database("look for the newest event"))?;
    Columns::of(&row, "outbox").integer("newest")
}

async fn horizon_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
) -> Result<i64, StoreError> {
    let row = sqlx::query("SELECT pruned_through FROM outbox_horizon WHERE workspace = ?")
        .bind(workspace.as_str())
        .fetch_optional(executor)
        .await
        .map_err(StoreError::database("look for the oldest event"))?;
    row.map_or(Ok(0), |row| Columns::of(&row, "outbox_horizon").integer("pruned_through"))
}

/// An event from a row with the columns of the outbox.
pub(crate) fn envelope_of(row: &SqliteRow) -> Result<Envelope, StoreError> {
    let columns = Columns::of(row, "outbox");
    let seq = columns.integer("id")?;
    Ok(Envelope {
        v: VERSION,
        id: Envelope::id_of(seq),
        workspace: columns.parsed("workspace")?,
        seq,
        at: columns.moment("at")?,
        name: columns.word("type")?,
        call: columns.parsed_if_any("call")?,
        data: columns.json("payload")?,
    })
}
