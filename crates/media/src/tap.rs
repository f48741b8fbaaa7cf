//! The rings that carry copies of heard frames to the recorder, one per shard. A slow recorder
//! loses frames (counted), never audio.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use model::{RecordingId, Track};
use rtrb::{Consumer, Producer, RingBuffer};

use crate::event::Tap;

/// Frames the ring holds: 0.4 s of 100 recorded calls (two tracks of 50 frames/s each), so that
/// a recorder that looks every 100 ms never loses one.
const RING_SLOTS: usize = 4_096;
/// The largest Opus frame (RFC 6716 section 3.4, code 0).
pub(crate) const OPUS_FRAME_MAX: usize = 1_275;

struct Slot {
    tap: Tap,
    arrived: Instant,
    seq: u64,
    rtp_timestamp: u32,
    length: u16,
    payload: [u8; OPUS_FRAME_MAX],
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
    rings: Vec<Consumer<Slot>>,
    dropped: Arc<AtomicU64>,
}

/// A shard's end of its ring.
pub(crate) struct TapWriter {
    frames: Producer<Slot>,
    dropped: Arc<AtomicU64>,
}

impl TapReader {
    /// Without a ring.
    pub(crate) fn new() -> Self {
        Self { rings: Vec::new(), dropped: Arc::new(AtomicU64::new(0)) }
    }

    /// Adds a ring for a shard.
    pub(crate) fn add_ring(&mut self) -> TapWriter {
        let (frames, ring) = RingBuffer::new(RING_SLOTS);
        self.rings.push(ring);
        TapWriter { frames, dropped: Arc::clone(&self.dropped) }
    }

    /// Hands every waiting frame to `sink` and returns how many there were. The frames of a shard
    /// come oldest first; those of a leg that has just changed its shard may come in two parts in
    /// either order, which their sequence numbers and arrival times tell.
    pub fn drain(&mut self, sink: &mut dyn FnMut(TapFrame<'_>)) -> usize {
        self.rings.iter_mut().map(|ring| drain(ring, sink)).sum()
    }

    /// Frames lost so far because a ring was full or the frame was too large to be Opus.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

fn drain(ring: &mut Consumer<Slot>, sink: &mut dyn FnMut(TapFrame<'_>)) -> usize {
    let waiting = ring.slots();
    let Ok(chunk) = ring.read_chunk(waiting) else {
        return 0;
    };
    let (older, newer) = chunk.as_slices();
    for slot in older.iter().chain(newer) {
        sink(TapFrame {
            recording: slot.tap.recording,
            track: slot.tap.track,
            arrived: slot.arrived,
            seq: slot.seq,
            rtp_timestamp: slot.rtp_timestamp,
            payload: &slot.payload[..usize::from(slot.length)],
        });
    }
    chunk.commit_all();
    waiting
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
        let mut payload = [0; OPUS_FRAME_MAX];
        let fits = match (payload.get_mut(..frame.len()), u16::try_from(frame.len())) {
            (Some(room), Ok(length)) => {
                room.copy_from_slice(frame);
                Some(length)
            }
            _ => None,
        };
        let stored = fits.is_some_and(|length| {
            let slot = Slot { tap, arrived, seq, rtp_timestamp, length, payload };
            self.frames.push(slot).is_ok()
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
        let mut reader = TapReader::new();
        let mut writer = reader.add_ring();
        let now = Instant::now();
        for seq in 0..RING_SLOTS as u64 + 10 {
            writer.copy(tap(), now, seq, 960, &[1, 2, 3]);
        }
        let mut next = 0;
        let seen = reader.drain(&mut |frame| {
            assert_eq!(frame.seq, next);
            assert_eq!(frame.payload, [1, 2, 3]);
            next += 1;
        });
        assert_eq!(seen, RING_SLOTS);
        assert_eq!(reader.dropped(), 10);
        assert_eq!(reader.drain(&mut |_| ()), 0);
    }

    #[test]
    fn a_payload_too_large_for_opus_is_dropped_not_cut() {
        let mut reader = TapReader::new();
        let mut writer = reader.add_ring();
        writer.copy(tap(), Instant::now(), 1, 0, &[0; OPUS_FRAME_MAX + 1]);
        assert_eq!(reader.drain(&mut |_| ()), 0);
        assert_eq!(reader.dropped(), 1);
    }
}
