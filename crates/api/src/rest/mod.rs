//! REST, `/v1`: for programs with an API key, and for the signed-in desk.

pub(crate) mod agents;
pub(crate) mod balance;
pub(crate) mod calls;
pub(crate) mod contacts;
pub(crate) mod deliveries;
pub(crate) mod desk_session;
pub(crate) mod events;
pub(crate) mod follow_ups;
mod group_rules;
pub(crate) mod groups;
mod input;
pub(crate) mod money;
pub(crate) mod notes;
pub(crate) mod recordings;
pub(crate) mod stream;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};

/// `GET /openapi.json`.
pub(crate) async fn openapi_json() -> Response {
    let mut response = crate::openapi::openapi().into_response();
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}
