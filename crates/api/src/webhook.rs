//! Meta's webhook: the handshake, and events into the switchboard.

mod backlog;

use std::time::{Duration, Instant};

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use wire::rest::Problem;

use bytes::Bytes;
use store::StoreError;
use switchboard::SwitchboardError;
use tokio_util::sync::CancellationToken;

use crate::Api;
use crate::access::gate::SignedBody;
use crate::error::ApiError;
pub use backlog::{Backlog, BacklogError};

/// Pause before the database is asked again to take what waits.
const BACKLOG_PAUSE: Duration = Duration::from_millis(500);

/// Meta's handshake ("Webhooks: verification requests").
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Handshake {
    /// Always `subscribe`.
    #[serde(rename = "hub.mode")]
    mode: Option<String>,
    /// The token that was entered in the Meta app.
    #[serde(rename = "hub.verify_token")]
    verify_token: Option<String>,
    /// To be sent back.
    #[serde(rename = "hub.challenge")]
    challenge: Option<String>,
}

/// Meta checks that this address is ours.
#[utoipa::path(
    get, path = "/webhooks/whatsapp", tag = "webhooks",
    operation_id = "whatsapp_handshake", params(Handshake),
    responses(
        (status = 200, description = "The challenge, byte for byte", body = String, content_type = "text/plain"),
        (status = 403, description = "Not our token", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn handshake(
    State(api): State<Api>,
    Query(asked): Query<Handshake>,
) -> Result<String, ApiError> {
    let answer = api.verify_token.answer_challenge(
        asked.mode.as_deref(),
        asked.verify_token.as_deref(),
        asked.challenge.as_deref(),
    );
    Ok(answer?)
}

/// Meta tells what happened. Answered 200 once every event of the body is kept, in the database or,
/// while that fails, in a file beside it; what we do not know is counted and skipped.
#[utoipa::path(
    post, path = "/webhooks/whatsapp", tag = "webhooks",
    operation_id = "whatsapp_webhook", security(("meta_signature" = [])),
    request_body(description = "A webhook of Meta", content_type = "application/json", content = serde_json::Value),
    responses(
        (status = 200, description = "Kept"),
        (status = 400, description = "Signed, but not a webhook", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "Not signed by Meta; nothing was read", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "Over 3 MB", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Not kept; send it again", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive(
    State(api): State<Api>,
    Extension(SignedBody(raw)): Extension<SignedBody>,
) -> Result<StatusCode, ApiError> {
    let arrived = Instant::now();
    let webhook = whatsapp::parse(&raw).inspect_err(|_| {
        api.metrics.webhook_rejected("not_json");
    })?;
    let ignored = u64::try_from(webhook.ignored.len()).unwrap_or(u64::MAX);
    api.metrics.webhook_ignored.inc_by(ignored);
    if api.backlog.waits() {
        keep(&api, raw).await?;
    } else {
        for event in webhook.events {
            // Events already kept are taken in again with the rest; that changes nothing.
            match api.exchange.receive(event).await {
                Ok(()) => {}
                Err(SwitchboardError::Store(StoreError::Database { .. })) => {
                    keep(&api, raw).await?;
                    break;
                }
                Err(error) => {
                    api.metrics.webhook_rejected("not_kept");
                    return Err(error.into());
                }
            }
        }
    }
    let seconds = arrived.elapsed().as_secs_f64();
    api.metrics.webhook_seconds.observe(seconds);
    Ok(StatusCode::OK)
}

/// Keeps a body in the file until the database takes it.
async fn keep(api: &Api, raw: Bytes) -> Result<(), ApiError> {
    match api.backlog.add(raw).await {
        Ok(()) => {
            api.metrics.webhook_set_aside.inc();
            Ok(())
        }
        Err(error) => {
            api.metrics.webhook_rejected("not_kept");
            tracing::error!(%error, "a webhook was not kept; Meta is asked to send it again");
            Err(error.into())
        }
    }
}

/// Takes in what waits in the file, one after the other, whenever the database allows it.
pub async fn take_in_backlog(api: Api, stop: CancellationToken) {
    let taking = async {
        loop {
            match api.backlog.first().await {
                Ok(Some(body)) => take_in(&api, body).await,
                Ok(None) => api.backlog.added().await,
                Err(error) => {
                    tracing::error!(%error, "webhooks that wait cannot be read; trying again");
                    tokio::time::sleep(BACKLOG_PAUSE).await;
                }
            }
        }
    };
    // What is not taken in stays in the file.
    let _ = stop.run_until_cancelled(taking).await;
}

async fn take_in(api: &Api, body: Bytes) {
    // It was read before it was kept.
    let events = whatsapp::parse(&body).map(|webhook| webhook.events).unwrap_or_default();
    for event in events {
        loop {
            match api.exchange.receive(event.clone()).await {
                Ok(()) => break,
                Err(SwitchboardError::Store(StoreError::Database { .. })) => {
                    tokio::time::sleep(BACKLOG_PAUSE).await;
                }
                Err(error) => {
                    tracing::error!(%error, "an event that waited cannot be taken in; it is dropped");
                    break;
                }
            }
        }
    }
    if let Err(error) = api.backlog.taken(&body).await {
        tracing::error!(%error, "the file of waiting webhooks cannot be emptied; what it holds is \
            taken in again at the next start, which changes nothing");
    }
}
