//! From bytes to events: every entry, change and item on its own.

use model::LineId;
use serde_json::Value;

use super::call::{self, Context};
use super::ignored::{self, Ignored, Reason};
use super::json::{self, List};
use super::party::{Contacts, own_number};
use super::{Event, LineError, MetaError, Webhook, errors, permission};

/// The only `object` whose changes concern us.
const OBJECT: &str = "WHATSAPP_BUSINESS_ACCOUNT";

/// Why a body is no webhook at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// Not JSON.
    #[error("the webhook body is not JSON (line {line}, column {column})")]
    NotJson {
        /// Line of the first fault, from 1.
        line: usize,
        /// Column of the first fault, from 0.
        column: usize,
    },
    /// JSON, but not an object.
    #[error("the webhook body is JSON but not an object")]
    NotAnObject,
}

/// Reads a webhook body whose signature has been checked.
///
/// Whatever Meta added, omitted or spelt in another way is skipped and counted in
/// [`Webhook::ignored`]; one bad item never costs its neighbours.
///
/// # Errors
/// [`WebhookError`] when the body is not a JSON object.
pub fn parse(raw: &[u8]) -> Result<Webhook, WebhookError> {
    let body: Value = serde_json::from_slice(raw)
        .map_err(|error| WebhookError::NotJson { line: error.line(), column: error.column() })?;
    if !body.is_object() {
        return Err(WebhookError::NotAnObject);
    }
    let mut webhook = Webhook::default();
    if json::word(&body, "object").is_some_and(|object| object != OBJECT) {
        ignored::count(&mut webhook.ignored, Reason::ForeignObject, None);
        return Ok(webhook);
    }
    match json::list(&body, "entry") {
        List::Items(entries) => {
            for entry in entries {
                read_entry(entry, &mut webhook);
            }
        }
        List::Absent | List::Malformed => {
            ignored::count(&mut webhook.ignored, Reason::MalformedEntry, None);
        }
    }
    Ok(webhook)
}

fn read_entry(entry: &Value, webhook: &mut Webhook) {
    match json::list(entry, "changes") {
        List::Items(changes) => {
            for change in changes {
                read_change(change, webhook);
            }
        }
        List::Absent | List::Malformed => {
            ignored::count(&mut webhook.ignored, Reason::MalformedEntry, None);
        }
    }
}

fn read_change(change: &Value, webhook: &mut Webhook) {
    let field = json::word(change, "field");
    let value = change.get("value").filter(|value| value.is_object());
    let (Some(field), Some(value)) = (field, value) else {
        ignored::count(&mut webhook.ignored, Reason::MalformedChange, None);
        return;
    };
    match field.as_str() {
        "CALLS" => read_value(value, webhook, read_calls),
        "MESSAGES" => read_value(value, webhook, read_messages),
        _ => {
            let name = field.to_ascii_lowercase();
            ignored::count(&mut webhook.ignored, Reason::UnknownField, Some(&name));
        }
    }
}

fn read_value(value: &Value, webhook: &mut Webhook, read: fn(&Value, Context<'_>, &mut Webhook)) {
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    let line =
        metadata.get("phone_number_id").and_then(Value::as_str).and_then(|id| LineId::new(id).ok());
    let Some(line) = line else {
        ignored::count(&mut webhook.ignored, Reason::MissingLine, None);
        return;
    };
    let display_phone_number = json::text(metadata, "display_phone_number");
    let items = ["calls", "statuses", "messages"].iter().map(|key| match json::list(value, key) {
        List::Items(items) => items.len(),
        List::Absent | List::Malformed => 0,
    });
    let context = Context {
        line: &line,
        own: own_number(display_phone_number.as_deref()),
        display_phone_number,
        contacts: Contacts::read(value),
        alone: items.sum::<usize>() == 1,
        errors: Vec::new(),
    };
    read(value, context, webhook);
}

fn read_calls(value: &Value, mut context: Context<'_>, webhook: &mut Webhook) {
    errors::read(value, &mut context.errors, &mut webhook.ignored);
    let before = webhook.events.len();
    let calls = read_items(value, "calls", &context, webhook, call::read_call);
    let statuses = read_items(value, "statuses", &context, webhook, call::read_status);
    let told = webhook.events[before..].iter().any(|event| matches!(event, Event::Terminate(_)));
    let errors: Vec<MetaError> = context.errors;
    if errors.is_empty() {
        if !calls && !statuses {
            ignored::count(&mut webhook.ignored, Reason::EmptyValue, None);
        }
    } else if !told {
        // Errors beside the calls belong to the calls that ended; without one, to the line.
        webhook.events.push(Event::LineError(LineError { line: context.line.clone(), errors }));
    }
}

fn read_messages(value: &Value, context: Context<'_>, webhook: &mut Webhook) {
    if !read_items(value, "messages", &context, webhook, permission::read_message) {
        ignored::count(&mut webhook.ignored, Reason::OrdinaryMessage, None);
    }
}

type ReadItem = fn(&Value, &Context<'_>, &mut Vec<Ignored>) -> Option<Event>;

/// Reads every item of a list; says whether the list was there.
fn read_items(
    value: &Value,
    key: &str,
    context: &Context<'_>,
    webhook: &mut Webhook,
    read: ReadItem,
) -> bool {
    match json::list(value, key) {
        List::Items(items) => {
            for item in items {
                let event = read(item, context, &mut webhook.ignored);
                webhook.events.extend(event);
            }
            true
        }
        List::Malformed => {
            let reason = match key {
                "calls" => Reason::MalformedCall,
                "statuses" => Reason::MalformedStatus,
                _ => Reason::OrdinaryMessage,
            };
            ignored::count(&mut webhook.ignored, reason, None);
            true
        }
        List::Absent => false,
    }
}
