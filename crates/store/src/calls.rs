//! The life of a call in the database, up to its end.

use model::{CallId, Direction, LineId, Party, Timestamp, Wacid, WorkspaceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqliteExecutor};
use wire::CallerView;
use wire::events::EventName;
use wire::rest::CallState;

use crate::column::{Columns, json, word};
use crate::contacts::meet;
use crate::outbox::{News, queue};
use crate::tombstone::is_buried;
use crate::{Store, StoreError};

/// A call that arrived.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewCall {
    /// The id we give it.
    pub id: CallId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// The line it arrived on.
    pub line: LineId,
    /// Meta's id of it.
    pub wacid: Wacid,
    /// Who placed it.
    pub direction: Direction,
    /// The WhatsApp user.
    pub party: Party,
    /// When the connect webhook arrived.
    pub arrived_at: Timestamp,
}

/// What became of a call that arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Opened {
    /// It is new and stored: go on.
    New,
    /// Meta sent it before; this is our call, live or ended. Nothing was changed.
    Known(CallId),
    /// Its hang-up came first. It is stored under the given id so that it gets its CDR: close it
    /// as missed (`TerminatedBeforeConnect`), without ringing and without any call to Meta.
    Buried,
}

/// Something that happened to a call.
#[derive(Clone, PartialEq, Debug)]
pub struct NewEvent {
    /// When, on the wall clock.
    pub at: Timestamp,
    /// Milliseconds since the call arrived, on the monotonic clock.
    pub offset_ms: i64,
    /// What happened, past tense: `ring_started`, `claim_won`, …
    pub event: String,
    /// Details; never SDP passwords or tokens.
    pub detail: serde_json::Value,
}

/// A call without a CDR: live, or left behind by a crash.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct UnfinishedCall {
    /// The call.
    pub id: CallId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its line.
    pub line: LineId,
    /// Meta's id of it, to end it there; absent for a call we placed that Meta never named.
    pub wacid: Option<Wacid>,
    /// Who placed it.
    pub direction: Direction,
    /// When it arrived.
    pub arrived_at: Timestamp,
    /// Where it was.
    pub state: CallState,
    /// When Meta accepted it, if it did: the moment of its `accepted` event.
    pub accepted_at: Option<Timestamp>,
    /// When something last happened; its arrival when nothing did.
    pub last_event_at: Timestamp,
}

impl Store {
    /// Stores a call that arrived, unless Meta sent it before. Of many deliveries of one call, at
    /// the same time or years apart, exactly one is [`Opened::New`] (or [`Opened::Buried`]).
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its workspace or line is not set up.
    pub async fn open_call(&self, new: NewCall) -> Result<Opened, StoreError> {
        const DOING: &str = "open a call";
        let mut tx = self.begin_write(DOING).await?;
        if let Some(known) = call_of_in(&mut *tx, &new.wacid, Some(new.direction)).await? {
            return Ok(Opened::Known(known));
        }
        let buried = is_buried(&mut tx, &new.wacid, new.direction, new.arrived_at).await?;
        let contact = meet(&mut tx, &new.workspace, &new.party).await?;
        sqlx::query(
            "INSERT INTO call
                 (id, workspace, line, wacid, direction, party, arrived_at, state, contact)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(new.id.to_string())
        .bind(new.workspace.as_str())
        .bind(new.line.as_str())
        .bind(new.wacid.as_str())
        .bind(word(&new.direction, "call.direction")?)
        .bind(json(&new.party, "call.party")?)
        .bind(new.arrived_at.as_millis())
        .bind(word(&CallState::Offered, "call.state")?)
        .bind(contact)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(if buried { Opened::Buried } else { Opened::New })
    }

    /// Our call of Meta's id, live or ended. Meta's ids are unique for each direction only;
    /// without one a live call comes first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn call_of(
        &self,
        wacid: &Wacid,
        direction: Option<Direction>,
    ) -> Result<Option<CallId>, StoreError> {
        call_of_in(self.readers(), wacid, direction).await
    }

    /// Adds an event to a call's journal and returns its number: 1, 2, 3 … without a gap. What
    /// others are told of it goes into the outbox in the same write.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`].
    pub async fn append(&self, call: CallId, event: NewEvent) -> Result<u32, StoreError> {
        let Some(name) = EventName::of_journal(&event.event, &event.detail) else {
            return append_in(self.writer(), call, &event).await;
        };
        const DOING: &str = "journal an event";
        let mut tx = self.begin_write(DOING).await?;
        let number = append_in(&mut *tx, call, &event).await?;
        tell(&mut tx, call, name, event).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(number)
    }

