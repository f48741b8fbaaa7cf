//! RTCP (RFC 3550 section 6): the compound reports we send, and what is read of those we get.

use std::time::{Duration, Instant};

use crate::rtp;

/// Our canonical name, the same on every leg: it identifies nobody.
const CNAME: &[u8; 8] = b"ringdown";
/// Largest compound packet written here: SR with one block (52), SDES (20), BYE (8).
pub(crate) const REPORT_MAX: usize = 80;
/// Seconds from the NTP epoch (1900) to the Unix epoch.
const NTP_OFFSET: u64 = 2_208_988_800;

/// What a sender report says about our own stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    pub(crate) ntp: u64,
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// NTP time of `since_epoch`, the time since 1970.
pub(crate) fn ntp(since_epoch: Duration) -> u64 {
    let seconds = since_epoch.as_secs().wrapping_add(NTP_OFFSET);
    let fraction = (u64::from(since_epoch.subsec_nanos()) << 32) / 1_000_000_000;
    seconds << 32 | fraction
}

/// Fills `buffer` from the front.
struct Cursor<'a> {
    buffer: &'a mut [u8; REPORT_MAX],
    length: usize,
}

impl Cursor<'_> {
    fn put(&mut self, bytes: &[u8]) {
        // REPORT_MAX is the sum of all parts, so there is always room.
        if let Some(room) = self.buffer.get_mut(self.length..self.length + bytes.len()) {
            room.copy_from_slice(bytes);
            self.length += bytes.len();
        }
    }

    fn word(&mut self, word: u32) {
        self.put(&word.to_be_bytes());
    }

    fn head(&mut self, count: u8, kind: u8, words: u16) {
        self.put(&[0x80 | count, kind]);
        self.put(&words.to_be_bytes());
    }
}

/// Writes SR (or RR when nothing was sent) and SDES, with a BYE behind when `bye`, and returns
/// the length.
pub(crate) fn write_report(
    buffer: &mut [u8; REPORT_MAX],
    ssrc: u32,
    sent: Option<Sent>,
    heard: Option<Block>,
    bye: bool,
) -> usize {
    let mut out = Cursor { buffer, length: 0 };
    let blocks = u8::from(heard.is_some());
    let block_words = if heard.is_some() { 6 } else { 0 };
    match sent {
        Some(sent) => {
            out.head(blocks, 200, 6 + block_words);
            out.word(ssrc);
            out.put(&sent.ntp.to_be_bytes());
            out.word(sent.timestamp);
            out.word(sent.packets);
            out.word(sent.octets);
        }
        None => {
            out.head(blocks, 201, 1 + block_words);
            out.word(ssrc);
        }
    }
    if let Some(block) = heard {
        out.word(block.ssrc);
        out.word(u32::from(block.fraction_lost) << 24 | block.lost & 0x00ff_ffff);
        out.word(block.highest);
        out.word(block.jitter);
        out.word(block.last_report);
        out.word(block.since_report);
    }
    out.head(1, 202, 4);
    out.word(ssrc);
    out.put(&[1, 8]);
    out.put(CNAME);
    out.put(&[0, 0]);
    if bye {
        out.head(1, 203, 1);
        out.word(ssrc);
    }
    out.length
}

/// One reception report block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Block {
    ssrc: u32,
    fraction_lost: u8,
    lost: u32,
    highest: u32,
    jitter: u32,
    last_report: u32,
    since_report: u32,
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
    epoch: Instant,
    report: Option<(u32, Instant)>,
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
            epoch: now,
            report: None,
        }
    }

    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
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
        if let Some(before) = self.transit {
            let difference = transit.wrapping_sub(before).cast_signed().unsigned_abs();
            let jitter = u64::from(self.jitter);
            let next = jitter + u64::from(difference) - ((jitter + 8) >> 4);
            self.jitter = u32::try_from(next).unwrap_or(u32::MAX);
        }
        self.transit = Some(transit);
    }

    /// Packets that never arrived.
    pub(crate) const fn lost(&self) -> u64 {
        self.expected().saturating_sub(self.received)
    }

    const fn expected(&self) -> u64 {
        self.highest - self.first + 1
    }

    /// Remembers the sender report in a verified compound packet, for the peer's round trip.
    pub(crate) fn read_report(&mut self, now: Instant, plain: &[u8]) {
        let is_sender_report = plain.len() >= 28 && plain[1] == 200;
        if is_sender_report && plain[4..8] == self.ssrc.to_be_bytes() {
            let middle = u32::from_be_bytes([plain[10], plain[11], plain[12], plain[13]]);
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

    #[test]
    fn a_compound_report_has_whole_parts_in_legal_order() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 1, now);
        reception.hear(now, 1, &header(1), true);
        let sent = Sent { ntp: ntp(Duration::from_secs(1)), timestamp: 960, packets: 2, octets: 6 };
        let mut buffer = [0; REPORT_MAX];
        for (sent, first) in [(Some(sent), 200), (None, 201)] {
            let heard = Some(reception.block(now));
            let length = write_report(&mut buffer, 9, sent, heard, true);
            let (mut at, mut kinds) = (0, Vec::new());
            while at < length {
                kinds.push(buffer[at + 1]);
                at += 4 * (1 + usize::from(u16::from_be_bytes([buffer[at + 2], buffer[at + 3]])));
            }
            assert_eq!(at, length);
            assert_eq!(kinds, [first, 202, 203]);
        }
    }

    #[test]
    fn loss_is_what_was_expected_and_did_not_come() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 10, now);
        for index in [10, 11, 14, 13] {
            reception.hear(now, index, &header(index as u16), true);
        }
        assert_eq!(reception.lost(), 1);
        let block = reception.block(now);
        assert_eq!((block.fraction_lost, block.lost, block.highest), (51, 1, 14));
        reception.hear(now, 15, &header(15), true);
        assert_eq!(reception.block(now).fraction_lost, 0);
    }

    #[test]
    fn a_sender_report_of_another_source_or_too_short_is_not_taken() {
        let now = Instant::now();
        let mut reception = Reception::new(7, 0, now);
        let mut report = [0u8; 28];
        report[..8].copy_from_slice(&[0x80, 200, 0, 6, 0, 0, 0, 8]);
        report[8..16].copy_from_slice(&[1, 2, 3, 4, 5, 6, 7, 8]);
        reception.read_report(now, &report);
        reception.read_report(now, &report[..20]);
        assert_eq!(reception.block(now).last_report, 0);
        report[7] = 7;
        reception.read_report(now, &report);
        let later = now + Duration::from_millis(500);
        let block = reception.block(later);
        assert_eq!((block.last_report, block.since_report), (0x0304_0506, 32_768));
    }
}
