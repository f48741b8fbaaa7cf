//! The rings that carry copies of heard frames to the recorder, one per shard. A slow recorder
//! loses frames (counted), never audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::{RecordingId, Track};
use rtrb::{Consumer, Producer, RingBuffer};
use uuid::Uuid;

use crate::event::Tap;

/// Bytes a ring holds: a third of a second of 500 recorded calls on a shard (two tracks of 50
/// frames/s each, 120 bytes with its head), so that a recorder that looks every 50 ms never loses
/// one.
const RING_BYTES: usize = 2 * 1024 * 1024;
/// The largest Opus frame (RFC 6716 section 3.4, code 0).
pub(crate) const OPUS_FRAME_MAX: usize = 1_275;

/// What lies in front of each frame in the ring. A frame takes the bytes it has, because copying
/// the longest possible one would cost more than decrypting it.
#[derive(Clone, Copy)]
struct Head {
    tap: Tap,
    /// Nanoseconds since the ring was made.
    arrived: u64,
    seq: u64,
    rtp_timestamp: u32,
    length: u16,
}

impl Head {
    const BYTES: usize = 16 + 1 + 8 + 8 + 4 + 2;

    fn to_bytes(self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        bytes[..16].copy_from_slice(self.tap.recording.as_uuid().as_bytes());
        bytes[16] = match self.tap.track {
            Track::Caller => 0,
            Track::Agent => 1,
        };
        bytes[17..25].copy_from_slice(&self.arrived.to_le_bytes());
        bytes[25..33].copy_from_slice(&self.seq.to_le_bytes());
        bytes[33..37].copy_from_slice(&self.rtp_timestamp.to_le_bytes());
        bytes[37..].copy_from_slice(&self.length.to_le_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; Self::BYTES]) -> Self {
        fn part<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
            let mut part = [0; N];
            part.copy_from_slice(&bytes[at..at + N]);
            part
        }
        Self {
            tap: Tap {
                recording: RecordingId::from_uuid(Uuid::from_bytes(part(bytes, 0))),
                track: if bytes[16] == 0 { Track::Caller } else { Track::Agent },
            },
            arrived: u64::from_le_bytes(part(bytes, 17)),
            seq: u64::from_le_bytes(part(bytes, 25)),
            rtp_timestamp: u32::from_le_bytes(part(bytes, 33)),
            length: u16::from_le_bytes(part(bytes, 37)),
        }
    }
}

/// One heard Opus frame, decrypted, as it arrived.
#[derive(Clone, Copy, Debug)]
pub struct TapFrame<'a> {
    /// The recording it belongs to.
    pub recording: RecordingId,
    /// The side that spoke.
    pub track: Track,
    /// When it arrived here.
    pub arrived: Instant,
    /// The sender's sequence number, extended past its wraps.
    pub seq: u64,
    /// The sender's timestamp (48 kHz).
    pub rtp_timestamp: u32,
    /// The Opus frame.
    pub payload: &'a [u8],
}

/// The recorder's end of the rings, one per shard.
pub struct TapReader {
    rings: Vec<Ring>,
    dropped: Arc<AtomicU64>,
    made: Instant,
    frame: Box<[u8; OPUS_FRAME_MAX]>,
}

struct Ring {
    bytes: Consumer<u8>,
    /// A head whose frame was still being written when the ring was looked at.
    head: Option<Head>,
}

/// A shard's end of its ring.
pub(crate) struct TapWriter {
    bytes: Producer<u8>,
    dropped: Arc<AtomicU64>,
    made: Instant,
}

impl TapReader {
    /// Without a ring.
    pub(crate) fn new(now: Instant) -> Self {
        let dropped = Arc::new(AtomicU64::new(0));
        Self { rings: Vec::new(), dropped, made: now, frame: Box::new([0; OPUS_FRAME_MAX]) }
    }

    /// Adds a ring for a shard.
    pub(crate) fn add_ring(&mut self) -> TapWriter {
        let (producer, bytes) = RingBuffer::new(RING_BYTES);
        self.rings.push(Ring { bytes, head: None });
        TapWriter { bytes: producer, dropped: Arc::clone(&self.dropped), made: self.made }
    }

