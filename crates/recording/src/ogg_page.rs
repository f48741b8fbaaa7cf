//! Ogg pages (RFC 3533 section 6) of one logical stream, whose packets never cross pages: a page
//! that a crash tears takes nothing of its neighbours along.

use crc::{Algorithm, Crc, Table};

/// Packets of one page: 480 ms, so that with the poll a page is on disk within 550 ms.
const PAGE_PACKETS: usize = 24;
/// A page that has this many of its 255 segments is ended: the largest packet (two tracks of
/// eight frames of 1275 bytes) needs 81.
const PAGE_SEGMENTS: usize = 170;
/// Bytes in front of the segment table, and where in them the checksum stands.
const HEADER: usize = 27;
const CHECKSUM: usize = 22;
/// The checksum of RFC 3533: not reflected, nothing at the start, nothing at the end.
const OGG_CRC: Algorithm<u32> = Algorithm {
    width: 32,
    poly: 0x04c1_1db7,
    init: 0,
    refin: false,
    refout: false,
    xorout: 0,
    check: 0x89a1_897f,
    residue: 0,
};
static CHECK: Crc<u32, Table<16>> = Crc::<u32, Table<16>>::new(&OGG_CRC);

/// The checksum of a page whose checksum field is zero.
pub(crate) fn checksum(page: &[u8]) -> u32 {
    CHECK.checksum(page)
}

/// Where in the stream a page stands; that it is the first one is known anyway.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    Within,
    Last,
}

/// The page that is being filled.
pub(crate) struct OggPage {
    serial: u32,
    /// How many pages came before.
    sequence: u32,
    /// Lengths of packets in pieces of 255 (section 5, lacing).
    segments: Vec<u8>,
    packets: usize,
    body: Vec<u8>,
    /// The page that was ended last, whole.
    whole: Vec<u8>,
}

impl OggPage {
    pub(crate) const fn new(serial: u32) -> Self {
        Self {
            serial,
            sequence: 0,
            segments: Vec::new(),
            packets: 0,
            body: Vec::new(),
            whole: Vec::new(),
        }
    }

    /// Adds the packet that `write` appends.
    pub(crate) fn packet(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.body.len();
        write(&mut self.body);
        let length = self.body.len() - before;
        self.segments.extend(std::iter::repeat_n(255, length / 255));
        self.segments.push((length % 255) as u8);
        self.packets += 1;
    }

    /// Whether the page should be ended before the next packet.
    pub(crate) const fn is_full(&self) -> bool {
        self.packets >= PAGE_PACKETS || self.segments.len() >= PAGE_SEGMENTS
    }

    /// Ends the page and returns its bytes; the next packet begins another one. `granule` is the
    /// position behind its last packet, in samples.
    pub(crate) fn end(&mut self, granule: u64, place: Place) -> &[u8] {
        let begin = if self.sequence == 0 { 0x02 } else { 0 };
        let kind = match place {
            Place::Within => begin,
            Place::Last => begin | 0x04,
        };
        let page = &mut self.whole;
        page.clear();
        page.reserve(HEADER + self.segments.len() + self.body.len());
        page.extend(b"OggS");
        page.extend([0, kind]);
        page.extend(granule.to_le_bytes());
        page.extend(self.serial.to_le_bytes());
        page.extend(self.sequence.to_le_bytes());
        page.extend([0; 4]);
        // A packet has 81 segments at most and the page was not full before it: at most 250.
        page.push(self.segments.len() as u8);
        page.extend(&self.segments);
        page.extend(&self.body);
        let check = checksum(page).to_le_bytes();
        page[CHECKSUM..CHECKSUM + 4].copy_from_slice(&check);
        self.sequence = self.sequence.wrapping_add(1);
        self.segments.clear();
        self.body.clear();
        self.packets = 0;
        page
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use ogg::PacketReader;

    use super::*;

    #[test]
    fn another_reader_finds_the_packets_and_where_they_stand() {
        let mut page = OggPage::new(77);
        let packets: Vec<Vec<u8>> =
            [0usize, 1, 254, 255, 256, 509, 510, 511, 3_000].map(|n| vec![n as u8; n]).into();
        let mut file = Vec::new();
        page.packet(|body| body.extend(b"head"));
        file.extend(page.end(0, Place::Within));
        for packet in &packets {
            page.packet(|body| body.extend(packet));
        }
        file.extend(page.end(4_711, Place::Last));
        let mut reader = PacketReader::new(Cursor::new(file));
        let first = reader.read_packet().unwrap().unwrap();
        assert!(first.first_in_stream() && first.stream_serial() == 77);
        for (number, packet) in packets.iter().enumerate() {
            let read = reader.read_packet().unwrap().expect("as many as were written");
            assert_eq!((&read.data, read.absgp_page()), (packet, 4_711));
            assert_eq!(read.last_in_stream(), number + 1 == packets.len());
        }
        assert!(reader.read_packet().unwrap().is_none());
    }

    #[test]
    fn a_page_of_the_largest_packets_is_full_in_time() {
        let mut page = OggPage::new(1);
        while !page.is_full() {
            page.packet(|body| body.extend([9; 2 * 8 * (1_275 + 2)]));
        }
        assert!(page.segments.len() <= 255);
        for _ in 0..PAGE_PACKETS {
            assert!(page.end(0, Place::Within).len() > HEADER);
            (0..PAGE_PACKETS).for_each(|_| page.packet(|body| body.push(1)));
            assert!(page.is_full(), "480 ms");
        }
    }
}
