//! The media plane: ICE, DTLS, SRTP and RTP of every leg, and the bridges between them.
//!
//! ```text
//! MediaPlane --commands--> thread: sockets (`socket`) around the sans-IO core (`shard`)
//!            <---events---          shard -> leg -> ice, dtls, srtp; stream; tap
//! ```
//! Built from the sans-IO parts of the webrtc family (`rtc-ice`, `rtc-dtls`); SRTP is our own and
//! works in place. Nothing on the path receive, open, rewrite, seal, send allocates or locks.

mod batch;
mod command;
mod config;
mod driver;
mod dtls;
mod dtmf;
mod error;
mod event;
mod far;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod hand_over;
#[cfg(feature = "benching")]
#[doc(hidden)]
pub mod hot;
mod ice;
mod identity;
mod incoming;
mod leg;
mod mix;
mod opus_frame;
mod outgoing;
mod pace;
mod plane;
mod quality;
mod reception;
mod rtcp;
mod rtp;
mod sdp;
mod shard;
mod socket;
mod source;
mod srtp;
mod start;
mod stream;
mod tap;
mod tcp;
mod turn;

pub use batch::{Inbox, Outbox};
pub use config::MediaConfig;
pub use error::{MediaError, RestartError};
pub use event::{LegDown, LegStats, MediaEvent, SupervisionEnd, Tap};
pub use far::{FarEnd, FarEnds, FarHeard, FarPart, Protection};
pub use hand_over::HandOver;
pub use mix::{SuperviseError, Supervision};
pub use pace::Pace;
pub use plane::{MediaPlane, OfferedLeg, OpenedLeg, Totals};
pub use quality::{Hearing, LegQuality, LegSummary, Network, Verdict};
pub use sdp::SdpError;
pub use source::{Cadence, Clip, Source};
pub use start::{Started, TakenOver, start, start_from};
pub use tap::{TapFrame, TapReader};
