//! Listens inside the peer connection: every authenticated packet, whatever its SSRC.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use opus::{Channels, Decoder};
use parking_lot::Mutex;
use rtc::interceptor::{Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtp;
use rtc::sansio::Protocol;

use super::OPUS_PAYLOAD_TYPE;
use crate::SimError;
use crate::listen::{Heard, RATE};
use crate::voice::FRAME_SAMPLES;

/// Ten minutes of samples are kept; a longer test call forgets its beginning.
const PCM_SAMPLES_MAX: usize = 600 * RATE as usize;
/// Cut in steps of ten seconds, so that the copy is rare.
const PCM_CUT: usize = 10 * RATE as usize;
/// Gaps up to this many packets are concealed as a phone does; longer ones are closed up.
const CONCEALED_MAX: u16 = 10;
/// SSRCs kept: two already are a fault, and authenticated peers are not trusted to stop.
const SSRCS_MAX: usize = 16;
/// The longest Opus packet is 120 ms (RFC 6716, section 3.2.5).
const PACKET_SAMPLES_MAX: usize = 120 * RATE as usize / 1_000;

/// What one side heard so far, and what was wrong with it.
pub(crate) struct Hearing {
    /// The sound.
    pub(crate) heard: Heard,
    /// Opus packets that decoded.
    pub(crate) decoded: u64,
    /// When the last RTP or RTCP packet came.
    pub(crate) last_packet: Option<Instant>,
    /// When the last RTP packet came.
    pub(crate) last_rtp: Option<Instant>,
    /// Whether sound is expected by now.
    pub(crate) expects_sound: bool,
    /// RTP that came before it was expected.
    pub(crate) early: u64,
    /// Opus packets that were not 20 ms long.
    pub(crate) odd_length: u64,
    /// Packets that were not Opus at all.
    pub(crate) garbage: u64,
    decoder: Decoder,
    stream: Option<Stream>,
}

#[derive(Clone, Copy)]
struct Stream {
    ssrc: u32,
    last_sequence: u16,
}

impl Hearing {
    /// An ear that may hear sound at once, or must not yet.
    pub(crate) fn new(expects_sound: bool) -> Result<Self, SimError> {
        Ok(Self {
            heard: Heard::default(),
            decoded: 0,
            last_packet: None,
            last_rtp: None,
            expects_sound,
            early: 0,
            odd_length: 0,
            garbage: 0,
            decoder: Decoder::new(RATE, Channels::Mono)
                .map_err(SimError::opus("setting up the decoder"))?,
            stream: None,
        })
    }

    fn take(&mut self, packet: &rtp::Packet, now: Instant) {
        self.heard.packets += 1;
        let gap = self.last_rtp.map_or(Duration::ZERO, |last| now.saturating_duration_since(last));
        self.heard.longest_gap = self.heard.longest_gap.max(gap);
        self.last_rtp = Some(now);
        if self.heard.ssrcs.len() < SSRCS_MAX {
            self.heard.ssrcs.insert(packet.header.ssrc);
        }
        if !self.expects_sound {
            self.early += 1;
        }
        if packet.header.payload_type == OPUS_PAYLOAD_TYPE {
            self.play(packet);
        }
    }

    /// Decodes the packet if it continues the first stream; late and repeated ones are dropped.
    fn play(&mut self, packet: &rtp::Packet) {
        let sequence = packet.header.sequence_number;
        let missing = match self.stream {
            None => 0,
            Some(stream) if stream.ssrc != packet.header.ssrc => return,
            Some(stream) => match sequence.wrapping_sub(stream.last_sequence) {
                0 | 0x8000.. => return,
                step => step - 1,
            },
        };
        self.stream = Some(Stream { ssrc: packet.header.ssrc, last_sequence: sequence });
        if missing <= CONCEALED_MAX {
            for _ in 0..missing {
                self.decode(&[], FRAME_SAMPLES);
            }
        }
        match opus::packet::get_nb_samples(&packet.payload, RATE) {
            Ok(samples) => {
                if samples != FRAME_SAMPLES {
                    self.odd_length += 1;
                }
                if self.decode(&packet.payload, PACKET_SAMPLES_MAX) {
                    self.decoded += 1;
                }
            }
            Err(_) => self.garbage += 1,
        }
    }

    fn decode(&mut self, payload: &[u8], room: usize) -> bool {
        let mut pcm = [0_i16; PACKET_SAMPLES_MAX];
        let Ok(count) = self.decoder.decode(payload, &mut pcm[..room], false) else {
            self.garbage += 1;
            return false;
        };
        if self.heard.pcm.len() + count > PCM_SAMPLES_MAX {
            self.heard.pcm.drain(..PCM_CUT);
        }
        self.heard.pcm.extend_from_slice(&pcm[..count]);
        true
    }
}

/// The interceptor: passes everything on unchanged.
pub(crate) struct Ear {
    hearing: Arc<Mutex<Hearing>>,
    inbound: VecDeque<TaggedPacket>,
    outbound: VecDeque<TaggedPacket>,
}

impl Ear {
    /// An interceptor that fills `hearing`.
    pub(crate) fn new(hearing: Arc<Mutex<Hearing>>) -> Self {
        Self { hearing, inbound: VecDeque::new(), outbound: VecDeque::new() }
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Ear {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = webrtc::error::Error;
    type Time = Instant;

    fn handle_read(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        {
            let mut hearing = self.hearing.lock();
            hearing.last_packet = Some(tagged.now);
            if let Packet::Rtp(packet) = &tagged.message.packet {
                hearing.take(packet, tagged.now);
            }
        }
        self.inbound.push_back(tagged);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inbound.pop_front()
    }

    fn handle_write(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        self.outbound.push_back(tagged);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outbound.pop_front()
    }

    fn poll_event(&mut self) -> Option<()> {
        None
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl Interceptor for Ear {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::{Band, Says, Voice};

    fn packet(ssrc: u32, sequence_number: u16, payload: bytes::Bytes) -> rtp::Packet {
        rtp::Packet {
            header: rtp::Header {
                version: 2,
                payload_type: OPUS_PAYLOAD_TYPE,
                sequence_number,
                ssrc,
                ..Default::default()
            },
            payload,
        }
    }

    #[test]
    fn a_lost_packet_is_concealed_and_a_late_one_dropped() {
        let mut hearing = Hearing::new(true).unwrap();
        let mut voice = Voice::new(&Says::Tone(440.0), Band::Phone).unwrap();
        let now = Instant::now();
        for sequence in [65_534, 65_535, 1, 0, 2] {
            hearing.take(&packet(7, sequence, voice.next_frame().unwrap()), now);
        }
        assert_eq!(hearing.heard.pcm.len(), 5 * FRAME_SAMPLES);
        assert_eq!(hearing.decoded, 4);
        assert_eq!(hearing.heard.packets, 5);
    }

    #[test]
    fn a_second_stream_is_noticed_but_not_played() {
        let mut hearing = Hearing::new(false).unwrap();
        let mut voice = Voice::new(&Says::Silence, Band::Phone).unwrap();
        let frame = voice.next_frame().unwrap();
        let now = Instant::now();
        hearing.take(&packet(7, 1, frame.clone()), now);
        hearing.take(&packet(8, 2, frame), now);
        hearing.take(&packet(7, 2, bytes::Bytes::new()), now);
        assert_eq!(hearing.heard.ssrcs.len(), 2);
        assert_eq!(hearing.heard.pcm.len(), FRAME_SAMPLES);
        assert_eq!(hearing.early, 3);
        assert_eq!(hearing.garbage, 1);
    }

    #[test]
    fn hours_of_sound_do_not_fill_the_memory() {
        let mut hearing = Hearing::new(true).unwrap();
        hearing.heard.pcm = vec![0; PCM_SAMPLES_MAX];
        hearing.decode(&[], FRAME_SAMPLES);
        assert!(hearing.heard.pcm.len() < PCM_SAMPLES_MAX);
    }
}
