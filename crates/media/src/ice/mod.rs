//! ICE (RFC 8445): the full controlling agent of WhatsApp legs, by the webrtc family, and the
//! lite agent of browser legs, which only answers.

mod full;
mod lite;
pub(crate) mod stun;

pub(crate) use full::{Full, FullState, OwnNames};
pub(crate) use lite::{Checked, Lite};
