//! Bodies of webhooks, and their signature over the exact bytes.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Map, Value, json};
use sha2::Sha256;

use super::call::Call;
use super::record::{NO_MEDIA_CODE, SimEnd};
use super::world::World;

/// The WABA that every simulated line belongs to.
const WABA_ID: &str = "102290129340398";

/// `connect` with the offer, stamped `late_s` seconds ago.
pub(crate) fn connect(call: &Call, late_s: u64) -> Vec<u8> {
    let mut entry = call_entry(call, "connect", unix_seconds().saturating_sub(late_s));
    entry.insert("session".to_owned(), json!({ "sdp_type": "offer", "sdp": call.description }));
    envelope(call, entry, None)
}

/// `connect` with the answer to the business's offer.
pub(crate) fn answer(call: &Call) -> Vec<u8> {
    let mut entry = call_entry(call, "connect", unix_seconds());
    let session = json!({ "sdp_type": "answer", "sdp": call.description });
    entry.insert("session".to_owned(), session);
    give_back(call.opaque(), &mut entry);
    envelope(call, entry, None)
}

/// A step of a call that the business placed.
pub(crate) fn status(call: &Call, status: &str) -> Vec<u8> {
    let user = &call.plan.from;
    let mut item = Map::new();
    let mut put = |key: &str, value: &str| item.insert(key.to_owned(), json!(value));
    put("id", call.wacid.as_str());
    put("type", "call");
    put("status", status);
    put("timestamp", &unix_seconds().to_string());
    if let Some(phone) = &user.phone {
        put("recipient_id", phone);
    }
    if let Some(bsuid) = &user.bsuid {
        put("recipient_user_id", bsuid);
    }
    give_back(call.opaque(), &mut item);
    let mut value = head(call);
    value.insert("statuses".to_owned(), json!([item]));
    whole(value)
}

fn give_back(opaque: Option<String>, item: &mut Map<String, Value>) {
    if let Some(opaque) = opaque {
        item.insert("biz_opaque_callback_data".to_owned(), json!(opaque));
    }
}

/// `terminate`; `talked` is the wall-clock start of the talk, when somebody picked up.
pub(crate) fn terminate(
    call: &Call,
    end: SimEnd,
    talked: Option<SystemTime>,
    opaque: Option<String>,
) -> Vec<u8> {
    let now = unix_seconds();
    let mut entry = call_entry(call, "terminate", now);
    entry.insert("status".to_owned(), json!(end.status.as_str()));
    if let (Some(duration), Some(start)) = (end.duration_s, talked) {
        let start = start.duration_since(UNIX_EPOCH).unwrap_or_default();
        entry.insert("start_time".to_owned(), json!(start.as_secs().to_string()));
        let ended = start.as_secs().saturating_add(duration);
        entry.insert("end_time".to_owned(), json!(ended.to_string()));
        entry.insert("duration".to_owned(), json!(duration));
    }
    give_back(opaque, &mut entry);
    envelope(call, entry, end.error_code)
}

fn call_entry(call: &Call, event: &str, timestamp: u64) -> Map<String, Value> {
    let user = &call.plan.from;
    let mut entry = Map::new();
    let mut put = |key: &str, value: &str| entry.insert(key.to_owned(), json!(value));
    put("id", call.wacid.as_str());
    let (business, its_id, theirs, direction) = if call.is_placed() {
        ("from", "to_user_id", "to", "BUSINESS_INITIATED")
    } else {
        ("to", "from_user_id", "from", "USER_INITIATED")
    };
    if let Some(phone) = &user.phone {
        put(theirs, phone);
    }
    if let Some(bsuid) = &user.bsuid {
        put(its_id, bsuid);
    }
    put(business, &call.display_phone_number);
    put("event", event);
    put("timestamp", &timestamp.to_string());
    put("direction", direction);
    entry
}

fn envelope(call: &Call, entry: Map<String, Value>, error_code: Option<u32>) -> Vec<u8> {
    let mut value = head(call);
    value.insert("calls".to_owned(), json!([entry]));
    if let Some(code) = error_code {
        value.insert("errors".to_owned(), json!([error(code)]));
    }
    whole(value)
}

/// A message of a user.
pub(crate) fn message(world: &World, line: &str, user: &str, message: Value) -> Vec<u8> {
    let known = world.config.lines.iter().find(|known| known.id.as_str() == line);
    let number = known.map(|known| known.display_phone_number.clone()).unwrap_or_default();
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": number, "phone_number_id": line },
        "contacts": [{ "profile": {}, "wa_id": user }],
        "messages": [message],
    });
    escape(&json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": WABA_ID, "changes": [{ "field": "messages", "value": value }] }],
    }))
}

/// What every value begins with.
fn head(call: &Call) -> Map<String, Value> {
    let mut value = Map::new();
    value.insert("messaging_product".to_owned(), json!("whatsapp"));
    value.insert(
        "metadata".to_owned(),
        json!({
            "display_phone_number": call.display_phone_number,
            "phone_number_id": call.plan.line,
        }),
    );
    if !call.plan.webhook.without_contacts {
        value.insert("contacts".to_owned(), json!([contact(call)]));
    }
    value
}

fn whole(value: Map<String, Value>) -> Vec<u8> {
    let change = json!({ "field": "calls", "value": value });
    escape(&json!({
        "object": "whatsapp_business_account",
        "entry": [{ "id": WABA_ID, "changes": [change] }],
    }))
}

fn contact(call: &Call) -> Value {
    let user = &call.plan.from;
    let mut contact = Map::new();
    // Meta names nobody whom a business calls.
    let profile = if call.is_placed() { json!({}) } else { json!({ "name": user.name }) };
    contact.insert("profile".to_owned(), profile);
    if let Some(phone) = &user.phone {
        contact.insert("wa_id".to_owned(), json!(phone));
    }
    if let Some(bsuid) = &user.bsuid {
        contact.insert("user_id".to_owned(), json!(bsuid));
    }
    Value::Object(contact)
}

fn error(code: u32) -> Value {
    let message = if code == NO_MEDIA_CODE { "Media receive timeout" } else { "Call failed" };
    json!({
        "code": code,
        "message": message,
        "href": "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/",
        "error_data": { "details": "The phone received no media from the business." },
    })
}

/// Serialises as Meta does: `/` and everything beyond ASCII is escaped, which changes the bytes
/// that are signed. Both occur inside JSON strings only.
fn escape(value: &Value) -> Vec<u8> {
    let plain = value.to_string();
    let mut escaped = String::with_capacity(plain.len() + plain.len() / 8);
    for character in plain.chars() {
        match character {
            '/' => escaped.push_str("\\/"),
            ascii if ascii.is_ascii() => escaped.push(ascii),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let written = write!(escaped, "\\u{unit:04x}");
                    debug_assert!(written.is_ok(), "writing to a string cannot fail");
                }
            }
        }
    }
    escaped.into_bytes()
}

/// The value of `X-Hub-Signature-256` for these bytes.
pub(crate) fn sign(app_secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes())
        .expect("HMAC takes a key of any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_and_letters_beyond_ascii_are_escaped_and_still_mean_the_same() {
        let value = json!({ "name": "Zoë/😀", "sdp": "a\r\nb" });
        let bytes = escape(&value);
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.is_ascii());
        assert!(text.contains(r"Zo\u00eb\/\ud83d\ude00"), "{text}");
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn the_signature_is_hmac_sha256_in_lower_case_hex() {
        // RFC 4231, test case 2.
        assert_eq!(
            sign("Jefe", b"what do ya want for nothing?"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }
}
