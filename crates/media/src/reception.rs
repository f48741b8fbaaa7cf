//! What is heard of a stream (RFC 3550 appendix A): loss, jitter, and what came too late.

mod state;

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::rtcp::Block;
use crate::rtp;
pub(crate) use state::ReceptionState;

/// A sequence number further ahead than this is a source that began anew (RFC 3550 appendix A.1,
/// MAX_DROPOUT): a minute of lost packets is not loss but another stream.
const DROPOUT_MAX: u64 = 3_000;
/// A change of transit beyond this is a jump of the sender's clock, 5 s in timestamp units.
const JUMP: u32 = 5 * 48_000;
/// What comes this much later than the fastest packets, 100 ms, misses its place in a playout
/// buffer of ordinary size and has to be concealed.
const LATE: i32 = 100 * 48;
/// How long a fastest packet counts: clocks drift apart and routes change.
const FASTEST_FOR: Duration = Duration::from_secs(5);

/// What was heard so far, over all sources of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) expected: u64,
    pub(crate) received: u64,
    /// Received, but too late to be played.
    pub(crate) late: u64,
}

impl Tally {
    /// Packets that never arrived.
    pub(crate) const fn lost(self) -> u64 {
        self.expected.saturating_sub(self.received)
    }
}

/// Reception statistics of one source (RFC 3550 appendix A.3 and A.8).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reception {
    ssrc: u32,
    first: u64,
    highest: u64,
    received: u64,
    expected_before: u64,
    received_before: u64,
    /// Sixteenths of a timestamp unit.
    jitter: u32,
    transit: Option<u32>,
    fastest: Option<Fastest>,
    late: u64,
    /// Of the sources before this one.
    earlier: Tally,
    epoch: Instant,
    report: Option<(u32, Instant)>,
}

/// The smallest transit lately: of this stretch of time and of the one before.
#[derive(Clone, Copy, Debug)]
struct Fastest {
    since: Instant,
    now: u32,
    before: u32,
}

impl Fastest {
    const fn new(now: Instant, transit: u32) -> Self {
        Self { since: now, now: transit, before: transit }
    }

    /// How much slower than the fastest a packet was.
    fn lag(&mut self, now: Instant, transit: u32) -> i32 {
        if now.saturating_duration_since(self.since) >= FASTEST_FOR {
            *self = Self { since: now, now: transit, before: self.now };
        }
        let ahead = |one: u32, other: u32| one.wrapping_sub(other).cast_signed();
        if ahead(transit, self.now) < 0 {
            self.now = transit;
        }
        ahead(transit, self.now).max(ahead(transit, self.before))
    }
}

