//! Reception statistics as plain data, so that loss and jitter go on in another process.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Reception, Tally};
use crate::hand_over::Resumed;

/// No stream counts so far: SRTP indexes have 48 bits.
const COUNT_MAX: u64 = 1 << 48;

/// [`Reception`] without its clocks. What depends on transit times starts anew: they are only
/// comparable on one clock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct ReceptionState {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    jitter: u32,
    late: u64,
    earlier: Tally,
    /// The middle of the last sender report and its age.
    report: Option<(u32, Duration)>,
}

impl Reception {
    pub(crate) fn state(&self, now: Instant) -> ReceptionState {
        ReceptionState {
            ssrc: self.ssrc,
            first: self.first,
            highest: self.highest,
            received: self.received,
            expected_before: self.expected_before,
            received_before: self.received_before,
            jitter: self.jitter,
            late: self.late,
            earlier: self.earlier,
            report: self.report.map(|(middle, at)| (middle, now.saturating_duration_since(at))),
        }
    }

    /// `None` when no stream can have been counted like this.
    pub(crate) fn restore(resumed: Resumed, state: &ReceptionState) -> Option<Self> {
        let ReceptionState { ssrc, first, highest, earlier, .. } = *state;
        let counts = [highest, state.received, earlier.expected, earlier.received];
        let is_small = |count: &u64| *count < COUNT_MAX;
        if first > highest || !counts.iter().all(is_small) {
            return None;
        }
        let new = Self::new(ssrc, first, resumed.now);
        let restored = Self {
            highest,
            received: state.received,
            expected_before: state.expected_before,
            received_before: state.received_before,
            jitter: state.jitter,
            late: state.late.min(COUNT_MAX),
            earlier: Tally { late: earlier.late.min(COUNT_MAX), ..earlier },
            report: state.report.map(|(middle, age)| (middle, resumed.instant(age))),
            ..new
        };
        let is_past = state.expected_before <= restored.expected()
            && state.received_before <= restored.received;
        is_past.then_some(restored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::Header;

    #[test]
    fn counting_goes_on_in_another_process_and_the_gap_is_loss() {
        let start = Instant::now();
        let mut reception = Reception::new(7, 100, start);
        let header = |index: u64| Header {
            length: 12,
            payload_type: 111,
            marker: false,
            padded: false,
            sequence: index as u16,
            timestamp: index as u32 * 960,
            ssrc: 7,
        };
        for index in 100..150 {
            let now = start + Duration::from_millis(20 * (index - 100));
            reception.hear(now, index, &header(index), true);
        }
        reception.reported(start, 7, 0x0102_0304);
        let first = reception.block(start);
        let now = start + Duration::from_secs(1);
        let text = serde_json::to_string(&reception.state(now)).unwrap();
        let state: ReceptionState = serde_json::from_str(&text).unwrap();
        let gap = Duration::from_millis(500);
        let resumed = Resumed { now: now + Duration::from_secs(100), gap };
        let mut restored = Reception::restore(resumed, &state).unwrap();
        assert_eq!(restored.state(resumed.now - gap), state);
        restored.hear(resumed.now, 160, &header(160), true);
        assert_eq!(restored.tally(), Tally { expected: 61, received: 51, late: 0 });
        let block = restored.block(resumed.now);
        assert_eq!((first.lost, block.lost, block.fraction_lost), (0, 10, 232));
        assert_eq!((block.last_report, block.since_report), (0x0102_0304, 3 << 15));
        assert_eq!(restored.jitter(), Duration::ZERO, "the gap is no jitter");
    }

    #[test]
    fn numbers_that_contradict_each_other_are_refused() {
        let now = Instant::now();
        let resumed = Resumed { now, gap: Duration::ZERO };
        let good = Reception::new(7, 100, now).state(now);
        assert!(Reception::restore(resumed, &good).is_some());
        for bad in [
            ReceptionState { first: 101, ..good },
            ReceptionState { highest: u64::MAX, ..good },
            ReceptionState { received_before: 1, ..good },
            ReceptionState { expected_before: 2, ..good },
            ReceptionState { earlier: Tally { expected: u64::MAX, ..good.earlier }, ..good },
        ] {
            assert!(Reception::restore(resumed, &bad).is_none(), "{bad:?}");
        }
    }
}
