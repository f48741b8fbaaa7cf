//! Meta's side as types: webhook signature and parsing, and the Graph client for calls.
//!
//! Webhooks: check the raw bytes with [`WebhookVerifier`], then [`parse`] them; parsing never
//! fails on what Meta may add tomorrow, it counts it. Graph: [`Graph`] has one method per verb
//! (*pre_accept, accept, reject, terminate*), bounded in time, attempts and bytes. Session
//! descriptions pass through unread. Nothing here logs a call id, a number or a secret.
#![warn(clippy::wildcard_enum_match_arm)]

mod challenge;
mod code;
mod graph;
mod health;
mod signature;
mod webhook;

pub use challenge::{ChallengeRefused, NoVerifyToken, VerifyToken};
pub use code::Code;
pub use graph::{
    CallAllowance, CallPoint, Graph, GraphConfig, GraphError, Permission, PermissionStatus,
};
pub use health::{Change, LineHealth, Outage};
pub use signature::{NoAppSecret, SignatureError, WEBHOOK_BODY_BYTES_MAX, WebhookVerifier};
pub use webhook::{
    CallStatus, Connect, Event, Ignored, LineError, Message, MessageId, MetaError, PermissionReply,
    PermissionResponse, Reason, ReplyContext, ReplySource, SdpKind, Status, Terminate, Webhook,
    WebhookError, parse,
};
