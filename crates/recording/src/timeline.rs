//! The frames of one track that wait for their turn: sorted by position, within the reorder
//! window.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::packet::{self, SLOT, Toc};
use crate::placing::{Placing, nearest};

/// How far ahead of its arrival a frame may lie: twice what clocks may disagree, so that nothing
/// from a broken sender waits for long.
const AHEAD_MAX: i64 = 19_200; // 400 ms
/// Frames that wait in one track: 600 ms of the shortest frames (2.5 ms), which is the reorder
/// window and what may lie ahead.
const WAITING_MAX: usize = 240;

/// Bytes of a frame kept without an allocation: 20 ms at 32 kbit/s and some.
const INLINE: usize = 96;

/// Frames that start in one slot, in order, with their positions: nearly always one.
pub(crate) type SlotFrames = SmallVec<[(u64, Placed); 1]>;

/// One frame at its place.
#[derive(Debug)]
pub(crate) struct Placed {
    /// When its packet came in.
    arrived: u64,
    /// The extended RTP sequence number of its packet.
    pub(crate) seq: u64,
    /// The packet's first byte.
    pub(crate) toc: Toc,
    /// The frame without any framing.
    pub(crate) bytes: SmallVec<[u8; INLINE]>,
}

/// Why a packet is left out of the recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Refused {
    /// Not an Opus packet.
    Malformed,
    /// Its place has been written or lies before the start.
    Late,
    /// Its place lies impossibly far ahead, or too much waits already.
    TooMuch,
    /// Its place is taken.
    Duplicate,
}

/// One packet as the tap saw it, its arrival in samples from the start of the recording.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tapped<'a> {
    pub(crate) arrived: u64,
    pub(crate) seq: u64,
    pub(crate) rtp_timestamp: u32,
    pub(crate) payload: &'a [u8],
}

/// The waiting frames of one track.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    placing: Placing,
    /// In order of position. Packets come nearly in order, so most go to the end.
    waiting: VecDeque<(u64, Placed)>,
}

impl Timeline {
    /// Takes a packet apart and keeps its frames until their slot is written. `written` is the
    /// first sample that is not in the file yet.
    pub(crate) fn accept(&mut self, tapped: Tapped<'_>, written: u64) -> Result<(), Refused> {
        let split = packet::split(tapped.payload).map_err(|_| Refused::Malformed)?;
        let frame = split.toc.frame_samples();
        let samples = (frame * split.frames.len() as u64).cast_signed();
        let arrived = tapped.arrived.cast_signed();
        let by_clock = self.placing.place(arrived, tapped.seq, tapped.rtp_timestamp, samples);
        let first = nearest(by_clock, frame.min(SLOT).cast_signed());
        if first > arrived + AHEAD_MAX {
            return Err(Refused::TooMuch);
        }
        let mut outcome = Err(Refused::Late);
        for (position, bytes) in (first..).step_by(frame as usize).zip(split.frames) {
            let Some(position) = u64::try_from(position).ok().filter(|at| *at >= written) else {
                continue;
            };
            let before = self.waiting.iter().rposition(|(at, _)| *at <= position);
            if before.is_some_and(|before| self.waiting[before].0 == position) {
                outcome = outcome.or(Err(Refused::Duplicate));
            } else if self.waiting.len() >= WAITING_MAX {
                outcome = outcome.or(Err(Refused::TooMuch));
            } else {
                let frame = Placed {
                    arrived: tapped.arrived,
                    seq: tapped.seq,
                    toc: split.toc,
                    bytes: SmallVec::from_slice(bytes),
                };
                self.waiting.insert(before.map_or(0, |before| before + 1), (position, frame));
                outcome = Ok(());
            }
        }
        outcome
    }

    /// Removes and returns the frames that start before `end`.
    pub(crate) fn take_until(&mut self, end: u64) -> SlotFrames {
        std::iter::from_fn(|| self.waiting.pop_front_if(|(at, _)| *at < end)).collect()
    }

    /// The frame that starts exactly at `position`.
    pub(crate) fn at(&self, position: u64) -> Option<&Placed> {
        let at = |frame: &&(u64, Placed)| frame.0 == position;
        self.waiting.iter().take_while(|(at, _)| *at <= position).find(at).map(|(_, frame)| frame)
    }

    /// Forgets what came in at or after `moment`.
    pub(crate) fn forget_arrivals_since(&mut self, moment: u64) {
        self.waiting.retain(|(_, frame)| frame.arrived < moment);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tapped(arrived_ms: u64, seq: u64, payload: &[u8]) -> Tapped<'_> {
        let rtp_timestamp = (seq as u32).wrapping_mul(960);
        Tapped { arrived: arrived_ms * 48, seq, rtp_timestamp, payload }
    }

    #[test]
    fn duplicates_and_late_packets_are_refused() {
        let mut timeline = Timeline::default();
        assert_eq!(timeline.accept(tapped(0, 0, &[0x78, 1]), 0), Ok(()));
        assert_eq!(timeline.accept(tapped(40, 2, &[0x78, 3]), 0), Ok(()));
        assert_eq!(timeline.accept(tapped(41, 2, &[0x78, 3]), 0), Err(Refused::Duplicate));
        assert_eq!(timeline.accept(tapped(42, 1, &[0x78, 2]), 0), Ok(()));
        let taken: Vec<_> =
            timeline.take_until(1_920).into_iter().map(|(at, f)| (at, f.seq)).collect();
        assert_eq!(taken, [(0, 0), (960, 1)]);
        assert_eq!(timeline.accept(tapped(60, 1, &[0x78, 2]), 1_920), Err(Refused::Late));
        assert_eq!(timeline.accept(tapped(60, 3, &[]), 1_920), Err(Refused::Malformed));
    }

    #[test]
    fn a_packet_of_60_ms_becomes_three_frames() {
        let mut timeline = Timeline::default();
        let payload = [0x7B, 0x03, 1, 2, 3]; // hybrid, 20 ms, three frames of one byte
        timeline.accept(tapped(0, 0, &payload), 0).unwrap();
        let taken: Vec<_> =
            timeline.take_until(10_000).into_iter().map(|(at, f)| (at, f.bytes)).collect();
        let expected = [1u8, 2, 3].map(|byte| SmallVec::from_slice(&[byte]));
        assert_eq!(taken, (0..).step_by(960).zip(expected).collect::<Vec<_>>());
    }

    #[test]
    fn a_sender_that_runs_ahead_cannot_fill_the_memory() {
        let mut timeline = Timeline::default();
        timeline.accept(tapped(0, 0, &[0x78, 1]), 0).unwrap();
        let mut refused = 0;
        for seq in 1..10_000 {
            refused += u32::from(timeline.accept(tapped(1, seq, &[0x78, 1]), 0).is_err());
        }
        assert!(refused > 9_900);
        assert!(timeline.waiting.len() <= WAITING_MAX);
    }
}
