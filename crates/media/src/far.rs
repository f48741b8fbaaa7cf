//! The peer of a leg, light enough that one thread plays thousands of them: for load generators
//! and tests. ICE, DTLS and SRTP are the real thing; SDP is the little that a leg needs.

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use model::SdpText;

use crate::dtls::{Dtls, Outcome, Role};
use crate::error::MediaError;
use crate::ice::stun::{self, ANSWER_MAX, Binding, Class, is_stun};
use crate::identity::{Identity, ice_text};
use crate::rtcp::{self, REPORT_MAX, Sent};
use crate::rtp;
use crate::sdp::{Offer, Reach, Setup};
use crate::srtp::{self, Inbound, OVERHEAD_MAX, Outbound, Profile};

/// Between ICE checks until the leg is up.
const CHECK_PACE: Duration = Duration::from_millis(50);
/// Between consent checks afterwards; browsers send one every 2.5 s.
const CONSENT_PACE: Duration = Duration::from_millis(2_500);
/// Between RTCP reports.
const REPORT_PACE: Duration = Duration::from_secs(5);
/// Timestamp units of a 20 ms frame.
const FRAME: u32 = 960;

/// Whose part a far end plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FarPart {
    /// Meta: ICE-lite.
    Meta,
    /// A browser: it checks and nominates.
    Browser,
}

/// How a far end wants its RTP protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// AES_CM_128_HMAC_SHA1_80.
    AesCm,
    /// AEAD_AES_128_GCM.
    AesGcm,
}

impl Protection {
    pub(crate) const fn profile(self) -> Profile {
        match self {
            Self::AesCm => Profile::AesCm128HmacSha1_80,
            Self::AesGcm => Profile::AeadAes128Gcm,
        }
    }
}

/// Makes far ends that share one certificate.
#[derive(Clone)]
pub struct FarEnds {
    identity: Arc<Identity>,
}

impl FarEnds {
    /// Makes the certificate.
    ///
    /// # Errors
    /// [`MediaError::Crypto`].
    pub fn new() -> Result<Self, MediaError> {
        Ok(Self { identity: Arc::new(Identity::generate()?) })
    }

    /// A far end whose socket is bound to `address`.
    pub fn make(&self, part: FarPart, protection: Protection, address: SocketAddr) -> FarEnd {
        FarEnd {
            identity: Arc::clone(&self.identity),
            part,
            protection,
            address,
            ufrag: ice_text::<8>(),
            pwd: ice_text::<24>(),
            ssrc: rand::random(),
            session: None,
            check_due: None,
            report_due: None,
            next: 0,
        }
    }
}

/// What a datagram was.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum FarHeard {
    /// ICE or DTLS, dealt with.
    Handshake,
    /// RTP that verified; it is decrypted in place.
    Sound {
        /// Where the payload lies in the datagram.
        payload: Range<usize>,
        /// The sequence number, extended past its wraps.
        index: u64,
    },
    /// RTCP that verified.
    Report,
    /// Anything else.
    Refused,
}

/// A peer of a leg. Sans-IO: datagrams go in and out as bytes.
pub struct FarEnd {
    identity: Arc<Identity>,
    part: FarPart,
    protection: Protection,
    address: SocketAddr,
    ufrag: String,
    pwd: String,
    ssrc: u32,
    session: Option<Session>,
    check_due: Option<Instant>,
    report_due: Option<Instant>,
    next: u64,
}

/// What is known once the answer is there.
struct Session {
    remote: Offer,
    to: SocketAddr,
    dtls: Dtls,
    keys: Option<(Outbound, Inbound)>,
}

