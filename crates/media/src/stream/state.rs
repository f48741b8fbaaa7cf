//! The stream as plain data, so that another process goes on with its numbers.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Feed, KeyRun, OutStream};
use crate::hand_over::Resumed;

/// SRTP indexes have 48 bits (RFC 3711 section 3.3.1).
const INDEX_END: u64 = 1 << 48;

/// [`OutStream`] with ages in place of moments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct StreamState {
    ssrc: u32,
    next: u64,
    timestamp: u32,
    sounded: Option<Duration>,
    sent: Option<Duration>,
    feed: Feed,
    key: Option<KeyRun>,
}

impl OutStream {
    pub(crate) fn state(&self, now: Instant) -> StreamState {
        let age = |at: Option<Instant>| at.map(|at| now.saturating_duration_since(at));
        StreamState {
            ssrc: self.ssrc,
            next: self.next,
            timestamp: self.timestamp,
            sounded: age(self.sounded_at),
            sent: age(self.sent_at),
            feed: match self.feed {
                Feed::Mix => Feed::Nobody,
                feed @ (Feed::Nobody | Feed::Own(_) | Feed::Leg(_)) => feed,
            },
            key: self.key,
        }
    }

    /// `None` when no stream can have numbers like these.
    pub(crate) fn restore(resumed: Resumed, state: &StreamState) -> Option<Self> {
        let first_out = match state.feed {
            Feed::Leg(mapping) => mapping.first_out,
            Feed::Nobody | Feed::Own(_) | Feed::Mix => 0,
        };
        let moment = |age: Option<Duration>| age.map(|age| resumed.instant(age));
        (state.next < INDEX_END && first_out < INDEX_END).then(|| Self {
            ssrc: state.ssrc,
            next: state.next,
            timestamp: state.timestamp,
            sounded_at: moment(state.sounded),
            sent_at: moment(state.sent),
            feed: state.feed,
            key: state.key,
        })
    }
}

#[cfg(test)]
mod tests {
    use model::LegId;
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::stream::{Mapping, Origin};

    /// Through the bytes another process reads, whose clock shows something else.
    fn moved(stream: &OutStream, now: Instant, resumed: Resumed) -> OutStream {
        let bytes = serde_json::to_vec(&stream.state(now)).unwrap();
        OutStream::restore(resumed, &serde_json::from_slice(&bytes).unwrap()).unwrap()
    }

    #[test]
    fn a_mix_stays_behind_and_whoever_is_next_starts_a_new_run() {
        let now = Instant::now();
        let mut out = OutStream::new(9, 1, 1);
        let before = out.mixed(now);
        let after = moved(&out, now, Resumed { now, gap: Duration::ZERO }).own(now, 0);
        assert_eq!((after.index, after.marker), (before.index + 1, true));
    }

    proptest! {
        /// Whoever speaks before and after the move, its stream has the numbers of one that
        /// stayed where it was; so none is ever used twice.
        #[test]
        fn a_moved_stream_numbers_like_one_that_stayed(
            steps in vec((0u8..5, 0u64..40, 0u64..120, 1u64..3), 1..120),
            at in any::<prop::sample::Index>(),
            gap in 0u64..3_000,
            first in any::<u16>(),
        ) {
            let start = Instant::now();
            let mut stayed = OutStream::new(1, first, u32::MAX - 5_000);
            let mut other = OutStream::new(1, first, u32::MAX - 5_000);
            let at = at.index(steps.len());
            let mut now = start;
            let mut shift = Duration::ZERO;
            for (step, (who, number, pause, leg)) in steps.into_iter().enumerate() {
                if step == at {
                    let gap = Duration::from_millis(gap);
                    shift = Duration::from_secs(77);
                    other = moved(&other, now, Resumed { now: now + gap + shift, gap });
                    now += gap;
                }
                now += Duration::from_millis(pause);
                let origin = Origin {
                    leg: LegId(leg),
                    ssrc: 9,
                    index: 65_520 + number,
                    timestamp: number as u32 * 960,
                };
                let then = now + shift;
                let stamps = match who {
                    0 => (Some(stayed.own(now, 0)), Some(other.own(then, 0))),
                    1 => (stayed.relay_key(now, origin), other.relay_key(then, origin)),
                    2 => {
                        stayed.cut();
                        other.cut();
                        continue;
                    }
                    _ => (stayed.relay(now, origin), other.relay(then, origin)),
                };
                prop_assert_eq!(stamps.0, stamps.1);
                prop_assert_eq!(stayed.timestamp_at(now), other.timestamp_at(then));
            }
            prop_assert_eq!(stayed.state(now), other.state(now + shift));
        }
    }

    #[test]
    fn numbers_beyond_what_srtp_has_are_refused() {
        let now = Instant::now();
        let resumed = Resumed { now, gap: Duration::ZERO };
        let good = OutStream::new(1, 2, 3).state(now);
        let mapping =
            Mapping { leg: LegId(1), ssrc: 2, first_in: 0, first_out: u64::MAX, shift: 0 };
        assert!(OutStream::restore(resumed, &good).is_some());
        for bad in [
            StreamState { next: u64::MAX, ..good },
            StreamState { feed: Feed::Leg(mapping), ..good },
        ] {
            assert!(OutStream::restore(resumed, &bad).is_none());
        }
    }
}
