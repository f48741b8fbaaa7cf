//! The names of agents, for lists that name many.

use std::collections::{BTreeMap, BTreeSet};

use model::{AgentId, WorkspaceId};
use sqlx::SqliteExecutor;
use wire::RungAgent;
use wire::rest::Talker;

use crate::StoreError;
use crate::column::{Columns, json};
use crate::story::Ring;

pub(crate) const NAMES: &str = "SELECT id, name FROM agent
     WHERE workspace = ? AND id IN (SELECT value FROM json_each(?))";

/// What agents are called; an agent who was removed is called by their id.
#[derive(Default)]
pub(crate) struct Names(BTreeMap<AgentId, String>);

impl Names {
    pub(crate) async fn of(
        executor: impl SqliteExecutor<'_>,
        workspace: &WorkspaceId,
        wanted: BTreeSet<&AgentId>,
    ) -> Result<Self, StoreError> {
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        let rows = sqlx::query(NAMES)
            .bind(workspace.as_str())
            .bind(json(&wanted, "agent.id")?)
            .fetch_all(executor)
            .await
            .map_err(StoreError::database("look up the names of agents"))?;
        let named = rows.iter().map(|row| {
            let columns = Columns::of(row, "agent");
            Ok((columns.parsed("id")?, columns.text("name")?))
        });
        Ok(Self(named.collect::<Result<_, StoreError>>()?))
    }

    pub(crate) fn talker(&self, agent: AgentId) -> Talker {
        Talker { name: self.name(&agent), agent }
    }

    pub(crate) fn rung(&self, ring: Ring) -> RungAgent {
        let Ring { agent, outcome, rang_ms } = ring;
        RungAgent { name: self.name(&agent), agent, outcome, rang_ms }
    }

    fn name(&self, agent: &AgentId) -> String {
        self.0.get(agent).cloned().unwrap_or_else(|| agent.to_string())
    }
}
