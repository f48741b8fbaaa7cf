//! Calls that the business places: stored before Meta is asked, named when Meta has.

use model::{CallId, Direction, LineId, Party, Timestamp, Wacid, WorkspaceId};
use sqlx::SqliteConnection;
use wire::rest::CallState;

use crate::calls::call_of_in;
use crate::column::{Columns, json, word};
use crate::contacts::meet;
use crate::tombstone::is_buried;
use crate::{Store, StoreError};

/// A call that an agent places.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedCall {
    /// The id we give it.
    pub id: CallId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The line it leaves from.
    pub line: LineId,
    /// The contact.
    pub party: Party,
    /// When the agent dialled.
    pub placed_at: Timestamp,
}

/// What became of Meta's name for a call that we placed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    /// It is the call's name from now on.
    New,
    /// It was already.
    Known,
    /// The call has another name; nothing was changed.
    Otherwise,
    /// It is the name of another call that we placed; nothing was changed.
    Taken(CallId),
    /// It is the call's name, and the hang-up has come already.
    Buried,
}

impl Store {
    /// Stores a call before Meta is asked to place it, so that whatever becomes of it has a CDR.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its workspace or line is not set up.
    pub async fn place_call(&self, placed: PlacedCall) -> Result<(), StoreError> {
        const DOING: &str = "store a call to be placed";
        let mut tx = self.begin_write(DOING).await?;
        let contact = meet(&mut tx, &placed.workspace, &placed.party).await?;
        sqlx::query(
            "INSERT INTO call (id, workspace, line, direction, party, arrived_at, state, contact)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(placed.id.to_string())
        .bind(placed.workspace.as_str())
        .bind(placed.line.as_str())
        .bind(word(&Direction::BusinessInitiated, "call.direction")?)
        .bind(json(&placed.party, "call.party")?)
        .bind(placed.placed_at.as_millis())
        .bind(word(&CallState::Offered, "call.state")?)
        .bind(contact)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// Takes back a call that Meta is not asked for after all, because nothing could be reserved for
    /// it. One that money has moved for stays.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn take_back_placed(&self, call: CallId) -> Result<(), StoreError> {
        const DOING: &str = "take back a call that is not placed";
        let mut tx = self.begin_write(DOING).await?;
        sqlx::query(
            "DELETE FROM call WHERE id = ?1 AND wacid IS NULL
             AND NOT EXISTS (SELECT 1 FROM ledger_transaction WHERE call = ?1)",
        )
        .bind(call.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// Gives a call that we placed the name Meta has for it. Many may try, in any order: one name
    /// belongs to one such call, and a call has one name. A call that came in may have the same
    /// one.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`].
    pub async fn name_call(
        &self,
        call: CallId,
        wacid: &Wacid,
        now: Timestamp,
    ) -> Result<Named, StoreError> {
        const DOING: &str = "name a call";
        let mut tx = self.begin_write(DOING).await?;
        match name_of(&mut tx, call).await? {
            Some(known) if known == *wacid => return Ok(Named::Known),
            Some(_) => return Ok(Named::Otherwise),
            None => {}
        }
        let direction = Direction::BusinessInitiated;
        if let Some(other) = call_of_in(&mut *tx, wacid, Some(direction)).await? {
            return Ok(Named::Taken(other));
        }
        let buried = is_buried(&mut tx, wacid, direction, now).await?;
        sqlx::query("UPDATE call SET wacid = ? WHERE id = ?")
            .bind(wacid.as_str())
            .bind(call.to_string())
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(if buried { Named::Buried } else { Named::New })
    }
}

async fn name_of(
    connection: &mut SqliteConnection,
    call: CallId,
) -> Result<Option<Wacid>, StoreError> {
    let row = sqlx::query("SELECT wacid FROM call WHERE id = ? AND direction = ?")
        .bind(call.to_string())
        .bind(word(&Direction::BusinessInitiated, "call.direction")?)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("look up a call"))?;
    let row = row.ok_or(StoreError::UnknownCall { call })?;
    Columns::of(&row, "call").parsed_if_any("wacid")
}
