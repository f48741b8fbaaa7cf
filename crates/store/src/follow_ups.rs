//! Missed calls to be followed up: one open follow-up for each contact, done when somebody talks.

use model::{
    CallId, ContactKey, Direction, FollowUpId, MissedReason, Party, Timestamp, WorkspaceId,
};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor};
use wire::MissedCall;
use wire::rest::{FollowUp, FollowUpDone, FollowUpState, MarkDone, Page};

use crate::call_back::call_back;
use crate::close::Cdr;
use crate::column::{Columns, word};
use crate::contacts::ContactRow;
use crate::lists::{Cursor, page_size};
use crate::notes::{NOTE_LENGTH_MAX, bounded};
use crate::{Store, StoreError};

/// A follow-up with its contact's names and what its last call told of the person.
macro_rules! follow_ups {
    ($rest:literal) => {
        concat!(
            "SELECT follow_up.*, call.party,
                 (SELECT json_group_array(kind || ':' || value) FROM contact_key
                  WHERE contact_key.contact = follow_up.contact) AS keys
             FROM follow_up JOIN call ON call.id = follow_up.last_call ",
            $rest
        )
    };
}

pub(crate) const OPEN_FOLLOW_UPS: &str = follow_ups!(
    "WHERE follow_up.workspace = ? AND done_at IS NULL AND (since, follow_up.id) < (?, ?)
     ORDER BY since DESC, follow_up.id DESC LIMIT ?"
);
pub(crate) const DONE_FOLLOW_UPS: &str = follow_ups!(
    "WHERE follow_up.workspace = ? AND done_at IS NOT NULL AND (done_at, follow_up.id) < (?, ?)
     ORDER BY done_at DESC, follow_up.id DESC LIMIT ?"
);
pub(crate) const ONE_FOLLOW_UP: &str =
    follow_ups!("WHERE follow_up.workspace = ? AND follow_up.id = ?");

impl Store {
    /// The follow-ups of a workspace, at most [`crate::PAGE_MAX`] at once: open ones by when they
    /// began, done ones by when they were done, newest first.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that this list did not give out.
    pub async fn follow_ups(
        &self,
        workspace: &WorkspaceId,
        state: FollowUpState,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<FollowUp>, StoreError> {
        let Cursor { millis, id } = Cursor::read::<FollowUpId>(cursor)?;
        let query = match state {
            FollowUpState::Open => OPEN_FOLLOW_UPS,
            FollowUpState::Done => DONE_FOLLOW_UPS,
        };
        let size = page_size(limit);
        let rows = sqlx::query(query)
            .bind(workspace.as_str())
            .bind(millis)
            .bind(id)
            .bind(size + 1)
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("list the follow-ups"))?;
        let items = rows.iter().map(follow_up_of).collect::<Result<_, _>>()?;
        Ok(Cursor::page(items, size, |last: &FollowUp| {
            (last.done.as_ref().map_or(last.since, |done| done.at), last.id.to_string())
        }))
    }

    /// One follow-up of a workspace.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn follow_up(
        &self,
        workspace: &WorkspaceId,
        id: FollowUpId,
    ) -> Result<Option<FollowUp>, StoreError> {
        follow_up_in(self.readers(), workspace, id).await
    }

    /// Says that nothing is left to do. A follow-up that is done stays as it was done.
    ///
    /// # Errors
    /// [`StoreError::UnknownFollowUp`], [`StoreError::TextTooLong`].
    pub async fn mark_follow_up_done(
        &self,
        workspace: &WorkspaceId,
        id: FollowUpId,
        mark: MarkDone,
        at: Timestamp,
    ) -> Result<FollowUp, StoreError> {
        const DOING: &str = "mark a follow-up done";
        bounded("note", mark.note.as_deref(), NOTE_LENGTH_MAX)?;
        let mut tx = self.begin_write(DOING).await?;
        sqlx::query(
            "UPDATE follow_up SET done_at = ?, done_how = 'by_hand', done_call = NULL, done_by = ?,
                 done_note = ?
             WHERE workspace = ? AND id = ? AND done_at IS NULL",
        )
        .bind(at.as_millis())
        .bind(mark.agent.as_ref().map(model::AgentId::as_str))
        .bind(mark.note.filter(|note| !note.is_empty()))
        .bind(workspace.as_str())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        let done = follow_up_in(&mut *tx, workspace, id).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        done.ok_or(StoreError::UnknownFollowUp { id })
    }

    /// Opens a follow-up again. One that is open stays so.
    ///
    /// # Errors
    /// [`StoreError::UnknownFollowUp`], [`StoreError::FollowUpOpen`] when its contact has another
    /// open one by now.
    pub async fn reopen_follow_up(
        &self,
        workspace: &WorkspaceId,
        id: FollowUpId,
    ) -> Result<FollowUp, StoreError> {
        const DOING: &str = "open a follow-up again";
        let mut tx = self.begin_write(DOING).await?;
        sqlx::query(
            "UPDATE follow_up SET done_at = NULL, done_how = NULL, done_call = NULL,
                 done_by = NULL, done_note = NULL
             WHERE workspace = ? AND id = ? AND done_at IS NOT NULL
                 AND NOT EXISTS (SELECT 1 FROM follow_up AS other
                     WHERE other.contact = follow_up.contact AND other.done_at IS NULL)",
        )
        .bind(workspace.as_str())
        .bind(id.to_string())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        let now = follow_up_in(&mut *tx, workspace, id).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        let now = now.ok_or(StoreError::UnknownFollowUp { id })?;
        match now.state {
            FollowUpState::Open => Ok(now),
            FollowUpState::Done => Err(StoreError::FollowUpOpen),
        }
    }
}

