//! The `X-Hub-Signature-256` header: who may speak to us as Meta.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

/// Largest webhook body in bytes. Meta sends at most 3 MB ("Webhooks" page); anything larger is
/// not from Meta and deserves a 413 before its signature is even computed.
pub const WEBHOOK_BODY_BYTES_MAX: usize = 3 * 1024 * 1024;

/// What precedes the hexadecimal digest; the older `sha1=` header is not accepted.
const SCHEME: &str = "sha256=";

/// Bytes of a SHA-256 digest.
const DIGEST_BYTES: usize = 32;

/// Why a verifier cannot be made. The daemon must not start then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAppSecret {
    /// The list is empty.
    #[error("no app secret is configured; copy it from the Meta app's basic settings")]
    Empty,
    /// One of the secrets is empty or only white space.
    #[error("app secret number {number} is blank; remove it or copy it from the Meta app")]
    Blank {
        /// Its place in the list, from 1.
        number: usize,
    },
}

/// Why a webhook body is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is no signature header.
    #[error("the webhook carries no X-Hub-Signature-256 header")]
    Missing,
    /// There is more than one, so it is unclear which one counts.
    #[error("the webhook carries {count} X-Hub-Signature-256 headers instead of one")]
    Several {
        /// How many.
        count: usize,
    },
    /// It is not `sha256=` and 64 hexadecimal digits.
    #[error("the X-Hub-Signature-256 header is not `sha256=` and 64 hexadecimal digits")]
    Malformed,
    /// No configured app secret gives this signature for these bytes.
    #[error("the webhook signature fits no configured app secret; check the Meta app's secret")]
    Wrong,
}

/// Checks webhook bodies against the app secrets.
pub struct WebhookVerifier {
    keyed: Vec<Hmac<Sha256>>,
}

impl std::fmt::Debug for WebhookVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WebhookVerifier({} secrets)", self.keyed.len())
    }
}

impl WebhookVerifier {
    /// Takes every secret that is valid now: one, or two while a rotation lasts.
    ///
    /// # Errors
    /// [`NoAppSecret`] when the list is empty or a secret is blank.
    pub fn new(app_secrets: Vec<SecretString>) -> Result<Self, NoAppSecret> {
        if app_secrets.is_empty() {
            return Err(NoAppSecret::Empty);
        }
        let mut keyed = Vec::with_capacity(app_secrets.len());
        for (index, secret) in app_secrets.iter().enumerate() {
            let secret = secret.expose_secret();
            if secret.trim().is_empty() {
                return Err(NoAppSecret::Blank { number: index + 1 });
            }
            keyed.push(keyed_hmac(secret.as_bytes()));
        }
        Ok(Self { keyed })
    }

    /// Checks the raw bytes of a body, before any parsing: Meta escapes `/` and non-ASCII
    /// characters, so a body that was parsed and written again has another signature.
    ///
    /// `signatures` are the values of every `X-Hub-Signature-256` header of the request. Digits
    /// may be upper or lower case: Meta writes lower case, and the digest is the same number.
    /// All secrets are tried in constant time.
    ///
    /// # Errors
    /// [`SignatureError`]: answer 401 and do nothing else.
    pub fn verify(&self, raw: &[u8], signatures: &[&str]) -> Result<(), SignatureError> {
        let claimed = match signatures {
            [] => return Err(SignatureError::Missing),
            [one] => read_digest(one).ok_or(SignatureError::Malformed)?,
            several => {
                return Err(SignatureError::Several { count: several.len() });
            }
        };
        let mut matches = Choice::from(0);
        for keyed in &self.keyed {
            let digest = keyed.clone().chain_update(raw).finalize().into_bytes();
            matches |= digest.as_slice().ct_eq(&claimed);
        }
        if matches.into() { Ok(()) } else { Err(SignatureError::Wrong) }
    }
}

/// HMAC-SHA-256 with this key, ready to be fed.
pub(crate) fn keyed_hmac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

fn read_digest(header: &str) -> Option<[u8; DIGEST_BYTES]> {
    let digits = header.strip_prefix(SCHEME)?;
    let mut digest = [0; DIGEST_BYTES];
    hex::decode_to_slice(digits, &mut digest).ok()?;
    Some(digest)
}
