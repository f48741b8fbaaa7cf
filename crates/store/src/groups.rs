//! Groups of agents, their policies, and which of them rings for which line.

use std::collections::BTreeMap;

use model::{AgentId, GroupId, LineId, Member, RingPolicy, WorkspaceId};
use sqlx::SqliteExecutor;

use crate::column::{Columns, json};
use crate::{Store, StoreError};

/// A group of agents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GroupRow {
    /// The id, unique in its workspace.
    pub id: GroupId,
    /// The name for people.
    pub name: String,
    /// How it rings.
    pub policy: RingPolicy,
    /// Who is in it, by tier and then by id.
    pub members: Vec<Member>,
}

impl Store {
    /// Adds a group or replaces it, members included.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when a member is no agent of the workspace; nothing is kept then.
    pub async fn put_group(
        &self,
        workspace: &WorkspaceId,
        group: &GroupRow,
    ) -> Result<(), StoreError> {
        const DOING: &str = "put a group";
        let mut tx = self.begin_write(DOING).await?;
        sqlx::query(
            "INSERT INTO ring_group (workspace, id, name, policy) VALUES (?, ?, ?, ?)
             ON CONFLICT (workspace, id) DO UPDATE SET name = excluded.name,
                 policy = excluded.policy",
        )
        .bind(workspace.as_str())
        .bind(group.id.as_str())
        .bind(&group.name)
        .bind(json(&group.policy, "ring_group.policy")?)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        remove_members(&mut *tx, workspace, &group.id, DOING).await?;
        for member in &group.members {
            sqlx::query(
                "INSERT INTO ring_group_member (workspace, ring_group, agent, tier)
                 VALUES (?, ?, ?, ?)",
            )
            .bind(workspace.as_str())
            .bind(group.id.as_str())
            .bind(member.agent.as_str())
            .bind(i64::from(member.tier))
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        }
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// The groups of a workspace, by id, from one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn groups(&self, workspace: &WorkspaceId) -> Result<Vec<GroupRow>, StoreError> {
        const DOING: &str = "list the groups";
        let mut tx = self.readers().begin().await.map_err(StoreError::database(DOING))?;
        let groups =
            sqlx::query("SELECT id, name, policy FROM ring_group WHERE workspace = ? ORDER BY id")
                .bind(workspace.as_str())
                .fetch_all(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
        let mut members = members_in(&mut *tx, workspace).await?;
        groups
            .iter()
            .map(|row| {
                let columns = Columns::of(row, "ring_group");
                let id: GroupId = columns.parsed("id")?;
                Ok(GroupRow {
                    name: columns.text("name")?,
                    policy: columns.json("policy")?,
                    members: members.remove(&id).unwrap_or_default(),
                    id,
                })
            })
            .collect()
    }

    /// One group.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn group(
        &self,
        workspace: &WorkspaceId,
        id: &GroupId,
    ) -> Result<Option<GroupRow>, StoreError> {
        Ok(self.groups(workspace).await?.into_iter().find(|group| group.id == *id))
    }

    /// Removes a group; says whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn remove_group(
        &self,
        workspace: &WorkspaceId,
        id: &GroupId,
    ) -> Result<bool, StoreError> {
        const DOING: &str = "remove a group";
        let mut tx = self.begin_write(DOING).await?;
        remove_members(&mut *tx, workspace, id, DOING).await?;
        let done = sqlx::query("DELETE FROM ring_group WHERE workspace = ? AND id = ?")
            .bind(workspace.as_str())
            .bind(id.as_str())
            .execute(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(done.rows_affected() > 0)
    }

    /// Chooses the group that rings for a line; none leaves it to the configuration again. Says
    /// whether the workspace has the line.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn choose_group(
        &self,
        workspace: &WorkspaceId,
        line: &LineId,
        group: Option<&GroupId>,
    ) -> Result<bool, StoreError> {
        let done = sqlx::query("UPDATE line SET chosen_group = ? WHERE id = ? AND workspace = ?")
            .bind(group.map(GroupId::as_str))
            .bind(line.as_str())
            .bind(workspace.as_str())
            .execute(self.writer())
            .await
            .map_err(StoreError::database("choose a line's group"))?;
        Ok(done.rows_affected() > 0)
    }
}

async fn remove_members(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
    group: &GroupId,
    doing: &'static str,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM ring_group_member WHERE workspace = ? AND ring_group = ?")
        .bind(workspace.as_str())
        .bind(group.as_str())
        .execute(executor)
        .await
        .map_err(StoreError::database(doing))?;
    Ok(())
}

async fn members_in(
    executor: impl SqliteExecutor<'_>,
    workspace: &WorkspaceId,
) -> Result<BTreeMap<GroupId, Vec<Member>>, StoreError> {
    let rows = sqlx::query(
        "SELECT ring_group, agent, tier FROM ring_group_member WHERE workspace = ?
         ORDER BY ring_group, tier, agent",
    )
    .bind(workspace.as_str())
    .fetch_all(executor)
    .await
    .map_err(StoreError::database("list the members of groups"))?;
    let mut members: BTreeMap<GroupId, Vec<Member>> = BTreeMap::new();
    for row in &rows {
        let columns = Columns::of(row, "ring_group_member");
        let agent: AgentId = columns.parsed("agent")?;
        let tier = u8::try_from(columns.count("tier")?).unwrap_or(u8::MAX);
        members.entry(columns.parsed("ring_group")?).or_default().push(Member { agent, tier });
    }
    Ok(members)
}
