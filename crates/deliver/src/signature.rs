//! The signature by which a receiver knows that a document is ours and fresh.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// What precedes the hexadecimal digest. Another scheme will have another word.
const SCHEME: &str = "v1=";

/// `v1=` and the HMAC-SHA-256 of `timestamp.body` in hexadecimal; `timestamp` is Unix time in
/// whole seconds. The key is the secret's text as it was shown.
pub fn sign(secret: &SecretString, timestamp: i64, body: &[u8]) -> String {
    let digest = keyed(secret)
        .chain_update(timestamp.to_string())
        .chain_update(b".")
        .chain_update(body)
        .finalize()
        .into_bytes();
    format!("{SCHEME}{}", hex::encode(digest))
}

fn keyed(secret: &SecretString) -> Hmac<Sha256> {
    Hmac::new_from_slice(secret.expose_secret().as_bytes()).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_what_openssl_computes() {
        // printf '1700000000.{"v":1}' | openssl dgst -sha256 -hmac whsec_0123456789abcdef
        let signature = sign(&"whsec_0123456789abcdef".into(), 1_700_000_000, br#"{"v":1}"#);
        assert_eq!(
            signature,
            "v1=ebb2fb59f2a353862796222b2ea020f8894e9ae5a2a1ae412148a0af9fce2843"
        );
    }

    #[test]
    fn another_secret_moment_or_byte_is_another_signature() {
        let signed = |secret: &str, at, body: &str| sign(&secret.into(), at, body.as_bytes());
        let signature = signed("a", 1, "x");
        for other in [signed("b", 1, "x"), signed("a", 2, "x"), signed("a", 1, "y")] {
            assert_ne!(other, signature);
        }
    }
}
