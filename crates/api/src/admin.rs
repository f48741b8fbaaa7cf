//! The private listener: is it alive, may it be used, what does it count.

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::Api;
use crate::error::ApiError;

/// `/live`, `/ready` and `/metrics`, without any access check: bind it to a private address.
pub fn admin_router(api: Api) -> Router {
    Router::new()
        .route("/live", get(|| std::future::ready("live\n")))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .with_state(api)
}

/// Ready means: the store answers and the daemon is not draining.
async fn ready(State(api): State<Api>) -> (StatusCode, &'static str) {
    if api.is_draining() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n");
    }
    match api.store.ping().await {
        Ok(()) => (StatusCode::OK, "ready\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready: the store does not answer");
            (StatusCode::SERVICE_UNAVAILABLE, "the store does not answer\n")
        }
    }
}

async fn metrics(State(api): State<Api>) -> Result<Response, ApiError> {
    let live_calls = api.exchange.live_calls();
    let doing = "writing the metrics";
    let text = api.metrics.encode(live_calls);
    let text = text.map_err(|_| ApiError::Internal { doing })?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
