//! API keys, sign-in codes, desk sessions and our own secrets.
//!
//! Of what others present to us only a SHA-256 is kept. That is safe because the caller makes
//! these secrets from at least 128 random bits; it would not be for passwords chosen by people.

use model::{AgentId, Rights, Timestamp, WorkspaceId};
use sqlx::sqlite::SqliteRow;

use crate::column::{Columns, json, secret_hash};
use crate::{Store, StoreError};

/// Who an API key belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ApiKeyRow {
    /// The workspace it opens.
    pub workspace: WorkspaceId,
    /// Its name for people, unique in the installation.
    pub name: String,
    /// What it may do.
    pub rights: Rights,
}

impl Store {
    /// Adds an API key that may do everything, as [`Self::add_api_key_with`].
    ///
    /// # Errors
    /// As there.
    pub async fn add_api_key(
        &self,
        workspace: &WorkspaceId,
        name: &str,
        key_plain: &str,
    ) -> Result<(), StoreError> {
        self.add_api_key_with(workspace, name, key_plain, Rights::ALL).await
    }

    /// Adds an API key; adding the same one again under the same name changes nothing.
    ///
    /// # Errors
    /// [`StoreError::KeyNameTaken`], [`StoreError::KeyReused`], or [`StoreError::Dangling`] when
    /// the workspace is not set up.
    pub async fn add_api_key_with(
        &self,
        workspace: &WorkspaceId,
        name: &str,
        key_plain: &str,
        rights: Rights,
    ) -> Result<(), StoreError> {
        const DOING: &str = "add an API key";
        let hash = secret_hash(key_plain);
        let mut tx = self.begin_write(DOING).await?;
        let clashes =
            sqlx::query("SELECT name, hash, workspace FROM api_key WHERE name = ? OR hash = ?")
                .bind(name)
                .bind(&hash)
                .fetch_all(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
        for row in &clashes {
            let columns = Columns::of(row, "api_key");
            if columns.text("name")? != name {
                return Err(StoreError::KeyReused { name: name.to_owned() });
            }
            if columns.bytes("hash")? != hash || columns.text("workspace")? != workspace.as_str() {
                return Err(StoreError::KeyNameTaken { name: name.to_owned() });
            }
        }
        if clashes.is_empty() {
            sqlx::query("INSERT INTO api_key (name, hash, workspace, rights) VALUES (?, ?, ?, ?)")
                .bind(name)
                .bind(&hash)
                .bind(workspace.as_str())
                .bind(json(&rights, "api_key.rights")?)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
        }
        tx.commit().await.map_err(StoreError::database(DOING))
    }

    /// Whom a presented key belongs to; `None` when it is unknown or revoked.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn check_api_key(&self, key_plain: &str) -> Result<Option<ApiKeyRow>, StoreError> {
        let row = sqlx::query("SELECT workspace, name, rights FROM api_key WHERE hash = ?")
            .bind(secret_hash(key_plain))
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("check an API key"))?;
        let Some(row) = row else { return Ok(None) };
        let columns = Columns::of(&row, "api_key");
        Ok(Some(ApiKeyRow {
            workspace: columns.parsed("workspace")?,
            name: columns.text("name")?,
            rights: columns.json("rights")?,
        }))
    }

    /// Ends a key at once; says whether there was one of that name.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn revoke_api_key(&self, name: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM api_key WHERE name = ?")
            .bind(name)
            .execute(self.writer())
            .await
            .map_err(StoreError::database("revoke an API key"))?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether the workspace has a key at all.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn any_api_key(&self, workspace: &WorkspaceId) -> Result<bool, StoreError> {
        let row = sqlx::query("SELECT 1 FROM api_key WHERE workspace = ? LIMIT 1")
            .bind(workspace.as_str())
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("look for an API key"))?;
        Ok(row.is_some())
    }

    /// Adds a code that signs one agent in, once, before `expires_at`.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the agent is not there.
    pub async fn add_sign_in_code(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
        code_plain: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO sign_in_code (hash, workspace, agent, expires_at) VALUES (?, ?, ?, ?)",
        )
        .bind(secret_hash(code_plain))
        .bind(workspace.as_str())
        .bind(agent.as_str())
        .bind(expires_at.as_millis())
        .execute(self.writer())
        .await
        .map_err(StoreError::database("add a sign-in code"))?;
        Ok(())
    }

    /// Uses a code up. Of many that present it at once exactly one gets the agent; `None` when it
    /// is unknown, used or expired. Expired codes and sessions are swept on the way.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn take_sign_in_code(
        &self,
        code_plain: &str,
        now: Timestamp,
    ) -> Result<Option<(WorkspaceId, AgentId)>, StoreError> {
        const DOING: &str = "take a sign-in code";
        let mut tx = self.begin_write(DOING).await?;
        for sweep in [
            "DELETE FROM sign_in_code WHERE expires_at <= ?",
            "DELETE FROM desk_session WHERE expires_at <= ?",
        ] {
            sqlx::query(sweep)
                .bind(now.as_millis())
                .execute(&mut *tx)
                .await
                .map_err(StoreError::database(DOING))?;
        }
        let row = sqlx::query("DELETE FROM sign_in_code WHERE hash = ? RETURNING workspace, agent")
            .bind(secret_hash(code_plain))
            .fetch_optional(&mut *tx)
            .await
            .map_err(StoreError::database(DOING))?;
        let who = row.as_ref().map(who_of).transpose()?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        Ok(who)
    }

    /// Starts a desk session.
    ///
    /// # Errors
    /// [`StoreError::Dangling`] when the agent is not there.
    pub async fn add_desk_session(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
        secret_plain: &str,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO desk_session (hash, workspace, agent, expires_at) VALUES (?, ?, ?, ?)",
        )
        .bind(secret_hash(secret_plain))
        .bind(workspace.as_str())
        .bind(agent.as_str())
        .bind(expires_at.as_millis())
        .execute(self.writer())
        .await
        .map_err(StoreError::database("start a desk session"))?;
        Ok(())
    }

    /// Whose session a cookie names; `None` when it is unknown, ended or expired.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn desk_session(
        &self,
        secret_plain: &str,
        now: Timestamp,
    ) -> Result<Option<(WorkspaceId, AgentId)>, StoreError> {
        sqlx::query("SELECT workspace, agent FROM desk_session WHERE hash = ? AND expires_at > ?")
            .bind(secret_hash(secret_plain))
            .bind(now.as_millis())
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("check a desk session"))?
            .as_ref()
            .map(who_of)
            .transpose()
    }

    /// Ends a desk session; says whether there was one.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn end_desk_session(&self, secret_plain: &str) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM desk_session WHERE hash = ?")
            .bind(secret_hash(secret_plain))
            .execute(self.writer())
            .await
            .map_err(StoreError::database("end a desk session"))?;
        Ok(done.rows_affected() > 0)
    }

    /// A secret of our own, such as the key that signs agent tokens.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn secret(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        sqlx::query("SELECT value FROM own_secret WHERE name = ?")
            .bind(name)
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("read a secret of our own"))?
            .map(|row| Columns::of(&row, "own_secret").bytes("value"))
            .transpose()
    }

    /// Sets or replaces a secret of our own. It is kept in the clear, so the file is readable by
    /// its owner only.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn set_secret(&self, name: &str, value: &[u8]) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO own_secret (name, value) VALUES (?, ?)
             ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        )
        .bind(name)
        .bind(value)
        .execute(self.writer())
        .await
        .map_err(StoreError::database("keep a secret of our own"))?;
        Ok(())
    }
}

fn who_of(row: &SqliteRow) -> Result<(WorkspaceId, AgentId), StoreError> {
    let columns = Columns::of(row, "agent");
    Ok((columns.parsed("workspace")?, columns.parsed("agent")?))
}
