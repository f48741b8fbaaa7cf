//! Events as others see them: webhooks of ours, the replay by cursor, live views.
//!
//! Names and documents are stable. New names and new fields may come; a change that an old
//! reader would misunderstand raises [`VERSION`].

mod endpoint;
mod hook;
mod name;

use model::{CallId, Timestamp, WorkspaceId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use endpoint::{
    DeliveryState, DeliveryView, EndpointSecret, EndpointView, NewEndpoint, PingResult,
};
pub use hook::{RingAnswer, RingQuestion};
pub use name::{EventName, UnknownEventName};

/// The version that [`Envelope::v`] says.
pub const VERSION: u32 = 1;

/// One event.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct Envelope {
    /// The version of this document: 1.
    pub v: u32,
    /// Names the event in every delivery of it: whoever has seen the id has seen the event.
    pub id: String,
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Its place: later events of a workspace have higher numbers, with gaps. It is the cursor of
    /// `GET /v1/events` and the `Last-Event-ID` of the stream; 0 for events that are not kept.
    pub seq: i64,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    #[serde(rename = "type")]
    pub name: EventName,
    /// The call it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The details; what is in them is said at each name.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

impl Envelope {
    /// The id of the event with this number.
    pub fn id_of(seq: i64) -> String {
        format!("event_{seq}")
    }
}

/// Events in order, from a cursor on.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EventPage {
    /// The events, oldest first.
    pub items: Vec<Envelope>,
    /// Give this as `after` next time.
    pub next_after: i64,
}
