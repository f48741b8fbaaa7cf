//! Ogg/Opus with two uncoupled mono streams (RFC 7845 with channel mapping family 1).

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use model::{CallId, RecordingId, Timestamp};
use ogg::{PacketWriteEndInfo, PacketWriter};

use crate::packet::{Framing, SLOT};
use crate::track::{OggTrack, SlotInput};

/// Samples a player drops in front: the lookahead of libopus at 48 kHz, which the encoders of
/// both sides have put in front of their sound.
pub(crate) const PRE_SKIP: u64 = 312;
/// Packets of one page: 480 ms, so that with the poll of 20 ms a page is on disk every 500 ms.
const PAGE_PACKETS: u32 = 24;
/// A page that has this many of its 255 segments is ended: the largest packet (two tracks of
/// eight frames of 1275 bytes) needs 81, and no packet may be cut in two by a crash.
const PAGE_SEGMENTS: usize = 170;

/// What the comments of a file say about it.
#[derive(Clone, Debug)]
pub(crate) struct Tags {
    pub(crate) id: RecordingId,
    pub(crate) call: CallId,
    pub(crate) started_at: Timestamp,
}

/// Packs slots into pages and pages into the file.
pub(crate) struct OggWriter {
    file: Arc<File>,
    /// Collects a page; it reaches the file in one write.
    pages: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    caller: OggTrack,
    agent: OggTrack,
    /// Samples of all packets so far, which is the granule position.
    granule: u64,
    page_packets: u32,
    page_segments: usize,
}

impl OggWriter {
    /// Writes the two header pages.
    pub(crate) fn new(file: Arc<File>, tags: &Tags) -> std::io::Result<Self> {
        let serial = tags.id.as_uuid().as_u64_pair().1 as u32;
        let mut pages = PacketWriter::new(Vec::new());
        pages.write_packet(opus_head(), serial, PacketWriteEndInfo::EndPage, 0)?;
        pages.write_packet(opus_tags(tags), serial, PacketWriteEndInfo::EndPage, 0)?;
        let mut writer = Self {
            file,
            pages,
            serial,
            caller: OggTrack::default(),
            agent: OggTrack::default(),
            granule: 0,
            page_packets: 0,
            page_segments: 0,
        };
        writer.flush()?;
        Ok(writer)
    }

    /// Adds 20 ms. With `total`, the length of the whole recording in samples, it is the last.
    /// Returns whether a page reached the file.
    pub(crate) fn slot(
        &mut self,
        caller: &SlotInput<'_>,
        agent: &SlotInput<'_>,
        total: Option<u64>,
    ) -> std::io::Result<bool> {
        let mut packet = Vec::with_capacity(256);
        self.caller.packet(caller, Framing::SelfDelimiting, &mut packet);
        self.agent.packet(agent, Framing::Plain, &mut packet);
        self.granule += SLOT;
        self.page_packets += 1;
        self.page_segments += packet.len() / 255 + 1;
        let full = self.page_packets >= PAGE_PACKETS || self.page_segments >= PAGE_SEGMENTS;
        let (end, granule) = match total {
            Some(total) => (PacketWriteEndInfo::EndStream, self.granule.min(total + PRE_SKIP)),
            None if full => (PacketWriteEndInfo::EndPage, self.granule),
            None => (PacketWriteEndInfo::NormalPacket, self.granule),
        };
        self.pages.write_packet(packet, self.serial, end, granule)?;
        if total.is_none() && !full {
            return Ok(false);
        }
        self.flush()?;
        Ok(true)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let page = std::mem::take(self.pages.inner_mut());
        self.page_packets = 0;
        self.page_segments = 0;
        (&*self.file).write_all(&page)
    }
}

/// RFC 7845 section 5.1: two streams, none coupled, first stream left, second right.
fn opus_head() -> Vec<u8> {
    let mut head = b"OpusHead".to_vec();
    head.extend([1, 2]); // version, channels
    head.extend((PRE_SKIP as u16).to_le_bytes());
    head.extend(48_000u32.to_le_bytes());
    head.extend(0u16.to_le_bytes()); // output gain
    head.extend([1, 2, 0, 0, 1]); // mapping family, streams, coupled streams, mapping
    head
}

/// RFC 7845 section 5.2. The ids name the call; no number and no name of a person goes in.
fn opus_tags(tags: &Tags) -> Vec<u8> {
    let comments = [
        format!("DATE={}", tags.started_at),
        format!("CALL={}", tags.call),
        format!("RECORDING={}", tags.id),
        "CHANNELS=caller left, agent right".to_owned(),
    ];
    let mut out = b"OpusTags".to_vec();
    let mut field = |text: &str| {
        out.extend((text.len() as u32).to_le_bytes());
        out.extend(text.as_bytes());
    };
    field(concat!("ringdown ", env!("CARGO_PKG_VERSION")));
    let mut list = Vec::new();
    for comment in &comments {
        list.extend((comment.len() as u32).to_le_bytes());
        list.extend(comment.as_bytes());
    }
    out.extend((comments.len() as u32).to_le_bytes());
    out.extend(list);
    out
}
