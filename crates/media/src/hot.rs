//! What happens once per packet or once per second and leg, each part alone, so that a benchmark
//! can call it. Nobody else uses this.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use model::LegId;
use smallvec::SmallVec;

use crate::error::MediaError;
use crate::far::Protection;
use crate::fuzzing::session::{End, Session};
use crate::ice::stun::{self, ANSWER_MAX, Binding};
use crate::rtp::{self, HEADER, Header};
use crate::srtp::{self, Inbound, OVERHEAD_MAX, Outbound};
use crate::stream::{Origin, OutStream};
use crate::turn::{ConnectionId, Via, Wire};
use crate::{opus_frame, quality};

/// Bytes of a 20 ms Opus frame at 32 kbit/s.
const PAYLOAD: usize = 80;
const SSRC: u32 = 7;

/// Two SRTP contexts that talk to each other.
pub struct Srtp {
    outbound: Outbound,
    inbound: Inbound,
    next: u64,
}

impl Srtp {
    /// Fresh keys.
    ///
    /// # Errors
    /// [`MediaError::Crypto`].
    pub fn new(protection: Protection) -> Result<Self, MediaError> {
        let profile = protection.profile();
        let material = vec![7; profile.keying_material()];
        let (outbound, _) = srtp::contexts(profile, &material, true)?;
        let (_, inbound) = srtp::contexts(profile, &material, false)?;
        Ok(Self { outbound, inbound, next: 0 })
    }

    /// The next packet, sealed.
    pub fn seal(&mut self) -> [u8; HEADER + PAYLOAD + OVERHEAD_MAX] {
        let mut packet = [0xf8; HEADER + PAYLOAD + OVERHEAD_MAX];
        let (sequence, timestamp) = ((self.next & 0xffff) as u16, self.next as u32);
        if let Some(head) = packet.first_chunk_mut() {
            rtp::write(head, 111, false, sequence, timestamp, SSRC);
        }
        let sealed = self.outbound.seal_rtp(SSRC, self.next, &mut packet, HEADER + PAYLOAD);
        self.next += 1;
        black_box(sealed);
        packet
    }

    /// Opens a packet of [`Self::seal`]; each can be opened once, in order.
    pub fn open(&mut self, packet: &mut [u8], protection: Protection) -> bool {
        let tag = match protection {
            Protection::AesCm => 10,
            Protection::AesGcm => 16,
        };
        let packet = &mut packet[..HEADER + PAYLOAD + tag];
        Header::read(packet)
            .and_then(|header| self.inbound.open_rtp(&header, packet, None))
            .is_some()
    }
}

/// Packets of sixteen legs, encrypted with AES-CM, that wait for their tags.
pub struct Untagged {
    packets: Vec<([u8; HEADER + PAYLOAD], srtp::Untagged)>,
}

impl Untagged {
    /// The packets.
    ///
    /// # Errors
    /// [`MediaError::Crypto`].
    pub fn new() -> Result<Self, MediaError> {
        let packets = (0..srtp::LANES).map(|_| {
            let Srtp { outbound, .. } = Srtp::new(Protection::AesCm)?;
            let mut packet = [0xf8; HEADER + PAYLOAD];
            let covered = outbound.cover_rtp(SSRC, 1, &mut packet, HEADER + PAYLOAD);
            Ok(covered.and_then(|(_, untagged)| Some((packet, untagged?))))
        });
        let packets: Result<Vec<_>, MediaError> = packets.collect();
        Ok(Self { packets: packets?.into_iter().flatten().collect() })
    }

    /// All their tags.
    pub fn together(&self) {
        let messages: SmallVec<[_; srtp::LANES]> =
            self.packets.iter().map(|(packet, untagged)| untagged.message(packet)).collect();
        black_box(srtp::tags(&messages));
    }

    /// The same one after the other.
    pub fn apart(&self) {
        for (packet, untagged) in &self.packets {
            black_box(srtp::tags(&[untagged.message(packet)]));
        }
    }
}

