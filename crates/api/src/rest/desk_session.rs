//! Signing in and out at the desk. The cookie lets a page ask for agent tokens and nothing else.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use model::Timestamp;
use wire::rest::{AgentToken, Problem, SignIn, SignedIn};

use super::agents::{known_agent, minted};
use super::input::Given;
use crate::Api;
use crate::access::gate::{DESK_COOKIE, SignedInAgent};
use crate::access::secret;
use crate::error::ApiError;

/// A working day and its overtime.
const DESK_SESSION_TTL: Duration = Duration::from_secs(12 * 60 * 60);

/// Exchanges a one-time code for the desk's cookie.
#[utoipa::path(
    post, path = "/v1/desk/sign-in", tag = "desk", operation_id = "desk_sign_in",
    security(("desk_page" = [])), request_body = SignIn,
    responses(
        (status = 200, description = "Signed in; the cookie is set", body = SignedIn),
        (status = 401, description = "The code is unknown, used or too old", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not a page of this daemon", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too many attempts", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_in(
    State(api): State<Api>,
    Given(asked): Given<SignIn>,
) -> Result<Response, ApiError> {
    let code = secret::plain_code(&asked.code).ok_or(ApiError::SignInCode)?;
    let now = Timestamp::now();
    let taken = api.store.take_sign_in_code(&code, now).await?;
    let (workspace, id) = taken.ok_or(ApiError::SignInCode)?;
    let agent = known_agent(&api, &workspace, &id).await?;
    let cookie = secret::new_session_secret();
    let life_s = DESK_SESSION_TTL.as_secs();
    let life_ms = i64::try_from(DESK_SESSION_TTL.as_millis()).unwrap_or(0);
    let until = now.plus_millis(life_ms);
    let added = api.store.add_desk_session(&workspace, &id, &cookie, until);
    added.await?;
    let signed_in = SignedIn { agent: agent.id, name: agent.name, rights: agent.rights };
    let mut response = Json(signed_in).into_response();
    set_cookie(&mut response, &api, &cookie, life_s)?;
    Ok(response)
}

/// Who is signed in with this cookie.
#[utoipa::path(
    get, path = "/v1/desk/me", tag = "desk", operation_id = "desk_me",
    security(("desk_session" = [])),
    responses(
        (status = 200, description = "The agent", body = SignedIn),
        (status = 401, description = "Nobody is signed in", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn me(
    State(api): State<Api>,
    Extension(signed_in): Extension<SignedInAgent>,
) -> Result<Json<SignedIn>, ApiError> {
    let agent = known_agent(&api, &signed_in.workspace, &signed_in.agent).await?;
    Ok(Json(SignedIn { agent: agent.id, name: agent.name, rights: agent.rights }))
}

/// A token that opens the agent socket for the signed-in agent.
#[utoipa::path(
    post, path = "/v1/desk/token", tag = "desk", operation_id = "desk_token",
    security(("desk_session" = [], "desk_page" = [])),
    responses(
        (status = 200, description = "A token for at most five minutes", body = AgentToken),
        (status = 401, description = "Nobody is signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not a page of this daemon", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn desk_token(
    State(api): State<Api>,
    Extension(signed_in): Extension<SignedInAgent>,
) -> Result<Json<AgentToken>, ApiError> {
    let agent = known_agent(&api, &signed_in.workspace, &signed_in.agent).await?;
    Ok(Json(minted(&api, &signed_in.workspace, &agent.id)?))
}

/// Ends the desk session.
#[utoipa::path(
    post, path = "/v1/desk/sign-out", tag = "desk", operation_id = "desk_sign_out",
    security(("desk_session" = [], "desk_page" = [])),
    responses(
        (status = 204, description = "Signed out; the cookie is gone"),
        (status = 401, description = "Nobody is signed in", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Not a page of this daemon", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn sign_out(
    State(api): State<Api>,
    Extension(signed_in): Extension<SignedInAgent>,
) -> Result<Response, ApiError> {
    api.store.end_desk_session(&signed_in.secret).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&mut response, &api, "", 0)?;
    Ok(response)
}

/// `HttpOnly`: no script reads it. `SameSite=Strict`: no other site sends it.
fn set_cookie(
    response: &mut Response,
    api: &Api,
    value: &str,
    life_s: u64,
) -> Result<(), ApiError> {
    let secure = if api.config.cookie_secure { "; Secure" } else { "" };
    let cookie = format!(
        "{DESK_COOKIE}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={life_s}{secure}"
    );
    let doing = "setting the cookie";
    let value = HeaderValue::from_str(&cookie).map_err(|_| ApiError::Internal { doing })?;
    response.headers_mut().insert(header::SET_COOKIE, value);
    Ok(())
}
