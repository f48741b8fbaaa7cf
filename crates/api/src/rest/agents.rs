//! Agents: list, put, and let in.

use std::collections::HashMap;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use model::{AgentId, Presence, Timestamp, WorkspaceId};
use store::AgentRow;
use wire::rest::{AgentToken, AgentView, Problem, PutAgent, SignInCode};

use super::input::{Given, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::access::{secret, token};
use crate::error::ApiError;
use switchboard::{LiveAgent, Switchboard};

/// Longest name of an agent, in characters; it must fit on a button.
const NAME_LENGTH_MAX: usize = 80;

/// Life of a sign-in code: long enough to be sent to a colleague and typed.
const SIGN_IN_CODE_TTL: Duration = Duration::from_secs(10 * 60);

/// The workspace's agents with their presence.
#[utoipa::path(
    get, path = "/v1/agents", tag = "agents", operation_id = "list_agents",
    security(("api_key" = ["supervise"])),
    responses(
        (status = 200, description = "The agents, by id", body = Vec<AgentView>),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<Vec<AgentView>>, ApiError> {
    let rows = api.store.agents(&holder.workspace).await?;
    let mut live = live_agents(&api, &holder.workspace);
    let views = rows.into_iter().map(|row| {
        let now = live.remove(&row.id);
        view(row, now)
    });
    Ok(Json(views.collect()))
}

/// Creates an agent, or changes their name and rights. New rights hold at once, on open sockets
/// too.
#[utoipa::path(
    put, path = "/v1/agents/{id}", tag = "agents", operation_id = "put_agent",
    security(("api_key" = ["admin"])), params(("id" = AgentId, Path, description = "The agent")),
    request_body = PutAgent,
    responses(
        (status = 200, description = "The agent", body = AgentView),
        (status = 400, description = "A name or id that cannot be", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn put(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<AgentId>,
    Given(agent): Given<PutAgent>,
) -> Result<Json<AgentView>, ApiError> {
    let name = agent.name.trim().to_owned();
    let length = name.chars().count();
    if !(1..=NAME_LENGTH_MAX).contains(&length) || name.chars().any(char::is_control) {
        let mend = format!("an agent's name has 1 to {NAME_LENGTH_MAX} printable characters");
        return Err(ApiError::Invalid(mend));
    }
    let workspace = &holder.workspace;
    let row = api.store.put_agent_with(workspace, &id, &name, agent.rights).await?;
    api.hub.set_rights(workspace, &id, row.rights);
    if let Some(switchboard) = api.exchange.of(workspace) {
        switchboard.rights_changed(&id, row.rights).await;
    }
    let now = live_agents(&api, workspace).remove(&id);
    Ok(Json(view(row, now)))
}

/// Removes an agent and signs them out everywhere: sockets close, tokens, codes and the desk's
/// cookie stop working. A call they are on is treated as one whose agent is lost.
#[utoipa::path(
    delete, path = "/v1/agents/{id}", tag = "agents", operation_id = "remove_agent",
    security(("api_key" = ["admin"])), params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 204, description = "The agent is no more; their calls stay listed"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<AgentId>,
) -> Result<StatusCode, ApiError> {
    let workspace = &holder.workspace;
    // First the store: from then on no token opens anything. Then what is open.
    let _alone = api.groups_changing.lock().await;
    if !api.store.remove_agent(workspace, &id).await? {
        return Err(ApiError::NotFound { what: "agent" });
    }
    let devices = api.hub.sign_out(workspace, &id);
    tracing::info!(agent = %id, devices = devices.len(), "an agent was removed and signed out");
    if let Some(switchboard) = api.exchange.of(workspace) {
        for device in devices {
            switchboard.device_signed_out(device).await;
        }
        switchboard.groups_changed().await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A token that opens the agent socket for one agent.
#[utoipa::path(
    post, path = "/v1/agents/{id}/token", tag = "agents", operation_id = "mint_agent_token",
    security(("api_key" = ["admin"])), params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 200, description = "A token for at most five minutes", body = AgentToken),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn mint_token(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<AgentId>,
) -> Result<Json<AgentToken>, ApiError> {
    let agent = known_agent(&api, &holder.workspace, &id).await?;
    Ok(Json(minted(&api, &holder.workspace, &agent.id)?))
}

/// A one-time code that signs an agent in at the desk.
#[utoipa::path(
    post, path = "/v1/agents/{id}/sign-in-code", tag = "agents", operation_id = "make_sign_in_code",
    security(("api_key" = ["admin"])), params(("id" = AgentId, Path, description = "The agent")),
    responses(
        (status = 200, description = "A code for ten minutes and one use", body = SignInCode),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such agent in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn make_sign_in_code(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<AgentId>,
) -> Result<Json<SignInCode>, ApiError> {
    let agent = known_agent(&api, &holder.workspace, &id).await?;
    let (code, plain) = secret::new_code();
    let life_ms = i64::try_from(SIGN_IN_CODE_TTL.as_millis()).unwrap_or(0);
    let expires_at = Timestamp::now().plus_millis(life_ms);
    let added = api.store.add_sign_in_code(&holder.workspace, &agent.id, &plain, expires_at);
    added.await?;
    Ok(Json(SignInCode { code, expires_at }))
}

/// The agent of that id in that workspace.
pub(crate) async fn known_agent(
    api: &Api,
    workspace: &WorkspaceId,
    id: &AgentId,
) -> Result<AgentRow, ApiError> {
    let agent = api.store.agent(workspace, id).await?;
    agent.ok_or(ApiError::NotFound { what: "agent" })
}

/// A fresh token for an agent that is known.
pub(crate) fn minted(
    api: &Api,
    workspace: &WorkspaceId,
    agent: &AgentId,
) -> Result<AgentToken, ApiError> {
    let ttl = api.config.token_ttl;
    let made = token::mint(&api.token_key, ttl, workspace, agent, Timestamp::now());
    let doing = "signing a token";
    made.map_err(|_| ApiError::Internal { doing })
}

/// Presence is known for the workspaces that this daemon serves.
fn live_agents(api: &Api, workspace: &WorkspaceId) -> HashMap<AgentId, LiveAgent> {
    let live = api.exchange.of(workspace).map(Switchboard::presences).unwrap_or_default();
    live.into_iter().map(|agent| (agent.agent.clone(), agent)).collect()
}

fn view(row: AgentRow, live: Option<LiveAgent>) -> AgentView {
    let (presence, devices, on_call) = match live {
        Some(live) => (live.presence, live.devices, live.on_call),
        None => (Presence::Offline, 0, None),
    };
    AgentView { id: row.id, name: row.name, rights: row.rights, presence, devices, on_call }
}
