//! What does not agree with what Meta says.

use model::{Timestamp, WorkspaceId};
use wire::rest::ReconciliationItem;

use super::{Connection, integer, integer_if_any, text};
use crate::StoreError;
use crate::money::NewItem;

/// Adds an item, unless one of its kind is there for its subject; says whether it did.
pub(crate) async fn add_item(
    connection: &mut Connection,
    id: &str,
    item: &NewItem,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO reconciliation (id, workspace, kind, subject, found_at, ours, theirs, unit)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (workspace, kind, subject) DO NOTHING",
    )
    .bind(id.to_owned())
    .bind(item.workspace.as_str().to_owned())
    .bind(item.kind.as_str().to_owned())
    .bind(item.subject.clone())
    .bind(item.at.as_millis())
    .bind(item.ours)
    .bind(item.theirs)
    .bind(item.kind.unit().to_owned())
    .execute(connection)
    .await
    .map_err(StoreError::database("note a difference to Meta"))?;
    Ok(done.rows_affected() > 0)
}

/// The items of a workspace, newest first, those before an id.
pub(crate) async fn items(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    open_only: bool,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<ReconciliationItem>, StoreError> {
    sqlx::query(
        "SELECT id, kind, subject, found_at, ours, theirs, unit, resolved_at FROM reconciliation
         WHERE workspace = $1 AND id < $2 AND (resolved_at IS NULL OR $3 = 0)
         ORDER BY id DESC LIMIT $4",
    )
    .bind(workspace.as_str().to_owned())
    .bind(before.unwrap_or("rec_~").to_owned())
    .bind(i64::from(open_only))
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("list the differences to Meta"))?
    .iter()
    .map(|row| {
        Ok(ReconciliationItem {
            id: text(row, "id")?,
            kind: text(row, "kind")?,
            subject: text(row, "subject")?,
            found_at: Timestamp::from_millis(integer(row, "found_at")?),
            ours: integer(row, "ours")?,
            theirs: integer(row, "theirs")?,
            unit: text(row, "unit")?,
            resolved_at: integer_if_any(row, "resolved_at")?.map(Timestamp::from_millis),
        })
    })
    .collect()
}

/// Marks an item as looked at; says whether it is there.
pub(crate) async fn resolve_item(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    id: &str,
    at: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE reconciliation SET resolved_at = coalesce(resolved_at, $1)
         WHERE workspace = $2 AND id = $3",
    )
    .bind(at.as_millis())
    .bind(workspace.as_str().to_owned())
    .bind(id.to_owned())
    .execute(connection)
    .await
    .map_err(StoreError::database("resolve a difference to Meta"))?;
    Ok(done.rows_affected() > 0)
}
