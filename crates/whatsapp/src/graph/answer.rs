//! What an HTTP answer of Meta means for the request.

use std::time::Duration;

use serde_json::Value;

use super::error::GraphError;
use crate::code::Code;

/// Longest message or details kept, in characters; Meta's are one or two sentences.
const TEXT_CHARS_MAX: usize = 512;

/// Judges a complete answer. `body` is `None` when it was longer than allowed.
/// `read` finds what was asked for in the answer to a request that was carried out.
pub(super) fn judge<T>(
    status: u16,
    retry_after: Option<Duration>,
    body: Option<&[u8]>,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<T, GraphError> {
    let json: Option<Value> = body.and_then(|bytes| serde_json::from_slice(bytes).ok());
    let envelope =
        json.as_ref().and_then(|json| json.get("error")).filter(|error| error.is_object());
    let code = envelope
        .and_then(|error| error.get("code"))
        .and_then(Value::as_i64)
        .map_or(Code::Absent, Code::from);
    let refused = || GraphError::Refused {
        status,
        code,
        message: envelope.and_then(|error| text(error.get("message"))).unwrap_or_default(),
        details: envelope.and_then(|error| text(error.pointer("/error_data/details"))),
        retry_after,
    };
    match status {
        200..=299 if envelope.is_some() => Err(refused()),
        200..=299 if json.as_ref().is_some_and(|json| json["success"] == false) => Err(refused()),
        200..=299 => json.as_ref().and_then(read).ok_or_else(|| {
            GraphError::ambiguous(format!("HTTP {status} with an answer that is not Meta's"))
        }),
        400..=499 => Err(refused()),
        // Meta sends some plain refusals (code 3, for one) with status 500.
        500..=599 if code.needs_auth() => Err(refused()),
        _ if code == Code::Absent => Err(GraphError::ambiguous(format!("HTTP {status}"))),
        _ => Err(GraphError::ambiguous(format!(
            "HTTP {status}, code {}: {}",
            code.number(),
            code.meaning()
        ))),
    }
}

/// `Retry-After` in seconds. The date form is not read: Meta does not use it, and it would need a
/// clock that agrees with Meta's.
pub(super) fn retry_after(header: Option<&str>) -> Option<Duration> {
    let seconds: u32 = header?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.into()))
}

/// That it was done, and nothing else.
pub(super) fn success(json: &Value) -> Option<()> {
    (json.get("success") == Some(&Value::Bool(true))).then_some(())
}

/// A text without call ids, which embed phone numbers.
fn text(value: Option<&Value>) -> Option<String> {
    let text: String = value?.as_str()?.chars().take(TEXT_CHARS_MAX).collect();
    let words: Vec<&str> = text
        .split(' ')
        .map(|word| if word.contains("wacid.") { "(call id)" } else { word })
        .collect();
    Some(words.join(" "))
}
