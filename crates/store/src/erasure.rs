//! A contact is erased: what names the person goes, what the business must account for stays.

use model::{CallId, ContactKey, Party, RecordingFormat, RecordingId, Timestamp, WorkspaceId};
use sqlx::SqliteConnection;
use wire::rest::ErasedContact;

use crate::column::{Columns, json};
use crate::contacts::{ContactRow, contact_of_in};
use crate::tombstone::TOMBSTONE_KEPT_MS;
use crate::{Store, StoreError};

/// A recording whose files are to be deleted before what is known of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ErasableRecording {
    /// Its id.
    pub id: RecordingId,
    /// When it started.
    pub started_at: Timestamp,
    /// The container.
    pub format: RecordingFormat,
}

/// What erasing came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Erasure {
    /// The workspace has no such contact.
    Nobody,
    /// A call of theirs is live: end it first.
    OnCall(CallId),
    /// They are gone; this is what was removed.
    Erased(ErasedContact),
}

/// The steps, each with what it counts.
const STEPS: [(&str, &str); 5] = [
    ("notes", "DELETE FROM call_note WHERE call IN (SELECT id FROM call WHERE contact = ?1)"),
    ("follow_ups", "DELETE FROM follow_up WHERE contact = ?1"),
    ("recordings", "DELETE FROM recording WHERE call IN (SELECT id FROM call WHERE contact = ?1)"),
    (
        "deliveries",
        "DELETE FROM delivery WHERE event IN
             (SELECT outbox.id FROM outbox JOIN call ON call.id = outbox.call WHERE contact = ?1)",
    ),
    ("events", "DELETE FROM outbox WHERE call IN (SELECT id FROM call WHERE contact = ?1)"),
];

impl Store {
    /// The recordings of a contact's calls.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn recordings_of_contact(
        &self,
        workspace: &WorkspaceId,
        key: &ContactKey,
    ) -> Result<Vec<ErasableRecording>, StoreError> {
        let Some(contact) = self.contact_of(workspace, key).await? else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT recording.id, started_at, format FROM recording
                 JOIN call ON call.id = recording.call WHERE contact = ? ORDER BY started_at",
        )
        .bind(contact)
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list a contact's recordings"))?;
        let recordings = rows.iter().map(|row| {
            let columns = Columns::of(row, "recording");
            Ok(ErasableRecording {
                id: columns.parsed("id")?,
                started_at: columns.moment("started_at")?,
                format: columns.word("format")?,
            })
        });
        recordings.collect()
    }

    /// Removes what names a contact: its keys, notes, follow-ups, events and what is known of
    /// recordings (delete their files before). Its calls stay, with journal, CDR and money, and
    /// name nobody any more. All or nothing.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn erase_contact(
        &self,
        workspace: &WorkspaceId,
        key: &ContactKey,
        now: Timestamp,
    ) -> Result<Erasure, StoreError> {
        const DOING: &str = "erase a contact";
        let mut tx = self.begin_write(DOING).await?;
        let Some(contact) = contact_of_in(&mut tx, workspace, key).await? else {
            return Ok(Erasure::Nobody);
        };
        if let Some(call) = live_call_of(&mut tx, contact).await? {
            return Ok(Erasure::OnCall(call));
        }
        let mut erased = ErasedContact::default();
        for (what, step) in STEPS {
            let done = run(&mut tx, step, contact).await?;
            match what {
                "notes" => erased.notes = done,
                "follow_ups" => erased.follow_ups = done,
                "recordings" => erased.recordings = done,
                "events" => erased.events = done,
                _ => {}
            }
        }
        run(&mut tx, "DELETE FROM permit WHERE contact = ?1", contact).await?;
        erased.calls = unname_calls(&mut tx, contact, now).await?;
        erased.keys = run(&mut tx, "DELETE FROM contact_key WHERE contact = ?1", contact).await?;
        run(&mut tx, "DELETE FROM contact WHERE id = ?1", contact).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(Erasure::Erased(erased))
    }
}

async fn run(
    connection: &mut SqliteConnection,
    step: &'static str,
    contact: ContactRow,
) -> Result<u64, StoreError> {
    let done = sqlx::query(step)
        .bind(contact)
        .execute(connection)
        .await
        .map_err(StoreError::database("erase a contact"))?;
    Ok(done.rows_affected())
}

async fn live_call_of(
    connection: &mut SqliteConnection,
    contact: ContactRow,
) -> Result<Option<CallId>, StoreError> {
    sqlx::query("SELECT id FROM call WHERE contact = ? AND state <> 'ended' LIMIT 1")
        .bind(contact)
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("look for a live call of a contact"))?
        .map(|row| Columns::of(&row, "call").call("id"))
        .transpose()
}

/// Takes the names off a contact's calls. Meta may send the newest ones again; that must neither
/// ring nor bring the name back.
async fn unname_calls(
    connection: &mut SqliteConnection,
    contact: ContactRow,
    now: Timestamp,
) -> Result<u64, StoreError> {
    const DOING: &str = "take a contact's name off their calls";
    sqlx::query(
        "INSERT INTO tombstone (wacid, direction, buried_at, call)
         SELECT wacid, direction, arrived_at, id FROM call
             WHERE contact = ?1 AND arrived_at >= ?2 AND wacid IS NOT NULL
         ON CONFLICT (wacid, direction) DO UPDATE SET call = excluded.call",
    )
    .bind(contact)
    .bind(now.plus_millis(-TOMBSTONE_KEPT_MS).as_millis())
    .execute(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    let done = sqlx::query(
        "UPDATE call SET contact = NULL, party = ?2, wacid = 'erased.' || id WHERE contact = ?1",
    )
    .bind(contact)
    .bind(json(&Party::default(), "call.party")?)
    .execute(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    Ok(done.rows_affected())
}
