//! The one stream a leg hears from us, whoever speaks: one SSRC, sequence numbers and timestamps
//! that go on without a jump from silence to agent A to hold music to agent B.

mod state;

use std::time::{Duration, Instant};

use model::LegId;
use serde::{Deserialize, Serialize};

use crate::dtmf::is_next_segment;
pub(crate) use state::StreamState;

/// Timestamp units of a 20 ms frame at 48 kHz.
const FRAME: u32 = 960;
/// Packets a source may skip inside a run, two seconds of them. A larger hole is closed: a
/// receiver that loses count of it would never decrypt us again.
const HOLE_MAX: u64 = 100;
/// How far a source's clock may be from ours inside a run. Beyond it the source has jumped, and
/// the receiver's playout buffer must not jump with it.
const DRIFT_MAX: u32 = 5 * 48_000;

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
    /// The timestamp of the last sound, and when that was sent.
    timestamp: u32,
    sounded_at: Option<Instant>,
    sent_at: Option<Instant>,
    feed: Feed,
    key: Option<KeyRun>,
}

/// The latest key press. Its packets all carry one timestamp, whatever happens in between.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct KeyRun {
    leg: LegId,
    ssrc: u32,
    from: u32,
    to: u32,
}

/// Who is on the stream now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
enum Feed {
    Nobody,
    /// Frames of our own, of this run.
    Own(u32),
    Leg(Mapping),
    /// Frames of a mix. It stays in this process.
    #[serde(skip)]
    Mix,
}

