//! Calls as people read them: lists, one call in full, missed calls, CDRs of a period.

use model::{CallId, Timestamp, WorkspaceId};
use sqlx::SqliteExecutor;
use sqlx::sqlite::SqliteRow;
use wire::rest::{CallDetail, CallSummary, Page, TimelineEvent};
use wire::{CallerView, MissedCall};

use crate::column::Columns;
use crate::money::ledger_in;
use crate::recordings::recordings_in;
use crate::{Store, StoreError, quality};

/// Rows handed out at once: enough for any screen, and small beside a call's other memory.
pub const PAGE_MAX: u32 = 200;
/// CDRs handed out at once: about 50 MB as JSON; a longer period is asked for in parts.
pub const CDRS_MAX: u32 = 100_000;

/// A call with its CDR, if it has one, then what is appended.
macro_rules! summaries {
    ($rest:literal) => {
        concat!(
            "SELECT call.id, direction, line, party, state, arrived_at, disposition, claimed_by,
                 ring_ms, claim_to_audio_ms, cdr.duration_ms, billed, missed,
                 end_side, end_cause, end_class, quality, network,
                 caller_verdict, caller_worse, caller_mos_milli, caller_loss_ppm,
                 caller_jitter_ms, caller_rtt_ms,
                 agent_verdict, agent_worse, agent_mos_milli, agent_loss_ppm, agent_jitter_ms,
                 agent_rtt_ms,
                 coalesce(cdr.recording, (SELECT recording.id FROM recording
                     WHERE recording.call = call.id ORDER BY started_at LIMIT 1)) AS recording
             FROM call LEFT JOIN cdr ON cdr.call = call.id ",
            $rest
        )
    };
}

impl Store {
    /// The calls of a workspace, newest first, at most [`PAGE_MAX`] at once.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that this list did not give out.
    pub async fn calls(
        &self,
        workspace: &WorkspaceId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<CallSummary>, StoreError> {
        let (before, before_id) = match cursor {
            Some(cursor) => read_cursor(cursor)?,
            None => (i64::MAX, String::new()),
        };
        let size = page_size(limit);
        let rows = sqlx::query(summaries!(
            "WHERE workspace = ? AND (arrived_at, call.id) < (?, ?)
             ORDER BY arrived_at DESC, call.id DESC LIMIT ?"
        ))
        .bind(workspace.as_str())
        .bind(before)
        .bind(before_id)
        // One more than asked for tells whether there is another page.
        .bind(size + 1)
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the calls"))?;
        let shown = usize::try_from(size).unwrap_or(usize::MAX);
        let items: Vec<CallSummary> =
            rows.iter().take(shown).map(summary_of).collect::<Result<_, _>>()?;
        let next_cursor = items
            .last()
            .filter(|_| rows.len() > shown)
            .map(|last| format!("{}.{}", last.arrived_at.as_millis(), last.id));
        Ok(Page { items, next_cursor })
    }

    /// One call of a workspace with everything known about it, from one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn call(
        &self,
        workspace: &WorkspaceId,
        id: CallId,
    ) -> Result<Option<CallDetail>, StoreError> {
        let mut tx =
            self.readers().begin().await.map_err(StoreError::database("look up a call"))?;
        let Some(summary) = summary_in(&mut *tx, workspace, id).await? else {
            return Ok(None);
        };
        Ok(Some(CallDetail {
            summary,
            timeline: timeline_in(&mut *tx, id).await?,
            ledger: ledger_in(&mut *tx, id).await?,
            recordings: recordings_in(&mut *tx, id).await?,
        }))
    }

    /// The calls nobody took, newest first, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn missed(
        &self,
        workspace: &WorkspaceId,
        limit: u32,
    ) -> Result<Vec<MissedCall>, StoreError> {
        sqlx::query(summaries!(
            "WHERE workspace = ? AND missed IS NOT NULL
             ORDER BY arrived_at DESC, call.id DESC LIMIT ?"
        ))
        .bind(workspace.as_str())
        .bind(page_size(limit))
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the missed calls"))?
        .iter()
        .map(missed_of)
        .collect()
    }

    /// The CDRs of the calls that ended in a period, oldest first. `from` is in it and `to` is
    /// not, so that periods that touch share no call and lose none.
    ///
    /// # Errors
    /// [`StoreError::PeriodTooLong`] when there are more than [`CDRS_MAX`].
    pub async fn cdrs(
        &self,
        workspace: &WorkspaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CallSummary>, StoreError> {
        let rows = sqlx::query(summaries!(
            "WHERE workspace = ? AND ended_at >= ? AND ended_at < ?
             ORDER BY ended_at, call.id LIMIT ?"
        ))
        .bind(workspace.as_str())
        .bind(from.as_millis())
        .bind(to.as_millis())
        .bind(i64::from(CDRS_MAX) + 1)
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the CDRs"))?;
        if rows.len() > CDRS_MAX as usize {
            return Err(StoreError::PeriodTooLong { max: CDRS_MAX });
        }
        rows.iter().map(summary_of).collect()
    }
}

