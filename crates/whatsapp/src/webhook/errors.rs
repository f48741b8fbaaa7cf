//! Errors inside webhooks, which Meta puts beside the calls, inside them, or in both places.

use serde_json::Value;

use super::ignored::{self, Ignored, Reason};
use super::json;
use crate::code::Code;

/// Errors kept per call or line. Meta sends one; the bound keeps a body of thousands from being
/// copied to each of thousands of calls.
const ERRORS_MAX: usize = 16;

/// An error as Meta wrote it in a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MetaError {
    /// The number to branch on; see [`MetaError::kind`].
    pub code: i64,
    /// Headline (message webhooks).
    pub title: Option<String>,
    /// Sentence.
    pub message: Option<String>,
    /// `error_data.details`: the particulars.
    pub details: Option<String>,
    /// Where Meta explains the code.
    pub href: Option<String>,
}

impl MetaError {
    /// The code by name.
    pub fn kind(&self) -> Code {
        Code::from(self.code)
    }
}

/// Reads the member `errors` of a value or a call into `found`, each code once.
pub(super) fn read(holder: &Value, found: &mut Vec<MetaError>, skipped: &mut Vec<Ignored>) {
    match holder.get("errors") {
        None | Some(Value::Null) => {}
        Some(Value::Array(items)) => {
            for item in items {
                read_one(item, found, skipped);
            }
        }
        Some(other) => read_one(other, found, skipped),
    }
}

fn read_one(item: &Value, found: &mut Vec<MetaError>, skipped: &mut Vec<Ignored>) {
    let Some(code) = json::integer(item, "code") else {
        ignored::count(skipped, Reason::MalformedError, None);
        return;
    };
    let details = item.get("error_data").and_then(|data| json::text(data, "details"));
    add(
        found,
        MetaError {
            code,
            title: json::text(item, "title"),
            message: json::text(item, "message"),
            details: details.or_else(|| json::text(item, "details")),
            href: json::text(item, "href"),
        },
    );
}

/// Adds an error, or completes the one with the same code.
fn add(found: &mut Vec<MetaError>, error: MetaError) {
    let Some(known) = found.iter_mut().find(|known| known.code == error.code) else {
        if found.len() < ERRORS_MAX {
            found.push(error);
        }
        return;
    };
    known.title = known.title.take().or(error.title);
    known.message = known.message.take().or(error.message);
    known.details = known.details.take().or(error.details);
    known.href = known.href.take().or(error.href);
}
