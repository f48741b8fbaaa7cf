//! `ringdown key`.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use model::{Rights, WorkspaceId};
use store::Store;

use crate::cli::KeyCommand;
use crate::wiring;

/// Random bytes in a key: unguessable, so that a plain hash at rest is enough.
const KEY_BYTES: usize = 32;

pub(crate) async fn run(command: KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Add { name, workspace, rights, config } => {
            let config = config::load(&config.files, config::environment())?;
            let workspace = workspace_meant(&config, workspace.as_ref())?;
            let rights = rights.map_or(Rights::ALL, Rights::from);
            let store = wiring::open_store(&config).await?;
            let key = add(&store, workspace, &name, rights).await?;
            store.close().await;
            super::say(&key);
            super::talk("keep it now: it is not shown again");
        }
        KeyCommand::Revoke { name, config } => {
            let config = config::load(&config.files, config::environment())?;
            let store = wiring::open_store(&config).await?;
            store.revoke_api_key(&name).await?;
            store.close().await;
            super::say(&format!("the key `{name}` is revoked"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A workspace that is configured: the only one, or the one that was named.
pub(super) fn workspace_meant<'a>(
    config: &'a config::Config,
    named: Option<&WorkspaceId>,
) -> anyhow::Result<&'a WorkspaceId> {
    let mut ids = config.workspaces.iter().map(|workspace| &workspace.id);
    match named {
        Some(named) => ids.find(|id| *id == named).with_context(|| {
            format!("there is no workspace {named}; name one of the configuration by its id")
        }),
        None if config.workspaces.len() > 1 => {
            bail!("several workspaces are configured; say with --workspace which one is meant")
        }
        None => Ok(&config.workspace.id),
    }
}

/// Makes a key; only its hash is stored.
pub(crate) async fn add(
    store: &Store,
    workspace: &WorkspaceId,
    name: &str,
    rights: Rights,
) -> anyhow::Result<String> {
    let bytes: [u8; KEY_BYTES] = rand::random();
    let key = format!("rk_{}", hex::encode(bytes));
    store.add_api_key_with(workspace, name, &key, rights).await?;
    Ok(key)
}
