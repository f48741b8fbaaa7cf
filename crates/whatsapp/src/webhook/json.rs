//! Forgiving readers: a member that is missing or of another type is `None`, never an error.

use model::{Phone, Timestamp};
use serde_json::Value;

/// Longest text taken over, in characters; longer ones are cut. Meta's own limits are lower
/// (512 for opaque payloads), so only broken input is affected.
const TEXT_CHARS_MAX: usize = 1_024;

/// Longest word compared or shown, in characters (`BUSINESS_INITIATED` has 18).
const WORD_CHARS_MAX: usize = 64;

/// A text that is not empty.
pub(super) fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?;
    (!text.is_empty()).then(|| text.chars().take(TEXT_CHARS_MAX).collect())
}

/// A word in upper case with underscores, for comparisons without regard to spelling.
pub(super) fn word(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?.trim();
    let word: String = text
        .chars()
        .take(WORD_CHARS_MAX)
        .map(|c| match c {
            '-' | ' ' => '_',
            other => other.to_ascii_uppercase(),
        })
        .collect();
    (!word.is_empty()).then_some(word)
}

/// A whole number, written as a number or as text.
pub(super) fn integer(value: &Value, key: &str) -> Option<i64> {
    match value.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Unix seconds, written as a number or as text.
pub(super) fn moment(value: &Value, key: &str) -> Option<Timestamp> {
    integer(value, key).map(Timestamp::from_seconds)
}

/// A phone number, written as text or as a number.
pub(super) fn phone(value: &Value, key: &str) -> Option<Phone> {
    match value.get(key)? {
        Value::String(text) => Phone::new(text.trim()),
        Value::Number(number) => Phone::new(&number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// What a member that should be a list turned out to be.
pub(super) enum List<'a> {
    /// Missing or null.
    Absent,
    /// Something else than a list.
    Malformed,
    /// The items.
    Items(&'a [Value]),
}

/// A list.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> List<'a> {
    match value.get(key) {
        None | Some(Value::Null) => List::Absent,
        Some(Value::Array(items)) => List::Items(items),
        Some(Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_)) => {
            List::Malformed
        }
    }
}
