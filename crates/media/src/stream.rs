//! The one stream a leg hears from us, whoever speaks: one SSRC, sequence numbers and timestamps
//! that go on without a jump from silence to agent A to hold music to agent B.

use std::time::{Duration, Instant};

use model::LegId;

/// Timestamp units of a 20 ms frame at 48 kHz.
const FRAME: u32 = 960;

/// What goes into the header of the next packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Stamp {
    /// Extended sequence number; the SRTP index.
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
    /// Set on the first packet of each source, so that receivers adapt at once.
    pub(crate) marker: bool,
}

/// Where a heard packet stands in its own stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Origin {
    pub(crate) leg: LegId,
    pub(crate) ssrc: u32,
    pub(crate) index: u64,
    pub(crate) timestamp: u32,
}

#[derive(Debug)]
pub(crate) struct OutStream {
    ssrc: u32,
    next: u64,
    timestamp: u32,
    sent_at: Option<Instant>,
    feed: Feed,
}

/// Who is on the stream now.
#[derive(Clone, Copy, Debug)]
enum Feed {
    Nobody,
    /// Frames of our own, of this run.
    Own(u32),
    Leg(Mapping),
}

/// How a source's numbers become ours.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    leg: LegId,
    ssrc: u32,
    first_in: u64,
    first_out: u64,
    /// Added to the source's timestamps.
    shift: u32,
}

