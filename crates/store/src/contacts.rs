//! Who called: one contact for everything one person goes by, within one workspace.

use model::{AgentId, CallId, ContactKey, Direction, Party, WorkspaceId};
use sqlx::SqliteConnection;

use crate::close::Cdr;
use crate::column::Columns;
use crate::{Store, StoreError};

/// A contact's number in the database.
pub(crate) type ContactRow = i64;

pub(crate) const CONTACT_OF_KEY: &str =
    "SELECT contact FROM contact_key WHERE workspace = ? AND kind = ? AND value = ?";

/// The contacts that a party's names find are two at most, so sorting them costs nothing.
pub(crate) const LAST_AGENT: &str =
    "SELECT last_agent FROM contact WHERE last_agent IS NOT NULL AND id IN (
         SELECT contact FROM contact_key WHERE workspace = ?1 AND kind = 'phone' AND value = ?2
         UNION ALL
         SELECT contact FROM contact_key WHERE workspace = ?1 AND kind = 'user' AND value = ?3)
     ORDER BY last_talked_at DESC LIMIT 1";

impl Store {
    /// Who talked with this party last; `None` when nobody ever did, or when nothing names it.
    /// Two look-ups by index, however many calls there are: quick enough to ask before ringing.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn last_agent_of(
        &self,
        workspace: &WorkspaceId,
        party: &Party,
    ) -> Result<Option<AgentId>, StoreError> {
        let row = sqlx::query(LAST_AGENT)
            .bind(workspace.as_str())
            .bind(party.phone.as_ref().map(model::Phone::digits))
            .bind(party.bsuid.as_ref().map(|bsuid| bsuid.0.as_str()))
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("look for who talked with a caller last"))?;
        row.map(|row| Columns::of(&row, "contact").parsed("last_agent")).transpose()
    }

    /// The contact that a key finds.
    pub(crate) async fn contact_of(
        &self,
        workspace: &WorkspaceId,
        key: &ContactKey,
    ) -> Result<Option<ContactRow>, StoreError> {
        let mut reader =
            self.readers().acquire().await.map_err(StoreError::database("look up a contact"))?;
        contact_of_in(&mut reader, workspace, key).await
    }
}

/// The contact of a party that calls. It is made when its names are new; when they find several
/// contacts, these become one, the oldest. `None` when nothing names the party.
pub(crate) async fn meet(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    party: &Party,
) -> Result<Option<ContactRow>, StoreError> {
    const DOING: &str = "find a caller's contact";
    let keys = ContactKey::of(party);
    if keys.is_empty() {
        return Ok(None);
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for key in &keys {
        match contact_of_in(connection, workspace, key).await? {
            Some(contact) => found.push(contact),
            None => unknown.push(key),
        }
    }
    found.sort_unstable();
    found.dedup();
    let contact = match found.first() {
        Some(oldest) => *oldest,
        None => sqlx::query("INSERT INTO contact (workspace) VALUES (?)")
            .bind(workspace.as_str())
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database(DOING))?
            .last_insert_rowid(),
    };
    for other in found.iter().skip(1) {
        unite(connection, contact, *other).await?;
    }
    for key in unknown {
        sqlx::query(
            "INSERT INTO contact_key (workspace, kind, value, contact) VALUES (?, ?, ?, ?)",
        )
        .bind(workspace.as_str())
        .bind(key.kind())
        .bind(key.value())
        .bind(contact)
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database(DOING))?;
    }
    Ok(Some(contact))
}

/// Makes two contacts one. Their open follow-ups become one first: a contact has one at most.
async fn unite(
    connection: &mut SqliteConnection,
    kept: ContactRow,
    gone: ContactRow,
) -> Result<(), StoreError> {
    for step in [
        "UPDATE follow_up SET missed = follow_up.missed + other.missed,
             since = min(follow_up.since, other.since),
             last_call = iif(other.last_at > follow_up.last_at, other.last_call, follow_up.last_call),
             last_reason =
                 iif(other.last_at > follow_up.last_at, other.last_reason, follow_up.last_reason),
             last_rang = iif(other.last_at > follow_up.last_at, other.last_rang, follow_up.last_rang),
             last_at = max(follow_up.last_at, other.last_at)
         FROM follow_up AS other
         WHERE follow_up.contact = ?1 AND follow_up.done_at IS NULL
             AND other.contact = ?2 AND other.done_at IS NULL",
        "DELETE FROM follow_up WHERE contact = ?2 AND done_at IS NULL
             AND EXISTS (SELECT 1 FROM follow_up WHERE contact = ?1 AND done_at IS NULL)",
        "UPDATE follow_up SET contact = ?1 WHERE contact = ?2",
        "UPDATE call SET contact = ?1 WHERE contact = ?2",
        "UPDATE contact_key SET contact = ?1 WHERE contact = ?2",
        // What either name was permitted holds for both, the older contact's first.
        "UPDATE OR IGNORE permit SET contact = ?1 WHERE contact = ?2",
        "DELETE FROM permit WHERE contact = ?2",
        "UPDATE contact SET last_agent = other.last_agent, last_talked_at = other.last_talked_at
         FROM contact AS other WHERE contact.id = ?1 AND other.id = ?2
             AND other.last_talked_at > coalesce(contact.last_talked_at, 0)",
        "DELETE FROM contact WHERE id = ?2",
    ] {
        sqlx::query(step)
            .bind(kept)
            .bind(gone)
            .execute(&mut *connection)
            .await
            .map_err(StoreError::database("make two contacts one"))?;
    }
    Ok(())
}

/// Remembers who talked with the contact of a call last.
pub(crate) async fn remember_talk(
    connection: &mut SqliteConnection,
    contact: ContactRow,
    cdr: &Cdr,
    talker: &AgentId,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE contact SET last_agent = ?1, last_talked_at = ?2
         WHERE id = ?3 AND coalesce(last_talked_at, 0) <= ?2",
    )
    .bind(talker.as_str())
    .bind(cdr.ended_at.as_millis())
    .bind(contact)
    .execute(connection)
    .await
    .map_err(StoreError::database("remember who talked with a contact"))?;
    Ok(())
}

/// The contact of a call, and who placed it.
pub(crate) async fn contact_of_call(
    connection: &mut SqliteConnection,
    call: CallId,
) -> Result<(Option<ContactRow>, Direction), StoreError> {
    let row = sqlx::query("SELECT contact, direction FROM call WHERE id = ?")
        .bind(call.to_string())
        .fetch_one(connection)
        .await
        .map_err(StoreError::database("look up a call's contact"))?;
    let columns = Columns::of(&row, "call");
    Ok((columns.integer_if_any("contact")?, columns.word("direction")?))
}

pub(crate) async fn contact_of_in(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    key: &ContactKey,
) -> Result<Option<ContactRow>, StoreError> {
    sqlx::query(CONTACT_OF_KEY)
        .bind(workspace.as_str())
        .bind(key.kind())
        .bind(key.value())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("look up a contact"))?
        .map(|row| Columns::of(&row, "contact_key").integer("contact"))
        .transpose()
}
