//! Hang-ups that arrived before their call did.

use model::{CallId, Direction, Timestamp, Wacid};
use sqlx::SqliteConnection;

use crate::calls::call_of_in;
use crate::{Store, StoreError};

/// How long a tombstone is kept, in milliseconds: Meta redelivers webhooks for up to 7 days, so 8
/// is the least that protects; the ninth absorbs a wall clock that jumped ahead by a day.
pub const TOMBSTONE_KEPT_MS: i64 = 9 * 24 * 60 * 60 * 1_000;

/// The direction of a hang-up that did not say who called.
const EITHER: &str = "either";

const fn of_whom(direction: Direction) -> &'static str {
    match direction {
        Direction::UserInitiated => "user_initiated",
        Direction::BusinessInitiated => "business_initiated",
    }
}

/// What became of a hang-up for a call that seemed unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Burial {
    /// Remembered: the call will not ring when it comes.
    Buried,
    /// The call was opened in the meantime; nothing was buried, end this call instead.
    Known(CallId),
}

impl Store {
    /// Remembers that a call was hung up before it reached us; without a direction, whoever called.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn bury(
        &self,
        wacid: &Wacid,
        direction: Option<Direction>,
        at: Timestamp,
    ) -> Result<Burial, StoreError> {
        const DOING: &str = "remember an early hang-up";
        let mut tx = self.begin_write(DOING).await?;
        if let Some(call) = call_of_in(&mut *tx, wacid, direction).await? {
            return Ok(Burial::Known(call));
        }
        sqlx::query(
            "INSERT INTO tombstone (wacid, direction, buried_at) VALUES (?, ?, ?)
             ON CONFLICT (wacid, direction)
                 DO UPDATE SET buried_at = max(buried_at, excluded.buried_at)",
        )
        .bind(wacid.as_str())
        .bind(direction.map_or(EITHER, of_whom))
        .bind(at.as_millis())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(Burial::Buried)
    }
}

/// Whether a call was hung up before it came. Tombstones past their time are dropped on the way.
pub(crate) async fn is_buried(
    connection: &mut SqliteConnection,
    wacid: &Wacid,
    direction: Direction,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const DOING: &str = "look for an early hang-up";
    sqlx::query("DELETE FROM tombstone WHERE buried_at < ?")
        .bind(now.plus_millis(-TOMBSTONE_KEPT_MS).as_millis())
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database(DOING))?;
    let row = sqlx::query("SELECT 1 FROM tombstone WHERE wacid = ? AND direction IN (?, ?)")
        .bind(wacid.as_str())
        .bind(of_whom(direction))
        .bind(EITHER)
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database(DOING))?;
    Ok(row.is_some())
}
