//! What contacts permit lines.

use call::Permit;
use model::{ContactKey, LineId, Party, WorkspaceId};
use sqlx::{Row, SqliteConnection};

use crate::column::{Columns, json};
use crate::contacts::{ContactRow, meet};
use crate::{Store, StoreError};

impl Store {
    /// What a contact permits a line, as far as is known; nothing of a contact nobody has met.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn permit(
        &self,
        workspace: &WorkspaceId,
        line: &LineId,
        party: &Party,
    ) -> Result<Permit, StoreError> {
        for key in ContactKey::of(party) {
            if let Some(contact) = self.contact_of(workspace, &key).await? {
                let mut reader = self
                    .readers()
                    .acquire()
                    .await
                    .map_err(StoreError::database("look up a permission"))?;
                return permit_in(&mut reader, line, contact).await;
            }
        }
        Ok(Permit::default())
    }

    /// Changes what a contact permits a line, and returns it. `None` when nothing names the
    /// contact.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the line is not set up.
    pub async fn change_permit(
        &self,
        workspace: &WorkspaceId,
        line: &LineId,
        party: &Party,
        change: impl FnOnce(&mut Permit) + Send,
    ) -> Result<Option<Permit>, StoreError> {
        const DOING: &str = "keep a permission";
        let mut tx = self.begin_write(DOING).await?;
        let Some(contact) = meet(&mut tx, workspace, party).await? else { return Ok(None) };
        let mut permit = permit_in(&mut tx, line, contact).await?;
        change(&mut permit);
        sqlx::query(
            "INSERT INTO permit (line, contact, facts) VALUES (?, ?, ?)
             ON CONFLICT (line, contact) DO UPDATE SET facts = excluded.facts",
        )
        .bind(line.as_str())
        .bind(contact)
        .bind(json(&permit, "permit.facts")?)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(Some(permit))
    }

    /// Calls placed from a line since a moment.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn placed_since(
        &self,
        line: &LineId,
        since: model::Timestamp,
    ) -> Result<u32, StoreError> {
        const DOING: &str = "count the calls of a line";
        let row = sqlx::query(
            "SELECT count(*) AS placed FROM call
             WHERE line = ? AND direction = 'business_initiated' AND arrived_at > ?",
        )
        .bind(line.as_str())
        .bind(since.as_millis())
        .fetch_one(self.readers())
        .await
        .map_err(StoreError::database(DOING))?;
        let placed: i64 = row.try_get("placed").map_err(StoreError::database(DOING))?;
        Ok(u32::try_from(placed).unwrap_or(u32::MAX))
    }
}

async fn permit_in(
    connection: &mut SqliteConnection,
    line: &LineId,
    contact: ContactRow,
) -> Result<Permit, StoreError> {
    let row = sqlx::query("SELECT facts FROM permit WHERE line = ? AND contact = ?")
        .bind(line.as_str())
        .bind(contact)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("look up a permission"))?;
    row.map_or_else(|| Ok(Permit::default()), |row| Columns::of(&row, "permit").json("facts"))
}