impl OutStream {
    /// Starts below 2^15, so that a receiver that misses the first packets still guesses the
    /// rollover counter right (RFC 3711 section 3.3.1).
    pub(crate) fn new(ssrc: u32, first_sequence: u16, first_timestamp: u32) -> Self {
        Self {
            ssrc,
            next: u64::from(first_sequence & 0x7fff),
            timestamp: first_timestamp,
            sent_at: None,
            feed: Feed::Nobody,
        }
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    pub(crate) const fn sent_at(&self) -> Option<Instant> {
        self.sent_at
    }

    /// The timestamp that belongs to `now`, for sender reports.
    pub(crate) fn timestamp_at(&self, now: Instant) -> u32 {
        let since = self.sent_at.map(|at| now.saturating_duration_since(at));
        self.timestamp.wrapping_add(units(since.unwrap_or_default()))
    }

    /// What the leg forwarded so far is over: the next packet of a leg starts a new run. Frames of
    /// our own go on as if nothing had been.
    pub(crate) const fn cut(&mut self) {
        if matches!(self.feed, Feed::Leg(_)) {
            self.feed = Feed::Nobody;
        }
    }

    /// The next packet, whoever sends it, starts a new run, as late as it is.
    pub(crate) const fn resume(&mut self) {
        self.feed = Feed::Nobody;
    }

    /// The stamp of the next frame of our own; another `run` is another source.
    pub(crate) fn own(&mut self, now: Instant, run: u32) -> Stamp {
        let first = !matches!(self.feed, Feed::Own(before) if before == run);
        let timestamp =
            if first { self.resumed_timestamp(now) } else { self.timestamp.wrapping_add(FRAME) };
        self.feed = Feed::Own(run);
        let index = self.next;
        self.sent(now, index, timestamp);
        Stamp { index, timestamp, marker: first }
    }

    /// The stamp of a heard packet. `None` when it belongs before the start of its run: those
    /// numbers were given to somebody else.
    pub(crate) fn relay(&mut self, now: Instant, origin: Origin) -> Option<Stamp> {
        if let Feed::Leg(mapping) = self.feed
            && mapping.leg == origin.leg
            && mapping.ssrc == origin.ssrc
        {
            let index = mapping.first_out + origin.index.checked_sub(mapping.first_in)?;
            let timestamp = origin.timestamp.wrapping_add(mapping.shift);
            if index >= self.next {
                self.sent(now, index, timestamp);
            }
            return Some(Stamp { index, timestamp, marker: false });
        }
        let (index, timestamp) = (self.next, self.resumed_timestamp(now));
        self.feed = Feed::Leg(Mapping {
            leg: origin.leg,
            ssrc: origin.ssrc,
            first_in: origin.index,
            first_out: index,
            shift: timestamp.wrapping_sub(origin.timestamp),
        });
        self.sent(now, index, timestamp);
        Some(Stamp { index, timestamp, marker: true })
    }

    fn sent(&mut self, now: Instant, index: u64, timestamp: u32) {
        self.next = index + 1;
        self.timestamp = timestamp;
        self.sent_at = Some(now);
    }

    /// A new run's first timestamp: later than the last one by the time that passed, in whole
    /// frames, and by one frame at least.
    fn resumed_timestamp(&self, now: Instant) -> u32 {
        let Some(at) = self.sent_at else {
            return self.timestamp;
        };
        let passed = units(now.saturating_duration_since(at));
        let frames = (passed.saturating_add(FRAME / 2) / FRAME).max(1);
        self.timestamp.wrapping_add(frames.wrapping_mul(FRAME))
    }
}

/// Timestamp units in `time`, at 48 kHz.
fn units(time: Duration) -> u32 {
    u32::try_from(time.as_micros() * 48 / 1_000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: LegId = LegId(1);
    const B: LegId = LegId(2);

    fn origin(leg: LegId, index: u64) -> Origin {
        Origin { leg, ssrc: 77, index, timestamp: 5_000 + (index as u32) * FRAME }
    }

    #[test]
    fn silence_agent_silence_agent_is_one_unbroken_run_of_numbers() {
        let mut now = Instant::now();
        let mut out = OutStream::new(1, 100, 1_000);
        let mut seen = Vec::new();
        for step in 0..40u64 {
            let stamp = match step / 10 {
                0 | 2 => out.own(now, 0),
                1 => out.relay(now, origin(A, 60_000 + step)).unwrap(),
                _ => out.relay(now, origin(B, 5 + step)).unwrap(),
            };
            seen.push(stamp);
            now += Duration::from_millis(20);
        }
        for (step, stamp) in (0u32..).zip(&seen) {
            assert_eq!(stamp.index, 100 + u64::from(step));
            assert_eq!(stamp.timestamp, 1_000 + step * FRAME);
            assert_eq!(stamp.marker, step % 10 == 0, "step {step}");
        }
    }

    #[test]
    fn losses_and_reordering_inside_a_run_are_kept_and_no_number_is_used_twice() {
        let now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let heard = [10, 11, 14, 13, 15];
        let sent = heard.map(|index| out.relay(now, origin(A, index)).unwrap().index);
        assert_eq!(sent, [0, 1, 4, 3, 5]);
        assert_eq!(out.relay(now, origin(A, 9)), None);
        assert_eq!(out.own(now, 0).index, 6);
        assert_eq!(out.relay(now, origin(A, 12)).unwrap().index, 7);
        assert_eq!(out.relay(now, origin(A, 11)), None);
    }

    #[test]
    fn another_choice_of_ours_is_a_switch_without_a_jump() {
        let mut now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let mut markers = Vec::new();
        for (step, run) in (0u32..).zip([0, 0, 1, 1, 2, 0]) {
            let stamp = out.own(now, run);
            assert_eq!((stamp.index, stamp.timestamp), (step.into(), step * FRAME));
            markers.push(stamp.marker);
            now += Duration::from_millis(20);
        }
        assert_eq!(markers, [true, false, true, false, true, true]);
    }

    #[test]
    fn a_pause_moves_the_timestamp_by_the_time_that_passed() {
        let now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let first = out.relay(now, origin(A, 1)).unwrap();
        let later = out.own(now + Duration::from_millis(61), 0);
        assert_eq!(later.timestamp - first.timestamp, 3 * FRAME);
        let next = out.relay(now + Duration::from_millis(62), origin(B, 1)).unwrap();
        assert_eq!(next.timestamp - later.timestamp, FRAME);
    }

    #[test]
    fn another_source_on_the_same_leg_is_a_switch() {
        let now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let _ = out.relay(now, origin(A, 50)).unwrap();
        let other = Origin { ssrc: 78, ..origin(A, 3) };
        let stamp = out.relay(now, other).unwrap();
        assert_eq!((stamp.index, stamp.marker), (1, true));
    }
}
