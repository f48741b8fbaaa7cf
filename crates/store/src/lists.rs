//! Calls as people read them: lists, one call in full, missed calls, CDRs of a period.

use std::fmt::Display;
use std::str::FromStr;

use model::{AgentId, CallId, Timestamp, WorkspaceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor};
use wire::rest::{CallDetail, CallSummary, Page, TimelineEvent};
use wire::{CallerView, MissedCall, RungAgent};

use crate::column::Columns;
use crate::names::Names;
use crate::notes::notes_in;
use crate::recordings::recordings_in;
use crate::story::Ring;
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
                 talkers, rung, call_note.note, call_note.outcome,
                 ring_ms, claim_to_audio_ms, cdr.duration_ms, billed, missed,
                 end_side, end_cause, end_class, quality, network,
                 caller_verdict, caller_worse, caller_mos_milli, caller_loss_ppm,
                 caller_jitter_ms, caller_rtt_ms,
                 agent_verdict, agent_worse, agent_mos_milli, agent_loss_ppm, agent_jitter_ms,
                 agent_rtt_ms,
                 coalesce(cdr.recording, (SELECT recording.id FROM recording
                     WHERE recording.call = call.id ORDER BY started_at LIMIT 1)) AS recording
             FROM call LEFT JOIN cdr ON cdr.call = call.id
                 LEFT JOIN call_note ON call_note.id = (SELECT max(latest.id)
                     FROM call_note AS latest WHERE latest.call = call.id) ",
            $rest
        )
    };
}

pub(crate) const CALLS: &str = summaries!(
    "WHERE call.workspace = ? AND (arrived_at, call.id) < (?, ?)
     ORDER BY arrived_at DESC, call.id DESC LIMIT ?"
);
pub(crate) const ONE_CALL: &str = summaries!("WHERE call.workspace = ? AND call.id = ?");
pub(crate) const MISSED: &str = summaries!(
    "WHERE call.workspace = ? AND was_missed = 1 AND (arrived_at, call.id) < (?, ?)
     ORDER BY arrived_at DESC, call.id DESC LIMIT ?"
);
pub(crate) const ONE_MISSED: &str =
    summaries!("WHERE call.workspace = ? AND was_missed = 1 AND call.id = ?");
