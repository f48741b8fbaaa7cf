//! Workspaces and lines.

use model::{Currency, GroupId, LineId, Micros, RecordingMode, WorkspaceId};
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, word};
use crate::{Store, StoreError};

/// A tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Its id.
    pub id: WorkspaceId,
    /// Its name for people.
    pub name: String,
    /// The one currency of its money.
    pub currency: Currency,
    /// The least balance that lets a call start.
    pub minimum_balance: Micros,
}

/// A business number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineRow {
    /// Meta's `phone_number_id`.
    pub id: LineId,
    /// The workspace it belongs to.
    pub workspace: WorkspaceId,
    /// Its name for people.
    pub name: String,
    /// Whether contacts may call in.
    pub inbound: bool,
    /// Whether its calls are recorded.
    pub recording: RecordingMode,
    /// The group that rings for its calls; everybody of the workspace when there is none. When a
    /// line is set up this is what the configuration says, when it is read also what was chosen
    /// over the API, which wins. A group of that id need not be there.
    pub group: Option<GroupId>,
}

impl Store {
    /// Adds a workspace or changes its name and minimum. Its currency can change only while no
    /// money was ever booked.
    ///
    /// # Errors
    /// [`StoreError::Currency`] when money of another currency is booked.
    pub async fn ensure_workspace(&self, workspace: &Workspace) -> Result<(), StoreError> {
        const DOING: &str = "set up a workspace";
        let mut tx = self.begin_write(DOING).await?;
        if let Some(known) = workspace_in(&mut *tx, &workspace.id).await?
            && known.currency != workspace.currency
        {
            let prepaid = ledger::Account::Prepaid(workspace.id.clone()).to_string();
            let booked = sqlx::query("SELECT 1 FROM ledger_account WHERE account = ?")
                .bind(prepaid)
                .fetch_optional(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
            if booked.is_some() {
                return Err(StoreError::Currency {
                    workspace: workspace.id.clone(),
                    kept: known.currency,
                    given: workspace.currency,
                });
            }
        }
        sqlx::query(
            "INSERT INTO workspace (id, name, currency, minimum_balance) VALUES (?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, currency = excluded.currency,
                 minimum_balance = excluded.minimum_balance",
        )
        .bind(workspace.id.as_str())
        .bind(&workspace.name)
        .bind(workspace.currency.as_str())
        .bind(workspace.minimum_balance.get())
        .execute(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// One workspace.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn workspace(&self, id: &WorkspaceId) -> Result<Option<Workspace>, StoreError> {
        workspace_in(self.readers(), id).await
    }

    /// Adds a line or changes it. A group that was chosen for it stays, unless the line went to
    /// another workspace.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when its workspace is not set up.
    pub async fn ensure_line(&self, line: &LineRow) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO line (id, workspace, name, inbound, recording, default_group)
             VALUES (?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO UPDATE SET workspace = excluded.workspace, name = excluded.name,
                 inbound = excluded.inbound, recording = excluded.recording,
                 default_group = excluded.default_group,
                 chosen_group = CASE WHEN line.workspace = excluded.workspace
                     THEN line.chosen_group END",
        )
        .bind(line.id.as_str())
        .bind(line.workspace.as_str())
        .bind(&line.name)
        .bind(line.inbound)
        .bind(word(&line.recording, "line.recording")?)
        .bind(line.group.as_ref().map(GroupId::as_str))
        .execute(self.writer())
        .await
        .map_err(StoreError::database("set up a line"))?;
        Ok(())
    }

    /// Every line of every workspace, by id.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn lines(&self) -> Result<Vec<LineRow>, StoreError> {
        sqlx::query(
            "SELECT id, workspace, name, inbound, recording,
                coalesce(chosen_group, default_group) AS ring_group
             FROM line ORDER BY id",
        )
        .fetch_all(self.readers())
        .await
        .map_err(StoreError::database("list the lines"))?
        .iter()
        .map(line_of)
        .collect()
    }

    /// One line.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn line(&self, id: &LineId) -> Result<Option<LineRow>, StoreError> {
        sqlx::query(
            "SELECT id, workspace, name, inbound, recording,
                coalesce(chosen_group, default_group) AS ring_group
             FROM line WHERE id = ?",
        )
        .bind(id.as_str())
        .fetch_optional(self.readers())
        .await
        .map_err(StoreError::database("look up a line"))?
        .as_ref()
        .map(line_of)
        .transpose()
    }
}

/// One workspace, read inside a write or beside it.
pub(crate) async fn workspace_in(
    executor: impl sqlx::SqliteExecutor<'_>,
    id: &WorkspaceId,
) -> Result<Option<Workspace>, StoreError> {
    let row = sqlx::query("SELECT name, currency, minimum_balance FROM workspace WHERE id = ?")
        .bind(id.as_str())
        .fetch_optional(executor)
        .await
        .map_err(StoreError::database("look up a workspace"))?;
    let Some(row) = row else { return Ok(None) };
    let columns = Columns::of(&row, "workspace");
    Ok(Some(Workspace {
        id: id.clone(),
        name: columns.text("name")?,
        currency: columns.word("currency")?,
        minimum_balance: columns.micros("minimum_balance")?,
    }))
}

fn line_of(row: &SqliteRow) -> Result<LineRow, StoreError> {
    let columns = Columns::of(row, "line");
    Ok(LineRow {
        id: columns.parsed("id")?,
        workspace: columns.parsed("workspace")?,
        name: columns.text("name")?,
        inbound: columns.flag("inbound")?,
        recording: columns.word("recording")?,
        group: columns.parsed_if_any("ring_group")?,
    })
}