impl FarEnd {
    /// The offer: one Opus stream, one host candidate, nothing to trickle.
    pub fn offer(&self) -> SdpText {
        let (ip, port) = (self.address.ip(), self.address.port());
        let lite = match self.part {
            FarPart::Meta => "a=ice-lite\r\n",
            FarPart::Browser => "",
        };
        SdpText::new(format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n{lite}\
             m=audio {port} UDP/TLS/RTP/SAVPF 111 126\r\nc=IN IP4 0.0.0.0\r\n\
             a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\na=ice-ufrag:{}\r\n\
             a=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=mid:0\r\n\
             a=rtcp-mux\r\na=sendrecv\r\na=rtpmap:111 opus/48000/2\r\na=ptime:20\r\n\
             a=rtpmap:126 telephone-event/8000\r\n",
            self.ufrag, self.pwd, self.identity.fingerprint
        ))
    }

    /// Takes the answer and says where to send: everything goes there.
    ///
    /// # Errors
    /// [`MediaError::Sdp`] for an answer that is none, [`MediaError::Crypto`].
    pub fn answered(&mut self, now: Instant, answer: &str) -> Result<SocketAddr, MediaError> {
        let reach = Reach::of(self.address.ip(), true);
        let remote = Offer::parse(answer, reach)?.with_candidates()?;
        let to = remote
            .candidates
            .first()
            .map_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into(), |candidate| candidate.address);
        let role = match remote.setup {
            Setup::Active => Role::Server,
            Setup::Passive | Setup::ActPass => Role::Client,
        };
        let profiles = [self.protection.profile()];
        let dtls = Dtls::offering(now, &self.identity, role, remote.fingerprint, &profiles)?;
        self.session = Some(Session { remote, to, dtls, keys: None });
        self.check_due = match self.part {
            FarPart::Meta => None,
            FarPart::Browser => Some(now),
        };
        Ok(to)
    }

    /// Whether RTP can be sent and heard.
    pub fn is_up(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.keys.is_some())
    }

    /// The address the answer named.
    pub fn remote(&self) -> Option<SocketAddr> {
        self.session.as_ref().map(|session| session.to)
    }

    /// Sends what is due: checks, handshake, reports. Call it every few milliseconds until the
    /// leg is up and now and then afterwards.
    pub fn tick(&mut self, now: Instant, send: &mut dyn FnMut(&[u8])) {
        let is_up = self.is_up();
        let Some(session) = &mut self.session else {
            return;
        };
        if self.check_due.is_some_and(|at| at <= now) {
            self.check_due = Some(now + if is_up { CONSENT_PACE } else { CHECK_PACE });
            let username = format!("{}:{}", session.remote.ufrag, self.ufrag);
            let check = stun::request(rand::random(), &username, &session.remote.pwd, true);
            if let Some(check) = check {
                send(&check);
            }
        }
        if !is_up {
            let _ = session.dtls.timeout(now);
            session.flush(send);
        } else if self.report_due.is_none_or(|at| at <= now) {
            self.report_due = Some(now + REPORT_PACE);
            session.report(self.ssrc, self.next, send);
        }
    }

    /// Takes a datagram.
    pub fn datagram(
        &mut self,
        now: Instant,
        bytes: &mut [u8],
        send: &mut dyn FnMut(&[u8]),
    ) -> FarHeard {
        let Some(session) = &mut self.session else {
            return FarHeard::Refused;
        };
        if is_stun(bytes) {
            return session.check(now, &self.pwd, bytes, send);
        }
        match bytes.first() {
            Some(20..=63) => session.shake(now, bytes, send),
            Some(128..=191) => session.hear(bytes),
            _ => FarHeard::Refused,
        }
    }

    /// Writes the next RTP packet around `payload` into `packet` and returns its length. `None`
    /// before the leg is up, or when there is no room.
    pub fn seal(&mut self, payload: &[u8], packet: &mut [u8]) -> Option<usize> {
        let session = self.session.as_ref()?;
        let (outbound, _) = session.keys.as_ref()?;
        let (head, body) = packet.split_first_chunk_mut()?;
        body.get_mut(..payload.len())?.copy_from_slice(payload);
        let (sequence, timestamp) = ((self.next & 0xffff) as u16, self.timestamp());
        rtp::write(head, session.remote.opus, self.next == 0, sequence, timestamp, self.ssrc);
        let length = rtp::HEADER + payload.len();
        let sealed = outbound.seal_rtp(self.ssrc, self.next, packet, length)?;
        self.next += 1;
        Some(sealed)
    }

    /// Seals the RTP packet in `packet[..length]` behind its own first `header` bytes, with the
    /// next number put in: for far ends with extensions, CSRCs or lies in their headers. Returns
    /// the sealed length; `None` before the leg is up, or when there is no room.
    pub fn seal_as_it_is(
        &mut self,
        header: usize,
        packet: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let (outbound, _) = self.session.as_ref()?.keys.as_ref()?;
        let sequence = (self.next & 0xffff) as u16;
        packet.get_mut(2..4)?.copy_from_slice(&sequence.to_be_bytes());
        let ssrc = u32::from_be_bytes(packet.get(8..12)?.try_into().ok()?);
        let sealed = outbound.seal_foreign_rtp((ssrc, self.next), header, packet, length)?;
        self.next += 1;
        Some(sealed)
    }

    /// The SSRC of its stream.
    pub const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// What seals, for packets that no honest end would write.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn outbound(&mut self) -> Option<&mut Outbound> {
        let keys = self.session.as_mut()?.keys.as_mut()?;
        Some(&mut keys.0)
    }

    fn timestamp(&self) -> u32 {
        ((self.next & 0xffff_ffff) as u32).wrapping_mul(FRAME)
    }
}