    /// Moves a call on. A call that ended stays ended: a late move changes nothing. A call ends
    /// with its CDR, in [`Store::close_call`] alone, so [`CallState::Ended`] counts as
    /// [`CallState::Ending`] here.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`].
    pub async fn set_state(&self, call: CallId, state: CallState) -> Result<(), StoreError> {
        let state = match state {
            CallState::Ending | CallState::Ended => CallState::Ending,
            CallState::Offered
            | CallState::Ringing
            | CallState::Queued
            | CallState::Dialling
            | CallState::Accepting
            | CallState::Bridged
            | CallState::Reconnecting => state,
        };
        let done = sqlx::query(
            "UPDATE call SET state = CASE WHEN state = 'ended' THEN state ELSE ? END WHERE id = ?",
        )
        .bind(word(&state, "call.state")?)
        .bind(call.to_string())
        .execute(self.writer())
        .await
        .map_err(StoreError::database("move a call on"))?;
        if done.rows_affected() == 0 {
            return Err(StoreError::UnknownCall { call });
        }
        Ok(())
    }

    /// The calls that have no CDR yet, oldest first. At start-up these are what a crash left
    /// behind: each must be ended at Meta and closed.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn unfinished_calls(&self) -> Result<Vec<UnfinishedCall>, StoreError> {
        sqlx::query(
            "SELECT id, workspace, line, wacid, direction, arrived_at, state,
                 (SELECT min(at) FROM journal WHERE journal.call = call.id AND event = 'accepted')
                     AS accepted_at,
                 coalesce((SELECT max(at) FROM journal WHERE journal.call = call.id), arrived_at)
                     AS last_event_at
             FROM call WHERE state <> 'ended' ORDER BY arrived_at, id",
        )
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the unfinished calls"))?
        .iter()
        .map(unfinished_of)
        .collect()
    }
}

/// Our call of Meta's id, those of erased contacts included, read inside a write or beside it.
pub(crate) async fn call_of_in(
    executor: impl SqliteExecutor<'_>,
    wacid: &Wacid,
    direction: Option<Direction>,
) -> Result<Option<CallId>, StoreError> {
    let direction = direction.map(|direction| word(&direction, "call.direction")).transpose()?;
    sqlx::query(
        "SELECT id FROM (
             SELECT id, state = 'ended' AS is_over FROM call
                 WHERE wacid = ?1 AND (?2 IS NULL OR direction = ?2)
             UNION ALL SELECT call AS id, 1 AS is_over FROM tombstone
                 WHERE wacid = ?1 AND call IS NOT NULL
                     AND (?2 IS NULL OR direction = ?2 OR direction = 'either'))
         ORDER BY is_over LIMIT 1",
    )
    .bind(wacid.as_str())
    .bind(direction)
    .fetch_optional(executor)
    .await
    .map_err(StoreError::database("look up a call"))?
    .map(|row| Columns::of(&row, "call").call("id"))
    .transpose()
}

async fn append_in(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
    event: &NewEvent,
) -> Result<u32, StoreError> {
    const DOING: &str = "journal an event";
    let row = sqlx::query(
        "INSERT INTO journal (call, seq, at, offset_ms, event, detail)
         SELECT id, (SELECT coalesce(max(seq), 0) + 1 FROM journal WHERE journal.call = call.id),
             ?, ?, ?, ?
         FROM call WHERE id = ?
         RETURNING seq",
    )
    .bind(event.at.as_millis())
    .bind(event.offset_ms)
    .bind(&event.event)
    .bind(json(&event.detail, "journal.detail")?)
    .bind(call.to_string())
    .fetch_optional(executor)
    .await
    .map_err(StoreError::database(DOING))?;
    row.ok_or(StoreError::UnknownCall { call })?.try_get("seq").map_err(StoreError::database(DOING))
}

/// Queues what others are told of a journalled event.
async fn tell(
    connection: &mut SqliteConnection,
    call: CallId,
    name: EventName,
    event: NewEvent,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT workspace, line, party FROM call WHERE id = ?")
        .bind(call.to_string())
        .fetch_one(&mut *connection)
        .await
        .map_err(StoreError::database("look up a call"))?;
    let columns = Columns::of(&row, "call");
    let mut data = event.detail;
    if name.names_the_caller()
        && let Some(details) = data.as_object_mut()
    {
        let party = columns.party()?;
        details.insert("line".to_owned(), columns.text("line")?.into());
        let from = CallerView { display: party.display(), phone: party.phone };
        details.insert("from".to_owned(), serde_json::json!(from));
    }
    let workspace = columns.parsed("workspace")?;
    let news = News { workspace: &workspace, at: event.at, name, call: Some(call), data };
    queue(connection, news).await
}

fn unfinished_of(row: &SqliteRow) -> Result<UnfinishedCall, StoreError> {
    let columns = Columns::of(row, "call");
    Ok(UnfinishedCall {
        id: columns.call("id")?,
        workspace: columns.parsed("workspace")?,
        line: columns.parsed("line")?,
        wacid: columns.parsed_if_any("wacid")?,
        direction: columns.word("direction")?,
        arrived_at: columns.moment("arrived_at")?,
        state: columns.word("state")?,
        accepted_at: columns.moment_if_any("accepted_at")?,
        last_event_at: columns.moment("last_event_at")?,
    })
}
