//! What a leg says: forwarded sound, clips, silence, and RTCP reports, all on one stream.

use std::time::{Duration, Instant};

use super::{Heard, Kind, Leg};
use crate::event::MediaEvent;
use crate::reception::Reception;
use crate::rtcp::{self, REPORT_MAX, Sent};
use crate::rtp;
use crate::source::Source;
use crate::srtp::OVERHEAD_MAX;
use crate::stream::Stamp;
use crate::turn::{DATAGRAM_MAX, Path, Turn};

/// Length of a frame.
const FRAME: Duration = Duration::from_millis(20);
/// How long nothing may be forwarded before the leg's own source fills in. What a bad network holds
/// back for less comes late and whole; silence in between would cut it up. Far below the two
/// seconds that would be an alarm.
const GAP: Duration = Duration::from_millis(200);
/// A delay of the shard beyond which missed frames are skipped instead of sent at once.
const CATCH_UP_MAX: Duration = Duration::from_millis(100);
/// Between reports to Meta, which takes missing RTCP for a dead peer.
const WHATSAPP_REPORTS: Duration = Duration::from_secs(1);
/// Between reports to browsers: RFC 3550's minimum.
const AGENT_REPORTS: Duration = Duration::from_secs(5);

impl Leg {
    /// Sends what another leg said. `false` when this leg cannot take it.
    pub(crate) fn relay(&mut self, turn: &mut Turn<'_>, heard: &Heard, payload: &[u8]) -> bool {
        let payload_type = match heard.kind {
            Kind::Sound => Some(self.codec.opus),
            Kind::Key => self.codec.telephone_event,
        };
        let (Some(payload_type), true) = (payload_type, self.may_send()) else {
            return false;
        };
        if heard.kind == Kind::Sound && self.player.interrupts() {
            return false;
        }
        let stamp = match heard.kind {
            Kind::Sound => self.out.relay(turn.now, heard.origin),
            Kind::Key => self.out.relay_key(turn.now, heard.origin),
        };
        let Some(mut stamp) = stamp else {
            return false;
        };
        // The first packet of a key press is marked too (RFC 4733 section 2.5.1.2).
        stamp.marker |= heard.marker && heard.kind == Kind::Key;
        let sent = self.send_rtp(turn, payload_type, stamp, payload);
        if sent && !self.player.interrupts() {
            self.frame_due = turn.now + GAP;
        }
        sent
    }

    /// Sends 20 ms of a mix. `None` when this leg cannot take it.
    pub(crate) fn say_mix(&mut self, turn: &mut Turn<'_>, frame: &[u8]) -> Option<Stamp> {
        if !self.may_send() || self.player.interrupts() {
            return None;
        }
        let stamp = self.out.mixed(turn.now);
        let sent = self.send_rtp(turn, self.codec.opus, stamp, frame);
        sent.then(|| {
            self.frame_due = turn.now + GAP;
            stamp
        })
    }

    /// Nobody speaks to this leg any more: what it plays begins with the next frame. Only a pause
    /// that nobody ordered is waited out.
    pub(crate) fn fill_soon(&mut self, now: Instant) {
        self.frame_due = self.frame_due.min(now + FRAME);
    }

    /// Chooses what is played from now on. It waits for a pause of what is forwarded now, unless
    /// it interrupts.
    pub(crate) fn play(&mut self, now: Instant, source: Source) {
        self.player.choose(source);
        if self.player.interrupts() {
            self.frame_due = self.frame_due.min(now);
        }
    }

    /// Lets a WhatsApp leg send, from now on without a break.
    pub(crate) fn speak(&mut self, now: Instant) {
        if !self.route.may_speak {
            self.route.may_speak = true;
            self.frame_due = now;
            self.spoke_at = Some(now);
            self.expect_caller(now);
            self.report_due = now;
        }
    }

    /// Sends the frames and the reports that are due.
    pub(crate) fn talk(&mut self, turn: &mut Turn<'_>) {
        if !self.may_send() {
            return;
        }
        if self.plays() {
            self.fill(turn);
        }
        if self.report_due <= turn.now {
            self.send_report(turn, false);
            let pace = if self.is_whatsapp() { WHATSAPP_REPORTS } else { AGENT_REPORTS };
            self.report_due = turn.now + pace;
        }
    }

