//! What the daemon tells this crate.

use std::path::PathBuf;
use std::time::Duration;

use rand::RngExt as _;
use secrecy::{SecretSlice, SecretString};

/// Longest life of an agent token; a stolen one is worth little for longer.
pub const TOKEN_TTL_MAX: Duration = Duration::from_secs(5 * 60);

/// Bytes of a fresh token key: as long as the SHA-256 output, as RFC 7518 section 3.2 asks.
const TOKEN_KEY_BYTES: usize = 32;

/// Settings of the HTTP and WebSocket faces.
#[derive(Clone, Debug)]
pub struct ApiConfig {
    /// Origins (`https://crm.example.com`) whose pages may open the agent socket, beside pages
    /// that this daemon served itself. Which those are is told by the `Host` header: a proxy in
    /// front must pass it on.
    pub allowed_origins: Vec<String>,
    /// Life of an agent token; cut to [`TOKEN_TTL_MAX`].
    pub token_ttl: Duration,
    /// How often a device must be heard. After two and a half of these a socket is closed.
    pub heartbeat: Duration,
    /// The folder that holds the recordings.
    pub vault: PathBuf,
    /// Whether the desk's cookie is sent over HTTPS only.
    pub cookie_secure: bool,
    /// Relays for browsers, if there are any.
    pub turn: Option<TurnConfig>,
}

/// TURN servers that share a secret with this daemon. `Debug` does not show it.
#[derive(Clone, Debug)]
pub struct TurnConfig {
    /// Their addresses (RFC 7065).
    pub urls: Vec<String>,
    /// The shared secret.
    pub secret: SecretString,
    /// How long one access holds; devices get a new one at half of it.
    pub ttl: Duration,
}

/// Why a token key cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the agent token key has {bytes} bytes; give at least {TOKEN_KEY_BYTES} random ones")]
pub struct TokenKeyTooShort {
    /// How many were given.
    pub bytes: usize,
}

/// The HS256 key that agent tokens are signed with.
#[derive(Clone, Debug)]
pub struct TokenKey(pub(crate) SecretSlice<u8>);

impl TokenKey {
    /// A fresh random key. Tokens signed with it die with the process that made it.
    pub fn generate() -> Self {
        let mut bytes = vec![0_u8; TOKEN_KEY_BYTES];
        rand::rng().fill(bytes.as_mut_slice());
        Self(SecretSlice::from(bytes))
    }

    /// A configured key.
    ///
    /// # Errors
    /// [`TokenKeyTooShort`] under 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TokenKeyTooShort> {
        if bytes.len() < TOKEN_KEY_BYTES {
            return Err(TokenKeyTooShort { bytes: bytes.len() });
        }
        Ok(Self(SecretSlice::from(bytes.to_vec())))
    }
}
