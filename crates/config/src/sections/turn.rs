//! `[turn]`: relays that agents' browsers may use.

use std::time::Duration;

use secrecy::SecretString;

use crate::problem::Place;
use crate::secret::Need;
use crate::section::Section;

/// TURN servers that hand out time-limited access by a secret they share with the daemon.
#[derive(Debug)]
pub struct Turn {
    /// Their addresses, `turn:…` or `turns:…`; never empty.
    pub urls: Vec<String>,
    /// The shared secret (coturn: `static-auth-secret`); never empty.
    pub secret: SecretString,
    /// How long one access holds.
    pub ttl: Duration,
}

impl Turn {
    /// `None` without addresses: browsers then use no relay.
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let form = "a TURN address, such as turn:turn.example.com:3478 or \
                    turns:turn.example.com:443?transport=tcp";
        let earlier = section.reader.problems.len();
        let urls = section.list("urls", form, |text| is_turn(text).then(|| text.to_owned()));
        let secret = section.secret("secret", "secret_file", Need::Optional);
        // Renewed at half its time; a relay checks it only while a connection is being made.
        let ttl = section.seconds("ttl_seconds", 3_600, 300..=86_400);
        if section.reader.problems.len() > earlier {
            // What is wrong has been said; that something is missing then would mislead.
            return None;
        }
        match (urls.is_empty(), secret) {
            (false, Some(secret)) => Some(Self { urls, secret, ttl }),
            (false, None) => {
                section.problem(
                    "secret",
                    "not set; without it browsers could not use the servers in turn.urls"
                        .to_owned(),
                    "set it to the servers' static-auth-secret, or take the urls out".to_owned(),
                    Place::Nowhere,
                );
                None
            }
            (true, Some(_)) => {
                section.problem(
                    "urls",
                    "not set; turn.secret is of no use without them".to_owned(),
                    format!("set it to a list, each item {form}"),
                    Place::Nowhere,
                );
                None
            }
            (true, None) => None,
        }
    }
}

/// RFC 7065: `turn:host`, `turns:host:port`, `?transport=udp` or `tcp` behind it.
fn is_turn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("turn:").or_else(|| text.strip_prefix("turns:")) else {
        return false;
    };
    let (authority, transport) = match rest.split_once('?') {
        Some((authority, query)) => (authority, query.strip_prefix("transport=")),
        None => (rest, Some("udp")),
    };
    let plain = |c: u8| c.is_ascii_alphanumeric() || b".-:[]".contains(&c);
    !authority.is_empty()
        && authority.bytes().all(plain)
        && matches!(transport, Some("udp" | "tcp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_turn_addresses_are_taken() {
        for good in [
            "turn:turn.example.com",
            "turn:203.0.113.7:3478?transport=udp",
            "turns:[2001:db8::7]:443?transport=tcp",
        ] {
            assert!(is_turn(good), "{good}");
        }
        for bad in [
            "",
            "turn:",
            "stun:stun.example.com",
            "turn://turn.example.com",
            "turn:a.example?transport=sctp",
            "turn:a.example?x=y",
            "turn:user@a.example",
            "https://turn.example.com",
        ] {
            assert!(!is_turn(bad), "{bad}");
        }
    }
}