    /// Hands every waiting frame to `sink` and returns how many there were. The frames of a shard
    /// come oldest first; those of a leg that has just changed its shard may come in two parts in
    /// either order, which their sequence numbers and arrival times tell.
    pub fn drain(&mut self, sink: &mut dyn FnMut(TapFrame<'_>)) -> usize {
        let Self { rings, frame, made, .. } = self;
        let mut count = 0;
        for ring in rings {
            // What comes in meanwhile is left for the next time, so that this ends.
            let mut waiting = ring.bytes.slots();
            while let Some((head, payload)) = ring.next(&mut waiting, frame) {
                sink(TapFrame {
                    recording: head.tap.recording,
                    track: head.tap.track,
                    arrived: *made + Duration::from_nanos(head.arrived),
                    seq: head.seq,
                    rtp_timestamp: head.rtp_timestamp,
                    payload,
                });
                count += 1;
            }
        }
        count
    }

    /// Frames lost so far because a ring was full or the frame was too large to be Opus.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl Ring {
    /// The next frame, if it is whole within the `waiting` bytes.
    fn next<'a>(
        &mut self,
        waiting: &mut usize,
        frame: &'a mut [u8; OPUS_FRAME_MAX],
    ) -> Option<(Head, &'a [u8])> {
        let head = match self.head.take() {
            Some(head) => head,
            None => {
                let left = waiting.checked_sub(Head::BYTES)?;
                let mut bytes = [0; Head::BYTES];
                self.bytes.pop_entire_slice(&mut bytes).ok()?;
                *waiting = left;
                Head::from_bytes(&bytes)
            }
        };
        let length = usize::from(head.length);
        let (Some(left), Some(payload)) = (waiting.checked_sub(length), frame.get_mut(..length))
        else {
            self.head = Some(head);
            return None;
        };
        self.bytes.pop_entire_slice(payload).ok()?;
        *waiting = left;
        Some((head, payload))
    }
}

impl TapWriter {
    pub(crate) fn copy(
        &mut self,
        tap: Tap,
        arrived: Instant,
        seq: u64,
        rtp_timestamp: u32,
        frame: &[u8],
    ) {
        let since = arrived.saturating_duration_since(self.made).as_nanos();
        let arrived = u64::try_from(since).unwrap_or(u64::MAX);
        let length = u16::try_from(frame.len()).ok().filter(|_| frame.len() <= OPUS_FRAME_MAX);
        let stored = length.is_some_and(|length| {
            let head = Head { tap, arrived, seq, rtp_timestamp, length };
            self.bytes.slots() >= Head::BYTES + frame.len()
                && self.bytes.push_entire_slice(&head.to_bytes()).is_ok()
                && self.bytes.push_entire_slice(frame).is_ok()
        });
        if !stored {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tap() -> Tap {
        let recording = "rec_00000000000000000000000000000001".parse().unwrap();
        Tap { recording, track: Track::Caller }
    }

    #[test]
    fn frames_come_out_in_order_and_a_full_ring_drops_and_counts() {
        let now = Instant::now();
        let mut reader = TapReader::new(now);
        let mut writer = reader.add_ring();
        // An odd length, so that frames and heads get torn at the end of the ring.
        let fits = (RING_BYTES / (Head::BYTES + 83)) as u64;
        let arrived = |seq: u64| now + Duration::from_micros(seq);
        let mut next = 0;
        for round in 1..4 {
            for seq in next..next + fits + 10 {
                let tap = if seq % 2 == 0 { tap() } else { Tap { track: Track::Agent, ..tap() } };
                writer.copy(tap, arrived(seq), seq, seq as u32 * 960, &[seq as u8; 83]);
            }
            let seen = reader.drain(&mut |frame| {
                assert_eq!((frame.seq, frame.rtp_timestamp), (next, next as u32 * 960));
                assert_eq!(frame.payload, [next as u8; 83]);
                assert_eq!((frame.recording, frame.arrived), (tap().recording, arrived(next)));
                assert_eq!(frame.track == Track::Caller, next % 2 == 0);
                next += 1;
            });
            assert_eq!(seen as u64, fits);
            assert_eq!(reader.dropped(), 10 * round);
            next += 10;
        }
        assert_eq!(reader.drain(&mut |_| ()), 0);
    }

    #[test]
    fn a_frame_that_is_half_written_comes_with_the_next_look() {
        let now = Instant::now();
        let mut reader = TapReader::new(now);
        let mut writer = reader.add_ring();
        let head = Head { tap: tap(), arrived: 0, seq: 7, rtp_timestamp: 1, length: 3 };
        writer.bytes.push_entire_slice(&head.to_bytes()).unwrap();
        assert_eq!(reader.drain(&mut |_| ()), 0);
        writer.bytes.push_entire_slice(&[1, 2, 3]).unwrap();
        writer.copy(tap(), now, 8, 2, &[4]);
        let mut seen = Vec::new();
        reader.drain(&mut |frame| seen.push((frame.seq, frame.payload.to_vec())));
        assert_eq!(seen, [(7, vec![1, 2, 3]), (8, vec![4])]);
    }

    #[test]
    fn a_payload_too_large_for_opus_is_dropped_not_cut() {
        let now = Instant::now();
        let mut reader = TapReader::new(now);
        let mut writer = reader.add_ring();
        writer.copy(tap(), now, 1, 0, &[0; OPUS_FRAME_MAX + 1]);
        assert_eq!(reader.drain(&mut |_| ()), 0);
        assert_eq!(reader.dropped(), 1);
    }
}
