//! A bridged call in virtual time, both far ends included: the live session that is fuzzed.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use model::{LegId, SdpText};
use tokio::sync::oneshot;

use crate::command::Command;
use crate::error::MediaError;
use crate::event::LegStats;
use crate::far::{FarEnd, FarEnds, FarHeard, FarPart, Protection};
use crate::identity::Identity;
use crate::plane::Totals;
use crate::rtp::HEADER;
use crate::sdp::{Offer, Reach};
use crate::shard::{Place, Shard};
use crate::tap::TapReader;
use crate::turn::{ConnectionId, Via, Wire};

/// One tick of the virtual clock.
const TICK: Duration = Duration::from_millis(5);
/// Virtual ticks in which a handshake on a perfect network must be done.
const HANDSHAKE_TICKS: usize = 400;
const PLACE: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)), 7_000);
pub(super) const LAN: Reach = Reach { v4: true, v6: false, private: true };

/// The two legs of the call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum End {
    Caller,
    Agent,
}

impl End {
    pub(super) const BOTH: [Self; 2] = [Self::Caller, Self::Agent];

    pub(super) const fn leg(self) -> LegId {
        LegId(self as u64 + 1)
    }

    pub(super) const fn via(self) -> Via {
        match self {
            Self::Caller => Via::WhatsApp(self.leg()),
            Self::Agent => Via::Agents,
        }
    }

    /// Where its far end is.
    pub(crate) fn address(self) -> SocketAddr {
        SocketAddr::from(([10, 0, 1, self as u8], 5_000))
    }
}

/// Keeps what is sent.
#[derive(Default)]
pub(super) struct Air(Vec<(SocketAddr, Vec<u8>)>);

impl Wire for Air {
    fn open(&mut self, leg: LegId) -> Result<u16, MediaError> {
        Ok(40_000 + (leg.0 & 0xfff) as u16)
    }

    fn reopen(&mut self, _: LegId, _: u16) -> Result<(), MediaError> {
        Ok(())
    }

    fn send(&mut self, _via: Via, to: SocketAddr, bytes: &[u8]) {
        self.0.push((to, bytes.to_vec()));
    }

    fn connect(&mut self, _leg: LegId, _to: SocketAddr) {}

    fn release(&mut self, _leg: LegId) {}

    fn vouch(&mut self, _now: Instant, _connection: ConnectionId) {}

    fn hang_up(&mut self, _connection: ConnectionId) {}
}

pub(crate) struct Session {
    pub(crate) shard: Shard,
    air: Air,
    pub(crate) now: Instant,
    ends: [FarEnd; 2],
    /// What the daemon told each end.
    pub(super) answers: Vec<Offer>,
    /// What each end told the daemon.
    pub(super) offers: Vec<Offer>,
    /// The newest index that each end has heard.
    heard: [Option<u64>; 2],
    /// Sound that each end has heard.
    pub(super) sounds: [usize; 2],
    /// Datagrams and their bytes that went elsewhere than to the two ends.
    pub(super) strays: Vec<(SocketAddr, Vec<u8>)>,
    /// DTLS datagrams that the daemon has sent.
    pub(super) dtls_sent: usize,
    _taps: TapReader,
}

/// A shard with nothing on it.
pub(super) fn empty_shard(now: Instant) -> (Shard, TapReader) {
    static OURS: OnceLock<Arc<Identity>> = OnceLock::new();
    let identity = OURS.get_or_init(|| Arc::new(Identity::generate().expect("a certificate")));
    let place =
        Place { addresses: vec![PLACE.ip()], agent_tcp_port: None, agent_port: PLACE.port() };
    let mut taps = TapReader::new(now);
    let writer = taps.add_ring();
    (Shard::new(Arc::clone(identity), place, writer, now, SystemTime::UNIX_EPOCH), taps)
}

/// Opens a leg; an offer that cannot be answered gives the error.
pub(super) fn open(
    shard: &mut Shard,
    now: Instant,
    end: End,
    offer: Offer,
    air: &mut Air,
) -> Result<SdpText, MediaError> {
    let (answer, mut answered) = oneshot::channel();
    let (leg, offer) = (end.leg(), Box::new(offer));
    let command = match end {
        End::Caller => Command::OpenWhatsApp { leg, offer, answer },
        End::Agent => Command::OpenAgent { leg, offer, answer },
    };
    shard.command(now, command, air);
    answered.try_recv().expect("a shard answers at once")
}

impl Session {
    /// Two legs whose handshakes have not begun.
    pub(super) fn begun() -> Self {
        static THEIRS: OnceLock<FarEnds> = OnceLock::new();
        let theirs = THEIRS.get_or_init(|| FarEnds::new().expect("a certificate"));
        let now = Instant::now();
        let (mut shard, taps) = empty_shard(now);
        let mut air = Air::default();
        let (mut offers, mut answers) = (Vec::new(), Vec::new());
        let ends = End::BOTH.map(|end| {
            let (part, protection) = match end {
                End::Caller => (FarPart::Meta, Protection::AesGcm),
                End::Agent => (FarPart::Browser, Protection::AesCm),
            };
            let mut far = theirs.make(part, protection, end.address());
            let offer = Offer::parse(far.offer().as_str(), LAN).expect("an honest offer");
            offers.push(offer.clone());
            let answer = open(&mut shard, now, end, offer, &mut air).expect("an answer");
            answers.push(Offer::parse(answer.as_str(), LAN).expect("a legal answer"));
            far.answered(now, answer.as_str()).expect("an answer that fits");
            far
        });
        let strays = Vec::new();
        let (heard, sounds, dtls_sent) = ([None; 2], [0; 2], 0);
        Self {
            shard,
            air,
            now,
            ends,
            answers,
            offers,
            heard,
            sounds,
            strays,
            dtls_sent,
            _taps: taps,
        }
    }

