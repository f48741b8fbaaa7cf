//! Permission replies, which arrive among the ordinary messages.

use model::Wacid;
use serde_json::Value;

use super::call::Context;
use super::ignored::{self, Ignored, Reason};
use super::party::End;
use super::{
    Event, Message, MessageId, PermissionReply, PermissionResponse, ReplyContext, ReplySource, json,
};

/// Reads an item of `messages`; `None` for everything but a permission reply.
pub(super) fn read_message(
    message: &Value,
    context: &Context<'_>,
    skipped: &mut Vec<Ignored>,
) -> Option<Event> {
    let interactive = message.get("interactive").unwrap_or(&Value::Null);
    if json::word(interactive, "type").as_deref() != Some("CALL_PERMISSION_REPLY") {
        return written(message, context, skipped);
    }
    let reply = interactive.get("call_permission_reply").unwrap_or(&Value::Null);
    let Some(response) = json::word(reply, "response") else {
        ignored::count(skipped, Reason::MalformedPermissionReply, None);
        return None;
    };
    let response = match response.as_str() {
        "ACCEPT" => PermissionResponse::Accept,
        "REJECT" => PermissionResponse::Reject,
        _ => PermissionResponse::Other(response),
    };
    let source = json::word(reply, "response_source").map(|word| match word.as_str() {
        "USER_ACTION" => ReplySource::UserAction,
        "AUTOMATIC" => ReplySource::Automatic,
        _ => ReplySource::Other(word),
    });
    let end = End::read(message, "from", "from_user_id");
    Some(Event::PermissionReply(PermissionReply {
        line: context.line.clone(),
        party: context.contacts.complete(end, context.alone),
        at: json::moment(message, "timestamp"),
        message: json::text(message, "id").map(MessageId),
        response,
        is_permanent: reply.get("is_permanent") == Some(&Value::Bool(true)),
        expires_at: json::moment(reply, "expiration_timestamp"),
        source,
        context: message.get("context").and_then(reply_context),
    }))
}

/// Any other message of a user. What Meta itself puts into the conversation is none.
fn written(message: &Value, context: &Context<'_>, skipped: &mut Vec<Ignored>) -> Option<Event> {
    let end = End::read(message, "from", "from_user_id");
    let party = context.contacts.complete(end, context.alone);
    let is_nobody = party.phone.is_none() && party.bsuid.is_none();
    if is_nobody || json::word(message, "type").is_none_or(|kind| kind == "SYSTEM") {
        ignored::count(skipped, Reason::OrdinaryMessage, None);
        return None;
    }
    let (line, at) = (context.line.clone(), json::moment(message, "timestamp"));
    Some(Event::Message(Message { line, party, at }))
}

fn reply_context(context: &Value) -> Option<ReplyContext> {
    let id = json::text(context, "id")?;
    if id.starts_with("wacid.") {
        Wacid::new(id).ok().map(ReplyContext::Call)
    } else {
        Some(ReplyContext::Message(MessageId(id)))
    }
}
