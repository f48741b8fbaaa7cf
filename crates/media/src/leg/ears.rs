//! What a leg hears: authenticated RTP and RTCP.

use std::ops::Range;

use super::Leg;
use crate::event::MediaEvent;
use crate::reception::Reception;
use crate::rtcp;
use crate::rtp;
use crate::srtp::Expected;
use crate::stream::Origin;
use crate::tap::OPUS_FRAME_MAX;
use crate::turn::{Path, Turn};

/// What a packet carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Opus.
    Sound,
    /// A key press (RFC 4733).
    Key,
}

/// A heard packet, decrypted in place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Heard {
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
    pub(crate) marker: bool,
    /// Where the payload lies in the datagram.
    pub(crate) payload: Range<usize>,
}

impl Leg {
    /// Verifies and decrypts RTP in place. `None` when there is nothing to pass on: forged,
    /// replayed, of an unknown payload type, empty, too large for Opus, or said while muted.
    /// `expected` is the tag of this packet, where it was made before.
    pub(crate) fn hear(
        &mut self,
        turn: &mut Turn<'_>,
        from: Path,
        packet: &mut [u8],
        expected: Option<Expected>,
    ) -> Option<Heard> {
        let header = rtp::Header::read(packet);
        let inbound = self.keys.as_mut().map(|keys| &mut keys.inbound);
        let opened = header.zip(inbound).and_then(|(header, inbound)| {
            Some((header, inbound.open_rtp(&header, packet, expected)?))
        });
        let Some((header, rtp)) = opened else {
            self.refuse();
            return None;
        };
        self.alive(turn, from);
        let payload = header.payload(&packet[..rtp.end])?;
        let range = header.length..header.length + payload.len();
        let kind = if header.payload_type == self.codec.opus {
            Some(Kind::Sound)
        } else if Some(header.payload_type) == self.codec.telephone_event {
            Some(Kind::Key)
        } else {
            None
        };
        self.note(turn, &header, rtp.index, payload.len(), kind == Some(Kind::Sound));
        if kind == Some(Kind::Sound) {
            self.meter.hear(payload);
        }
        if kind == Some(Kind::Key) {
            self.press(turn, &header, payload);
        }
        let fits = (1..=OPUS_FRAME_MAX).contains(&payload.len());
        let kind = kind.filter(|_| fits && !self.route.muted)?;
        if let (Kind::Sound, Some(tap), false) = (kind, self.route.tap, self.route.tapped_mixed) {
            let (index, timestamp) = (rtp.index, header.timestamp);
            turn.taps.copy(tap, turn.now, index, timestamp, payload);
        }
        Some(Heard {
            origin: Origin {
                leg: self.id,
                ssrc: header.ssrc,
                index: rtp.index,
                timestamp: header.timestamp,
            },
            kind,
            marker: header.marker,
            payload: range,
        })
    }

    fn note(
        &mut self,
        turn: &mut Turn<'_>,
        header: &rtp::Header,
        index: u64,
        bytes: usize,
        sound: bool,
    ) {
        self.count.packets_in += 1;
        self.count.bytes_in += bytes as u64;
        self.count.rtp_in_at = Some(turn.now);
        self.heard_again(turn.now);
        let reception =
            self.reception.get_or_insert_with(|| Reception::new(header.ssrc, index, turn.now));
        if reception.ssrc() != header.ssrc || reception.is_beyond(index) {
            reception.start(header.ssrc, index, turn.now);
        }
        reception.hear(turn.now, index, header, sound);
        if std::mem::take(&mut self.route.announce_heard) {
            turn.outbox.push_back(MediaEvent::FirstRtp { leg: self.id, at: turn.now });
        }
    }

    /// Verifies RTCP. It shows that the peer lives; a BYE in it is no hang-up (Meta's and the
    /// browser's hang-ups come by signalling).
    pub(crate) fn hear_rtcp(&mut self, turn: &mut Turn<'_>, from: Path, packet: &mut [u8]) {
        let inbound = self.keys.as_mut().map(|keys| &mut keys.inbound);
        let Some(end) = inbound.and_then(|inbound| inbound.open_rtcp(packet)) else {
            self.refuse();
            return;
        };
        self.alive(turn, from);
        self.count.rtcp_in += 1;
        let told = rtcp::read(&packet[..end], self.out.ssrc());
        if let (Some(reception), Some((ssrc, middle))) = (&mut self.reception, told.sent) {
            reception.reported(turn.now, ssrc, middle);
        }
        if let Some(block) = told.about_us {
            let wall = rtcp::ntp(turn.wall.since_epoch(turn.now));
            self.meter.told(block, rtcp::round_trip(wall, &block));
        }
    }
}
