//! Calls whose end Meta has still to be told.

use model::{CallId, LineId, Timestamp, Wacid, WorkspaceId};

use crate::column::Columns;
use crate::{Store, StoreError};

/// A call that is over here, and perhaps not at Meta.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeptHangUp {
    /// The call.
    pub call: CallId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its line.
    pub line: LineId,
    /// Meta's id of it, to end it there.
    pub wacid: Wacid,
}

impl Store {
    /// Remembers that Meta must still be told of a call's end. Again changes nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`], also for an unknown call.
    pub async fn keep_hang_up(&self, call: CallId, since: Timestamp) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO hang_up (call, since) VALUES (?, ?) ON CONFLICT (call) DO NOTHING",
        )
        .bind(call.to_string())
        .bind(since.as_millis())
        .execute(self.writer())
        .await
        .map_err(StoreError::database("keep a hang-up"))?;
        Ok(())
    }

    /// Meta has answered, whatever it answered.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn forget_hang_up(&self, call: CallId) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM hang_up WHERE call = ?")
            .bind(call.to_string())
            .execute(self.writer())
            .await
            .map_err(StoreError::database("forget a hang-up"))?;
        Ok(())
    }

    /// The hang-ups that are kept since `after`, oldest first. Older ones are forgotten.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn kept_hang_ups(&self, after: Timestamp) -> Result<Vec<KeptHangUp>, StoreError> {
        const DOING: &str = "list the kept hang-ups";
        sqlx::query("DELETE FROM hang_up WHERE since < ?")
            .bind(after.as_millis())
            .execute(self.writer())
            .await
            .map_err(StoreError::database(DOING))?;
        let rows = sqlx::query(
            "SELECT call.id, workspace, line, wacid FROM hang_up JOIN call ON call.id = hang_up.call
             WHERE wacid IS NOT NULL ORDER BY since, call.id",
        )
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database(DOING))?;
        let kept = rows.iter().map(|row| {
            let columns = Columns::of(row, "call");
            Ok(KeptHangUp {
                call: columns.call("id")?,
                workspace: columns.parsed("workspace")?,
                line: columns.parsed("line")?,
                wacid: columns.parsed("wacid")?,
            })
        });
        kept.collect()
    }
}
