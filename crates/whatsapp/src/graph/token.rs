//! The access token as requests carry it.

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};

use super::error::GraphError;
use crate::signature::keyed_hmac;

/// A token that a request can carry.
#[derive(Clone)]
pub(super) struct Token {
    /// The value of `Authorization`; its `Debug` hides it.
    pub(super) bearer: HeaderValue,
    pub(super) proof: Option<SecretString>,
}

impl Token {
    pub(super) fn new(
        token: &SecretString,
        app_secret: Option<&SecretString>,
    ) -> Result<Self, GraphError> {
        let proof = app_secret.map(|secret| proof(token, secret)).transpose()?;
        Ok(Self { bearer: bearer(token)?, proof })
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, GraphError> {
    let token = token.expose_secret();
    if token.trim().is_empty() {
        return Err(GraphError::setup("the Graph access token is blank"));
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        GraphError::setup("the Graph access token has characters no token has (a line break?)")
    })?;
    bearer.set_sensitive(true);
    Ok(bearer)
}

fn proof(token: &SecretString, app_secret: &SecretString) -> Result<SecretString, GraphError> {
    use hmac::Mac;
    if app_secret.expose_secret().trim().is_empty() {
        return Err(GraphError::setup("the app secret for appsecret_proof is blank"));
    }
    let digest = keyed_hmac(app_secret.expose_secret().as_bytes())
        .chain_update(token.expose_secret())
        .finalize()
        .into_bytes();
    Ok(hex::encode(digest).into())
}
