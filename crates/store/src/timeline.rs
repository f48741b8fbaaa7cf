//! A contact's calls, newest first, and the contact in short.

use model::{AgentId, ContactKey, FollowUpId, MissedReason, Party, WorkspaceId};
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;
use wire::MissedCall;
use wire::rest::{ContactView, Page, TimelineCall};

use crate::column::Columns;
use crate::contacts::{ContactRow, contact_of_in};
use crate::lists::{Cursor, page_size, talkers_of};
use crate::names::Names;
use crate::{Store, StoreError};

pub(crate) const CALLS_OF_CONTACT: &str =
    "SELECT call.id, direction, line, line.name AS line_name, party, state, arrived_at,
         disposition, missed, claimed_by, talkers, ring_ms, cdr.duration_ms,
         call_note.note, call_note.outcome,
         coalesce(cdr.recording, (SELECT recording.id FROM recording
             WHERE recording.call = call.id ORDER BY started_at LIMIT 1)) AS recording
     FROM call JOIN line ON line.id = call.line LEFT JOIN cdr ON cdr.call = call.id
         LEFT JOIN call_note ON call_note.id =
             (SELECT max(latest.id) FROM call_note AS latest WHERE latest.call = call.id)
     WHERE contact = ? AND call.workspace = ? AND (arrived_at, call.id) < (?, ?)
     ORDER BY arrived_at DESC, call.id DESC LIMIT ?";
pub(crate) const CONTACT_COUNTS: &str =
    "SELECT count(*) AS calls, coalesce(sum(was_missed), 0) AS missed,
         (SELECT last_agent FROM contact WHERE contact.id = ?1) AS last_agent,
         (SELECT json_group_array(kind || ':' || value) FROM contact_key
          WHERE contact_key.contact = ?1) AS keys,
         (SELECT id FROM follow_up WHERE follow_up.contact = ?1 AND done_at IS NULL) AS follow_up
     FROM call WHERE contact = ?1";

impl Store {
    /// The calls of a contact, newest first, at most [`crate::PAGE_MAX`] at once; `None` when the
    /// key names nobody in this workspace.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that this list did not give out.
    pub async fn contact_timeline(
        &self,
        workspace: &WorkspaceId,
        key: &ContactKey,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Option<Page<TimelineCall>>, StoreError> {
        let cursor = Cursor::read::<model::CallId>(cursor)?;
        let Some(contact) = self.contact_of(workspace, key).await? else { return Ok(None) };
        let mut reader = self
            .readers()
            .acquire()
            .await
            .map_err(StoreError::database("list a contact's calls"))?;
        let size = page_size(limit);
        let (calls, _) = calls_in(&mut reader, workspace, contact, size + 1, cursor).await?;
        Ok(Some(Cursor::page(calls, size, |last: &TimelineCall| (last.at, last.call.to_string()))))
    }

    /// A contact in short; `None` when the key names nobody in this workspace.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn contact(
        &self,
        workspace: &WorkspaceId,
        key: &ContactKey,
    ) -> Result<Option<ContactView>, StoreError> {
        const DOING: &str = "look up a contact";
        let mut tx = self.readers().begin().await.map_err(StoreError::database(DOING))?;
        let Some(contact) = contact_of_in(&mut tx, workspace, key).await? else { return Ok(None) };
        let row = sqlx::query(CONTACT_COUNTS)
            .bind(contact)
            .fetch_one(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        let newest = Cursor::read::<model::CallId>(None)?;
        let (last_call, party) = calls_in(&mut tx, workspace, contact, 1, newest).await?;
        let columns = Columns::of(&row, "contact");
        let last_agent: Option<AgentId> = columns.parsed_if_any("last_agent")?;
        let names = Names::of(&mut *tx, workspace, last_agent.iter().collect()).await?;
        Ok(Some(ContactView {
            keys: columns.json("keys")?,
            display: party.unwrap_or_default().display(),
            calls: columns.count("calls")?,
            missed: columns.count("missed")?,
            last_call: last_call.into_iter().next(),
            last_agent: last_agent.map(|agent| names.talker(agent)),
            follow_up: columns.parsed_if_any::<FollowUpId>("follow_up")?,
        }))
    }
}

/// Some calls of a contact, and what the newest of them told of the person.
async fn calls_in(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    contact: ContactRow,
    limit: i64,
    before: Cursor,
) -> Result<(Vec<TimelineCall>, Option<Party>), StoreError> {
    let rows = sqlx::query(CALLS_OF_CONTACT)
        .bind(contact)
        .bind(workspace.as_str())
        .bind(before.millis)
        .bind(before.id)
        .bind(limit)
        .fetch_all(&mut *connection)
        .await
        .map_err(StoreError::database("list a contact's calls"))?;
    let talkers = rows.iter().map(|row| talkers_of(&Columns::of(row, "call")));
    let talkers: Vec<Vec<AgentId>> = talkers.collect::<Result<_, _>>()?;
    let names = Names::of(&mut *connection, workspace, talkers.iter().flatten().collect()).await?;
    let party = rows.first().map(|row| Columns::of(row, "call").party()).transpose()?;
    let calls = rows.iter().zip(talkers).map(|(row, talkers)| call_of(row, talkers, &names));
    Ok((calls.collect::<Result<_, _>>()?, party))
}

fn call_of(
    row: &SqliteRow,
    talkers: Vec<AgentId>,
    names: &Names,
) -> Result<TimelineCall, StoreError> {
    let columns = Columns::of(row, "call");
    let missed: Option<MissedReason> = columns.word_if_any("missed")?;
    let rang_ms = columns.integer_if_any("ring_ms")?.unwrap_or(0);
    let talked_ms = columns.integer_if_any("duration_ms")?.filter(|_| !talkers.is_empty());
    Ok(TimelineCall {
        call: columns.call("id")?,
        direction: columns.word("direction")?,
        line: columns.parsed("line")?,
        line_name: columns.text("line_name")?,
        at: columns.moment("arrived_at")?,
        state: columns.word("state")?,
        disposition: columns.word_if_any("disposition")?,
        missed,
        missed_in_words: missed.map(|reason| MissedCall::words_for(reason, rang_ms)),
        talkers: talkers.into_iter().map(|agent| names.talker(agent)).collect(),
        talked_ms,
        recording: columns.parsed_if_any("recording")?,
        note: columns.text_if_any("note")?,
        outcome: columns.text_if_any("outcome")?,
    })
}
