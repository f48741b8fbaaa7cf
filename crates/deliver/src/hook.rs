//! The question before a call rings. Whatever goes wrong with it, the call rings.

use std::fmt;
use std::time::Duration;

use model::Timestamp;
use reqwest::Url;
use secrecy::SecretString;
use wire::events::{RingAnswer, RingQuestion};

use crate::courier::{Courier, CourierError, Failure, Letter, Reach};

/// Longest time the answer may take, whatever is configured: somebody is waiting at a phone.
pub const HOOK_TIME_MAX: Duration = Duration::from_millis(1_500);
/// Longest name of a contact that is taken, in characters; what is longer is no name.
const NAME_CHARS_MAX: usize = 100;

/// Why there is no answer to go by.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HookFailure {
    /// It could not be asked, or did not answer in time.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// It answered something that is no answer.
    #[error("the answer is not `{{\"action\": \"ring\" or \"reject\", …}}`")]
    Unreadable,
}

impl HookFailure {
    /// A word for counting.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Failed(Failure::TooSlow(_)) => "too_slow",
            Self::Failed(Failure::Status(_)) => "refused",
            Self::Failed(Failure::Address(_) | Failure::Unreachable(_) | Failure::Lost) => {
                "unreachable"
            }
            Self::Unreadable => "unreadable",
        }
    }
}

/// Where the operator wants to be asked.
#[derive(Clone)]
pub struct Hook {
    courier: Courier,
    url: Url,
    secret: SecretString,
    time: Duration,
}

impl fmt::Debug for Hook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hook({} ms)", self.time.as_millis())
    }
}

impl Hook {
    /// Prepares the question; touches no network. The operator chose the address, so it may be in
    /// their own network. `time` is cut to [`HOOK_TIME_MAX`].
    ///
    /// # Errors
    /// [`CourierError`].
    pub fn new(url: Url, secret: SecretString, time: Duration) -> Result<Self, CourierError> {
        let courier = Courier::new(Reach::Everywhere)?;
        Ok(Self { courier, url, secret, time: time.min(HOOK_TIME_MAX) })
    }

    /// Asks what to do with a call.
    ///
    /// # Errors
    /// [`HookFailure`]: ring as configured.
    pub async fn before_ringing(
        &self,
        question: &RingQuestion,
        now: Timestamp,
    ) -> Result<RingAnswer, HookFailure> {
        let body = serde_json::to_vec(question).map_err(|_| HookFailure::Unreadable)?;
        let secrets = std::slice::from_ref(&self.secret);
        let id = question.call.to_string();
        let letter = Letter { id: &id, body: body.into(), secrets, at: now };
        let (_, answer) = self.courier.ask(&self.url, letter, self.time).await?;
        answer.as_deref().and_then(understood).ok_or(HookFailure::Unreadable)
    }
}

/// The answer, if it is one. A name that nobody could read is left out.
fn understood(bytes: &[u8]) -> Option<RingAnswer> {
    let document: serde_json::Value = serde_json::from_slice(bytes).ok()?;
    // A list would be read as well, field by field.
    if !document.is_object() {
        return None;
    }
    match serde_json::from_value(document).ok()? {
        RingAnswer::Ring { group, contact_name, agent } => {
            let contact_name = contact_name.map(|name| name.trim().to_owned()).filter(|name| {
                !name.is_empty()
                    && name.chars().count() <= NAME_CHARS_MAX
                    && !name.chars().any(char::is_control)
            });
            Some(RingAnswer::Ring { group, contact_name, agent })
        }
        RingAnswer::Reject {} => Some(RingAnswer::Reject {}),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_but_the_two_words_is_no_answer() {
        let ring = |contact_name: Option<&str>| {
            let contact_name = contact_name.map(str::to_owned);
            Some(RingAnswer::Ring { group: None, contact_name, agent: None })
        };
        for (text, answer) in [
            (r#"{"action":"ring"}"#, ring(None)),
            (r#"{"action":"ring","contact_name":" Maria ","more":1}"#, ring(Some("Maria"))),
            (r#"{"action":"ring","contact_name":""}"#, ring(None)),
            (r#"{"action":"ring","contact_name":"a\nb"}"#, ring(None)),
            (r#"{"action":"reject"}"#, Some(RingAnswer::Reject {})),
            (r#"{"action":"explode"}"#, None),
            (r#"{"action":"ring","group":7}"#, None),
            (r#"["reject"]"#, None),
            ("", None),
            ("null", None),
        ] {
            assert_eq!(understood(text.as_bytes()), answer, "{text}");
        }
    }
}
