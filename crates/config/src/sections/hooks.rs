//! `[hooks]`: questions to a program of the operator's.

use std::time::Duration;

use secrecy::SecretString;

use crate::problem::Place;
use crate::secret::Need;
use crate::section::Section;

/// Whom to ask before a call rings.
#[derive(Debug)]
pub struct BeforeRinging {
    /// Where to ask.
    pub url: String,
    /// Signs the question.
    pub secret: SecretString,
    /// How long the answer may take.
    pub timeout: Duration,
}

impl BeforeRinging {
    /// `None` without an address: calls ring as configured.
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Option<Self> {
        let form = "an address such as https://crm.example.com/before-ringing";
        let earlier = section.reader.problems.len();
        let url = section
            .optional("before_ringing_url", form, |text| is_web(text).then(|| text.to_owned()));
        let secret =
            section.secret("before_ringing_secret", "before_ringing_secret_file", Need::Optional);
        // Somebody is waiting at a phone meanwhile.
        let timeout = section.integer("before_ringing_timeout_ms", 1_500, 100..=1_500);
        if section.reader.problems.len() > earlier {
            // What is wrong has been said; that something is missing then would mislead.
            return None;
        }
        let missing = match (url, secret) {
            (Some(url), Some(secret)) => {
                let timeout = Duration::from_millis(timeout.into());
                return Some(Self { url, secret, timeout });
            }
            (None, None) => return None,
            (Some(_), None) => "before_ringing_secret",
            (None, Some(_)) => "before_ringing_url",
        };
        section.problem(
            missing,
            "not set; before_ringing_url and before_ringing_secret go together".to_owned(),
            "set both, or take both out".to_owned(),
            Place::Nowhere,
        );
        None
    }
}

/// An address of the web, roughly: the door that asks looks closer.
fn is_web(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.and_then(|rest| rest.split(['/', '?']).next()).unwrap_or_default();
    !host.is_empty()
        && !host.contains('@')
        && !text.contains('#')
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_web_are_taken() {
        for good in ["https://crm.example.com", "http://127.0.0.1:9000/hook?x=1"] {
            assert!(is_web(good), "{good}");
        }
        for bad in ["", "crm.example.com", "https://", "https://a@b.example", "ftp://a.example"] {
            assert!(!is_web(bad), "{bad}");
        }
    }
}
