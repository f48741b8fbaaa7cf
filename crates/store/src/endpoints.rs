//! Where events are delivered to.

use model::{EndpointId, Timestamp, WorkspaceId};
use sqlx::sqlite::SqliteRow;
use wire::events::{EndpointView, EventName};

use crate::column::{Columns, json};
use crate::outbox::newest_in;
use crate::{Store, StoreError};

/// Endpoints of one workspace: each costs a task and a delivery for each event.
pub const ENDPOINTS_MAX: u32 = 20;
/// Deliveries of a removed endpoint deleted in one write; calls write between two of these.
const REMOVED_AT_ONCE: i64 = 500;

/// An address, with what its deliveries are signed with. `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub struct EndpointRow {
    /// Its id.
    pub id: EndpointId,
    /// Whose events it gets.
    pub workspace: WorkspaceId,
    /// Where to.
    pub url: String,
    /// Signs.
    pub secret: String,
    /// Signs too, until then.
    pub previous_secret: Option<(String, Timestamp)>,
    /// Which events; all when empty.
    pub types: Vec<EventName>,
    /// Whether events are delivered.
    pub enabled: bool,
    /// Why not.
    pub disabled_why: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
}

impl std::fmt::Debug for EndpointRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EndpointRow({} of {})", self.id, self.workspace)
    }
}

impl EndpointRow {
    /// What others may see of it.
    pub fn view(&self) -> EndpointView {
        EndpointView {
            id: self.id,
            url: self.url.clone(),
            types: self.types.clone(),
            enabled: self.enabled,
            disabled_why: self.disabled_why.clone(),
            created_at: self.created_at,
            previous_secret_until: self.previous_secret.as_ref().map(|(_, until)| *until),
        }
    }
}

impl Store {
    /// Adds an endpoint. It gets the events from now on.
    ///
    /// # Errors
    /// [`StoreError::TooManyEndpoints`], or [`StoreError::Dangling`] for an unknown workspace.
    pub async fn add_endpoint(&self, endpoint: &EndpointRow) -> Result<(), StoreError> {
        const DOING: &str = "add an endpoint";
        let mut tx = self.begin_write(DOING).await?;
        let row = sqlx::query("SELECT count(*) AS n FROM delivery_endpoint WHERE workspace = ?")
            .bind(endpoint.workspace.as_str())
            .fetch_one(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        if Columns::of(&row, "delivery_endpoint").count("n")? >= ENDPOINTS_MAX {
            return Err(StoreError::TooManyEndpoints { max: ENDPOINTS_MAX });
        }
        let cursor = newest_in(&mut *tx, &endpoint.workspace).await?;
        let (previous, until) = match &endpoint.previous_secret {
            Some((secret, until)) => (Some(secret), Some(until.as_millis())),
            None => (None, None),
        };
        sqlx::query(
            "INSERT INTO delivery_endpoint (id, workspace, url, secret, previous_secret,
                 previous_until, types, enabled, disabled_why, created_at, cursor)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(endpoint.id.to_string())
        .bind(endpoint.workspace.as_str())
        .bind(&endpoint.url)
        .bind(&endpoint.secret)
        .bind(previous)
        .bind(until)
        .bind(json(&endpoint.types, "delivery_endpoint.types")?)
        .bind(endpoint.enabled)
        .bind(&endpoint.disabled_why)
        .bind(endpoint.created_at.as_millis())
        .bind(cursor)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(())
    }

    /// The endpoints of a workspace, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn endpoints(&self, of: &WorkspaceId) -> Result<Vec<EndpointRow>, StoreError> {
        sqlx::query("SELECT * FROM delivery_endpoint WHERE workspace = ? ORDER BY created_at, id")
            .bind(of.as_str())
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("list the endpoints"))?
            .iter()
            .map(endpoint_of)
            .collect()
    }

    /// Every endpoint of every workspace that events are delivered to.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn enabled_endpoints(&self) -> Result<Vec<EndpointRow>, StoreError> {
        sqlx::query("SELECT * FROM delivery_endpoint WHERE enabled = 1 ORDER BY id")
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("list the endpoints"))?
            .iter()
            .map(endpoint_of)
            .collect()
    }

    /// One endpoint of a workspace.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn endpoint(
        &self,
        workspace: &WorkspaceId,
        id: EndpointId,
    ) -> Result<Option<EndpointRow>, StoreError> {
        sqlx::query("SELECT * FROM delivery_endpoint WHERE workspace = ? AND id = ?")
            .bind(workspace.as_str())
            .bind(id.to_string())
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("look up an endpoint"))?
            .as_ref()
            .map(endpoint_of)
            .transpose()
    }

    /// Gives an endpoint a new secret; the one before signs too, until then. Returns whether there
    /// is such an endpoint.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn rotate_endpoint_secret(
        &self,
        workspace: &WorkspaceId,
        id: EndpointId,
        secret: &str,
        previous_until: Timestamp,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query(
            "UPDATE delivery_endpoint SET previous_secret = secret, previous_until = ?, secret = ?
             WHERE workspace = ? AND id = ?",
        )
        .bind(previous_until.as_millis())
        .bind(secret)
        .bind(workspace.as_str())
        .bind(id.to_string())
        .execute(self.writer())
        .await
        .map_err(StoreError::database("change an endpoint's secret"))?;
        self.ring_bell();
        Ok(done.rows_affected() > 0)
    }

    /// Delivers nothing more to an endpoint.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn disable_endpoint(&self, id: EndpointId, why: &str) -> Result<(), StoreError> {
        sqlx::query("UPDATE delivery_endpoint SET enabled = 0, disabled_why = ? WHERE id = ?")
            .bind(why)
            .bind(id.to_string())
            .execute(self.writer())
            .await
            .map_err(StoreError::database("disable an endpoint"))?;
        self.ring_bell();
        Ok(())
    }

    /// Removes an endpoint with its deliveries. Returns whether there was one. If it is cut short,
    /// the endpoint is left disabled and can be removed again.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn remove_endpoint(
        &self,
        workspace: &WorkspaceId,
        id: EndpointId,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "remove an endpoint";
        if self.endpoint(workspace, id).await?.is_none() {
            return Ok(false);
        }
        self.disable_endpoint(id, "it is being removed").await?;
        loop {
            let done = sqlx::query(
                "DELETE FROM delivery WHERE endpoint = ?1 AND event IN
                     (SELECT event FROM delivery WHERE endpoint = ?1 LIMIT ?2)",
            )
            .bind(id.to_string())
            .bind(REMOVED_AT_ONCE)
            .execute(self.writer())
            .await
            .map_err(StoreError::database(DOING))?;
            if done.rows_affected() == 0 {
                break;
            }
        }
        sqlx::query("DELETE FROM delivery_endpoint WHERE id = ?")
            .bind(id.to_string())
            .execute(self.writer())
            .await
            .map_err(StoreError::database(DOING))?;
        Ok(true)
    }
}

fn endpoint_of(row: &SqliteRow) -> Result<EndpointRow, StoreError> {
    let columns = Columns::of(row, "delivery_endpoint");
    let previous = columns.text_if_any("previous_secret")?;
    let until = columns.moment_if_any("previous_until")?;
    Ok(EndpointRow {
        id: columns.parsed("id")?,
        workspace: columns.parsed("workspace")?,
        url: columns.text("url")?,
        secret: columns.text("secret")?,
        previous_secret: previous.zip(until),
        types: columns.json("types")?,
        enabled: columns.flag("enabled")?,
        disabled_why: columns.text_if_any("disabled_why")?,
        created_at: columns.moment("created_at")?,
    })
}
