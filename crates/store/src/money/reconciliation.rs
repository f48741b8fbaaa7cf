//! Differences between our figures and Meta's.

use model::{Timestamp, WorkspaceId};
use uuid::Uuid;
use wire::rest::ReconciliationItem;

use super::NewItem;
use crate::money::base::{in_transaction, on_reader};
use crate::{Store, StoreError};

impl Store {
    /// Notes a difference, once per kind and subject; says whether it is new.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn note_difference(&self, item: &NewItem) -> Result<bool, StoreError> {
        let id = format!("rec_{}", Uuid::now_v7().simple());
        in_transaction!(self, "note a difference to Meta", |connection, sql, _moved| {
            sql::add_item(connection, &id, item).await
        })
    }

    /// The differences of a workspace, newest first; `before` is the id of the last one of the
    /// page before.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn differences(
        &self,
        workspace: &WorkspaceId,
        open_only: bool,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ReconciliationItem>, StoreError> {
        let limit = i64::from(limit.min(crate::PAGE_MAX));
        on_reader!(self, "list the differences to Meta", |connection, sql| {
            sql::items(connection, workspace, open_only, before, limit).await
        })
    }

    /// Marks a difference as looked at; says whether it is there.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn resolve_difference(
        &self,
        workspace: &WorkspaceId,
        id: &str,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        in_transaction!(self, "resolve a difference to Meta", |connection, sql, _moved| {
            sql::resolve_item(connection, workspace, id, at).await
        })
    }
}
