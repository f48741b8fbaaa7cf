//! CDRs for other programs: stable columns, in pages, so that millions cost little memory.

use model::{Timestamp, WorkspaceId};
use serde::Serialize;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::{Store, StoreError};

/// Rows of one page: some megabytes.
pub const EXPORT_PAGE: u32 = 5_000;

/// One CDR as it is exported. Columns are only ever added, at the end.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CdrRow {
    /// The call.
    pub call: String,
    /// The workspace.
    pub workspace: String,
    /// The line (`phone_number_id`).
    pub line: String,
    /// `user_initiated` or `business_initiated`.
    pub direction: String,
    /// The WhatsApp user's number; empty when it is hidden.
    pub phone: String,
    /// When it arrived, RFC 3339.
    pub arrived_at: String,
    /// When it ended, RFC 3339.
    pub ended_at: String,
    /// `answered`, `missed`, `rejected`, `failed`.
    pub disposition: String,
    /// Who ended it.
    pub end_side: String,
    /// What ended it.
    pub end_cause: String,
    /// How that counts.
    pub end_class: String,
    /// Why nobody talked.
    pub missed: Option<String>,
    /// Who talked.
    pub claimed_by: Option<String>,
    /// From arrival to claim or to the end of ringing.
    pub ring_ms: i64,
    /// From claim to sound in both directions.
    pub claim_to_audio_ms: Option<i64>,
    /// From accepted to ended by the monotonic clock.
    pub duration_ms: i64,
    /// Begun 6-second pulses.
    pub pulses: i64,
    /// The volume tier it was priced in.
    pub volume_tier: Option<i64>,
    /// What it cost, in millionths of the currency.
    pub billed_micros: i64,
    /// The currency.
    pub currency: String,
    /// Its recording.
    pub recording: Option<String>,
    /// Meta's own count of talked seconds.
    pub meta_duration_s: Option<i64>,
    /// How it sounded.
    pub quality: Option<String>,
    /// How far the wall clock jumped during the call; 0 when it did not.
    pub clock_jump_ms: i64,
}

impl CdrRow {
    /// The names of the columns, in order.
    pub const COLUMNS: [&str; 24] = [
        "call",
        "workspace",
        "line",
        "direction",
        "phone",
        "arrived_at",
        "ended_at",
        "disposition",
        "end_side",
        "end_cause",
        "end_class",
        "missed",
        "claimed_by",
        "ring_ms",
        "claim_to_audio_ms",
        "duration_ms",
        "pulses",
        "volume_tier",
        "billed_micros",
        "currency",
        "recording",
        "meta_duration_s",
        "quality",
        "clock_jump_ms",
    ];
}

/// Where the next page begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct After {
    ended_at: i64,
    call: String,
}

impl Store {
    /// How many calls ended in a period: `from` is in it and `to` is not.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn count_cdrs(
        &self,
        workspace: &WorkspaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<u64, StoreError> {
        const DOING: &str = "count the CDRs";
        let row = sqlx::query(
            "SELECT count(*) AS calls FROM cdr JOIN call ON call.id = cdr.call
             WHERE workspace = ? AND ended_at >= ? AND ended_at < ?",
        )
        .bind(workspace.as_str())
        .bind(from.as_millis())
        .bind(to.as_millis())
        .fetch_one(self.readers())
        .await
        .map_err(StoreError::database(DOING))?;
        let calls: i64 = row.try_get("calls").map_err(StoreError::database(DOING))?;
        Ok(u64::try_from(calls).unwrap_or(0))
    }

    /// A page of at most [`EXPORT_PAGE`] CDRs of a period, oldest first, and where the next one
    /// begins.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn export_cdrs(
        &self,
        workspace: &WorkspaceId,
        from: Timestamp,
        to: Timestamp,
        after: Option<&After>,
    ) -> Result<(Vec<CdrRow>, Option<After>), StoreError> {
        const DOING: &str = "export the CDRs";
        let (moment, call) = match after {
            Some(after) => (after.ended_at, after.call.as_str()),
            None => (from.as_millis(), ""),
        };
        let rows = sqlx::query(
            "SELECT cdr.call, workspace, line, direction,
                 coalesce(json_extract(party, '$.phone'), '') AS phone, arrived_at, ended_at,
                 disposition, end_side, end_cause, end_class, missed, claimed_by, ring_ms,
                 claim_to_audio_ms, cdr.duration_ms, pulses, volume_tier, billed,
                 (SELECT currency FROM workspace AS tenant WHERE tenant.id = workspace) AS currency,
                 recording, meta_duration_s, quality, clock_jump_ms
             FROM cdr JOIN call ON call.id = cdr.call
             WHERE workspace = ?1 AND ended_at >= ?2 AND ended_at < ?3
                 AND (ended_at, cdr.call) > (?2, ?4)
             ORDER BY ended_at, cdr.call LIMIT ?5",
        )
        .bind(workspace.as_str())
        .bind(moment)
        .bind(to.as_millis())
        .bind(call)
        .bind(EXPORT_PAGE)
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database(DOING))?;
        let next = match rows.last() {
            Some(last) if rows.len() == EXPORT_PAGE as usize => Some(After {
                ended_at: last.try_get("ended_at").map_err(StoreError::database(DOING))?,
                call: last.try_get("call").map_err(StoreError::database(DOING))?,
            }),
            Some(_) | None => None,
        };
        let rows: Result<_, sqlx::Error> = rows.iter().map(row_of).collect();
        Ok((rows.map_err(StoreError::database(DOING))?, next))
    }
}

fn row_of(row: &SqliteRow) -> Result<CdrRow, sqlx::Error> {
    let moment =
        |name: &str| row.try_get(name).map(|millis| Timestamp::from_millis(millis).to_string());
    Ok(CdrRow {
        call: row.try_get("call")?,
        workspace: row.try_get("workspace")?,
        line: row.try_get("line")?,
        direction: row.try_get("direction")?,
        phone: row.try_get("phone")?,
        arrived_at: moment("arrived_at")?,
        ended_at: moment("ended_at")?,
        disposition: row.try_get("disposition")?,
        end_side: row.try_get("end_side")?,
        end_cause: row.try_get("end_cause")?,
        end_class: row.try_get("end_class")?,
        missed: row.try_get("missed")?,
        claimed_by: row.try_get("claimed_by")?,
        ring_ms: row.try_get("ring_ms")?,
        claim_to_audio_ms: row.try_get("claim_to_audio_ms")?,
        duration_ms: row.try_get("duration_ms")?,
        pulses: row.try_get("pulses")?,
        volume_tier: row.try_get("volume_tier")?,
        billed_micros: row.try_get("billed")?,
        currency: row.try_get("currency")?,
        recording: row.try_get("recording")?,
        meta_duration_s: row.try_get("meta_duration_s")?,
        quality: row.try_get("quality")?,
        clock_jump_ms: row.try_get("clock_jump_ms")?,
    })
}
