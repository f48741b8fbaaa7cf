//! Request bodies, exactly as Meta's endpoint reference shows them.

use bytes::Bytes;
use model::{SdpText, Wacid};
use serde::Serialize;

/// The JSON of `POST /<line>/calls`; its members keep this order.
#[derive(Serialize)]
pub(super) struct Body<'a> {
    messaging_product: &'static str,
    call_id: &'a str,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<Session<'a>>,
}

#[derive(Serialize)]
struct Session<'a> {
    /// Always `answer`: Meta's parameter table says otherwise and is wrong.
    sdp_type: &'static str,
    sdp: &'a str,
}

impl<'a> Body<'a> {
    pub(super) fn bare(call: &'a Wacid, action: &'static str) -> Self {
        Self { messaging_product: "whatsapp", call_id: call.as_str(), action, session: None }
    }

    pub(super) fn with_answer(call: &'a Wacid, action: &'static str, sdp: &'a SdpText) -> Self {
        let session = Some(Session { sdp_type: "answer", sdp: sdp.as_str() });
        Self { session, ..Self::bare(call, action) }
    }

    /// The bytes; the same for every attempt.
    pub(super) fn bytes(&self) -> Bytes {
        serde_json::to_vec(self).expect("strings always serialise").into()
    }
}
