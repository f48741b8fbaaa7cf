//! Items of `calls` and `statuses`.

use model::{Direction, LineId, Phone, SdpText, Wacid};
use serde_json::Value;

use super::ignored::{self, Ignored, Reason};
use super::party::{Contacts, End, user_end};
use super::{CallStatus, Connect, Event, MetaError, SdpKind, Status, Terminate, errors, json};

/// Longest session description taken over, in bytes. Meta's have under 3,000.
const SDP_BYTES_MAX: usize = 64 * 1024;

/// What the items of one value share.
pub(super) struct Context<'a> {
    pub(super) line: &'a LineId,
    pub(super) display_phone_number: Option<String>,
    pub(super) own: Option<Phone>,
    pub(super) contacts: Contacts,
    /// The value holds a single item.
    pub(super) alone: bool,
    /// Errors that stand beside the calls.
    pub(super) errors: Vec<MetaError>,
}

/// Reads an item of `calls`.
pub(super) fn read_call(
    call: &Value,
    context: &Context<'_>,
    skipped: &mut Vec<Ignored>,
) -> Option<Event> {
    let (Some(wacid), Some(event)) = (wacid(call), json::word(call, "event")) else {
        ignored::count(skipped, Reason::MalformedCall, None);
        return None;
    };
    match event.as_str() {
        "CONNECT" => Some(Event::Connect(connect(call, wacid, context, skipped))),
        "TERMINATE" => Some(Event::Terminate(terminate(call, wacid, context, skipped))),
        _ => {
            let name = event.to_ascii_lowercase();
            ignored::count(skipped, Reason::UnknownEvent, Some(&name));
            None
        }
    }
}

fn connect(
    call: &Value,
    wacid: Wacid,
    context: &Context<'_>,
    skipped: &mut Vec<Ignored>,
) -> Connect {
    let session = session(call);
    let direction = direction(call)
        .or(match session {
            Session::Described(Some(SdpKind::Offer), _) => Some(Direction::UserInitiated),
            Session::Described(Some(SdpKind::Answer), _) => Some(Direction::BusinessInitiated),
            Session::Described(None, _) | Session::Malformed | Session::Absent => None,
        })
        .unwrap_or_else(|| direction_by_ends(call, context.own.as_ref()));
    let sdp = match session {
        Session::Described(kind, sdp) => Some((kind.unwrap_or(usual_kind(direction)), sdp)),
        Session::Malformed | Session::Absent => {
            ignored::count(skipped, Reason::MalformedSession, None);
            None
        }
    };
    let end = user_end(call, Some(direction), context.own.as_ref());
    Connect {
        line: context.line.clone(),
        wacid,
        direction,
        party: context.contacts.complete(end, context.alone),
        at: json::moment(call, "timestamp"),
        sdp,
        display_phone_number: context.display_phone_number.clone(),
        biz_opaque_callback_data: json::text(call, "biz_opaque_callback_data"),
        cta_payload: json::text(call, "cta_payload"),
        deeplink_payload: json::text(call, "deeplink_payload"),
    }
}

fn terminate(
    call: &Value,
    wacid: Wacid,
    context: &Context<'_>,
    skipped: &mut Vec<Ignored>,
) -> Terminate {
    let direction = direction(call);
    let end = user_end(call, direction, context.own.as_ref());
    let mut found = context.errors.clone();
    errors::read(call, &mut found, skipped);
    Terminate {
        line: context.line.clone(),
        wacid,
        direction,
        party: context.contacts.complete(end, context.alone),
        at: json::moment(call, "timestamp"),
        status: json::word(call, "status"),
        start_time: json::moment(call, "start_time"),
        end_time: json::moment(call, "end_time"),
        duration_s: json::integer(call, "duration").and_then(|s| u32::try_from(s).ok()),
        errors: found,
        display_phone_number: context.display_phone_number.clone(),
        biz_opaque_callback_data: json::text(call, "biz_opaque_callback_data"),
        cta_payload: json::text(call, "cta_payload"),
        deeplink_payload: json::text(call, "deeplink_payload"),
    }
}

