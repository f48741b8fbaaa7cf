//! What the media plane reports to the floors above.

use std::time::{Duration, Instant};

use model::{LegId, RecordingId, SilentCause, Track};
use serde::{Deserialize, Serialize};

/// Something that happened to a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaEvent {
    /// ICE and DTLS are done and the SRTP keys are set.
    LegUp {
        /// The leg.
        leg: LegId,
    },
    /// The leg is gone for good; nothing is sent or received on it any more.
    /// [`crate::MediaPlane::close`] still has to be called to forget it.
    LegDown {
        /// The leg.
        leg: LegId,
        /// The reason.
        why: LegDown,
    },
    /// The first authenticated RTP since the leg was opened or last watched.
    FirstRtp {
        /// The leg that was heard.
        leg: LegId,
        /// Arrival.
        at: Instant,
    },
    /// A [`crate::Source::Once`] or [`crate::Source::Interrupt`] was played to its end. Not sent
    /// when another choice replaced it.
    PlayEnded {
        /// The leg that heard it.
        leg: LegId,
    },
    /// A key was pressed and let go (RFC 4733), told once however often the packets repeat it.
    /// Forwarding to a bridged leg is another matter and needs nothing from above.
    Dtmf {
        /// The leg of who pressed it.
        leg: LegId,
        /// `0` to `9`, `*`, `#`, `A` to `D`.
        digit: char,
        /// How long it was held.
        duration_ms: u32,
    },
    /// No RTP has come from a WhatsApp leg for 10 s although its path is fine: the caller has
    /// muted, or the phone sends nothing in silence. A hint for the agent, never a hang-up. Told
    /// again only after the caller was heard in between.
    CallerSilent {
        /// The leg that says nothing.
        leg: LegId,
    },
    /// No sound has come within 5 s of [`crate::MediaPlane::speak`], or within 5 s of a bridge
    /// from the agent. Meta ends a call without media after 20 s, so this is the moment to act.
    SilentCall {
        /// The WhatsApp leg.
        leg: LegId,
        /// The reason.
        cause: SilentCause,
    },
    /// The first packet forwarded after a bridge was made, once per direction.
    Forwarded {
        /// The leg that was heard.
        from: LegId,
        /// The leg that was sent to.
        to: LegId,
        /// When.
        at: Instant,
    },
    /// Nobody supervises the call any more, although [`crate::MediaPlane::unsupervise`] was not
    /// called: everybody hears what they would hear without.
    SupervisionEnded {
        /// The supervisor's leg.
        supervisor: LegId,
        /// The WhatsApp leg of the call.
        whatsapp: LegId,
        /// The reason.
        why: SupervisionEnd,
    },
}

impl MediaEvent {
    /// Whether the event has to arrive however late: the life of a leg hangs on it, or what a
    /// supervisor believes. The others are lost, and counted, when nobody takes events for a long
    /// time.
    pub(crate) const fn must_arrive(&self) -> bool {
        match self {
            Self::LegUp { .. } | Self::LegDown { .. } | Self::SupervisionEnded { .. } => true,
            Self::FirstRtp { .. }
            | Self::Forwarded { .. }
            | Self::PlayEnded { .. }
            | Self::Dtmf { .. }
            | Self::CallerSilent { .. }
            | Self::SilentCall { .. } => false,
        }
    }
}

/// Why a leg is gone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LegDown {
    /// ICE found no path in 15 s.
    IceFailed,
    /// A path that worked has been silent (no authenticated STUN, RTP or RTCP) for 7 s on an
    /// agent leg or 30 s on a WhatsApp leg.
    ConsentLost,
    /// ICE worked but the DTLS handshake did not finish.
    DtlsFailed,
    /// The peer's certificate is not the one its SDP promised.
    FingerprintMismatch,
    /// The peer closed DTLS with an authenticated close_notify.
    ClosedByPeer,
    /// A fault in the daemon, isolated to this leg.
    Fault,
}

/// Why nobody supervises a call any more.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SupervisionEnd {
    /// The call's WhatsApp leg has ended or was closed.
    CallEnded,
    /// The agent's leg has ended or was closed.
    AgentGone,
    /// The supervisor's leg has ended, was closed, or was bridged or unbridged itself.
    SupervisorGone,
    /// Caller and agent were parted, or the caller was bridged with another agent.
    Parted,
    /// The WhatsApp leg has moved to another media thread, to an agent there.
    Moved,
    /// The legs were handed over to another process.
    HandedOver,
    /// A fault in the daemon, isolated to the supervision: the call goes on.
    Fault,
}

impl SupervisionEnd {
    /// A stable name for records and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CallEnded => "call_ended",
            Self::AgentGone => "agent_gone",
            Self::SupervisorGone => "supervisor_gone",
            Self::Parted => "parted",
            Self::Moved => "moved",
            Self::HandedOver => "handed_over",
            Self::Fault => "fault",
        }
    }
}

/// Which recording, and which of its tracks, a leg's sound goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Tap {
    /// The recording.
    pub recording: RecordingId,
    /// The side the leg is.
    pub track: Track,
}

/// Counters of one leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LegStats {
    /// Whether ICE and DTLS are up.
    pub up: bool,
    /// Authenticated RTP packets received.
    pub packets_in: u64,
    /// Payload bytes of those packets.
    pub bytes_in: u64,
    /// RTP packets sent.
    pub packets_out: u64,
    /// Payload bytes of those packets.
    pub bytes_out: u64,
    /// Packets the peer sent that never arrived (RFC 3550 A.3), never negative.
    pub lost: u64,
    /// Authenticated RTCP packets received.
    pub rtcp_in: u64,
    /// Datagrams of this leg refused: forged, replayed, malformed, or out of turn.
    pub refused: u64,
    /// How long ago the last authenticated RTP arrived.
    pub last_in: Option<Duration>,
    /// How long ago the last RTP was sent.
    pub last_out: Option<Duration>,
}