impl Session {
    fn flush(&mut self, send: &mut dyn FnMut(&[u8])) {
        while let Some(message) = self.dtls.poll_transmit() {
            send(&message);
        }
    }

    fn check(
        &mut self,
        now: Instant,
        pwd: &str,
        bytes: &[u8],
        send: &mut dyn FnMut(&[u8]),
    ) -> FarHeard {
        let Some(binding) = Binding::read(bytes) else {
            return FarHeard::Refused;
        };
        match binding.class {
            Class::Request if binding.is_genuine(pwd) => {
                let mut answer = [0; ANSWER_MAX];
                let length = binding.answer(self.to, pwd, &mut answer);
                send(&answer[..length]);
            }
            Class::Success if binding.is_genuine(&self.remote.pwd) => {
                if self.dtls.role() == Role::Client {
                    let _ = self.dtls.start(now);
                    self.flush(send);
                }
            }
            Class::Request | Class::Success => return FarHeard::Refused,
        }
        FarHeard::Handshake
    }

    fn shake(&mut self, now: Instant, bytes: &[u8], send: &mut dyn FnMut(&[u8])) -> FarHeard {
        let outcome = self.dtls.datagram(now, bytes);
        self.flush(send);
        match outcome {
            Some(Outcome::Keys(profile, material)) => {
                let client = self.dtls.role() == Role::Client;
                self.keys = srtp::contexts(profile, material.as_ref(), client).ok();
                FarHeard::Handshake
            }
            Some(Outcome::Nothing) => FarHeard::Handshake,
            Some(Outcome::Down(_)) | None => FarHeard::Refused,
        }
    }

    fn hear(&mut self, bytes: &mut [u8]) -> FarHeard {
        let Some((_, inbound)) = &mut self.keys else {
            return FarHeard::Refused;
        };
        if rtp::is_rtcp(bytes) {
            return match inbound.open_rtcp(bytes) {
                Some(_) => FarHeard::Report,
                None => FarHeard::Refused,
            };
        }
        let header = rtp::Header::read(bytes);
        let opened =
            header.and_then(|header| Some((header, inbound.open_rtp(&header, bytes, None)?)));
        let Some((header, heard)) = opened else {
            return FarHeard::Refused;
        };
        FarHeard::Sound { payload: header.length..heard.end, index: heard.index }
    }

    /// A sender report of a stream of `packets` 20 ms frames.
    fn report(&mut self, ssrc: u32, packets: u64, send: &mut dyn FnMut(&[u8])) {
        let Some((outbound, _)) = &mut self.keys else {
            return;
        };
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let packets = (packets & 0xffff_ffff) as u32;
        let sent = Sent {
            ntp: rtcp::ntp(wall),
            timestamp: packets.wrapping_mul(FRAME),
            packets,
            octets: packets,
        };
        let mut report = [0; REPORT_MAX];
        let length = rtcp::write_report(&mut report, ssrc, Some(sent), None, false);
        let mut packet = [0; REPORT_MAX + OVERHEAD_MAX];
        packet[..length].copy_from_slice(&report[..length]);
        if let Some(length) = outbound.seal_rtcp(ssrc, &mut packet, length) {
            send(&packet[..length]);
        }
    }
}