    /// The call is bridged, and both ends may speak.
    pub(crate) fn bridged() -> Self {
        let mut session = Self::begun();
        for _ in 0..HANDSHAKE_TICKS {
            if session.ends.iter().all(FarEnd::is_up) {
                break;
            }
            session.tick();
        }
        session.bridge();
        session.tick();
        assert!(End::BOTH.iter().all(|end| session.stats(*end).up), "a perfect network");
        session
    }

    pub(super) fn bridge(&mut self) {
        let (whatsapp, agent) = (End::Caller.leg(), End::Agent.leg());
        for command in [Command::Speak(whatsapp), Command::Bridge { whatsapp, agent }] {
            self.shard.command(self.now, command, &mut self.air);
        }
    }

    pub(crate) const fn end(&mut self, end: End) -> &mut FarEnd {
        &mut self.ends[end as usize]
    }

    /// Hands a datagram to the shard as if it came from `from`.
    pub(super) fn inject(&mut self, via: Via, from: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        bytes.truncate(crate::turn::DATAGRAM_MAX);
        self.shard.datagram(self.now, via, from, &mut bytes, &mut self.air);
    }

    /// Lets 5 ms pass on a perfect network.
    pub(super) fn tick(&mut self) {
        self.now += TICK;
        if self.shard.next_timeout().is_some_and(|at| at <= self.now) {
            self.shard.timeout(self.now, &mut self.air);
        }
        for end in End::BOTH {
            let mut sent = Vec::new();
            self.ends[end as usize].tick(self.now, &mut |bytes| sent.push(bytes.to_vec()));
            for bytes in sent {
                self.inject(end.via(), end.address(), &bytes);
            }
        }
        self.deliver();
        while self.shard.poll_event().is_some() {}
    }

    /// Carries what the daemon has sent.
    pub(super) fn deliver(&mut self) {
        while !self.air.0.is_empty() {
            for (to, mut bytes) in std::mem::take(&mut self.air.0) {
                let Some(end) = End::BOTH.into_iter().find(|end| end.address() == to) else {
                    self.strays.push((to, bytes));
                    continue;
                };
                self.dtls_sent += usize::from(matches!(bytes.first(), Some(20..=63)));
                let mut replies = Vec::new();
                let far = &mut self.ends[end as usize];
                let was_up = far.is_up();
                let heard = far.datagram(self.now, &mut bytes, &mut |it| replies.push(it.to_vec()));
                self.judge(end, was_up, &bytes, &heard);
                for reply in replies {
                    self.inject(end.via(), to, &reply);
                }
            }
        }
    }

    /// What the daemon sends must be what it promised to send.
    fn judge(&mut self, end: End, was_up: bool, bytes: &[u8], heard: &FarHeard) {
        let FarHeard::Sound { payload, index } = heard else {
            let is_media = matches!(bytes.first(), Some(128..=191));
            let is_lost = *heard == FarHeard::Refused && is_media && was_up;
            assert!(!is_lost, "what the daemon seals does not open: {bytes:02x?}");
            return;
        };
        assert_eq!(payload.start, HEADER, "a header of ours is bare");
        assert_eq!(bytes[0], 0x80, "version 2, no padding, no extension, no CSRC");
        assert!(matches!(bytes[1] & 0x7f, 111 | 126), "a payload type that was agreed");
        let newest = &mut self.heard[end as usize];
        assert!(newest.is_none_or(|newest| newest < *index), "the numbers only rise");
        *newest = Some(*index);
        self.sounds[end as usize] += 1;
    }

    pub(super) fn stats(&mut self, end: End) -> LegStats {
        let (reply, mut stats) = oneshot::channel();
        self.shard.command(self.now, Command::Stats { leg: end.leg(), reply }, &mut self.air);
        stats.try_recv().expect("a shard answers at once").expect("the leg was not closed")
    }

    pub(super) fn totals(&mut self) -> Totals {
        let (reply, mut totals) = oneshot::channel();
        self.shard.command(self.now, Command::Totals(reply), &mut self.air);
        totals.try_recv().expect("a shard answers at once")
    }

    /// After anything at all: no fault of ours, both legs there, and sound still flows.
    pub(super) fn assert_alive(&mut self) {
        self.tick();
        assert_eq!(self.totals().faults, 0, "a fault ended a leg");
        for end in End::BOTH {
            assert!(self.stats(end).up, "the leg of the {end:?} was ended");
        }
    }

    /// Each end says something and the other hears it.
    pub(super) fn assert_audible(&mut self) {
        for end in End::BOTH {
            let mut packet = [0; 200];
            let length = self.end(end).seal(b"still here", &mut packet).expect("the end is up");
            let other = if end == End::Caller { End::Agent } else { End::Caller };
            let before = self.sounds[other as usize];
            self.inject(end.via(), end.address(), &packet[..length]);
            self.deliver();
            assert_eq!(self.sounds[other as usize], before + 1, "the {other:?} does not hear it");
        }
    }
}
