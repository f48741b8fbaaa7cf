//! The description of the REST API (OpenAPI 3.1), made from the handlers.

use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use wire::agent::{ClientFrame, ServerFrame};
use wire::events::{RingAnswer, RingQuestion};

use crate::access::gate::DESK_COOKIE;
use crate::rest::{
    agents, balance, calls, contacts, deliveries, desk_session, events, follow_ups, groups, money,
    notes, recordings, stream,
};
use crate::webhook;

/// The handlers and the documents they speak. The frames of the agent socket are listed with
/// them, so that one file describes everything that crosses our sockets.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Ringdown",
        description = "Real-time call bridge for WhatsApp Business calling. The agent WebSocket \
            `/agent/v1` (subprotocol `ringdown.agent.v1`) speaks the frames in the schemas \
            `ClientFrame` and `ServerFrame`. The operator's hook before ringing is asked a \
            `RingQuestion` and gives a `RingAnswer`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    paths(
        webhook::handshake,
        webhook::receive,
        calls::list,
        calls::get,
        calls::end,
        calls::missed,
        notes::annotate,
        notes::outcomes,
        notes::put_outcomes,
        contacts::get,
        contacts::timeline,
        contacts::erase,
        follow_ups::list,
        follow_ups::done,
        follow_ups::reopen,
        agents::list,
        agents::put,
        agents::remove,
        agents::mint_token,
        agents::make_sign_in_code,
        groups::list,
        groups::get,
        groups::put,
        groups::remove,
        groups::choose_for_line,
        balance::get,
        balance::top_up,
        money::entries,
        money::adjust,
        money::quote,
        money::differences,
        money::resolve,
        money::statement_of,
        recordings::get,
        recordings::audio,
        events::list,
        stream::open,
        deliveries::add,
        deliveries::list,
        deliveries::remove,
        deliveries::rotate_secret,
        deliveries::ping,
        deliveries::deliveries,
        deliveries::retry,
        desk_session::sign_in,
        desk_session::me,
        desk_session::desk_token,
        desk_session::sign_out,
    ),
    components(schemas(ClientFrame, ServerFrame, RingQuestion, RingAnswer)),
    modifiers(&Schemes),
)]
struct Document;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key of the workspace that has the right"))
            .build();
        let header = |name: &str, text: &str| {
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(name, text)))
        };
        let cookie = ApiKeyValue::with_description(DESK_COOKIE, "The desk's session cookie");
        let schemes = [
            ("api_key", SecurityScheme::Http(bearer)),
            ("desk_session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie))),
            (
                "desk_page",
                header("X-Ringdown-Desk", "`1`, sent by the desk's own page (same origin)"),
            ),
            ("meta_signature", header("X-Hub-Signature-256", "HMAC-SHA-256 of the raw body")),
        ];
        for (name, scheme) in schemes {
            components.add_security_scheme(name, scheme);
        }
    }
}

/// The document as JSON, the same bytes at every call; `docs/openapi.json` is a copy of it.
pub fn openapi() -> String {
    let document = Document::openapi();
    // Through a value: its maps are sorted, so the order does not depend on hashing.
    let value = serde_json::to_value(&document).expect("the document holds only JSON");
    let mut text = serde_json::to_string_pretty(&value).expect("a JSON value can be written");
    text.push('\n');
    text
}