/// How a source's numbers become ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
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
            sounded_at: None,
            sent_at: None,
            feed: Feed::Nobody,
            key: None,
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
        let since = self.sounded_at.map(|at| now.saturating_duration_since(at));
        self.timestamp.wrapping_add(units(since.unwrap_or_default()))
    }

    /// What the leg forwarded so far is over: the next packet of a leg starts a new run. Frames of
    /// our own go on as if nothing had been.
    pub(crate) const fn cut(&mut self) {
        if matches!(self.feed, Feed::Leg(_)) {
            self.feed = Feed::Nobody;
        }
    }

    /// A mix is over: another one starts a new run.
    pub(crate) const fn cut_mix(&mut self) {
        if matches!(self.feed, Feed::Mix) {
            self.feed = Feed::Nobody;
        }
    }

    /// The next packet, whoever sends it, starts a new run, as late as it is.
    pub(crate) const fn resume(&mut self) {
        self.feed = Feed::Nobody;
    }

    /// The stamp of the next frame of our own; another `run` is another source.
    pub(crate) fn own(&mut self, now: Instant, run: u32) -> Stamp {
        self.frame(now, Feed::Own(run))
    }

    /// The stamp of the next frame of a mix.
    pub(crate) fn mixed(&mut self, now: Instant) -> Stamp {
        self.frame(now, Feed::Mix)
    }

    fn frame(&mut self, now: Instant, feed: Feed) -> Stamp {
        let first = self.feed != feed;
        let timestamp =
            if first { self.resumed_timestamp(now) } else { self.timestamp.wrapping_add(FRAME) };
        self.feed = feed;
        let index = self.next;
        self.sent(now, index, timestamp);
        Stamp { index, timestamp, marker: first }
    }

    /// The stamp of a heard packet. `None` when it belongs before the start of its run: those
    /// numbers were given to somebody else.
    pub(crate) fn relay(&mut self, now: Instant, origin: Origin) -> Option<Stamp> {
        if let Some(mapping) = self.mapping(&origin) {
            let index = mapping.index(&origin)?;
            let timestamp = origin.timestamp.wrapping_add(mapping.shift);
            if index < self.next {
                return Some(Stamp { index, timestamp, marker: false });
            }
            if index - self.next <= HOLE_MAX && self.is_near(now, timestamp) {
                self.sent(now, index, timestamp);
                return Some(Stamp { index, timestamp, marker: false });
            }
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

    /// The stamp of a packet of a key press. It has a place among its leg's sound; when there is
    /// none it goes between what else is sent.
    pub(crate) fn relay_key(&mut self, now: Instant, origin: Origin) -> Option<Stamp> {
        let mapping = self.mapping(&origin);
        let mapped = mapping
            .and_then(|mapping| mapping.index(&origin))
            .filter(|index| index.saturating_sub(self.next) <= HOLE_MAX);
        if mapped.is_none() {
            // The number taken now was meant for the next sound of that run.
            self.cut();
        }
        let index = mapped.unwrap_or(self.next);
        let timestamp = match (self.key.and_then(|key| key.timestamp(&origin)), mapping) {
            (Some(timestamp), _) => timestamp,
            (None, Some(mapping)) => origin.timestamp.wrapping_add(mapping.shift),
            (None, None) => self.resumed_timestamp(now),
        };
        self.key = Some(KeyRun {
            leg: origin.leg,
            ssrc: origin.ssrc,
            from: origin.timestamp,
            to: timestamp,
        });
        self.next = self.next.max(index + 1);
        self.sent_at = Some(now);
        Some(Stamp { index, timestamp, marker: false })
    }

    /// How the numbers of this source become ours, if it is the one that speaks.
    fn mapping(&self, origin: &Origin) -> Option<Mapping> {
        match self.feed {
            Feed::Leg(mapping) if (mapping.leg, mapping.ssrc) == (origin.leg, origin.ssrc) => {
                Some(mapping)
            }
            Feed::Leg(_) | Feed::Nobody | Feed::Own(_) | Feed::Mix => None,
        }
    }

    /// Whether `timestamp` is about what our own clock says.
    fn is_near(&self, now: Instant, timestamp: u32) -> bool {
        let ahead = timestamp.wrapping_sub(self.timestamp_at(now)).cast_signed();
        ahead.unsigned_abs() <= DRIFT_MAX
    }

    fn sent(&mut self, now: Instant, index: u64, timestamp: u32) {
        self.next = index + 1;
        self.timestamp = timestamp;
        self.sounded_at = Some(now);
        self.sent_at = Some(now);
    }

    /// A new run's first timestamp: later than the last one by the time that passed, in whole
    /// frames, and by one frame at least.
    fn resumed_timestamp(&self, now: Instant) -> u32 {
        let Some(at) = self.sounded_at else {
            return self.timestamp;
        };
        let passed = units(now.saturating_duration_since(at));
        let frames = (passed.saturating_add(FRAME / 2) / FRAME).max(1);
        self.timestamp.wrapping_add(frames.wrapping_mul(FRAME))
    }
}

impl Mapping {
    /// `None` when the packet belongs before the start of the run.
    fn index(&self, origin: &Origin) -> Option<u64> {
        Some(self.first_out + origin.index.checked_sub(self.first_in)?)
    }
}

impl KeyRun {
    /// Our timestamp of this press, or of its next segment; `None` for another press.
    fn timestamp(&self, origin: &Origin) -> Option<u32> {
        let moved = origin.timestamp.wrapping_sub(self.from);
        let same = (self.leg, self.ssrc) == (origin.leg, origin.ssrc)
            && (moved == 0 || is_next_segment(self.from, origin.timestamp));
        same.then(|| self.to.wrapping_add(moved))
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
    fn a_key_press_keeps_its_timestamp_through_silence_and_never_takes_a_number_twice() {
        let mut now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let mut used = std::collections::BTreeSet::new();
        for index in 0..5 {
            assert!(used.insert(out.relay(now, origin(A, index)).unwrap().index));
            now += Duration::from_millis(20);
        }
        let key = |index| Origin { timestamp: 9_900, ..origin(A, index) };
        let first = out.relay_key(now, key(5)).unwrap();
        let sound = origin(A, 0).timestamp;
        assert_eq!(first.timestamp, 9_900u32.wrapping_sub(sound));
        assert!(used.insert(first.index));
        now += Duration::from_millis(100);
        let silence = out.own(now, 0);
        // 120 ms after the last sound, which was the fifth frame.
        assert_eq!(silence.timestamp, 10 * FRAME);
        assert!(used.insert(silence.index));
        for index in [7, 6, 8] {
            let stamp = out.relay_key(now, key(index)).unwrap();
            assert_eq!(stamp.timestamp, first.timestamp);
            assert!(used.insert(stamp.index));
        }
        assert!(used.insert(out.relay(now, origin(A, 9)).unwrap().index));
        // A late packet of the press, from before this run.
        assert!(used.insert(out.relay_key(now, key(3)).unwrap().index));
        for index in 10..15 {
            assert!(used.insert(out.relay(now, origin(A, index)).unwrap().index));
        }
        let other = Origin { timestamp: 99_000, ..origin(A, 15) };
        assert_ne!(out.relay_key(now, other).unwrap().timestamp, first.timestamp);
        assert_eq!(used.len() as u64, used.last().unwrap() + 1, "no holes either: {used:?}");
    }

    #[test]
    fn keys_do_not_hold_the_clock_of_the_sound() {
        let start = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let first = out.relay(start, origin(A, 0)).unwrap();
        let mut now = start;
        for index in 1..=100 {
            now += Duration::from_millis(20);
            let _ = out.relay_key(now, Origin { timestamp: 5_960, ..origin(A, index) });
        }
        now += Duration::from_millis(60);
        let silence = out.own(now, 0);
        assert_eq!(silence.timestamp - first.timestamp, 103 * FRAME, "2.06 s later");
    }

    #[test]
    fn a_jump_of_the_source_is_a_switch_and_not_passed_on() {
        let mut now = Instant::now();
        let mut out = OutStream::new(1, 0, 0);
        let mut last = out.relay(now, origin(A, 0)).unwrap();
        let leaps = [
            origin(A, 30_000),
            origin(A, 62_000),
            Origin { timestamp: 0x8000_0000, ..origin(A, 62_001) },
            Origin { timestamp: 10, ..origin(A, 62_002) },
        ];
        for leap in leaps {
            now += Duration::from_millis(20);
            let stamp = out.relay(now, leap).unwrap();
            assert_eq!((stamp.index, stamp.marker), (last.index + 1, true));
            assert_eq!(stamp.timestamp - last.timestamp, FRAME);
            last = stamp;
        }
        let next = Origin { timestamp: 970, ..origin(A, 62_005) };
        let stamp = out.relay(now + Duration::from_millis(20), next).unwrap();
        assert_eq!((stamp.index, stamp.marker), (last.index + 3, false), "a small hole is kept");
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
