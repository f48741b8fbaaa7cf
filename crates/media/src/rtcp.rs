//! RTCP (RFC 3550 section 6): writing the compound reports we send, and reading those we get.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Our canonical name, the same on every leg: it identifies nobody.
const CNAME: &[u8; 8] = b"ringdown";
/// Largest compound packet written here: SR with one block (52), SDES (20), BYE (8).
pub(crate) const REPORT_MAX: usize = 80;
/// A longer round trip is a report that does not fit ours.
const ROUND_TRIP_MAX: Duration = Duration::from_secs(10);
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
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Block {
    /// The source the block is about.
    pub(crate) ssrc: u32,
    /// 256ths of the packets since the report before.
    pub(crate) fraction_lost: u8,
    /// Packets since the start, 24 bits.
    pub(crate) lost: u32,
    pub(crate) highest: u32,
    /// In timestamp units.
    pub(crate) jitter: u32,
    /// The middle of the NTP time in the last sender report that came, and how long ago that was
    /// in 65,536ths of a second. Zero when none came.
    pub(crate) last_report: u32,
    pub(crate) since_report: u32,
}

/// What a compound packet tells us.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Told {
    /// Who sent a sender report, and the middle of its NTP time.
    pub(crate) sent: Option<(u32, u32)>,
    /// What the peer says about what it hears from us.
    pub(crate) about_us: Option<Block>,
}

/// Bytes of a report block, and of what is in front of the blocks in an SR and in an RR.
const BLOCK: usize = 24;
const SR_HEAD: usize = 28;
const RR_HEAD: usize = 8;

/// Reads a verified compound packet; `ours` is the source we send. What is cut off or unknown is
/// left out.
pub(crate) fn read(plain: &[u8], ours: u32) -> Told {
    let mut told = Told::default();
    let mut rest = plain;
    while let [first, kind, high, low, ..] = *rest {
        let length = 4 * (1 + usize::from(u16::from_be_bytes([high, low])));
        let Some((packet, behind)) = rest.split_at_checked(length) else {
            break;
        };
        rest = behind;
        let head = match kind {
            200 => SR_HEAD,
            201 => RR_HEAD,
            _ => continue,
        };
        if let (200, Some(ssrc), Some(middle)) = (kind, word(packet, 4), word(packet, 10)) {
            told.sent = Some((ssrc, middle));
        }
        let blocks = packet.get(head..).unwrap_or_default().chunks_exact(BLOCK);
        for block in blocks.take(usize::from(first & 0x1f)) {
            told.about_us = read_block(block).filter(|block| block.ssrc == ours).or(told.about_us);
        }
    }
    told
}

fn read_block(block: &[u8]) -> Option<Block> {
    let losses = word(block, 4)?;
    Some(Block {
        ssrc: word(block, 0)?,
        fraction_lost: losses.to_be_bytes()[0],
        lost: losses & 0x00ff_ffff,
        highest: word(block, 8)?,
        jitter: word(block, 12)?,
        last_report: word(block, 16)?,
        since_report: word(block, 20)?,
    })
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_be_bytes(*word))
}

/// The round trip that a block from the peer shows (section 6.4.1, DLSR); `now` is NTP time.
/// `None` when it answers no report of ours, or nonsense.
pub(crate) fn round_trip(now: u64, block: &Block) -> Option<Duration> {
    if block.last_report == 0 {
        return None;
    }
    let middle = (now >> 16 & 0xffff_ffff) as u32;
    let units = middle.wrapping_sub(block.last_report).wrapping_sub(block.since_report);
    // A little less than nothing is the peer's rounding.
    let units = u64::try_from(units.cast_signed()).unwrap_or(0);
    let trip = Duration::from_micros(units * 1_000_000 / 65_536);
    (trip <= ROUND_TRIP_MAX).then_some(trip)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLOCK_OF_OURS: Block = Block {
        ssrc: 7,
        fraction_lost: 51,
        lost: 0x0001_0203,
        highest: 0x0001_ffff,
        jitter: 480,
        last_report: 0x0304_0506,
        since_report: 32_768,
    };

    fn written(sent: Option<Sent>, heard: Option<Block>, bye: bool) -> Vec<u8> {
        let mut buffer = [0; REPORT_MAX];
        let length = write_report(&mut buffer, 9, sent, heard, bye);
        buffer[..length].to_vec()
    }

    fn sent() -> Sent {
        Sent { ntp: ntp(Duration::from_secs(1)), timestamp: 960, packets: 2, octets: 6 }
    }

    #[test]
    fn a_compound_report_has_whole_parts_in_legal_order() {
        for (sent, first) in [(Some(sent()), 200), (None, 201)] {
            let report = written(sent, Some(BLOCK_OF_OURS), true);
            let (mut at, mut kinds) = (0, Vec::new());
            while at < report.len() {
                kinds.push(report[at + 1]);
                at += 4 * (1 + usize::from(u16::from_be_bytes([report[at + 2], report[at + 3]])));
            }
            assert_eq!(at, report.len());
            assert_eq!(kinds, [first, 202, 203]);
        }
    }

    #[test]
    fn what_is_written_can_be_read_and_blocks_about_others_are_passed_over() {
        let report = written(Some(sent()), Some(BLOCK_OF_OURS), true);
        let middle = (sent().ntp >> 16 & 0xffff_ffff) as u32;
        let told = read(&report, 7);
        assert_eq!(told, Told { sent: Some((9, middle)), about_us: Some(BLOCK_OF_OURS) });
        assert_eq!(read(&report, 8).about_us, None);
        let report = written(None, Some(BLOCK_OF_OURS), false);
        assert_eq!(read(&report, 7), Told { sent: None, about_us: Some(BLOCK_OF_OURS) });
        // Two blocks, ours the second.
        let mut two = written(None, Some(Block { ssrc: 1, ..BLOCK_OF_OURS }), false);
        two[0] += 1;
        two[3] += 6;
        let ours = written(None, Some(BLOCK_OF_OURS), false);
        two.splice(32..32, ours[8..32].iter().copied());
        assert_eq!(read(&two, 7).about_us, Some(BLOCK_OF_OURS));
    }

    #[test]
    fn cut_off_reports_are_read_as_far_as_they_go_and_never_beyond() {
        let report = written(Some(sent()), Some(BLOCK_OF_OURS), true);
        for end in 0..report.len() {
            let told = read(&report[..end], 7);
            assert!(told.about_us.is_none() || end >= 52);
        }
        let mut lies = report;
        lies[0] |= 0x1f;
        assert_eq!(read(&lies, 7).about_us, Some(BLOCK_OF_OURS));
        lies[3] = 0xff;
        assert_eq!(read(&lies, 7), Told::default());
    }

    #[test]
    fn the_round_trip_is_what_is_left_of_the_time_since_our_report() {
        let at = |seconds: f64| ntp(Duration::from_secs_f64(seconds));
        let middle = |seconds| (at(seconds) >> 16 & 0xffff_ffff) as u32;
        let block =
            |last_report, since_report| Block { last_report, since_report, ..BLOCK_OF_OURS };
        let trip = round_trip(at(100.75), &block(middle(100.0), 32_768)).unwrap();
        assert!(trip.abs_diff(Duration::from_millis(250)) < Duration::from_millis(1));
        let rounded = round_trip(at(100.499), &block(middle(100.0), 32_768));
        assert_eq!(rounded, Some(Duration::ZERO));
        assert_eq!(round_trip(at(100.0), &block(0, 0)), None, "it has no report of ours");
        assert_eq!(round_trip(at(120.0), &block(middle(100.0), 0)), None, "nonsense");
    }
}