/// A source's numbers on their way into a leg's own stream.
pub struct Relay {
    stream: OutStream,
    now: Instant,
    index: u64,
}

impl Relay {
    /// A stream that has sent nothing yet.
    pub fn new(now: Instant) -> Self {
        Self { stream: OutStream::new(SSRC, 0, 0), now, index: 0 }
    }

    /// The header of the next packet, rewritten.
    pub fn rewrite(&mut self) -> [u8; HEADER] {
        self.index += 1;
        self.now += Duration::from_millis(20);
        let timestamp = (self.index as u32).wrapping_mul(960);
        let origin = Origin { leg: LegId(1), ssrc: 9, index: self.index, timestamp };
        let mut head = [0; HEADER];
        if let Some(stamp) = self.stream.relay(self.now, origin) {
            let sequence = (stamp.index & 0xffff) as u16;
            rtp::write(&mut head, 111, stamp.marker, sequence, stamp.timestamp, SSRC);
        }
        head
    }
}

/// A browser's ICE check as it arrives.
pub fn check() -> Vec<u8> {
    stun::request([9; 12], "ourfragm:theirfra", PASSWORD, true).unwrap_or_default()
}

const PASSWORD: &str = "a password of this length";

/// Reads a check, verifies it and writes the response; gives the response's length.
pub fn answer_check(bytes: &[u8], from: SocketAddr) -> usize {
    let Some(binding) = Binding::read(bytes).filter(|binding| binding.is_genuine(PASSWORD)) else {
        return 0;
    };
    black_box(binding.fragments());
    binding.answer(from, PASSWORD, &mut [0; ANSWER_MAX])
}

/// The E-model: mean opinion score of a second with this delay and share of lost packets.
pub fn mos(delay_ms: f32, lost: f32) -> f32 {
    quality::mos(delay_ms, lost)
}

/// How long an Opus packet sounds.
pub fn opus_duration(packet: &[u8]) -> Duration {
    opus_frame::duration(packet)
}

/// A shard with a bridged call whose far ends are up.
pub struct Core(Session);

/// Where everything the shard sends is lost.
struct Nowhere;

impl Wire for Nowhere {
    fn open(&mut self, _leg: LegId) -> Result<u16, MediaError> {
        Ok(0)
    }

    fn reopen(&mut self, _leg: LegId, _port: u16) -> Result<(), MediaError> {
        Ok(())
    }

    fn send(&mut self, _via: Via, _to: SocketAddr, bytes: &[u8]) {
        black_box(bytes);
    }

    fn connect(&mut self, _leg: LegId, _to: SocketAddr) {}

    fn release(&mut self, _leg: LegId) {}

    fn vouch(&mut self, _now: Instant, _connection: ConnectionId) {}

    fn hang_up(&mut self, _connection: ConnectionId) {}
}

impl Core {
    /// AES-CM towards the agent, AES-GCM towards the caller.
    pub fn bridged() -> Self {
        Self(Session::bridged())
    }

    /// The agent's next packet.
    pub fn agent_says(&mut self) -> Vec<u8> {
        let mut packet = vec![0; HEADER + PAYLOAD + OVERHEAD_MAX];
        let length = self.0.end(End::Agent).seal(&[0xf8; PAYLOAD], &mut packet);
        packet.truncate(length.unwrap_or_default());
        packet
    }

    /// The agent's packet from the socket to the socket: found, opened, rewritten, sealed.
    pub fn forward(&mut self, packet: &mut [u8]) {
        let (now, from) = (self.0.now, End::Agent.address());
        self.0.shard.datagram(now, Via::Agents, from, packet, &mut Nowhere);
    }

    /// A datagram of somebody without a leg: looked up and refused.
    pub fn refuse(&mut self, packet: &mut [u8]) {
        let (now, from) = (self.0.now, SocketAddr::from(([192, 0, 2, 1], 9)));
        self.0.shard.datagram(now, Via::Agents, from, packet, &mut Nowhere);
    }
}