/// What was asked for, within bounds.
pub(crate) fn page_size(limit: u32) -> i64 {
    i64::from(limit.clamp(1, PAGE_MAX))
}

/// One call, read inside a write or beside it.
pub(crate) async fn summary_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
    id: CallId,
) -> Result<Option<CallSummary>, StoreError> {
    sqlx::query(summaries!("WHERE workspace = ? AND call.id = ?"))
        .bind(workspace.as_str())
        .bind(id.to_string())
        .fetch_optional(executor)
        .await
        .map_err(StoreError::database("look up a call"))?
        .as_ref()
        .map(summary_of)
        .transpose()
}

/// Whose call it is; `None` when it is unknown.
pub(crate) async fn workspace_of(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
) -> Result<Option<WorkspaceId>, StoreError> {
    sqlx::query("SELECT workspace FROM call WHERE id = ?")
        .bind(call.to_string())
        .fetch_optional(executor)
        .await
        .map_err(StoreError::database("look up a call"))?
        .map(|row| Columns::of(&row, "call").parsed("workspace"))
        .transpose()
}

async fn timeline_in(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
) -> Result<Vec<TimelineEvent>, StoreError> {
    sqlx::query("SELECT seq, at, offset_ms, event, detail FROM journal WHERE call = ? ORDER BY seq")
        .bind(call.to_string())
        .fetch_all(executor)
        .await
        .map_err(StoreError::database("read a call's journal"))?
        .iter()
        .map(event_of)
        .collect()
}

/// Milliseconds and id of the last call shown, as [`Store::calls`] wrote them.
fn read_cursor(cursor: &str) -> Result<(i64, String), StoreError> {
    let (millis, id) = cursor.split_once('.').ok_or(StoreError::Cursor)?;
    let millis = millis.parse().map_err(|_| StoreError::Cursor)?;
    let id: CallId = id.parse().map_err(|_| StoreError::Cursor)?;
    Ok((millis, id.to_string()))
}

fn caller_of(columns: &Columns<'_>) -> Result<CallerView, StoreError> {
    let party = columns.party()?;
    Ok(CallerView { display: party.display(), phone: party.phone })
}

fn summary_of(row: &SqliteRow) -> Result<CallSummary, StoreError> {
    let columns = Columns::of(row, "call");
    Ok(CallSummary {
        id: columns.call("id")?,
        direction: columns.word("direction")?,
        line: columns.parsed("line")?,
        from: caller_of(&columns)?,
        state: columns.word("state")?,
        arrived_at: columns.moment("arrived_at")?,
        disposition: columns.word_if_any("disposition")?,
        claimed_by: columns.parsed_if_any("claimed_by")?,
        ring_ms: columns.integer_if_any("ring_ms")?,
        claim_to_audio_ms: columns.integer_if_any("claim_to_audio_ms")?,
        duration_ms: columns.integer_if_any("duration_ms")?,
        billed_micros: columns.integer_if_any("billed")?.map(model::Micros::new),
        missed: columns.word_if_any("missed")?,
        end: columns.end_if_any()?,
        quality: quality::read(&columns)?,
        recording: columns.parsed_if_any("recording")?,
    })
}

fn missed_of(row: &SqliteRow) -> Result<MissedCall, StoreError> {
    let columns = Columns::of(row, "call");
    Ok(MissedCall {
        call: columns.call("id")?,
        from: caller_of(&columns)?,
        line: columns.parsed("line")?,
        at: columns.moment("arrived_at")?,
        reason: columns.word("missed")?,
        rang_ms: columns.integer("ring_ms")?,
    })
}

fn event_of(row: &SqliteRow) -> Result<TimelineEvent, StoreError> {
    let columns = Columns::of(row, "journal");
    let seq = columns.integer("seq")?;
    Ok(TimelineEvent {
        seq: u32::try_from(seq)
            .map_err(|_| StoreError::Corrupt { column: "journal.seq".to_owned() })?,
        at: columns.moment("at")?,
        offset_ms: columns.integer("offset_ms")?,
        event: columns.text("event")?,
        detail: columns.json("detail")?,
    })
}
