//! Agents and what they may do.

use model::{AgentId, Rights, Timestamp, WorkspaceId};
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, json};
use crate::{Store, StoreError};

/// A person who may answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AgentRow {
    /// The id.
    pub id: AgentId,
    /// The name for people.
    pub name: String,
    /// What they may do.
    pub rights: Rights,
}

impl Store {
    /// Adds an agent or changes their name.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the workspace is not set up.
    pub async fn put_agent(
        &self,
        workspace: &WorkspaceId,
        id: &AgentId,
        name: &str,
    ) -> Result<(), StoreError> {
        self.put_agent_with(workspace, id, name, None).await.map(drop)
    }

    /// Adds an agent or changes their name, and their rights if any are given. An agent who is
    /// new has the rights that agents have by default.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the workspace is not set up.
    pub async fn put_agent_with(
        &self,
        workspace: &WorkspaceId,
        id: &AgentId,
        name: &str,
        rights: Option<Rights>,
    ) -> Result<AgentRow, StoreError> {
        const COLUMN: &str = "agent.rights";
        let row = sqlx::query(
            "INSERT INTO agent (workspace, id, name, rights, since) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name,
                 rights = coalesce(?, rights)
             RETURNING id, name, rights",
        )
        .bind(workspace.as_str())
        .bind(id.as_str())
        .bind(name)
        .bind(json(&rights.unwrap_or_default(), COLUMN)?)
        .bind(Timestamp::now().as_millis())
        .bind(rights.map(|rights| json(&rights, COLUMN)).transpose()?)
        .fetch_one(self.writer())
        .await
        .map_err(StoreError::database("put an agent"))?;
        agent_of(&row)
    }

    /// Removes an agent with everything that lets them in and from every group; says whether
    /// there was one. What their calls were stays.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn remove_agent(
        &self,
        workspace: &WorkspaceId,
        id: &AgentId,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "remove an agent";
        let mut tx = self.begin_write(DOING).await?;
        let mut removed = 0;
        for removal in [
            "DELETE FROM ring_group_member WHERE workspace = ? AND agent = ?",
            "DELETE FROM sign_in_code WHERE workspace = ? AND agent = ?",
            "DELETE FROM desk_session WHERE workspace = ? AND agent = ?",
            // The last one counts.
            "DELETE FROM agent WHERE workspace = ? AND id = ?",
        ] {
            let done = sqlx::query(removal)
                .bind(workspace.as_str())
                .bind(id.as_str())
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
            removed = done.rows_affected();
        }
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(removed > 0)
    }

    /// The agent to whom a token was given in that second; `None` when they are not there any
    /// more, or when the id has become somebody else's since.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn token_holder(
        &self,
        workspace: &WorkspaceId,
        id: &AgentId,
        issued_at_s: i64,
    ) -> Result<Option<AgentRow>, StoreError> {
        sqlx::query(
            "SELECT id, name, rights FROM agent WHERE workspace = ? AND id = ? AND since / 1000 <= ?",
        )
        .bind(workspace.as_str())
        .bind(id.as_str())
        .bind(issued_at_s)
        .fetch_optional(self.readers())
        .await
        .map_err(StoreError::database("look up an agent"))?
        .as_ref()
        .map(agent_of)
        .transpose()
    }

    /// The agents of a workspace, by id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn agents(&self, workspace: &WorkspaceId) -> Result<Vec<AgentRow>, StoreError> {
        sqlx::query("SELECT id, name, rights FROM agent WHERE workspace = ? ORDER BY id")
            .bind(workspace.as_str())
            .fetch_all(self.readers())
            .await
            .map_err(StoreError::database("list the agents"))?
            .iter()
            .map(agent_of)
            .collect()
    }

    /// One agent.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn agent(
        &self,
        workspace: &WorkspaceId,
        id: &AgentId,
    ) -> Result<Option<AgentRow>, StoreError> {
        sqlx::query("SELECT id, name, rights FROM agent WHERE workspace = ? AND id = ?")
            .bind(workspace.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("look up an agent"))?
            .as_ref()
            .map(agent_of)
            .transpose()
    }
}

fn agent_of(row: &SqliteRow) -> Result<AgentRow, StoreError> {
    let columns = Columns::of(row, "agent");
    Ok(AgentRow {
        id: columns.parsed("id")?,
        name: columns.text("name")?,
        rights: columns.json("rights")?,
    })
}
