//! The access token's file is read again while the daemon runs, so that a new token needs no restart.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;
use whatsapp::Graph;

/// How often the file is read: a call that cannot be accepted must not ring for longer than 5 s
/// after the token was mended.
const READ_EVERY: Duration = Duration::from_secs(1);

/// Reads the file until `stop`, and gives Graph every new token in it.
pub(crate) async fn follow(
    file: PathBuf,
    mut known: SecretString,
    graph: Graph,
    stop: CancellationToken,
) -> std::io::Result<()> {
    loop {
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(READ_EVERY) => {}
        }
        // A file that is being replaced may be away or empty for a moment; the old token stays.
        let Ok(text) = tokio::fs::read_to_string(&file).await else { continue };
        let token = text.trim_end_matches(['\r', '\n']);
        if token.is_empty() || token == known.expose_secret() {
            continue;
        }
        known = SecretString::from(token);
        match graph.renew_token(&known) {
            Ok(()) => tracing::info!("whatsapp.access_token_file has a new token; it is used now"),
            Err(error) => {
                tracing::error!(%error, "whatsapp.access_token_file holds no token; the old one stays");
            }
        }
    }
}
