//! Entry points of the fuzz targets (`fuzz/`), and what must hold whatever they are given.
//!
//! Each takes any bytes, and panics when the media plane does something it must not do. The
//! corpora under `fuzz/corpus/` are replayed by this crate's tests, without a fuzzer.

mod dtls;
mod pieces;
mod rtp;
mod sdp;
pub(crate) mod session;
mod stun;

pub use dtls::dtls;
pub use rtp::rtp;
pub use sdp::sdp;
pub use stun::stun;

#[cfg(test)]
mod replay;