    /// A WhatsApp leg is never without a frame; an agent leg hears what was chosen for it.
    const fn plays(&self) -> bool {
        self.is_whatsapp() || self.player.is_chosen()
    }

    fn fill(&mut self, turn: &mut Turn<'_>) {
        if turn.now.saturating_duration_since(self.frame_due) > CATCH_UP_MAX {
            self.out.resume();
            self.frame_due = turn.now;
        }
        while self.frame_due <= turn.now && self.plays() {
            // The frame is the player's, so the player steps aside while the leg sends it.
            let mut player = std::mem::take(&mut self.player);
            let (payload, run) = player.take();
            let stamp = self.out.own(turn.now, run);
            self.send_rtp(turn, self.codec.opus, stamp, payload);
            self.frame_due += FRAME;
            let interrupted = player.interrupts();
            if player.settle() {
                turn.outbox.push_back(MediaEvent::PlayEnded { leg: self.id });
            }
            if interrupted && !player.interrupts() {
                // What was interrupted goes on; a frame of our own would cut into it.
                self.frame_due = turn.now + GAP;
            }
            self.player = player;
        }
    }

    pub(super) fn next_frame(&self) -> Option<Instant> {
        (self.may_send() && self.plays()).then_some(self.frame_due)
    }

    pub(super) fn next_report(&self) -> Option<Instant> {
        self.may_send().then_some(self.report_due)
    }

    fn send_rtp(
        &mut self,
        turn: &mut Turn<'_>,
        payload_type: u8,
        stamp: Stamp,
        payload: &[u8],
    ) -> bool {
        let (path, ssrc) = (self.path(), self.out.ssrc());
        let (Some(Path { via, to }), Some(keys)) = (path, &self.keys) else {
            return false;
        };
        let Some((head, body)) = turn.scratch.split_first_chunk_mut() else {
            return false;
        };
        let Some(room) = body.get_mut(..payload.len()) else {
            return false;
        };
        let sequence = (stamp.index & 0xffff) as u16;
        rtp::write(head, payload_type, stamp.marker, sequence, stamp.timestamp, ssrc);
        room.copy_from_slice(payload);
        let length = rtp::HEADER + payload.len();
        let covered = keys.outbound.cover_rtp(ssrc, stamp.index, &mut turn.scratch[..], length);
        let Some((length, untagged)) = covered else {
            return false;
        };
        match untagged {
            Some(untagged) => turn.wire.send_untagged(via, to, turn.scratch, length, untagged),
            None => turn.wire.send(via, to, &turn.scratch[..length]),
        }
        self.count.packets_out += 1;
        self.count.bytes_out += payload.len() as u64;
        true
    }

    fn send_report(&mut self, turn: &mut Turn<'_>, bye: bool) {
        let (path, ssrc) = (self.path(), self.out.ssrc());
        let heard = self.reception.as_mut();
        let heard = heard.map(|reception: &mut Reception| reception.block(turn.now));
        let sent = (self.count.packets_out > 0).then(|| Sent {
            ntp: rtcp::ntp(turn.wall.since_epoch(turn.now)),
            timestamp: self.out.timestamp_at(turn.now),
            packets: (self.count.packets_out & 0xffff_ffff) as u32,
            octets: (self.count.bytes_out & 0xffff_ffff) as u32,
        });
        let mut report = [0; REPORT_MAX];
        let length = rtcp::write_report(&mut report, ssrc, sent, heard, bye);
        let mut packet = [0; REPORT_MAX + OVERHEAD_MAX];
        packet[..length].copy_from_slice(&report[..length]);
        let keys = self.keys.as_mut();
        let sealed = keys.and_then(|keys| keys.outbound.seal_rtcp(ssrc, &mut packet, length));
        if let (Some(Path { via, to }), Some(length)) = (path, sealed) {
            turn.wire.send(via, to, &packet[..length]);
        }
    }

    /// Tells the peer that the stream ends, if there was one to end.
    pub(super) fn send_bye(&mut self, turn: &mut Turn<'_>) {
        if self.may_send() {
            self.send_report(turn, true);
        }
    }
}

const _: () = assert!(DATAGRAM_MAX > rtp::HEADER + crate::tap::OPUS_FRAME_MAX + OVERHEAD_MAX);
