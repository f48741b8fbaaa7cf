//! Call ids shaped like Meta's: they embed the user's number.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Wacid;
use sha2::{Digest, Sha256};

/// Numbers and internal ids longer than this do not occur; the length is one byte.
const PART_BYTES_MAX: usize = 64;

/// A fresh id for a call from `user` to `business`.
pub(crate) fn fresh(user: &str, business: &str) -> Wacid {
    let token: [u8; 16] = rand::random();
    let mut bytes = Vec::with_capacity(128);
    push_part(&mut bytes, user);
    // The 0x12 marks an inbound call in every published sample.
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, 0x12, 0x18, 0x20]);
    bytes.extend_from_slice(hex::encode_upper(token).as_bytes());
    push_part(&mut bytes, business);
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, 0x15, 0x0a, 0x00]);
    let text = format!("wacid.{}", STANDARD.encode(bytes));
    Wacid::new(text).expect("base64 is printable and the parts are bounded")
}

fn push_part(bytes: &mut Vec<u8>, text: &str) {
    let part = &text.as_bytes()[..text.len().min(PART_BYTES_MAX)];
    bytes.extend_from_slice(&[0x1c, 0x18, part.len() as u8]);
    bytes.extend_from_slice(part);
}

/// A short name for a call that does not reveal the number: for URLs, logs and file names.
pub(crate) fn short_hash(wacid: &Wacid) -> String {
    hex::encode(&Sha256::digest(wacid.as_str())[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_anatomy_of_published_samples() {
        let id = fresh("15550002222", "15550001111");
        let encoded = id.as_str().strip_prefix("wacid.").unwrap();
        assert!(encoded.starts_with("HBgLMTU1NTAwMDIyMjIVAgASGC"));
        assert!(id.as_str().len() > 100);
        assert_ne!(fresh("15550002222", "15550001111"), id);
    }

    #[test]
    fn a_long_name_is_cut() {
        let id = fresh(&"9".repeat(500), "1");
        assert!(id.as_str().len() < 512);
    }
}
