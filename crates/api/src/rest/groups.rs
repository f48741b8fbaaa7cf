//! Groups of agents: list, put, remove, and choose one for a line.

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use model::{GroupId, LineId, WorkspaceId};
use store::GroupRow;
use wire::rest::{GroupView, LineView, Problem, PutGroup, PutLineGroup};

use super::group_rules::{self, next_of};
use super::input::{Given, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// The workspace's groups.
#[utoipa::path(
    get, path = "/v1/groups", tag = "groups", operation_id = "list_groups",
    security(("api_key" = ["supervise"])),
    responses(
        (status = 200, description = "The groups, by id", body = Vec<GroupView>),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<Vec<GroupView>>, ApiError> {
    let groups = api.store.groups(&holder.workspace).await?;
    Ok(Json(groups.into_iter().map(view).collect()))
}

/// One group.
#[utoipa::path(
    get, path = "/v1/groups/{id}", tag = "groups", operation_id = "get_group",
    security(("api_key" = ["supervise"])), params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 200, description = "The group", body = GroupView),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such group in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<GroupId>,
) -> Result<Json<GroupView>, ApiError> {
    let group = api.store.group(&holder.workspace, &id).await?;
    Ok(Json(view(group.ok_or(ApiError::NotFound { what: "group" })?)))
}

/// Creates a group or replaces it, members included. Calls that arrive from then on ring by it.
#[utoipa::path(
    put, path = "/v1/groups/{id}", tag = "groups", operation_id = "put_group",
    security(("api_key" = ["admin"])), params(("id" = GroupId, Path, description = "The group")),
    request_body = PutGroup,
    responses(
        (status = 200, description = "The group", body = GroupView),
        (status = 400, description = "A group that cannot be; the detail begins with the field", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<GroupId>,
    Given(asked): Given<PutGroup>,
) -> Result<Json<GroupView>, ApiError> {
    let workspace = &holder.workspace;
    let group = GroupRow {
        id,
        name: asked.name.trim().to_owned(),
        policy: asked.policy,
        members: asked.members,
    };
    let _alone = api.groups_changing.lock().await;
    let others = api.store.groups(workspace).await?;
    let agents = api.store.agents(workspace).await?;
    let checked = group_rules::check(&group, &others, &agents);
    checked.map_err(|flaw| ApiError::Invalid(flaw.to_string()))?;
    api.store.put_group(workspace, &group).await?;
    changed(&api, workspace).await?;
    let mut view = view(group);
    view.members.sort_by(|a, b| (a.tier, &a.agent).cmp(&(b.tier, &b.agent)));
    Ok(Json(view))
}

/// Removes a group that no line and no other group needs.
#[utoipa::path(
    delete, path = "/v1/groups/{id}", tag = "groups", operation_id = "remove_group",
    security(("api_key" = ["admin"])), params(("id" = GroupId, Path, description = "The group")),
    responses(
        (status = 204, description = "The group is no more; its agents stay"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such group in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A line or another group needs it", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<GroupId>,
) -> Result<StatusCode, ApiError> {
    let workspace = &holder.workspace;
    let _alone = api.groups_changing.lock().await;
    let groups = api.store.groups(workspace).await?;
    if let Some(before) = groups.iter().find(|group| next_of(group) == Some(&id)) {
        let before = &before.id;
        return Err(ApiError::InUse(format!(
            "group {before} overflows into it; change that first"
        )));
    }
    let lines = api.store.lines().await?;
    let rings_for =
        |line: &&store::LineRow| line.workspace == *workspace && line.group.as_ref() == Some(&id);
    if let Some(line) = lines.iter().find(rings_for) {
        let line = &line.id;
        return Err(ApiError::InUse(format!("it rings for line {line}; choose another one first")));
    }
    if !api.store.remove_group(workspace, &id).await? {
        return Err(ApiError::NotFound { what: "group" });
    }
    changed(&api, workspace).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Chooses the group that rings for a line's calls.
#[utoipa::path(
    put, path = "/v1/lines/{id}/group", tag = "groups", operation_id = "put_line_group",
    security(("api_key" = ["admin"])), params(("id" = LineId, Path, description = "The line")),
    request_body = PutLineGroup,
    responses(
        (status = 200, description = "The line with the group that rings for it now", body = LineView),
        (status = 400, description = "No such group in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such line in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn choose_for_line(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<LineId>,
    Given(asked): Given<PutLineGroup>,
) -> Result<Json<LineView>, ApiError> {
    let workspace = &holder.workspace;
    let _alone = api.groups_changing.lock().await;
    if let Some(group) = &asked.group
        && api.store.group(workspace, group).await?.is_none()
    {
        let what = format!("group: there is no group {group} in this workspace");
        return Err(ApiError::Invalid(what));
    }
    let no_line = || ApiError::NotFound { what: "line" };
    if !api.store.choose_group(workspace, &id, asked.group.as_ref()).await? {
        return Err(no_line());
    }
    changed(&api, workspace).await?;
    let line = api.store.line(&id).await?.ok_or_else(no_line)?;
    Ok(Json(LineView { id: line.id, name: line.name, group: line.group }))
}

/// Lets the next call ring by what is stored now.
async fn changed(api: &Api, workspace: &WorkspaceId) -> Result<(), ApiError> {
    match api.exchange.of(workspace) {
        Some(switchboard) => Ok(switchboard.groups_changed().await?),
        None => Ok(()),
    }
}

fn view(group: GroupRow) -> GroupView {
    let GroupRow { id, name, policy, members } = group;
    GroupView { id, name, policy, members }
}
