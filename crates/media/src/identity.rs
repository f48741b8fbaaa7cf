//! Who we are on every leg: one self-signed certificate per process, and random names.

use std::sync::Arc;

use rtc_crypto::RTCCryptoProvider;
use rtc_dtls::crypto::Certificate;

use crate::error::MediaError;

/// The process's DTLS identity.
pub(crate) struct Identity {
    pub(crate) certificate: Certificate,
    /// SHA-256 of the certificate as SDP writes it.
    pub(crate) fingerprint: String,
    pub(crate) provider: Arc<dyn RTCCryptoProvider>,
}

impl Identity {
    /// Makes an ECDSA P-256 key and a certificate for it.
    pub(crate) fn generate() -> Result<Self, MediaError> {
        let provider = provider()?;
        let names = vec!["ringdown".to_owned()];
        let certificate = Certificate::generate_self_signed(names, provider.crypto())
            .map_err(|error| failed(error.to_string()))?;
        Self::of(certificate, provider)
    }

    /// Goes on as who another process was: the certificate and its key, in PEM.
    ///
    /// # Errors
    /// [`MediaError::Crypto`] when it is none.
    pub(crate) fn restore(pem: &str) -> Result<Self, MediaError> {
        let provider = provider()?;
        let certificate = Certificate::from_pem(pem, provider.crypto());
        Self::of(certificate.map_err(|error| failed(error.to_string()))?, provider)
    }

    /// The certificate and its private key, in PEM.
    pub(crate) fn state(&self) -> Result<String, MediaError> {
        self.certificate.serialize_pem().map_err(|error| failed(error.to_string()))
    }

    fn of(
        certificate: Certificate,
        provider: Arc<dyn RTCCryptoProvider>,
    ) -> Result<Self, MediaError> {
        let leaf = certificate
            .certificate
            .first()
            .ok_or_else(|| failed("there is no certificate".to_owned()))?;
        let fingerprint = written(&fingerprint_of(leaf));
        Ok(Self { certificate, fingerprint, provider })
    }
}

const fn failed(why: String) -> MediaError {
    MediaError::Crypto { what: "the DTLS certificate", why }
}

fn provider() -> Result<Arc<dyn RTCCryptoProvider>, MediaError> {
    rtc_crypto::default_provider().map_err(|error| failed(error.to_string()))
}

/// SHA-256 of a certificate in DER.
pub(crate) fn fingerprint_of(certificate: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, certificate);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}

fn written(digest: &[u8; 32]) -> String {
    let octets: Vec<_> = digest.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(":")
}

/// `N` random ICE characters, six bits each (RFC 8839 section 5.4).
pub(crate) fn ice_text<const N: usize>() -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let random: [u8; N] = rand::random();
    let letter = |byte: u8| char::from(ALPHABET[usize::from(byte & 0x3f)]);
    random.into_iter().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_successor_has_the_same_fingerprint_and_a_key_that_fits() {
        let identity = Identity::generate().unwrap();
        let successor = Identity::restore(&identity.state().unwrap()).unwrap();
        assert_eq!(identity.fingerprint, successor.fingerprint);
        assert_eq!(identity.state().unwrap(), successor.state().unwrap());
        assert!(Identity::restore("-----BEGIN CERTIFICATE-----").is_err());
    }
}
