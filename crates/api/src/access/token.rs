//! Agent tokens: short-lived JWTs that open the agent socket and nothing else.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use model::{AgentId, Timestamp, WorkspaceId};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;
use wire::rest::AgentToken;

use crate::config::{TOKEN_TTL_MAX, TokenKey};

/// The audience of every agent token: one made for anything else is refused.
const AUDIENCE: &str = "ringdown-agent";

/// What a token says (RFC 7519 section 4.1, and the workspace).
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Claims {
    aud: String,
    /// The agent.
    pub(crate) sub: AgentId,
    /// The workspace.
    pub(crate) ws: WorkspaceId,
    /// The second it was made in.
    pub(crate) iat: i64,
    exp: i64,
    jti: String,
}

/// Why a token does not open a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum TokenRefused {
    /// Its time is over.
    #[error("the agent token has expired")]
    Expired,
    /// Anything else: signature, audience, shape, life, workspace.
    #[error("the agent token is not one of this daemon's")]
    Invalid,
}

/// Makes a token for one agent.
///
/// # Errors
/// Only when signing fails, which HS256 with a key of any length does not.
pub(crate) fn mint(
    key: &TokenKey,
    ttl: Duration,
    workspace: &WorkspaceId,
    agent: &AgentId,
    now: Timestamp,
) -> Result<AgentToken, jsonwebtoken::errors::Error> {
    let ttl_s = i64::try_from(ttl.min(TOKEN_TTL_MAX).as_secs()).unwrap_or(0);
    let issued_s = now.as_millis().div_euclid(1_000);
    let claims = Claims {
        aud: AUDIENCE.to_owned(),
        sub: agent.clone(),
        ws: workspace.clone(),
        iat: issued_s,
        exp: issued_s + ttl_s,
        jti: Uuid::now_v7().simple().to_string(),
    };
    let signing = EncodingKey::from_secret(key.0.expose_secret());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &signing)?;
    Ok(AgentToken { token, expires_at: Timestamp::from_seconds(claims.exp) })
}

/// Reads a token of a workspace that is served here. Our own clock made it and checks it, so no
/// leeway is given.
///
/// # Errors
/// [`TokenRefused`].
pub(crate) fn verify(
    key: &TokenKey,
    is_served: impl Fn(&WorkspaceId) -> bool,
    token: &str,
) -> Result<Claims, TokenRefused> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = 0;
    rules.set_audience(&[AUDIENCE]);
    rules.set_required_spec_claims(&["exp", "aud", "sub"]);
    let checking = DecodingKey::from_secret(key.0.expose_secret());
    let decoded = jsonwebtoken::decode::<Claims>(token, &checking, &rules);
    let claims = decoded
        .map_err(|error| {
            if matches!(error.kind(), ErrorKind::ExpiredSignature) {
                TokenRefused::Expired
            } else {
                TokenRefused::Invalid
            }
        })?
        .claims;
    let life_s = claims.exp.saturating_sub(claims.iat);
    let short = u64::try_from(life_s).is_ok_and(|life| life <= TOKEN_TTL_MAX.as_secs());
    if short && is_served(&claims.ws) { Ok(claims) } else { Err(TokenRefused::Invalid) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspace(name: &str) -> WorkspaceId {
        WorkspaceId::new(name).unwrap()
    }

    fn serving(name: &str) -> impl Fn(&WorkspaceId) -> bool {
        let served = workspace(name);
        move |one| *one == served
    }

    fn minted(key: &TokenKey, ttl_s: u64, now: Timestamp) -> AgentToken {
        let ttl = Duration::from_secs(ttl_s);
        mint(key, ttl, &workspace("acme"), &AgentId::new("ana").unwrap(), now).unwrap()
    }

    #[test]
    fn a_token_names_its_agent() {
        let key = TokenKey::generate();
        let token = minted(&key, 60, Timestamp::now());
        let claims = verify(&key, serving("acme"), &token.token).unwrap();
        assert_eq!(claims.sub.as_str(), "ana");
    }

    #[test]
    fn an_expired_token_says_so() {
        let key = TokenKey::generate();
        let token = minted(&key, 60, Timestamp::now().plus_millis(-61_000));
        let refused = verify(&key, serving("acme"), &token.token).unwrap_err();
        assert_eq!(refused, TokenRefused::Expired);
    }

    #[test]
    fn no_token_lives_longer_than_five_minutes() {
        let key = TokenKey::generate();
        let now = Timestamp::now();
        let token = minted(&key, 3_600, now);
        let life_s = token.expires_at.millis_since(now) / 1_000;
        assert!(life_s <= 300, "{life_s}");
    }

    #[test]
    fn tokens_of_other_keys_workspaces_audiences_and_algorithms_are_refused() {
        let key = TokenKey::generate();
        let now = Timestamp::now();
        let token = minted(&key, 60, now).token;
        let invalid = TokenRefused::Invalid;
        let refused = |token: &str| verify(&key, serving("acme"), token).unwrap_err();
        assert_eq!(verify(&TokenKey::generate(), serving("acme"), &token).unwrap_err(), invalid);
        assert_eq!(verify(&key, serving("other"), &token).unwrap_err(), invalid);
        assert_eq!(refused(""), invalid);
        assert_eq!(refused("a.b.c"), invalid);
        assert_eq!(refused(&token[..token.len() - 4]), invalid);
        let signing = EncodingKey::from_secret(key.0.expose_secret());
        let claims = |aud: &str, life_s: i64| {
            let now_s = now.as_millis() / 1_000;
            serde_json::json!({"aud": aud, "sub": "ana", "ws": "acme", "iat": now_s,
                "exp": now_s + life_s, "jti": "1"})
        };
        let signed = |algorithm, claims: &serde_json::Value| {
            jsonwebtoken::encode(&Header::new(algorithm), claims, &signing).unwrap()
        };
        assert_eq!(refused(&signed(Algorithm::HS256, &claims("desk", 60))), invalid);
        assert_eq!(refused(&signed(Algorithm::HS384, &claims(AUDIENCE, 60))), invalid);
        assert_eq!(refused(&signed(Algorithm::HS256, &claims(AUDIENCE, 3_600))), invalid);
        // {"alg":"none","typ":"JWT"} with our own claims and no signature.
        let unsigned =
            format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{}.", token.split('.').nth(1).unwrap());
        assert_eq!(refused(&unsigned), invalid);
    }
}
