//! The documents about endpoints: where events are delivered, and what became of it.

use model::{EndpointId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::EventName;

/// Have events delivered to an address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEndpoint {
    /// Where to; `https`, and on the public internet unless the operator allows otherwise.
    pub url: String,
    /// Which events; all when empty.
    #[serde(default)]
    pub types: Vec<EventName>,
}

/// An address that events are delivered to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointView {
    /// Its id.
    pub id: EndpointId,
    /// Where to.
    pub url: String,
    /// Which events; all when empty.
    pub types: Vec<EventName>,
    /// Whether events are delivered.
    pub enabled: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_why: Option<String>,
    /// When it was added; it gets the events from then on.
    pub created_at: Timestamp,
    /// Until when deliveries are also signed with the secret before the last rotation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_secret_until: Option<Timestamp>,
}

/// An endpoint with its secret. It is shown this once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct EndpointSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointView,
    /// The key of the signature: the text as it is, `whsec_` included.
    pub secret: String,
}

/// Where a delivery is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// An earlier event of its call is not delivered yet.
    Waiting,
    /// It is, or will be, tried.
    Pending,
    /// The endpoint took it.
    Delivered,
    /// It was given up; the event can be replayed by its `seq`.
    Dead,
}

/// What became of one event at one endpoint.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct DeliveryView {
    /// The event.
    pub seq: i64,
    /// What it is.
    #[serde(rename = "type")]
    pub name: EventName,
    /// Where the delivery is.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was tried last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_attempt_at: Option<Timestamp>,
    /// When it is tried next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_attempt_at: Option<Timestamp>,
    /// The HTTP status of the last answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// What became of a test delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
pub struct PingResult {
    /// Whether the endpoint took it.
    pub delivered: bool,
    /// The HTTP status, if there was an answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}
