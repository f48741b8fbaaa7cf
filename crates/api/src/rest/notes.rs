//! Notes about calls, and the words for outcomes.

use axum::extract::State;
use axum::{Extension, Json};
use model::{CallId, Timestamp};
use wire::rest::{Annotation, CallNote, Outcomes, Problem};

use super::agents::known_agent;
use super::input::{Given, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// Notes something about a call, live or ended. Who noted what and when is kept.
#[utoipa::path(
    post, path = "/v1/calls/{id}/notes", tag = "calls", operation_id = "annotate_call",
    security(("api_key" = ["supervise"])), params(("id" = CallId, Path, description = "The call")),
    request_body = Annotation,
    responses(
        (status = 200, description = "Note and outcome as they are now", body = CallNote),
        (status = 400, description = "A body that is not asked for", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such call or agent in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The note was changed as often as is kept", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "A text that is too long, or an outcome that is none of the workspace's words", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn annotate(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<CallId>,
    Given(annotation): Given<Annotation>,
) -> Result<Json<CallNote>, ApiError> {
    if let Some(agent) = &annotation.agent {
        known_agent(&api, &holder.workspace, agent).await?;
    }
    let noted = api.store.annotate(&holder.workspace, id, annotation, Timestamp::now());
    Ok(Json(noted.await?))
}

/// The words the workspace uses for outcomes.
#[utoipa::path(
    get, path = "/v1/outcomes", tag = "calls", operation_id = "get_outcomes",
    security(("api_key" = ["supervise"])),
    responses(
        (status = 200, description = "The words, in the order agents see them", body = Outcomes),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn outcomes(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<Outcomes>, ApiError> {
    let outcomes = api.store.outcomes(&holder.workspace).await?;
    Ok(Json(Outcomes { outcomes }))
}

/// Replaces the words for outcomes. What was noted before keeps its word.
#[utoipa::path(
    put, path = "/v1/outcomes", tag = "calls", operation_id = "put_outcomes",
    security(("api_key" = ["admin"])), request_body = Outcomes,
    responses(
        (status = 200, description = "The words", body = Outcomes),
        (status = 400, description = "A body that is not asked for", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Words that are too many, too long, or twice there", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put_outcomes(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Given(words): Given<Outcomes>,
) -> Result<Json<Outcomes>, ApiError> {
    api.store.set_outcomes(&holder.workspace, &words.outcomes).await?;
    Ok(Json(words))
}
