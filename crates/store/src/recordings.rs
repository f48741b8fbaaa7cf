//! What is known of recordings; the audio itself lies in the vault.

use model::{CallId, RecordingFormat, RecordingId, Timestamp, WorkspaceId};
use sqlx::SqliteExecutor;
use sqlx::sqlite::SqliteRow;
use wire::events::EventName;
use wire::rest::RecordingView;

use crate::column::{Columns, word};
use crate::lists::workspace_of;
use crate::outbox::{News, queue};
use crate::{Store, StoreError};

/// A recording.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecordingRow {
    /// Its id.
    pub id: RecordingId,
    /// Its call.
    pub call: CallId,
    /// The container.
    pub format: RecordingFormat,
    /// When it started.
    pub started_at: Timestamp,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// Its size.
    pub bytes: i64,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// The path within the vault.
    pub path: String,
    /// Whether it was repaired after a crash.
    pub recovered: bool,
}

impl Store {
    /// Adds a recording, or replaces what was known of it. Others are told once it is there.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its call is not in the database.
    pub async fn add_recording(&self, recording: RecordingRow) -> Result<(), StoreError> {
        const DOING: &str = "add a recording";
        let mut tx = self.begin_write(DOING).await?;
        let row = sqlx::query(
            "INSERT INTO recording (id, call, format, started_at, duration_ms, bytes, sha256,
                 path, recovered)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET call = excluded.call, format = excluded.format,
                 started_at = excluded.started_at, duration_ms = excluded.duration_ms,
                 bytes = excluded.bytes, sha256 = excluded.sha256, path = excluded.path,
                 recovered = excluded.recovered
             RETURNING *",
        )
        .bind(recording.id.to_string())
        .bind(recording.call.to_string())
        .bind(word(&recording.format, "recording.format")?)
        .bind(recording.started_at.as_millis())
        .bind(recording.duration_ms)
        .bind(recording.bytes)
        .bind(recording.sha256)
        .bind(recording.path)
        .bind(recording.recovered)
        .fetch_one(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        let view = view_of(&row)?;
        if let Some(workspace) = workspace_of(&mut *tx, recording.call).await? {
            let news = News {
                workspace: &workspace,
                at: view.started_at.plus_millis(view.duration_ms),
                name: EventName::RecordingReady,
                call: Some(recording.call),
                data: serde_json::to_value(&view)
                    .map_err(|_| StoreError::Encode { column: "outbox.payload" })?,
            };
            queue(&mut tx, news).await?;
        }
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(())
    }

    /// One recording of a workspace.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn recording(
        &self,
        workspace: &WorkspaceId,
        id: RecordingId,
    ) -> Result<Option<RecordingView>, StoreError> {
        sqlx::query(
            "SELECT recording.* FROM recording JOIN call ON call.id = recording.call
             WHERE recording.id = ? AND call.workspace = ?",
        )
        .bind(id.to_string())
        .bind(workspace.as_str())
        .fetch_optional(self.readers())
        .await
        .map_err(StoreError::database("look up a recording"))?
        .as_ref()
        .map(view_of)
        .transpose()
    }
}

/// The recordings of a call, oldest first.
pub(crate) async fn recordings_in(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
) -> Result<Vec<RecordingView>, StoreError> {
    sqlx::query("SELECT * FROM recording WHERE call = ? ORDER BY started_at, id")
        .bind(call.to_string())
        .fetch_all(executor)
        .await
        .map_err(StoreError::database("list a call's recordings"))?
        .iter()
        .map(view_of)
        .collect()
}

fn view_of(row: &SqliteRow) -> Result<RecordingView, StoreError> {
    let columns = Columns::of(row, "recording");
    let id: RecordingId = columns.parsed("id")?;
    Ok(RecordingView {
        id,
        call: columns.call("call")?,
        format: columns.word("format")?,
        started_at: columns.moment("started_at")?,
        duration_ms: columns.integer("duration_ms")?,
        bytes: columns.integer("bytes")?,
        sha256: columns.text("sha256")?,
        path: columns.text("path")?,
        recovered: columns.flag("recovered")?,
        download: format!("/v1/recordings/{id}/audio"),
    })
}
