//! SRTP and SRTCP in place (RFC 3711, RFC 5764, RFC 7714): no allocation per packet, and no state
//! moves before a tag has verified.

mod cipher;
mod cm;
mod derive;
mod gcm;
mod hmac;
mod inbound;
mod lanes;
mod outbound;
mod session;
mod tag;
mod window;

pub(crate) use inbound::Inbound;
pub(crate) use lanes::{LANES, Message, tags};
pub(crate) use outbound::Outbound;
pub(crate) use session::{Session, SessionState};
pub(crate) use tag::{Expected, Untagged};

use derive::Master;
use serde::{Deserialize, Serialize};

use crate::error::MediaError;

/// Most bytes protection adds to an RTP or RTCP packet: GCM tag and SRTCP index.
pub(crate) const OVERHEAD_MAX: usize = 16 + 4;

/// The two protection profiles offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) enum Profile {
    /// AES counter mode with HMAC-SHA1, 80-bit tag (RFC 5764 section 4.1.2).
    AesCm128HmacSha1_80,
    /// AES-GCM (RFC 7714 section 14.2).
    AeadAes128Gcm,
}

impl Profile {
    const KEY: usize = 16;

    const fn salt(self) -> usize {
        match self {
            Self::AesCm128HmacSha1_80 => 14,
            Self::AeadAes128Gcm => 12,
        }
    }

    /// Bytes to export from DTLS: two keys and two salts.
    pub(crate) const fn keying_material(self) -> usize {
        2 * (Self::KEY + self.salt())
    }
}

/// Splits what DTLS exported (RFC 5764 section 4.2) into the contexts of our two directions.
///
/// # Errors
/// [`MediaError::Crypto`] when the material is short or a key is refused.
pub(crate) fn contexts(
    profile: Profile,
    material: &[u8],
    we_are_client: bool,
) -> Result<(Outbound, Inbound), MediaError> {
    let short = || MediaError::Crypto {
        what: "SRTP keys",
        why: "DTLS exported too little keying material".to_owned(),
    };
    let (key, salt) = (Profile::KEY, profile.salt());
    let mut rest = material;
    let mut take = |length: usize| {
        let (taken, left) = rest.split_at_checked(length).ok_or_else(short)?;
        rest = left;
        Ok::<_, MediaError>(taken)
    };
    let (client_key, server_key) = (take(key)?, take(key)?);
    let (client_salt, server_salt) = (take(salt)?, take(salt)?);
    let client = Master::new(client_key, client_salt).ok_or_else(short)?;
    let server = Master::new(server_key, server_salt).ok_or_else(short)?;
    let (ours, theirs) = if we_are_client { (client, server) } else { (server, client) };
    let (rtp, rtcp) = ours.session(profile)?;
    let outbound = Outbound::new(rtp, rtcp);
    let (rtp, rtcp) = theirs.session(profile)?;
    Ok((outbound, Inbound::new(rtp, rtcp)))
}

#[cfg(test)]
mod tests;
