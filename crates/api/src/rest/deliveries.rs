//! Endpoints that events are delivered to: add, look, test, change the secret, remove.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use model::{EndpointId, Timestamp};
use serde::Deserialize;
use store::{EndpointRow, Retried};
use uuid::Uuid;
use wire::events::{
    DeliveryView, EndpointSecret, EndpointView, EventName, NewEndpoint, PingResult,
};
use wire::rest::Problem;

use super::input::{Asked, Given, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::access::secret::new_endpoint_secret;
use crate::error::ApiError;

/// How long the secret before a rotation signs too: time to deploy the new one.
const PREVIOUS_SECRET_VALID: Duration = Duration::from_secs(86_400);
/// Deliveries listed unless asked otherwise.
const LISTED_DEFAULT: u32 = 50;

/// How many of the deliveries.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Latest {
    /// At most this many; 50 unless given, never more than 200.
    limit: Option<u32>,
}

/// Has events delivered to an address from now on. The answer shows the secret this once.
///
/// Each delivery is a `POST` of an `Envelope` with the headers `Ringdown-Id`,
/// `Ringdown-Timestamp` (Unix seconds) and `Ringdown-Signature`: `v1=` and the HMAC-SHA-256 of
/// `timestamp.body` under the secret, in hexadecimal; two of them, with a space between, for a
/// day after a rotation. Any 2xx within 10 s takes the event. Else it comes again, for three
/// days; the later events of the same call wait for it. Events may come twice: the id tells.
#[utoipa::path(
    post, path = "/v1/endpoints", tag = "events", operation_id = "add_endpoint",
    security(("api_key" = ["admin"])), request_body = NewEndpoint,
    responses(
        (status = 201, description = "The endpoint with its secret", body = EndpointSecret),
        (status = 400, description = "An address that is not sent to", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are as many endpoints as may be", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Given(asked): Given<NewEndpoint>,
) -> Result<(StatusCode, Json<EndpointSecret>), ApiError> {
    let url = deliver::check_address(&asked.url, api.dispatch.allows_private());
    let url = url.map_err(|error| ApiError::Invalid(error.to_string()))?;
    if let Some(name) = asked.types.iter().find(|name| !name.is_kept()) {
        let name = name.as_str();
        return Err(ApiError::Invalid(format!("`{name}` is only in the stream; leave it out")));
    }
    let secret = new_endpoint_secret();
    let endpoint = EndpointRow {
        id: EndpointId::from_uuid(Uuid::now_v7()),
        workspace: holder.workspace,
        url: url.into(),
        secret: secret.clone(),
        previous_secret: None,
        types: distinct(asked.types),
        enabled: true,
        disabled_why: None,
        created_at: Timestamp::now(),
    };
    api.store.add_endpoint(&endpoint).await?;
    let shown = EndpointSecret { endpoint: endpoint.view(), secret };
    Ok((StatusCode::CREATED, Json(shown)))
}

/// The workspace's endpoints, oldest first.
#[utoipa::path(
    get, path = "/v1/endpoints", tag = "events", operation_id = "list_endpoints",
    security(("api_key" = ["admin"])),
    responses(
        (status = 200, description = "The endpoints", body = Vec<EndpointView>),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<Vec<EndpointView>>, ApiError> {
    let endpoints = api.store.endpoints(&holder.workspace).await?;
    Ok(Json(endpoints.iter().map(EndpointRow::view).collect()))
}

/// Removes an endpoint. What was not delivered to it is dropped.
#[utoipa::path(
    delete, path = "/v1/endpoints/{id}", tag = "events", operation_id = "remove_endpoint",
    security(("api_key" = ["admin"])), params(("id" = EndpointId, Path, description = "The endpoint")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such endpoint in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<EndpointId>,
) -> Result<StatusCode, ApiError> {
    let removed = api.store.remove_endpoint(&holder.workspace, id).await?;
    if removed { Ok(StatusCode::NO_CONTENT) } else { Err(nowhere()) }
}

/// Gives an endpoint a new secret. For a day deliveries carry a signature by the old one too.
#[utoipa::path(
    post, path = "/v1/endpoints/{id}/rotate-secret", tag = "events",
    operation_id = "rotate_endpoint_secret",
    security(("api_key" = ["admin"])), params(("id" = EndpointId, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint with its new secret", body = EndpointSecret),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such endpoint in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn rotate_secret(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<EndpointId>,
) -> Result<Json<EndpointSecret>, ApiError> {
    let secret = new_endpoint_secret();
    let valid = i64::try_from(PREVIOUS_SECRET_VALID.as_millis()).unwrap_or(i64::MAX);
    let until = Timestamp::now().plus_millis(valid);
    api.store.rotate_endpoint_secret(&holder.workspace, id, &secret, until).await?;
    let endpoint = found(&api, &holder, id).await?;
    Ok(Json(EndpointSecret { endpoint: endpoint.view(), secret }))
}

/// Sends a test document of the type `ping`, once, and says what came of it.
#[utoipa::path(
    post, path = "/v1/endpoints/{id}/ping", tag = "events", operation_id = "ping_endpoint",
    security(("api_key" = ["admin"])), params(("id" = EndpointId, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "What came of it", body = PingResult),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such endpoint in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn ping(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<EndpointId>,
) -> Result<Json<PingResult>, ApiError> {
    let endpoint = found(&api, &holder, id).await?;
    Ok(Json(api.dispatch.ping(&endpoint).await))
}

/// What became of the latest events at an endpoint, newest first.
#[utoipa::path(
    get, path = "/v1/endpoints/{id}/deliveries", tag = "events", operation_id = "list_deliveries",
    security(("api_key" = ["admin"])),
    params(("id" = EndpointId, Path, description = "The endpoint"), Latest),
    responses(
        (status = 200, description = "The deliveries", body = Vec<DeliveryView>),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such endpoint in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn deliveries(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<EndpointId>,
    Asked(Latest { limit }): Asked<Latest>,
) -> Result<Json<Vec<DeliveryView>>, ApiError> {
    let endpoint = found(&api, &holder, id).await?;
    let limit = limit.unwrap_or(LISTED_DEFAULT);
    Ok(Json(api.store.deliveries(endpoint.id, limit).await?))
}

/// Has an event that was given up at an endpoint delivered after all, as if for the first time.
#[utoipa::path(
    post, path = "/v1/endpoints/{id}/deliveries/{seq}/retry", tag = "events",
    operation_id = "retry_delivery", security(("api_key" = ["admin"])),
    params(
        ("id" = EndpointId, Path, description = "The endpoint"),
        ("seq" = i64, Path, description = "The event's number, as in the list of deliveries"),
    ),
    responses(
        (status = 202, description = "It is tried anew"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such endpoint, or no such delivery", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was not given up, or the endpoint is switched off", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn retry(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named((id, seq)): Named<(EndpointId, i64)>,
) -> Result<StatusCode, ApiError> {
    let endpoint = found(&api, &holder, id).await?;
    match api.store.retry_delivery(endpoint.id, seq, Timestamp::now()).await? {
        Retried::Queued => Ok(StatusCode::ACCEPTED),
        Retried::Nowhere => Err(ApiError::NotFound { what: "delivery" }),
        Retried::NotDead => {
            let why = "this delivery was not given up; only dead ones can be tried again by hand";
            Err(ApiError::InUse(why.to_owned()))
        }
        Retried::Disabled => {
            let why =
                "this endpoint is switched off; add it anew and read what it missed by cursor";
            Err(ApiError::InUse(why.to_owned()))
        }
    }
}

async fn found(api: &Api, holder: &KeyHolder, id: EndpointId) -> Result<EndpointRow, ApiError> {
    api.store.endpoint(&holder.workspace, id).await?.ok_or(nowhere())
}

const fn nowhere() -> ApiError {
    ApiError::NotFound { what: "endpoint" }
}

fn distinct(mut names: Vec<EventName>) -> Vec<EventName> {
    names.sort_unstable();
    names.dedup();
    names
}