impl Reception {
    pub(crate) const fn new(ssrc: u32, index: u64, now: Instant) -> Self {
        Self {
            ssrc,
            first: index,
            highest: index,
            received: 0,
            expected_before: 0,
            received_before: 0,
            jitter: 0,
            transit: None,
            fastest: None,
            late: 0,
            earlier: Tally { expected: 0, received: 0, late: 0 },
            epoch: now,
            report: None,
        }
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Goes on with another source, or the same one after a jump of its numbers.
    pub(crate) fn start(&mut self, ssrc: u32, index: u64, now: Instant) {
        let report = self.report.filter(|_| self.ssrc == ssrc);
        *self = Self { earlier: self.tally(), report, ..Self::new(ssrc, index, now) };
    }

    /// Whether `index` is so far ahead that it belongs to another stream.
    pub(crate) const fn is_beyond(&self, index: u64) -> bool {
        index > self.highest + DROPOUT_MAX
    }

    /// What was heard over all sources.
    pub(crate) const fn tally(&self) -> Tally {
        Tally {
            expected: self.earlier.expected + self.expected(),
            received: self.earlier.received + self.received,
            late: self.earlier.late + self.late,
        }
    }

    /// RFC 3550 appendix A.8.
    pub(crate) const fn jitter(&self) -> Duration {
        Duration::from_micros((self.jitter >> 4) as u64 * 1_000 / 48)
    }

    /// Counts a verified packet. `sound` packets also feed the jitter estimate; telephone events
    /// repeat one timestamp and would spoil it.
    pub(crate) fn hear(&mut self, now: Instant, index: u64, header: &rtp::Header, sound: bool) {
        self.received += 1;
        self.first = self.first.min(index);
        self.highest = self.highest.max(index);
        if !sound {
            return;
        }
        let elapsed = now.saturating_duration_since(self.epoch).as_micros();
        let arrival = (elapsed * 48 / 1_000) as u32;
        let transit = arrival.wrapping_sub(header.timestamp);
        let moved = self.transit.map(|before| transit.wrapping_sub(before).cast_signed());
        let moved = moved.map(i32::unsigned_abs).filter(|moved| *moved <= JUMP);
        if let Some(moved) = moved {
            let jitter = u64::from(self.jitter);
            let next = jitter + u64::from(moved) - ((jitter + 8) >> 4);
            self.jitter = u32::try_from(next).unwrap_or(u32::MAX);
        }
        if moved.is_none() || header.marker {
            // A jump, or somebody begins to speak: playout buffers start anew (RFC 3551 4.1).
            self.fastest = None;
        }
        let fastest = self.fastest.get_or_insert(Fastest::new(now, transit));
        if fastest.lag(now, transit) > LATE {
            self.late += 1;
        }
        self.transit = Some(transit);
    }

    /// Of this source; a packet that was counted has set both ends.
    const fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    const fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    /// Remembers when a sender report of `ssrc` came, for the peer's round trip.
    pub(crate) fn reported(&mut self, now: Instant, ssrc: u32, middle: u32) {
        if ssrc == self.ssrc {
            self.report = Some((middle, now));
        }
    }

    /// The block for the next report; starts a new loss interval.
    pub(crate) fn block(&mut self, now: Instant) -> Block {
        let expected = self.expected();
        let expected_now = expected - self.expected_before;
        let received_now = self.received - self.received_before;
        self.expected_before = expected;
        self.received_before = self.received;
        let lost_now = expected_now.saturating_sub(received_now);
        let fraction = (lost_now << 8).checked_div(expected_now).unwrap_or(0);
        let (last_report, since_report) = self.report.map_or((0, 0), |(middle, at)| {
            let micros = now.saturating_duration_since(at).as_micros();
            (middle, (micros * 65_536 / 1_000_000) as u32)
        });
        Block {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            lost: u32::try_from(self.lost()).unwrap_or(u32::MAX).min(0x7f_ffff),
            highest: (self.highest & 0xffff_ffff) as u32,
            jitter: self.jitter >> 4,
            last_report,
            since_report,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn header(sequence: u16) -> rtp::Header {
        rtp::Header {
            length: rtp::HEADER,
            payload_type: 111,
            marker: false,
            padded: false,
            sequence,
            timestamp: u32::from(sequence) * 960,
            ssrc: 7,
        }
    }

    /// Hears packets `(number, arrival in ms)` of a sender that speaks every 20 ms.
    fn heard(packets: &[(u64, u64)]) -> Reception {
        let start = Instant::now();
        let mut reception = Reception::new(7, packets[0].0, start);
        for (index, at) in packets {
            let now = start + Duration::from_millis(*at);
            reception.hear(now, *index, &header(*index as u16), true);
        }
        reception
    }

    #[test]
    fn loss_is_what_was_expected_and_did_not_come() {
        let now = Instant::now();
        let mut reception = heard(&[(10, 0), (11, 0), (14, 0), (13, 0)]);
        assert_eq!(reception.tally(), Tally { expected: 5, received: 4, late: 0 });
        assert_eq!(reception.tally().lost(), 1);
        let block = reception.block(now);
        assert_eq!((block.fraction_lost, block.lost, block.highest), (51, 1, 14));
        reception.hear(now, 15, &header(15), true);
        assert_eq!(reception.block(now).fraction_lost, 0);
    }

    #[test]
    fn the_tally_goes_on_with_another_source() {
        let now = Instant::now();
        let mut reception = heard(&[(10, 0), (12, 40)]);
        assert!(!reception.is_beyond(3_012) && reception.is_beyond(3_013));
        reception.start(8, 500, now);
        reception.hear(now, 500, &header(500), true);
        reception.hear(now, 502, &header(502), true);
        assert_eq!(reception.tally(), Tally { expected: 6, received: 4, late: 0 });
        let block = reception.block(now);
        assert_eq!((block.ssrc, block.lost, block.highest), (8, 1, 502), "reports are per source");
    }

    #[test]
    fn jitter_is_how_much_arrivals_deviate_and_a_steady_stream_has_none() {
        let steady: Vec<_> = (0..200).map(|n| (n, 20 * n)).collect();
        assert_eq!(heard(&steady).jitter(), Duration::ZERO);
        // Every other packet is 10 ms late: neighbours differ by 10 ms, which is the limit.
        let uneven: Vec<_> = (0..400).map(|n| (n, 20 * n + 10 * (n % 2))).collect();
        let jitter = heard(&uneven).jitter();
        assert!(
            jitter.abs_diff(Duration::from_millis(10)) < Duration::from_millis(1),
            "{jitter:?}"
        );
    }

    #[test]
    fn a_packet_is_late_when_a_playout_buffer_would_not_have_waited() {
        let mut packets: Vec<_> = (0..100).map(|n| (n, 20 * n)).collect();
        for index in [30, 31, 60] {
            packets[index].1 += 110;
        }
        packets[80].1 += 60;
        assert_eq!(heard(&packets).tally().late, 3);
        // A route that becomes slower for good is late for a while and then the new rule.
        let moved: Vec<_> =
            (0..1_500).map(|n| (n, 20 * n + if n < 100 { 0 } else { 150 })).collect();
        let late = heard(&moved).tally().late;
        assert!((150..=600).contains(&late), "{late}");
        // A jump of the sender's clock is neither late nor jitter.
        let jumped: Vec<_> =
            (0..100).map(|n| (n, 20 * n + if n < 50 { 0 } else { 9_000 })).collect();
        let jumped = heard(&jumped);
        assert_eq!((jumped.tally().late, jumped.jitter()), (0, Duration::ZERO));
    }

    #[test]
    fn a_sender_report_of_another_source_is_not_answered() {
        let now = Instant::now();
        let mut reception = heard(&[(1, 0)]);
        reception.reported(now, 8, 0x0304_0506);
        assert_eq!(reception.block(now).last_report, 0);
        reception.reported(now, 7, 0x0304_0506);
        let block = reception.block(now + Duration::from_millis(500));
        assert_eq!((block.last_report, block.since_report), (0x0304_0506, 32_768));
        reception.start(7, 90_000, now);
        assert_eq!(reception.block(now).last_report, 0x0304_0506, "the same source after a jump");
    }
}
