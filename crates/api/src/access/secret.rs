//! Codes and secrets that nobody guesses. They are kept as hashes only.

use rand::RngExt as _;

/// Letters and digits that are not mistaken for one another when read out or typed.
const CODE_ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
/// Twelve of 32 letters are 60 random bits, against ten guesses a minute for ten minutes.
const CODE_LETTERS: usize = 12;
/// Letters between dashes.
const CODE_GROUP: usize = 4;

/// A one-time code as a person reads it, `ABCD-EFGH-JKLM`, and as it is kept, without dashes.
pub(crate) fn new_code() -> (String, String) {
    let mut random = rand::rng();
    let mut shown = String::new();
    let mut plain = String::new();
    for position in 0..CODE_LETTERS {
        if position > 0 && position % CODE_GROUP == 0 {
            shown.push('-');
        }
        let letter = char::from(CODE_ALPHABET[random.random_range(0..CODE_ALPHABET.len())]);
        shown.push(letter);
        plain.push(letter);
    }
    (shown, plain)
}

/// The code without what people add or drop: dashes, spaces, case. `None` when it cannot be one.
pub(crate) fn plain_code(typed: &str) -> Option<String> {
    let plain: String = typed
        .chars()
        .filter(|letter| !matches!(letter, '-' | ' '))
        .map(|letter| letter.to_ascii_uppercase())
        .take(CODE_LETTERS + 1)
        .collect();
    let ours = plain.bytes().all(|byte| CODE_ALPHABET.contains(&byte));
    (ours && plain.len() == CODE_LETTERS).then_some(plain)
}

/// 256 random bits in hexadecimal, for a cookie.
pub(crate) fn new_session_secret() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// 256 random bits that sign deliveries, with a beginning that tools which look for leaked
/// secrets know.
pub(crate) fn new_endpoint_secret() -> String {
    format!("whsec_{}", hex::encode(rand::random::<[u8; 32]>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_being_typed() {
        let (shown, plain) = new_code();
        assert_eq!((shown.len(), plain.len()), (14, 12), "{shown}");
        assert_eq!(plain_code(&shown), Some(plain.clone()));
        let typed = format!(" {} ", shown.to_lowercase().replace('-', " "));
        assert_eq!(plain_code(&typed), Some(plain));
    }

    #[test]
    fn what_cannot_be_a_code_is_not_looked_up() {
        for typed in ["", "ABCD", "ABCD-EFGH-JKL0", "ABCD-EFGH-JKLM-N", "ÄBCDEFGHJKLM"] {
            assert_eq!(plain_code(typed), None, "{typed}");
        }
    }

    #[test]
    fn secrets_differ() {
        assert_ne!(new_code(), new_code());
        assert_ne!(new_session_secret(), new_session_secret());
        assert_eq!(new_session_secret().len(), 64);
    }
}
