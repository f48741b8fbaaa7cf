//! Old events go, a few at a time, with what became of them.

use std::collections::BTreeSet;

use model::Timestamp;

use crate::column::Columns;
use crate::deliveries::promote;
use crate::{Store, StoreError};

/// Events that go in one write; calls write between two of these.
const PRUNED_AT_ONCE: i64 = 200;

impl Store {
    /// Deletes some of the events from before a moment, with their deliveries. Returns whether
    /// there may be more. From then on a cursor that stands before them is refused.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn prune_events(
        &self,
        before: Timestamp,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "delete old events";
        let failed = StoreError::database(DOING);
        let mut tx = self.begin_write(DOING).await?;
        let gone = sqlx::query(
            "DELETE FROM outbox WHERE id IN
                 (SELECT id FROM outbox WHERE at < ? ORDER BY at LIMIT ?)
             RETURNING id, workspace",
        )
        .bind(before.as_millis())
        .bind(PRUNED_AT_ONCE)
        .fetch_all(&mut *tx)
        .await
        .map_err(&failed)?;
        let mut lanes = BTreeSet::new();
        for row in &gone {
            let columns = Columns::of(row, "outbox");
            let (id, workspace) = (columns.integer("id")?, columns.text("workspace")?);
            sqlx::query(
                "INSERT INTO outbox_horizon (workspace, pruned_through) VALUES (?, ?)
                 ON CONFLICT (workspace) DO UPDATE
                     SET pruned_through = max(pruned_through, excluded.pruned_through)",
            )
            .bind(&workspace)
            .bind(id)
            .execute(&mut *tx)
            .await
            .map_err(&failed)?;
            let open = sqlx::query(
                "DELETE FROM delivery WHERE event = ?1 AND endpoint IN
                     (SELECT id FROM delivery_endpoint WHERE workspace = ?2)
                 RETURNING endpoint, lane, state",
            )
            .bind(id)
            .bind(&workspace)
            .fetch_all(&mut *tx)
            .await
            .map_err(&failed)?;
            for row in &open {
                let columns = Columns::of(row, "delivery");
                if columns.text("state")? == "pending" {
                    lanes.insert((columns.text("endpoint")?, columns.text("lane")?));
                }
            }
        }
        // An event behind one that went undelivered must not wait for ever.
        for (endpoint, lane) in &lanes {
            promote(&mut tx, endpoint, lane, now).await?;
        }
        tx.commit().await.map_err(&failed)?;
        Ok(i64::try_from(gone.len()).unwrap_or(i64::MAX) == PRUNED_AT_ONCE)
    }
}
