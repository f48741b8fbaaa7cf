//! The GET handshake by which Meta checks that a callback address is ours. It is never signed.

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The only mode Meta uses ("Create a webhook endpoint").
const MODE: &str = "subscribe";

/// Longest challenge that is sent back, in bytes. Meta's have about ten digits; the bound keeps a
/// leaked token from turning the endpoint into an echo of anything.
const CHALLENGE_BYTES_MAX: usize = 1_024;

/// Why a verify token cannot be made: a blank one would let anybody pass the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the verify token is blank; choose one and enter the same in the Meta app's webhook form")]
pub struct NoVerifyToken;

/// Why a handshake is refused. Answer 403.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeRefused {
    /// `hub.mode` is missing or not `subscribe`.
    #[error("hub.mode is not `subscribe`")]
    Mode,
    /// `hub.verify_token` is missing or another one.
    #[error("hub.verify_token is not ours; enter the configured token in the Meta app")]
    Token,
    /// `hub.challenge` is missing, empty or longer than any challenge of Meta.
    #[error("hub.challenge is missing or longer than {CHALLENGE_BYTES_MAX} bytes")]
    Challenge,
}

/// The token that was entered in the Meta app beside the callback address.
#[derive(Debug, Clone)]
pub struct VerifyToken(SecretString);

impl VerifyToken {
    /// Takes the configured token.
    ///
    /// # Errors
    /// [`NoVerifyToken`] when it is empty or only white space.
    pub fn new(token: SecretString) -> Result<Self, NoVerifyToken> {
        if token.expose_secret().trim().is_empty() {
            return Err(NoVerifyToken);
        }
        Ok(Self(token))
    }

    /// Answers `GET ?hub.mode=…&hub.verify_token=…&hub.challenge=…`: the text to send back as the
    /// whole body, byte for byte (it only looks like a number).
    ///
    /// # Errors
    /// [`ChallengeRefused`] says which of the three did not fit.
    pub fn answer_challenge(
        &self,
        mode: Option<&str>,
        token: Option<&str>,
        challenge: Option<&str>,
    ) -> Result<String, ChallengeRefused> {
        if mode != Some(MODE) {
            return Err(ChallengeRefused::Mode);
        }
        // Digests have equal lengths, so not even the token's length can be timed.
        let ours = Sha256::digest(self.0.expose_secret().as_bytes());
        let theirs = Sha256::digest(token.unwrap_or_default().as_bytes());
        if !bool::from(ours.as_slice().ct_eq(theirs.as_slice())) {
            return Err(ChallengeRefused::Token);
        }
        match challenge {
            Some(text) if !text.is_empty() && text.len() <= CHALLENGE_BYTES_MAX => {
                Ok(text.to_owned())
            }
            Some(_) | None => Err(ChallengeRefused::Challenge),
        }
    }
}
