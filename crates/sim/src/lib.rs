//! Plays the other side of the world: Meta's Graph, webhooks and phones, and robot agents.
//!
//! It shares no code with the daemon's doors: phones and robots are full `webrtc`
//! `PeerConnection`s, requests go over real HTTP and audio over real UDP, so that whatever is
//! tested against it is tested against something that does not share its mistakes.
//!
//! - [`meta`] answers the Graph `/calls` endpoint, delivers signed webhooks and places calls from
//!   simulated phones. What a phone does is scripted with a [`meta::CallPlan`].
//! - [`agent`] connects robots that speak the agent WebSocket and its media.
//! - [`listen`] says what was heard.
//!
//! What is simulated is the inbound (user-initiated) call. Not simulated: business-initiated
//! calls, permissions, settings, voicemail, Meta's recording, SDES and SIP; asking for them is
//! an error that says so. A phone listens on one address: the second host candidate that Meta
//! always offers is written into the offer from a range that never answers.
#![warn(clippy::wildcard_enum_match_arm)]

pub mod agent;
mod error;
pub mod listen;
pub mod meta;
mod peer;
mod voice;

pub use error::SimError;
pub use voice::Says;
