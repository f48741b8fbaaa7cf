//! Calls: list, look up, end; and the missed ones.

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use model::CallId;
use serde::Deserialize;
use wire::MissedCall;
use wire::rest::{CallDetail, CallSummary, Page, Problem};

use super::input::{Asked, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// Items on a page unless asked otherwise.
const PAGE_DEFAULT: u32 = 50;

/// Which part of a list.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// At most this many items; 50 unless given, never more than 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl Paging {
    /// How many items within bounds, and from where.
    pub(crate) fn bounded(&self) -> (u32, Option<&str>) {
        let limit = self.limit.unwrap_or(PAGE_DEFAULT).clamp(1, store::PAGE_MAX);
        (limit, self.cursor.as_deref())
    }
}

/// The workspace's calls, newest first.
#[utoipa::path(
    get, path = "/v1/calls", tag = "calls", operation_id = "list_calls",
    security(("api_key" = ["supervise"])), params(Paging),
    responses(
        (status = 200, description = "A page of calls", body = Page<CallSummary>),
        (status = 400, description = "A cursor that no list gave out", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<CallSummary>>, ApiError> {
    let (limit, cursor) = paging.bounded();
    Ok(Json(api.store.calls(&holder.workspace, limit, cursor).await?))
}

/// One call with its timeline, money lines and recordings.
#[utoipa::path(
    get, path = "/v1/calls/{id}", tag = "calls", operation_id = "get_call",
    security(("api_key" = ["supervise"])), params(("id" = CallId, Path, description = "The call")),
    responses(
        (status = 200, description = "The call", body = CallDetail),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<CallId>,
) -> Result<Json<CallDetail>, ApiError> {
    let call = api.store.call(&holder.workspace, id).await?;
    Ok(Json(call.ok_or(ApiError::NotFound { what: "call" })?))
}

/// Ends a live call; it is terminated at Meta.
#[utoipa::path(
    post, path = "/v1/calls/{id}/end", tag = "calls", operation_id = "end_call",
    security(("api_key" = ["supervise"])), params(("id" = CallId, Path, description = "The call")),
    responses(
        (status = 202, description = "The call is being ended"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The call has ended already", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn end(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<CallId>,
) -> Result<StatusCode, ApiError> {
    let call = api.store.call(&holder.workspace, id).await?;
    call.ok_or(ApiError::NotFound { what: "call" })?;
    let switchboard = api.exchange.of(&holder.workspace);
    let switchboard = switchboard.ok_or(ApiError::NotFound { what: "live call" })?;
    switchboard.end_call(id).await.map_err(ApiError::Refused)?;
    Ok(StatusCode::ACCEPTED)
}

/// The calls nobody took, newest first, with the reason, who was rung and what each did. When there
/// are more, the header `Link` names the next page.
#[utoipa::path(
    get, path = "/v1/missed", tag = "calls", operation_id = "list_missed_calls",
    security(("api_key" = ["supervise"])), params(Paging),
    responses(
        (status = 200, description = "Missed calls", body = Vec<MissedCall>),
        (status = 400, description = "A cursor that no list gave out", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn missed(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(paging): Asked<Paging>,
) -> Result<Response, ApiError> {
    let (limit, cursor) = paging.bounded();
    let page = api.store.missed_page(&holder.workspace, limit, cursor).await?;
    let next = page.next_cursor.map(|cursor| next_page("/v1/missed", limit, &cursor));
    let mut response = Json(page.items).into_response();
    if let Some(next) = next.transpose()? {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

/// The address of the next page of a list whose body is the items alone (RFC 8288).
fn next_page(path: &str, limit: u32, cursor: &str) -> Result<HeaderValue, ApiError> {
    let link = format!("<{path}?limit={limit}&cursor={cursor}>; rel=\"next\"");
    let doing = "naming the next page";
    HeaderValue::from_str(&link).map_err(|_| ApiError::Internal { doing })
}