/// Opens a follow-up for the contact of a missed call, or adds the call to the open one. Nothing
/// is left to do when the contact was talked with after it arrived.
pub(crate) async fn miss(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    contact: ContactRow,
    cdr: &Cdr,
    reason: MissedReason,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO follow_up
             (id, workspace, contact, missed, since, last_call, last_at, last_reason, last_rang)
         SELECT ?1, ?2, ?3, 1, arrived_at, id, arrived_at, ?4, ?5 FROM call
         WHERE id = ?6 AND arrived_at > coalesce(
             (SELECT last_talked_at FROM contact WHERE contact.id = ?3), arrived_at - 1)
         ON CONFLICT (contact) WHERE done_at IS NULL DO UPDATE SET missed = missed + 1,
             last_call = iif(excluded.last_at >= last_at, excluded.last_call, last_call),
             last_reason = iif(excluded.last_at >= last_at, excluded.last_reason, last_reason),
             last_rang = iif(excluded.last_at >= last_at, excluded.last_rang, last_rang),
             since = min(since, excluded.since), last_at = max(last_at, excluded.last_at)",
    )
    .bind(FollowUpId::from_uuid(cdr.call.as_uuid()).to_string())
    .bind(workspace.as_str())
    .bind(contact)
    .bind(word(&reason, "follow_up.last_reason")?)
    .bind(cdr.ring_ms)
    .bind(cdr.call.to_string())
    .execute(connection)
    .await
    .map_err(StoreError::database("open a follow-up"))?;
    Ok(())
}

/// The contact was talked with: what was missed before is followed up.
pub(crate) async fn talk(
    connection: &mut SqliteConnection,
    contact: ContactRow,
    cdr: &Cdr,
    talker: &model::AgentId,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE follow_up SET done_at = ?1, done_how = 'talked', done_call = ?2, done_by = ?3
         WHERE contact = ?4 AND done_at IS NULL AND last_at < ?1",
    )
    .bind(cdr.ended_at.as_millis())
    .bind(cdr.call.to_string())
    .bind(talker.as_str())
    .bind(contact)
    .execute(connection)
    .await
    .map_err(StoreError::database("close a follow-up"))?;
    Ok(())
}

/// Whether a call of this direction can be missed: when a contact does not answer our call, nobody
/// here missed anything.
pub(crate) const fn can_be_missed(direction: Direction) -> bool {
    match direction {
        Direction::UserInitiated => true,
        Direction::BusinessInitiated => false,
    }
}

async fn follow_up_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
    id: FollowUpId,
) -> Result<Option<FollowUp>, StoreError> {
    sqlx::query(ONE_FOLLOW_UP)
        .bind(workspace.as_str())
        .bind(id.to_string())
        .fetch_optional(executor)
        .await
        .map_err(StoreError::database("look up a follow-up"))?
        .as_ref()
        .map(follow_up_of)
        .transpose()
}

fn follow_up_of(row: &SqliteRow) -> Result<FollowUp, StoreError> {
    let columns = Columns::of(row, "follow_up");
    let contact: Vec<ContactKey> = columns.json("keys")?;
    let party: Party = columns.party()?;
    let last_reason = columns.word("last_reason")?;
    let done = match columns.moment_if_any("done_at")? {
        Some(at) => Some(FollowUpDone {
            at,
            how: columns.word("done_how")?,
            call: columns.parsed_if_any::<CallId>("done_call")?,
            agent: columns.parsed_if_any("done_by")?,
            note: columns.text_if_any("done_note")?,
        }),
        None => None,
    };
    Ok(FollowUp {
        id: columns.parsed("id")?,
        state: if done.is_some() { FollowUpState::Done } else { FollowUpState::Open },
        display: party.display(),
        missed: columns.count("missed")?,
        since: columns.moment("since")?,
        last_call: columns.call("last_call")?,
        last_at: columns.moment("last_at")?,
        last_reason,
        last_in_words: MissedCall::words_for(last_reason, columns.integer("last_rang")?),
        call_back: call_back(&contact),
        contact,
        done,
    })
}
