//! Meta's webhook: the handshake, and events into the switchboard.

use std::time::Instant;

use axum::Extension;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use wire::rest::Problem;

use crate::Api;
use crate::access::gate::SignedBody;
use crate::error::ApiError;

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

/// Meta tells what happened. Answered 200 once every event of the body is kept; what we do not
/// know is counted and skipped.
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
    for event in webhook.events {
        // Events already kept are repeated by Meta's retry; a repeated event changes nothing.
        if let Err(error) = api.exchange.receive(event).await {
            api.metrics.webhook_rejected("not_kept");
            return Err(error.into());
        }
    }
    let seconds = arrived.elapsed().as_secs_f64();
    api.metrics.webhook_seconds.observe(seconds);
    Ok(StatusCode::OK)
}