/// Reads an item of `statuses`.
pub(super) fn read_status(
    item: &Value,
    context: &Context<'_>,
    skipped: &mut Vec<Ignored>,
) -> Option<Event> {
    let (Some(wacid), Some(word)) = (wacid(item), json::word(item, "status")) else {
        ignored::count(skipped, Reason::MalformedStatus, None);
        return None;
    };
    if json::word(item, "type").is_some_and(|kind| kind != "CALL") {
        ignored::count(skipped, Reason::ForeignStatus, None);
        return None;
    }
    let status = match word.as_str() {
        "RINGING" => CallStatus::Ringing,
        "ACCEPTED" => CallStatus::Accepted,
        "REJECTED" => CallStatus::Rejected,
        _ => CallStatus::Other(word),
    };
    let end = End::read(item, "recipient_id", "recipient_user_id");
    Some(Event::Status(Status {
        line: context.line.clone(),
        wacid,
        status,
        at: json::moment(item, "timestamp"),
        party: context.contacts.complete(end, context.alone),
        biz_opaque_callback_data: json::text(item, "biz_opaque_callback_data"),
    }))
}

fn wacid(item: &Value) -> Option<Wacid> {
    Wacid::new(item.get("id")?.as_str()?).ok()
}

fn direction(call: &Value) -> Option<Direction> {
    match json::word(call, "direction")?.as_str() {
        "USER_INITIATED" | "INCOMING" | "INBOUND" => Some(Direction::UserInitiated),
        "BUSINESS_INITIATED" | "OUTGOING" | "OUTBOUND" => Some(Direction::BusinessInitiated),
        _ => None,
    }
}

/// Last resort: a call from the line's own number is ours; anything else is a user calling, as in
/// Meta's samples that omit the direction.
fn direction_by_ends(call: &Value, own: Option<&Phone>) -> Direction {
    let from = json::phone(call, "from");
    if own.is_some() && from.as_ref() == own {
        Direction::BusinessInitiated
    } else {
        Direction::UserInitiated
    }
}

const fn usual_kind(direction: Direction) -> SdpKind {
    match direction {
        Direction::UserInitiated => SdpKind::Offer,
        Direction::BusinessInitiated => SdpKind::Answer,
    }
}

enum Session {
    Absent,
    Malformed,
    Described(Option<SdpKind>, SdpText),
}

/// The session description: `session`, and only without one the legacy `connection.webrtc.sdp`.
fn session(call: &Value) -> Session {
    match call.get("session") {
        None | Some(Value::Null) => legacy_session(call),
        Some(session) => {
            let sdp = session.get("sdp").and_then(Value::as_str);
            described(session.get("sdp_type"), sdp)
        }
    }
}

/// The legacy member wraps the description once more: in a JSON string, or in a JSON object with
/// `type` and `sdp` as browsers write it.
fn legacy_session(call: &Value) -> Session {
    let Some(legacy) = call.pointer("/connection/webrtc/sdp") else {
        return Session::Absent;
    };
    let Some(wrapped) = legacy.as_str() else {
        return Session::Malformed;
    };
    match serde_json::from_str::<Value>(wrapped) {
        Ok(Value::String(sdp)) => described(None, Some(&sdp)),
        Ok(inner @ Value::Object(_)) => {
            described(inner.get("type"), inner.get("sdp").and_then(Value::as_str))
        }
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_)) => Session::Malformed,
        Err(_) => described(None, Some(wrapped)),
    }
}

fn described(kind: Option<&Value>, sdp: Option<&str>) -> Session {
    let kind = match kind {
        None | Some(Value::Null) => None,
        Some(kind) => match kind.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("offer") => Some(SdpKind::Offer),
            Some("answer") => Some(SdpKind::Answer),
            Some(_) | None => return Session::Malformed,
        },
    };
    match sdp {
        Some(sdp) if !sdp.is_empty() && sdp.len() <= SDP_BYTES_MAX => {
            Session::Described(kind, SdpText::new(sdp))
        }
        Some(_) | None => Session::Malformed,
    }
}
