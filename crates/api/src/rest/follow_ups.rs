//! Follow-ups of missed calls: list, mark done, open again.

use axum::extract::State;
use axum::{Extension, Json};
use model::{FollowUpId, Timestamp};
use serde::Deserialize;
use wire::rest::{FollowUp, FollowUpState, MarkDone, Page, Problem};

use super::agents::known_agent;
use super::calls::Paging;
use super::input::{Asked, Given, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// Which follow-ups.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Those that are open, unless asked otherwise.
    state: Option<FollowUpState>,
}

/// The missed calls to be followed up, one entry for each contact, newest first. An entry is done
/// as soon as somebody talked with the contact.
#[utoipa::path(
    get, path = "/v1/follow-ups", tag = "follow-ups", operation_id = "list_follow_ups",
    security(("api_key" = ["supervise"])), params(Which, Paging),
    responses(
        (status = 200, description = "A page of follow-ups", body = Page<FollowUp>),
        (status = 400, description = "A cursor that no list gave out", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(which): Asked<Which>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<FollowUp>>, ApiError> {
    let state = which.state.unwrap_or(FollowUpState::Open);
    let (limit, cursor) = paging.bounded();
    Ok(Json(api.store.follow_ups(&holder.workspace, state, limit, cursor).await?))
}

/// Says that nothing is left to do. One that is done already stays as it was done.
#[utoipa::path(
    post, path = "/v1/follow-ups/{id}/done", tag = "follow-ups", operation_id = "mark_follow_up_done",
    security(("api_key" = ["supervise"])), params(("id" = FollowUpId, Path, description = "The follow-up")),
    request_body = MarkDone,
    responses(
        (status = 200, description = "The follow-up", body = FollowUp),
        (status = 400, description = "A body that is not asked for", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such follow-up or agent in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The note is too long", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn done(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<FollowUpId>,
    Given(mark): Given<MarkDone>,
) -> Result<Json<FollowUp>, ApiError> {
    if let Some(agent) = &mark.agent {
        known_agent(&api, &holder.workspace, agent).await?;
    }
    let marked = api.store.mark_follow_up_done(&holder.workspace, id, mark, Timestamp::now());
    Ok(Json(marked.await?))
}

/// Opens a follow-up again.
#[utoipa::path(
    post, path = "/v1/follow-ups/{id}/reopen", tag = "follow-ups", operation_id = "reopen_follow_up",
    security(("api_key" = ["supervise"])), params(("id" = FollowUpId, Path, description = "The follow-up")),
    responses(
        (status = 200, description = "The follow-up", body = FollowUp),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such follow-up in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The contact has a newer open follow-up", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn reopen(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<FollowUpId>,
) -> Result<Json<FollowUp>, ApiError> {
    Ok(Json(api.store.reopen_follow_up(&holder.workspace, id).await?))
}
