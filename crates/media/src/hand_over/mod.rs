//! Handing live legs to another process: the value that crosses, and what time means across.
//!
//! ```text
//! MediaPlane::hand_over --HandOver--> start_from
//! ```
//! What does not cross: DTLS sessions and clips. Once the keys are agreed, DTLS only serves to
//! repeat the last flight and to say close_notify. So a peer that has not got the last flight yet
//! never comes up, and a close_notify is not understood any more, nor sent: a leg ends by
//! signalling or when consent is lost. Clips that were played become silence, or nothing where
//! they were to be played once; who chose them has to choose again. Legs that are not up, events
//! nobody took and datagrams that nobody read are lost.

mod resumed;
mod value;

pub(crate) use resumed::Resumed;
pub use value::HandOver;
pub(crate) use value::ShardPart;
