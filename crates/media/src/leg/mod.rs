//! One leg: its path (ICE, DTLS), its ears (SRTP in) and its voice (SRTP out). Knows nothing of
//! other legs and of sockets.

mod ahead;
mod ears;
mod path;
mod restart;
mod state;
mod voice;
mod watch;

use std::time::{Duration, Instant};

use model::LegId;
use serde::{Deserialize, Serialize};

pub(crate) use ears::{Heard, Kind};
pub(crate) use path::Rebound;
pub(crate) use state::{IceState, LegState};
pub(crate) use watch::GUARD;
use watch::Guard;

use crate::dtls::Dtls;
use crate::dtmf::Presses;
use crate::event::{LegStats, Tap};
use crate::ice::{Full, Lite};
use crate::quality::{LegQuality, LegSummary, Meter};
use crate::reception::{Reception, Tally};
use crate::sdp::{Described, Offer};
use crate::source::Player;
use crate::srtp::Session;
use crate::stream::OutStream;
use crate::turn::{Path, Via};

/// How long ICE and DTLS may take together when both sides know each other from the start.
const SETUP_MAX: Duration = Duration::from_secs(15);
/// Silence (no authenticated packet of any kind) that ends an agent leg. Browsers send a consent
/// check at least every 6 s (RFC 7675 section 5.1), and the tab can make a new leg in one second.
const AGENT_QUIET_MAX: Duration = Duration::from_secs(7);
/// The same for a WhatsApp leg: RFC 7675's 30 s, because this leg cannot be made anew.
const WHATSAPP_QUIET_MAX: Duration = Duration::from_secs(30);

pub(crate) enum Ice {
    /// WhatsApp leg.
    Full(Box<Full>),
    /// Agent leg.
    Lite(Box<Lite>),
}

/// Payload types, the same in both directions of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Codec {
    opus: u8,
    telephone_event: Option<u8>,
}

impl Codec {
    const fn of(offer: &Offer) -> Self {
        Self { opus: offer.opus, telephone_event: offer.telephone_event }
    }
}

/// What the control plane decided about a leg.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Route {
    /// The leg this one is bridged with.
    pub(crate) bridged: Option<LegId>,
    /// Nothing has been forwarded from here since the bridge was made.
    pub(crate) announce_forward: bool,
    /// Nothing has been heard since the leg was opened or watched.
    pub(crate) announce_heard: bool,
    pub(crate) muted: bool,
    /// A WhatsApp leg may send RTP.
    pub(crate) may_speak: bool,
    pub(crate) tap: Option<Tap>,
    /// A party of a supervised call: what it says is heard by the mixer too.
    #[serde(skip)]
    pub(crate) supervised: bool,
    /// In place of what it says, its track gets what the far leg hears of it and of others.
    #[serde(skip)]
    pub(crate) tapped_mixed: bool,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Counters {
    packets_in: u64,
    bytes_in: u64,
    packets_out: u64,
    bytes_out: u64,
    rtcp_in: u64,
    refused: u64,
    #[serde(skip)]
    rtp_in_at: Option<Instant>,
}

/// In this order: what every packet reads or writes lies together, so that it takes few lines of
/// the cache.
#[repr(C)]
pub(crate) struct Leg {
    id: LegId,
    codec: Codec,
    ended: bool,
    /// A packet has brought a deadline nearer.
    stirred: bool,
    ice: Ice,
    /// Last authenticated packet of any kind.
    alive_at: Instant,
    /// When the next frame of what is played while nothing is forwarded is due.
    frame_due: Instant,
    /// When anything else is due; see [`Self::next_look`].
    calm_until: Instant,
    /// When the next look at a caller who says nothing is due.
    hint_due: Option<Instant>,
    pub(crate) route: Route,
    count: Counters,
    keys: Option<Session>,
    out: OutStream,
    reception: Option<Reception>,
    /// What is played while nothing is forwarded.
    player: Player,
    meter: Meter,
    report_due: Instant,
    presses: Presses,
    guard: Guard,
    /// When a WhatsApp leg got permission to send.
    spoke_at: Option<Instant>,
    opened_at: Instant,
    /// How long ICE and DTLS may take together.
    setup_max: Duration,
    /// `None` in a process that took the leg over: a session cannot be moved, and after the keys
    /// are agreed it only carries the close_notify.
    dtls: Option<Dtls>,
    /// SHA-256 of the peer's certificate, as its description promised it.
    fingerprint: [u8; 32],
    /// Our description, which restarts write anew.
    described: Described,
    /// Makes the next datagram panic, to test that the panic stays in this leg.
    #[cfg(test)]
    pub(crate) rigged: bool,
}

