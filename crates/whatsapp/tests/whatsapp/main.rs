//! Meta's side, end to end of this crate: signatures, handshake, webhooks, Graph requests.

mod analytics;
mod calling_out;
mod calls;
mod fixtures;
mod graph_outcomes;
mod graph_requests;
mod handshake;
mod meta;
mod never_panics;
mod permissions;
mod signature;
mod skipped;
mod unreachable;
