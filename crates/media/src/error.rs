//! What can go wrong in the media plane.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::ops::RangeInclusive;

use model::LegId;

use crate::mix::SuperviseError;
use crate::sdp::SdpError;

/// Why the media plane could not start or could not open a leg.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
    /// The remote description cannot be answered.
    #[error("the SDP offer cannot be answered: {0}")]
    Sdp(#[from] SdpError),
    /// A UDP socket could not be bound.
    #[error("cannot bind UDP {address}: {source}; choose a free port and an address of this host")]
    Bind {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// TCP could not be listened on.
    #[error(
        "cannot listen on TCP {address}: {source}; choose a free media.agent_tcp_port, and an \
         address of this host for media.bind"
    )]
    Listen {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Every port for WhatsApp legs is taken.
    #[error("no free UDP port in {range:?} for a WhatsApp leg; widen media.whatsapp_ports")]
    NoFreePort {
        /// The configured range.
        range: RangeInclusive<u16>,
    },
    /// There is no address to write into SDP.
    #[error("no address to advertise in SDP; set media.advertise when binding a wildcard address")]
    NoAddress,
    /// Each shard needs a port for its agents, and there are not so many.
    #[error(
        "{shards} media threads need as many ports from {first} on; choose a lower media.agent_port \
         or media.agent_tcp_port"
    )]
    Ports {
        /// The first shard's port.
        first: u16,
        /// How many there are.
        shards: NonZeroU16,
    },
    /// ICE of a leg cannot start anew with this offer.
    #[error("ICE cannot restart: {0}")]
    Restart(#[from] RestartError),
    /// Meta has answered an offer that is not there.
    #[error("{leg} waits for no answer (any more)")]
    NotOffered {
        /// The leg that was meant.
        leg: LegId,
    },
    /// As many legs are open as one shard carries.
    #[error(
        "a media thread already carries {limit} legs; close some, add threads, or run more nodes"
    )]
    Full {
        /// The bound.
        limit: usize,
    },
    /// A leg was to be opened near one that is not there.
    #[error("{leg} is not known (any more), so nothing can be opened near it")]
    NotNear {
        /// The leg that is not there.
        leg: LegId,
    },
    /// A call cannot be supervised.
    #[error("the call cannot be supervised: {0}")]
    Supervise(#[from] SuperviseError),
    /// Sound for [`crate::Clip`] could not be read or encoded.
    #[error("{what} cannot be played: {why}")]
    Clip {
        /// The file, or what is built in.
        what: String,
        /// What is wrong with it.
        why: String,
    },
    /// Keys or a certificate could not be made.
    #[error("cryptography failed while preparing {what}: {why}")]
    Crypto {
        /// What was being prepared.
        what: &'static str,
        /// What the library said.
        why: String,
    },
    /// What another process handed over cannot be gone on with.
    #[error(
        "the handed-over media state cannot be used: {why}; start without it, its calls are lost"
    )]
    HandOver {
        /// What is wrong with it.
        why: String,
    },
    /// The system refused a thread or a poll.
    #[error("the media thread cannot start: {0}")]
    Thread(io::Error),
    /// The media thread is gone.
    #[error("the media plane has stopped; restart the daemon")]
    Stopped,
}

/// Why ICE of a leg cannot start anew. The leg goes on as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RestartError {
    /// It was closed, went down, or never was.
    #[error("the leg is not there (any more); open a new one")]
    NoSuchLeg,
    /// Only browsers restart ICE.
    #[error("the leg is one towards Meta; only agent legs restart")]
    NotAnAgent,
    /// The certificate belongs to the DTLS session, which goes on.
    #[error("the offer has another fingerprint than the leg; open a new leg for it")]
    Fingerprint,
    /// The stream goes on as it was agreed.
    #[error("the offer has other payload types than the leg; open a new leg for it")]
    Codec,
    /// The offer begins nothing new.
    #[error("the offer has the ice-ufrag that is in use; offer with `iceRestart`")]
    SameUfrag,
}
