//! `ringdown key`.

use std::process::ExitCode;

use model::WorkspaceId;
use store::Store;

use crate::cli::KeyCommand;
use crate::wiring;

/// Random bytes in a key: unguessable, so that a plain hash at rest is enough.
const KEY_BYTES: usize = 32;

pub(crate) async fn run(command: KeyCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Add { name, config } => {
            let config = config::load(&config.files, config::environment())?;
            let store = wiring::open_store(&config).await?;
            let key = add(&store, &config.workspace.id, &name).await?;
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

/// Makes a key; only its hash is stored.
pub(crate) async fn add(
    store: &Store,
    workspace: &WorkspaceId,
    name: &str,
) -> anyhow::Result<String> {
    let bytes: [u8; KEY_BYTES] = rand::random();
    let key = format!("rk_{}", hex::encode(bytes));
    store.add_api_key(workspace, name, &key).await?;
    Ok(key)
}
