//! Where on the recording's timeline a packet belongs.
//!
//! All times are samples at 48 kHz from the start of the recording. The first packet of a stream
//! lies where it arrived; the RTP clock places the later ones, until it and the arrival disagree.

use crate::packet::SLOT;

/// How far RTP clock and arrival may disagree before the stream counts as another one: as long
/// as the reorder window, because what is later than that has missed its place anyway.
const DISAGREEMENT_MAX: i64 = 9_600; // 200 ms
/// How long a continuous stream may disagree before it is believed: a burst after a stall is
/// over sooner, a path that has become slower is not.
const PATIENCE: i64 = 9_600; // 200 ms
/// Beyond this even a continuous stream is placed anew: it was held, not late.
const STALL_MAX: i64 = 48_000; // 1 s
/// How far apart two packets of one stream may be numbered.
const NEAR_PACKETS: i64 = 100;

/// The RTP clock of one stream, tied to the recording's time.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    seq: u64,
    rtp_timestamp: u32,
    position: i64,
    /// Length of the packet at the anchor.
    samples: i64,
}

/// Places the packets of one track.
#[derive(Debug, Default)]
pub(crate) struct Placing {
    anchor: Option<Anchor>,
    disagrees_since: Option<i64>,
}

impl Placing {
    /// The position of a packet of `samples` that arrived at `arrived`; may be negative.
    pub(crate) fn place(
        &mut self,
        arrived: i64,
        seq: u64,
        rtp_timestamp: u32,
        samples: i64,
    ) -> i64 {
        let Some(anchor) = self.anchor else {
            return self.anchor_at_arrival(arrived, seq, rtp_timestamp, samples);
        };
        let ticks = i64::from(rtp_timestamp.wrapping_sub(anchor.rtp_timestamp).cast_signed());
        let position = anchor.position + ticks;
        let disagreement = (position - arrived).abs();
        if disagreement <= DISAGREEMENT_MAX {
            self.disagrees_since = None;
            if seq > anchor.seq {
                self.anchor = Some(Anchor { seq, rtp_timestamp, position, samples });
            }
            return position;
        }
        let steps = seq.wrapping_sub(anchor.seq).cast_signed();
        let continuous = steps.abs() <= NEAR_PACKETS && ticks == steps * anchor.samples;
        let since = *self.disagrees_since.get_or_insert(arrived);
        if continuous && disagreement <= STALL_MAX && arrived - since < PATIENCE {
            return position;
        }
        self.anchor_at_arrival(arrived, seq, rtp_timestamp, samples)
    }

    fn anchor_at_arrival(
        &mut self,
        arrived: i64,
        seq: u64,
        rtp_timestamp: u32,
        samples: i64,
    ) -> i64 {
        let position = nearest(arrived, SLOT.cast_signed());
        self.anchor = Some(Anchor { seq, rtp_timestamp, position, samples });
        self.disagrees_since = None;
        position
    }
}

/// The multiple of `grid` nearest to `value`.
pub(crate) fn nearest(value: i64, grid: i64) -> i64 {
    (value + grid / 2).div_euclid(grid) * grid
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 48;
    const FRAME: i64 = 960;

    fn packet(placing: &mut Placing, arrived_ms: i64, n: u64) -> i64 {
        placing.place(arrived_ms * MS, 1_000 + n, (n as u32).wrapping_mul(960), FRAME)
    }

    #[test]
    fn the_rtp_clock_places_what_jitter_delays() {
        let mut placing = Placing::default();
        assert_eq!(packet(&mut placing, 103, 0), 100 * MS);
        assert_eq!(packet(&mut placing, 160, 1), 120 * MS);
        assert_eq!(packet(&mut placing, 161, 3), 160 * MS);
        assert_eq!(packet(&mut placing, 162, 2), 140 * MS);
    }

    #[test]
    fn the_rtp_clock_may_wrap() {
        let mut placing = Placing::default();
        assert_eq!(placing.place(0, 7, u32::MAX - 479, FRAME), 0);
        assert_eq!(placing.place(FRAME, 8, 480, FRAME), FRAME);
        assert_eq!(placing.place(0, 6, u32::MAX - 1_439, FRAME), -FRAME);
    }

    #[test]
    fn another_source_is_placed_by_arrival_at_once() {
        let mut placing = Placing::default();
        packet(&mut placing, 0, 0);
        assert_eq!(placing.place(2_000 * MS, 5, 77_777_777, FRAME), 2_000 * MS);
        assert_eq!(placing.place(2_021 * MS, 6, 77_778_737, FRAME), 2_020 * MS);
    }

    #[test]
    fn a_burst_after_a_stall_keeps_its_places() {
        let mut placing = Placing::default();
        packet(&mut placing, 0, 0);
        for n in 1..=25 {
            let position = packet(&mut placing, 500, n);
            assert_eq!(position, n as i64 * FRAME, "packet {n}");
        }
        assert_eq!(packet(&mut placing, 520, 26), 520 * MS);
    }

    #[test]
    fn a_path_that_became_slower_is_believed_after_a_while() {
        let mut placing = Placing::default();
        packet(&mut placing, 0, 0);
        let late = |n: i64| n * 20 + 300;
        let positions: Vec<i64> =
            (1..=20).map(|n| packet(&mut placing, late(n), n as u64)).collect();
        assert_eq!(positions[0], 20 * MS);
        assert_eq!(positions[19], late(20) * MS);
    }

    #[test]
    fn a_stream_that_was_held_goes_on_where_it_arrives() {
        let mut placing = Placing::default();
        packet(&mut placing, 0, 0);
        assert_eq!(packet(&mut placing, 10_000, 1), 10_000 * MS);
        assert_eq!(packet(&mut placing, 10_020, 2), 10_020 * MS);
    }
}
