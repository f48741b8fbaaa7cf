//! What agents note about calls, and the words a workspace uses for outcomes.

use std::collections::BTreeSet;

use model::{CallId, Timestamp, WorkspaceId};
use serde_json::json;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor};
use wire::events::EventName;
use wire::rest::{Annotation, CallNote};

use crate::column::Columns;
use crate::lists::workspace_of;
use crate::outbox::{News, queue};
use crate::{Store, StoreError};

/// Longest note, in characters: a page of text.
pub const NOTE_LENGTH_MAX: usize = 4_000;
/// Longest outcome, in characters: it must fit on a button.
pub const OUTCOME_LENGTH_MAX: usize = 64;
/// Words for outcomes in one workspace: as many as a person can choose from.
pub const OUTCOMES_MAX: usize = 50;
/// Forms of one call's note: a program that writes in a loop must not fill the disk.
pub const NOTES_PER_CALL_MAX: usize = 200;

pub(crate) const NOTES_OF_CALL: &str =
    "SELECT at, agent, note, outcome FROM call_note WHERE call = ? ORDER BY id";
pub(crate) const OUTCOMES: &str = "SELECT word FROM outcome WHERE workspace = ? ORDER BY position";

impl Store {
    /// Notes something about a call, live or ended. What the annotation leaves out stays as it
    /// was and an empty text takes it away; who noted what and when is kept. Noting the same again
    /// changes nothing.
    ///
    /// # Errors
    /// [`StoreError::UnknownCall`] also for a call of another workspace, [`StoreError::TextTooLong`],
    /// [`StoreError::UnknownOutcome`], [`StoreError::TooManyNotes`].
    pub async fn annotate(
        &self,
        workspace: &WorkspaceId,
        call: CallId,
        annotation: Annotation,
        at: Timestamp,
    ) -> Result<CallNote, StoreError> {
        const DOING: &str = "keep a note";
        bounded("note", annotation.note.as_deref(), NOTE_LENGTH_MAX)?;
        bounded("outcome", annotation.outcome.as_deref(), OUTCOME_LENGTH_MAX)?;
        let mut tx = self.begin_write(DOING).await?;
        if workspace_of(&mut *tx, call).await?.as_ref() != Some(workspace) {
            return Err(StoreError::UnknownCall { call });
        }
        if let Some(outcome) = annotation.outcome.as_deref().filter(|word| !word.is_empty()) {
            let words = outcomes_in(&mut *tx, workspace).await?;
            if !words.is_empty() && !words.iter().any(|word| word == outcome) {
                return Err(StoreError::UnknownOutcome);
            }
        }
        let mut notes = notes_in(&mut *tx, call).await?;
        let (note, outcome) =
            notes.last().map(|last| (last.note.clone(), last.outcome.clone())).unwrap_or_default();
        let new = CallNote {
            at,
            agent: annotation.agent,
            note: changed(annotation.note, note.clone()),
            outcome: changed(annotation.outcome, outcome.clone()),
        };
        if (&new.note, &new.outcome) == (&note, &outcome) {
            return Ok(notes.pop().unwrap_or(new));
        }
        if notes.len() >= NOTES_PER_CALL_MAX {
            return Err(StoreError::TooManyNotes { max: NOTES_PER_CALL_MAX });
        }
        insert(&mut tx, workspace, call, &new).await?;
        let data = json!({ "agent": new.agent, "note": new.note, "outcome": new.outcome });
        let name = EventName::CallNoted;
        queue(&mut tx, News { workspace, at, name, call: Some(call), data }).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(new)
    }

    /// The words a workspace uses for outcomes, in the order agents see them. With none, an
    /// outcome may be any word.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn outcomes(&self, workspace: &WorkspaceId) -> Result<Vec<String>, StoreError> {
        outcomes_in(self.readers(), workspace).await
    }

    /// Replaces the words for outcomes. What was noted before keeps its word.
    ///
    /// # Errors
    /// [`StoreError::Outcomes`] for words that cannot be, [`StoreError::Dangling`] when the
    /// workspace is not set up.
    pub async fn set_outcomes(
        &self,
        workspace: &WorkspaceId,
        words: &[String],
    ) -> Result<(), StoreError> {
        const DOING: &str = "set the words for outcomes";
        let different: BTreeSet<&String> = words.iter().collect();
        if words.len() > OUTCOMES_MAX
            || different.len() != words.len()
            || !words.iter().all(|word| is_word(word))
        {
            return Err(StoreError::Outcomes { most: OUTCOMES_MAX, longest: OUTCOME_LENGTH_MAX });
        }
        let mut tx = self.begin_write(DOING).await?;
        sqlx::query("DELETE FROM outcome WHERE workspace = ?")
            .bind(workspace.as_str())
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        for (position, word) in (0_i64..).zip(words) {
            sqlx::query("INSERT INTO outcome (workspace, position, word) VALUES (?, ?, ?)")
                .bind(workspace.as_str())
                .bind(position)
                .bind(word)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
        }
        tx.commit().await.map_err(StoreError::database(DOING))
    }
}

/// Every form of a call's note, oldest first.
pub(crate) async fn notes_in(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
) -> Result<Vec<CallNote>, StoreError> {
    sqlx::query(NOTES_OF_CALL)
        .bind(call.to_string())
        .fetch_all(executor)
        .await
        .map_err(StoreError::database("read a call's notes"))?
        .iter()
        .map(note_of)
        .collect()
}

/// Refuses a text of more characters than its place has.
pub(crate) fn bounded(
    what: &'static str,
    text: Option<&str>,
    max: usize,
) -> Result<(), StoreError> {
    // Bytes first: counting the characters of an enormous text is work for nothing.
    let fits = text.is_none_or(|text| text.len() <= 4 * max && text.chars().count() <= max);
    if fits { Ok(()) } else { Err(StoreError::TextTooLong { what, max }) }
}

async fn insert(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    call: CallId,
    new: &CallNote,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO call_note (call, workspace, agent, at, note, outcome)
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(call.to_string())
    .bind(workspace.as_str())
    .bind(new.agent.as_ref().map(model::AgentId::as_str))
    .bind(new.at.as_millis())
    .bind(&new.note)
    .bind(&new.outcome)
    .execute(connection)
    .await
    .map_err(StoreError::database("keep a note"))?;
    Ok(())
}

async fn outcomes_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
) -> Result<Vec<String>, StoreError> {
    sqlx::query(OUTCOMES)
        .bind(workspace.as_str())
        .fetch_all(executor)
        .await
        .map_err(StoreError::database("list the words for outcomes"))?
        .iter()
        .map(|row| Columns::of(row, "outcome").text("word"))
        .collect()
}

fn changed(given: Option<String>, before: Option<String>) -> Option<String> {
    match given {
        Some(text) if text.is_empty() => None,
        Some(text) => Some(text),
        None => before,
    }
}

fn is_word(word: &str) -> bool {
    (1..=OUTCOME_LENGTH_MAX).contains(&word.chars().count())
        && word.trim() == word
        && !word.chars().any(char::is_control)
}

fn note_of(row: &SqliteRow) -> Result<CallNote, StoreError> {
    let columns = Columns::of(row, "call_note");
    Ok(CallNote {
        at: columns.moment("at")?,
        agent: columns.parsed_if_any("agent")?,
        note: columns.text_if_any("note")?,
        outcome: columns.text_if_any("outcome")?,
    })
}
