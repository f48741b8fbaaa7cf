//! AES-GCM with a 128-bit key and tag.

use std::hint::black_box;

use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::error::MediaError;

/// Bytes of the tag.
pub(super) const TAG: usize = 16;

pub(super) struct Gcm {
    key: LessSafeKey,
    salt: [u8; 12],
}

impl Gcm {
    pub(super) fn new(key: &[u8; 16], salt: [u8; 12]) -> Result<Self, MediaError> {
        let unbound = UnboundKey::new(&AES_128_GCM, key).map_err(|_| MediaError::Crypto {
            what: "SRTP keys",
            why: "AES-GCM refused the key".to_owned(),
        })?;
        Ok(Self { key: LessSafeKey::new(unbound), salt })
    }

    /// Reads the key, which is possible only by copying it.
    pub(super) fn touch(&self) {
        black_box((self.salt, &self.key.clone()));
    }

    /// RFC 7714 section 8.1 (`index` is ROC and sequence number) and 9.1 (`index` is the 31-bit
    /// SRTCP index): the same layout.
    fn nonce(&self, ssrc: u32, index: u64) -> Nonce {
        let mut iv = [0; 12];
        iv[2..6].copy_from_slice(&ssrc.to_be_bytes());
        iv[6..].copy_from_slice(&index.to_be_bytes()[2..]);
        for (byte, salt) in iv.iter_mut().zip(self.salt) {
            *byte ^= salt;
        }
        Nonce::assume_unique_for_key(iv)
    }

    /// Encrypts `data`; `None` only if it were too long for GCM.
    pub(super) fn seal(
        &self,
        ssrc: u32,
        index: u64,
        associated: &[u8],
        data: &mut [u8],
    ) -> Option<[u8; TAG]> {
        let nonce = self.nonce(ssrc, index);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(associated), data).ok()?;
        tag.as_ref().try_into().ok()
    }

    /// Decrypts `sealed` (ciphertext and tag); `None` when the tag is wrong.
    pub(super) fn open(
        &self,
        ssrc: u32,
        index: u64,
        associated: &[u8],
        sealed: &mut [u8],
    ) -> Option<()> {
        let nonce = self.nonce(ssrc, index);
        self.key.open_in_place(nonce, Aad::from(associated), sealed).ok().map(|_| ())
    }
}