impl Leg {
    pub(crate) fn new(now: Instant, id: LegId, ice: Ice, dtls: Dtls, offer: &Offer) -> Self {
        Self {
            id,
            ice,
            dtls: Some(dtls),
            fingerprint: offer.fingerprint,
            described: Described::new(),
            codec: Codec::of(offer),
            keys: None,
            ended: false,
            route: Route { announce_heard: true, ..Route::default() },
            out: OutStream::new(rand::random(), rand::random(), rand::random()),
            reception: None,
            meter: Meter::default(),
            presses: Presses::default(),
            guard: Guard::default(),
            stirred: false,
            hint_due: None,
            spoke_at: None,
            opened_at: now,
            setup_max: SETUP_MAX,
            alive_at: now,
            player: Player::default(),
            frame_due: now,
            calm_until: now,
            report_due: now,
            count: Counters::default(),
            #[cfg(test)]
            rigged: false,
        }
    }

    /// The same leg as our offer has described it, with another patience.
    pub(crate) fn offered(self, described: Described, ssrc: u32, setup_max: Duration) -> Self {
        let out = OutStream::new(ssrc, rand::random(), rand::random());
        Self { described, out, setup_max, ..self }
    }

    pub(crate) const fn id(&self) -> LegId {
        self.id
    }

    pub(crate) const fn ice(&self) -> &Ice {
        &self.ice
    }

    pub(crate) const fn described(&self) -> Described {
        self.described
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.out.ssrc()
    }

    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Ends the leg: keys are forgotten and nothing is sent or read any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
        self.keys = None;
    }

    /// Where to send.
    pub(crate) fn path(&self) -> Option<Path> {
        match &self.ice {
            Ice::Full(full) => full.path().map(|to| Path { via: Via::WhatsApp(self.id), to }),
            Ice::Lite(lite) => lite.path(),
        }
    }

    pub(crate) const fn is_whatsapp(&self) -> bool {
        matches!(self.ice, Ice::Full(_))
    }

    /// Whether an authenticated packet came within `span`.
    pub(crate) fn heard_within(&self, now: Instant, span: Duration) -> bool {
        now.saturating_duration_since(self.alive_at) < span
    }

    /// Counts a datagram that was not acted on.
    pub(crate) const fn refuse(&mut self) {
        self.count.refused += 1;
    }

    /// RTP may be sent: there are keys, and on a WhatsApp leg permission.
    pub(crate) const fn may_send(&self) -> bool {
        self.keys.is_some() && (self.route.may_speak || !self.is_whatsapp())
    }

    /// The next packet sent starts a new run: whoever spoke so far may have left a hole.
    pub(crate) const fn cut(&mut self) {
        self.out.cut();
    }

    /// The next frame of a mix starts a new run.
    pub(crate) const fn cut_mix(&mut self) {
        self.out.cut_mix();
    }

    fn tally(&self) -> Tally {
        self.reception.as_ref().map(Reception::tally).unwrap_or_default()
    }

    /// ICE and DTLS are done.
    pub(crate) const fn is_up(&self) -> bool {
        self.keys.is_some()
    }

    /// The last full second; `None` before there was one.
    pub(crate) const fn quality(&self) -> Option<LegQuality> {
        self.meter.latest()
    }

    /// What is summed up starts here.
    pub(crate) fn judge_anew(&mut self) {
        self.meter.start_over();
    }

    /// Everything until now.
    pub(crate) fn summary(&self) -> LegSummary {
        self.meter.summary()
    }

    pub(crate) fn stats(&self, now: Instant) -> LegStats {
        let age = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        LegStats {
            up: self.keys.is_some(),
            packets_in: self.count.packets_in,
            bytes_in: self.count.bytes_in,
            packets_out: self.count.packets_out,
            bytes_out: self.count.bytes_out,
            lost: self.tally().lost(),
            rtcp_in: self.count.rtcp_in,
            refused: self.count.refused,
            last_in: age(self.count.rtp_in_at),
            last_out: age(self.out.sent_at()),
        }
    }
}