pub(crate) const CDRS: &str = summaries!(
    // The plus sign keeps SQLite from reading every call of the workspace: it goes by the period.
    "WHERE +call.workspace = ? AND ended_at >= ? AND ended_at < ?
     ORDER BY ended_at, call.id LIMIT ?"
);
pub(crate) const RUNG: &str = "SELECT rung FROM cdr WHERE call = ?";

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
        let Cursor { millis, id } = Cursor::read::<CallId>(cursor)?;
        let size = page_size(limit);
        let rows = sqlx::query(CALLS)
            .bind(workspace.as_str())
            .bind(millis)
            .bind(id)
            // One more than asked for tells whether there is another page.
            .bind(size + 1)
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("list the calls"))?;
        let items = rows.iter().map(summary_of).collect::<Result<_, _>>()?;
        Ok(Cursor::page(items, size, |last: &CallSummary| (last.arrived_at, last.id.to_string())))
    }

    /// One call of a workspace with everything known about it.
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
        let mut detail = CallDetail {
            summary,
            timeline: timeline_in(&mut *tx, id).await?,
            ledger: Vec::new(),
            recordings: recordings_in(&mut *tx, id).await?,
            rung: rung_in(&mut tx, workspace, id).await?,
            notes: notes_in(&mut *tx, id).await?,
        };
        drop(tx);
        // By itself, because the money may be elsewhere.
        detail.ledger = self.ledger_of(id).await?;
        Ok(Some(detail))
    }

    /// The newest calls nobody took, at most [`PAGE_MAX`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn missed(
        &self,
        workspace: &WorkspaceId,
        limit: u32,
    ) -> Result<Vec<MissedCall>, StoreError> {
        Ok(self.missed_page(workspace, limit, None).await?.items)
    }

    /// The calls nobody took, newest first, at most [`PAGE_MAX`] at once.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] for a cursor that this list did not give out.
    pub async fn missed_page(
        &self,
        workspace: &WorkspaceId,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<Page<MissedCall>, StoreError> {
        const DOING: &str = "list the missed calls";
        let Cursor { millis, id } = Cursor::read::<CallId>(cursor)?;
        let size = page_size(limit);
        let mut reader = self.readers().acquire().await.map_err(StoreError::database(DOING))?;
        let rows = sqlx::query(MISSED)
            .bind(workspace.as_str())
            .bind(millis)
            .bind(id)
            .bind(size + 1)
            .fetch_all(&mut *reader)
            .await
            .map_err(StoreError::database(DOING))?;
        let items = missed_of(&mut reader, workspace, &rows).await?;
        Ok(Cursor::page(items, size, |last: &MissedCall| (last.at, last.call.to_string())))
    }

    /// One missed call of a workspace; `None` when somebody took it or it has not ended.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn missed_call(
        &self,
        workspace: &WorkspaceId,
        id: CallId,
    ) -> Result<Option<MissedCall>, StoreError> {
        const DOING: &str = "look up a missed call";
        let mut reader = self.readers().acquire().await.map_err(StoreError::database(DOING))?;
        let rows = sqlx::query(ONE_MISSED)
            .bind(workspace.as_str())
            .bind(id.to_string())
            .fetch_all(&mut *reader)
            .await
            .map_err(StoreError::database(DOING))?;
        Ok(missed_of(&mut reader, workspace, &rows).await?.pop())
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
        let rows = sqlx::query(CDRS)
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
    sqlx::query(ONE_CALL)
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

/// A place in a list, newest first: after what has this moment and id.
pub(crate) struct Cursor {
    pub(crate) millis: i64,
    pub(crate) id: String,
}

impl Cursor {
    /// Reads what [`Self::page`] wrote, in a list of things with ids of kind `T`; the list's
    /// beginning without it.
    pub(crate) fn read<T: FromStr + Display>(cursor: Option<&str>) -> Result<Self, StoreError> {
        let Some(cursor) = cursor else {
            return Ok(Self { millis: i64::MAX, id: String::new() });
        };
        let (millis, id) = cursor.split_once('.').ok_or(StoreError::Cursor)?;
        let millis = millis.parse().map_err(|_| StoreError::Cursor)?;
        let id: T = id.parse().map_err(|_| StoreError::Cursor)?;
        Ok(Self { millis, id: id.to_string() })
    }

    /// A page of so many items, given one more when there are more, and the place after it.
    pub(crate) fn page<T>(
        mut items: Vec<T>,
        size: i64,
        place: impl Fn(&T) -> (Timestamp, String),
    ) -> Page<T> {
        let shown = usize::try_from(size).unwrap_or(usize::MAX);
        let more = items.len() > shown;
        items.truncate(shown);
        let next_cursor = items.last().filter(|_| more).map(|last| {
            let (at, id) = place(last);
            format!("{}.{id}", at.as_millis())
        });
        Page { items, next_cursor }
    }
}

/// Everybody who talked. A CDR that is older than the list of talkers names one in `claimed_by`.
pub(crate) fn talkers_of(columns: &Columns<'_>) -> Result<Vec<AgentId>, StoreError> {
    let listed: Vec<AgentId> = match columns.text_if_any("talkers")? {
        Some(_) => columns.json("talkers")?,
        None => Vec::new(),
    };
    if !listed.is_empty() {
        return Ok(listed);
    }
    Ok(columns.parsed_if_any("claimed_by")?.into_iter().collect())
}

fn rings_of(columns: &Columns<'_>) -> Result<Vec<Ring>, StoreError> {
    match columns.text_if_any("rung")? {
        Some(_) => columns.json("rung"),
        None => Ok(Vec::new()),
    }
}

async fn rung_in(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    call: CallId,
) -> Result<Vec<RungAgent>, StoreError> {
    let row = sqlx::query(RUNG)
        .bind(call.to_string())
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database("look up who was rung"))?;
    let Some(row) = row else { return Ok(Vec::new()) };
    let rings = rings_of(&Columns::of(&row, "cdr"))?;
    let wanted = rings.iter().map(|ring| &ring.agent).collect();
    let names = Names::of(connection, workspace, wanted).await?;
    Ok(rings.into_iter().map(|ring| names.rung(ring)).collect())
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
        talkers: talkers_of(&columns)?,
        ring_ms: columns.integer_if_any("ring_ms")?,
        claim_to_audio_ms: columns.integer_if_any("claim_to_audio_ms")?,
        duration_ms: columns.integer_if_any("duration_ms")?,
        billed_micros: columns.integer_if_any("billed")?.map(model::Micros::new),
        missed: columns.word_if_any("missed")?,
        end: columns.end_if_any()?,
        quality: quality::read(&columns)?,
        recording: columns.parsed_if_any("recording")?,
        note: columns.text_if_any("note")?,
        outcome: columns.text_if_any("outcome")?,
    })
}

async fn missed_of(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
    rows: &[SqliteRow],
) -> Result<Vec<MissedCall>, StoreError> {
    let rings = rows.iter().map(|row| rings_of(&Columns::of(row, "cdr")));
    let rings: Vec<Vec<Ring>> = rings.collect::<Result<_, _>>()?;
    let wanted = rings.iter().flatten().map(|ring| &ring.agent).collect();
    let names = Names::of(connection, workspace, wanted).await?;
    let calls = rows.iter().zip(rings).map(|(row, rings)| {
        let columns = Columns::of(row, "call");
        let (reason, rang_ms) = (columns.word("missed")?, columns.integer("ring_ms")?);
        Ok(MissedCall {
            call: columns.call("id")?,
            from: caller_of(&columns)?,
            line: columns.parsed("line")?,
            at: columns.moment("arrived_at")?,
            reason,
            rang_ms,
            gave_up_after_ms: MissedCall::gave_up_after(reason, rang_ms),
            in_words: MissedCall::words_for(reason, rang_ms),
            rung: rings.into_iter().map(|ring| names.rung(ring)).collect(),
        })
    });
    calls.collect()
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
