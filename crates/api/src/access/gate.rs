//! The gates that stand before the handlers. Each either lets a request through with what it
//! proved attached, or answers it.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::Response;
use model::{AgentId, Right, Timestamp, WorkspaceId};
use store::ApiKeyRow;
use whatsapp::WEBHOOK_BODY_BYTES_MAX;

use super::origin::{Origin, has_token_in_query};
use crate::Api;
use crate::error::ApiError;

/// Name of the desk's session cookie.
pub(crate) const DESK_COOKIE: &str = "ringdown_desk";

/// A header that a page of another site cannot send without being asked first (CORS preflight),
/// which we never allow.
const DESK_HEADER: &str = "x-ringdown-desk";

/// Proof that the request carried an API key.
#[derive(Clone, Debug)]
pub(crate) struct KeyHolder {
    /// The workspace that the key opens; nothing else names one.
    pub(crate) workspace: WorkspaceId,
}

/// An address for programs, and what a key must allow to be let through to it.
#[derive(Clone)]
pub(crate) struct Guarded {
    pub(crate) api: Api,
    pub(crate) needs: Right,
}

/// Proof that the request carried the cookie of a desk session.
#[derive(Clone, Debug)]
pub(crate) struct SignedInAgent {
    /// The agent's workspace.
    pub(crate) workspace: WorkspaceId,
    /// The agent.
    pub(crate) agent: AgentId,
    /// The cookie's value, for signing out.
    pub(crate) secret: String,
}

/// A body whose bytes Meta signed.
#[derive(Clone, Debug)]
pub(crate) struct SignedBody(pub(crate) Bytes);

/// Lets nobody in without an API key that has the right.
pub(crate) async fn api_key(
    State(Guarded { api, needs }): State<Guarded>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let key = bearer(request.headers()).ok_or(ApiError::ApiKey)?;
    let row = api.store.check_api_key(key).await?;
    let ApiKeyRow { workspace, rights, .. } = row.ok_or(ApiError::ApiKey)?;
    if !rights.allow(needs) {
        api.metrics.forbidden(needs);
        tracing::info!(%workspace, needs = needs.as_str(), "a key without the right was refused");
        return Err(ApiError::Right { needs });
    }
    request.extensions_mut().insert(KeyHolder { workspace });
    Ok(next.run(request).await)
}

/// Lets nobody in without Meta's signature over the raw body.
pub(crate) async fn meta_signature(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    let Ok(raw) = axum::body::to_bytes(body, WEBHOOK_BODY_BYTES_MAX).await else {
        api.metrics.webhook_rejected("too_large");
        let max = WEBHOOK_BODY_BYTES_MAX;
        return Err(ApiError::TooLarge { max });
    };
    let signatures: Vec<&str> = parts
        .headers
        .get_all("x-hub-signature-256")
        .iter()
        .map(|value| value.to_str().unwrap_or_default())
        .collect();
    if let Err(error) = api.verifier.verify(&raw, &signatures) {
        api.metrics.webhook_rejected("signature");
        tracing::warn!(%error, "a webhook was refused");
        return Err(error.into());
    }
    let mut request = Request::from_parts(parts, Body::empty());
    request.extensions_mut().insert(SignedBody(raw));
    Ok(next.run(request).await)
}

/// Lets no foreign page open the agent socket; the token follows in the first frame.
pub(crate) async fn agent_socket(
    State(api): State<Api>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    if has_token_in_query(request.uri()) {
        return Err(ApiError::TokenInUrl);
    }
    match Origin::of(request.headers(), &api.config.allowed_origins) {
        Origin::Absent | Origin::Same | Origin::Listed => Ok(next.run(request).await),
        Origin::Foreign => Err(ApiError::ForeignOrigin),
    }
}

/// Lets nobody in without a desk session.
pub(crate) async fn desk_session(
    State(api): State<Api>,
    mut request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let secret = desk_cookie(request.headers()).ok_or(ApiError::DeskSession)?;
    let found = api.store.desk_session(&secret, Timestamp::now()).await?;
    let (workspace, agent) = found.ok_or(ApiError::DeskSession)?;
    let signed_in = SignedInAgent { workspace, agent, secret };
    request.extensions_mut().insert(signed_in);
    Ok(next.run(request).await)
}

/// Lets no other site's page act: our own origin and our own header are both needed.
pub(crate) async fn desk_page(request: Request, next: Next) -> Result<Response, ApiError> {
    match Origin::of(request.headers(), &[]) {
        Origin::Same => {}
        Origin::Absent | Origin::Listed | Origin::Foreign => return Err(ApiError::ForeignOrigin),
    }
    let marked = request.headers().get(DESK_HEADER);
    if marked.is_none_or(|value| value != "1") {
        return Err(ApiError::DeskHeader);
    }
    Ok(next.run(request).await)
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

fn desk_cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == DESK_COOKIE && !value.is_empty())
        .map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn a_bearer_key_is_read_and_nothing_else() {
        for (value, expected) in [
            ("Bearer abc", Some("abc")),
            ("bearer  abc ", Some("abc")),
            ("Bearer ", None),
            ("Bearer", None),
            ("Basic abc", None),
            ("abc", None),
        ] {
            assert_eq!(bearer(&headers(header::AUTHORIZATION, value)), expected);
        }
        assert_eq!(bearer(&HeaderMap::new()), None);
    }

    #[test]
    fn the_desk_cookie_is_found_among_others() {
        for (value, expected) in [
            ("a=1; ringdown_desk=secret; b=2", Some("secret")),
            ("ringdown_desk=", None),
            ("xringdown_desk=secret", None),
            ("nonsense", None),
        ] {
            let found = desk_cookie(&headers(header::COOKIE, value));
            assert_eq!(found.as_deref(), expected);
        }
    }
}
