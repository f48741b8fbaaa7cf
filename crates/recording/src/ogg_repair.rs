//! Makes a torn Ogg/Opus file whole: everything up to the last whole page is kept, and that page
//! becomes the end of the stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

use ogg::reading::PageParser;

use crate::ogg_page;
use crate::ogg_writer::PRE_SKIP;
use crate::packet::SLOT;
use crate::writer::Salvaged;

/// Bytes of a page header before the segment table, RFC 3533 section 6.
const HEADER_BYTES: usize = 27;
/// The bit of the header type that says "last page".
const END_OF_STREAM: u8 = 0x04;
/// The pages of `OpusHead` and `OpusTags`.
const HEADER_PAGES: usize = 2;

/// A page whose checksum is right.
#[derive(Clone, Copy, Debug)]
struct Page {
    at: usize,
    end: usize,
    granule: u64,
    packets: u64,
}

/// Cuts after the last whole page and ends the stream there. `None` when there is no sound.
pub(crate) fn cut(file: &mut File) -> io::Result<Option<Salvaged>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut bytes)?;
    let pages = whole_pages(&bytes);
    let Some((headers, sound)) = pages.split_at_checked(HEADER_PAGES) else { return Ok(None) };
    let headers_intact = bytes.get(28..36) == Some(b"OpusHead")
        && headers.iter().all(|page| page.granule == 0)
        && headers[0].at == 0;
    let Some(last) = sound.last().filter(|_| headers_intact) else { return Ok(None) };
    if last.end < bytes.len() {
        file.set_len(last.end as u64)?;
    }
    let page = &mut bytes[last.at..last.end];
    if page[5] & END_OF_STREAM == 0 {
        page[5] |= END_OF_STREAM;
        page[22..26].fill(0);
        let checksum = ogg_page::checksum(page).to_le_bytes();
        page[22..26].copy_from_slice(&checksum);
        file.seek(SeekFrom::Start(last.at as u64))?;
        file.write_all(&page[..HEADER_BYTES])?;
    }
    Ok(Some(Salvaged { samples: last.granule.saturating_sub(PRE_SKIP), damaged: holes(sound) }))
}

/// Every page with a right checksum, wherever it begins: one damaged page costs only itself.
fn whole_pages(bytes: &[u8]) -> Vec<Page> {
    let mut pages = Vec::new();
    let mut at = 0;
    while at + HEADER_BYTES <= bytes.len() {
        match page_at(bytes, at) {
            Some(page) => {
                at = page.end;
                pages.push(page);
            }
            None => at += 1,
        }
    }
    pages
}

fn page_at(bytes: &[u8], at: usize) -> Option<Page> {
    let rest = bytes.get(at..)?;
    let header: [u8; HEADER_BYTES] = rest.get(..HEADER_BYTES)?.try_into().ok()?;
    if !header.starts_with(b"OggS") {
        return None;
    }
    let (mut parser, segments) = PageParser::new(header).ok()?;
    let table = rest.get(HEADER_BYTES..HEADER_BYTES + segments)?;
    let packets = table.iter().filter(|length| **length < 255).count() as u64;
    let body = parser.parse_segments(table.to_vec());
    let end = HEADER_BYTES + segments + body;
    parser.parse_packet_data(rest.get(HEADER_BYTES + segments..end)?.to_vec()).ok()?;
    let granule = u64::from_le_bytes(header[6..14].try_into().ok()?);
    Some(Page { at, end: at + end, granule, packets })
}

/// Where granule positions jump because pages between are damaged, in samples of the recording.
fn holes(sound: &[Page]) -> Vec<(u64, u64)> {
    let mut known = 0;
    let mut found = Vec::new();
    for page in sound {
        let start = page.granule.saturating_sub(page.packets * SLOT);
        if start > known {
            found.push((known.saturating_sub(PRE_SKIP), start.saturating_sub(PRE_SKIP)));
        }
        known = page.granule;
    }
    found
}
