//! Session keys from a master key (RFC 3711 section 4.3; RFC 7714 section 11 for GCM).

use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};

use super::Profile;
use super::cipher::Cipher;
use super::cm::Cm;
use super::gcm::Gcm;
use crate::error::MediaError;

/// Key derivation labels of RTP; those of RTCP follow three later.
const LABEL_RTP: u8 = 0;
const LABEL_RTCP: u8 = 3;

pub(super) struct Master {
    aes: Aes128,
    /// GCM's 12 bytes are padded with zeros on the right.
    salt: [u8; 14],
}

impl Master {
    pub(super) fn new(key: &[u8], salt: &[u8]) -> Option<Self> {
        let mut padded = [0; 14];
        padded.get_mut(..salt.len())?.copy_from_slice(salt);
        Some(Self { aes: Aes128::new_from_slice(key).ok()?, salt: padded })
    }

    /// The RTP and the RTCP cipher of this master key.
    pub(super) fn session(&self, profile: Profile) -> Result<(Cipher, Cipher), MediaError> {
        Ok((self.cipher(profile, LABEL_RTP)?, self.cipher(profile, LABEL_RTCP)?))
    }

    fn cipher(&self, profile: Profile, label: u8) -> Result<Cipher, MediaError> {
        let key: [u8; 16] = self.derive(label);
        match profile {
            Profile::AesCm128HmacSha1_80 => {
                let auth: [u8; 20] = self.derive(label + 1);
                let cm = Cm::new(&key, &auth, self.derive(label + 2));
                Ok(Cipher::Cm(Box::new(cm)))
            }
            Profile::AeadAes128Gcm => {
                let gcm = Gcm::new(&key, self.derive(label + 2))?;
                Ok(Cipher::Gcm(Box::new(gcm)))
            }
        }
    }

    /// AES-CM keystream with `label` mixed into the salt; the key derivation rate is zero.
    pub(super) fn derive<const N: usize>(&self, label: u8) -> [u8; N] {
        let mut derived = [0; N];
        for (counter, chunk) in (0u16..).zip(derived.chunks_mut(16)) {
            let mut block = [0; 16];
            block[..14].copy_from_slice(&self.salt);
            block[7] ^= label;
            block[14..].copy_from_slice(&counter.to_be_bytes());
            let mut block = block.into();
            self.aes.encrypt_block(&mut block);
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        derived
    }
}
