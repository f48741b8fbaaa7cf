//! Events by cursor: what happened, again and in order.

use axum::extract::State;
use axum::{Extension, Json};
use serde::Deserialize;
use wire::events::{EventName, EventPage};
use wire::rest::Problem;

use super::input::Asked;
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// Events on a page unless asked otherwise.
const PAGE_DEFAULT: u32 = 100;

/// Which events.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Cursor {
    /// Those after this number; from the oldest that is kept unless given.
    after: Option<i64>,
    /// At most this many; 100 unless given, never more than 200.
    limit: Option<u32>,
    /// Only these, with commas between: `call.ended,call.missed`.
    r#type: Option<String>,
}

/// The workspace's events after a cursor, oldest first: exactly what endpoints get.
#[utoipa::path(
    get, path = "/v1/events", tag = "events", operation_id = "list_events",
    security(("api_key" = ["supervise"])), params(Cursor),
    responses(
        (status = 200, description = "The events", body = EventPage),
        (status = 400, description = "A name that no event has", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 410, description = "Events after the cursor are not kept any more", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(cursor): Asked<Cursor>,
) -> Result<Json<EventPage>, ApiError> {
    let names = names_in(cursor.r#type.as_deref())?;
    let limit = cursor.limit.unwrap_or(PAGE_DEFAULT);
    let page = api.store.events_after(&holder.workspace, cursor.after, &names, limit);
    Ok(Json(page.await?))
}

/// The names in `a,b`; none means all.
pub(super) fn names_in(list: Option<&str>) -> Result<Vec<EventName>, ApiError> {
    let parts = list.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty());
    parts
        .map(|name| name.parse::<EventName>().map_err(|error| ApiError::Invalid(error.to_string())))
        .collect()
}
