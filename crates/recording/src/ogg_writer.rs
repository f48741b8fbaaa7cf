//! Ogg/Opus with two uncoupled mono streams (RFC 7845 with channel mapping family 1).

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use model::{CallId, RecordingId, Timestamp};

use crate::ogg_page::{OggPage, Place};
use crate::packet::{Framing, SLOT};
use crate::track::{OggTrack, SlotInput};

/// Samples a player drops in front: the lookahead of libopus at 48 kHz, which the encoders of
/// both sides have put in front of their sound.
pub(crate) const PRE_SKIP: u64 = 312;
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
    page: OggPage,
    caller: OggTrack,
    agent: OggTrack,
    /// Samples of all packets so far, which is the granule position.
    granule: u64,
}

impl OggWriter {
    /// Writes the two header pages.
    pub(crate) fn new(file: Arc<File>, tags: &Tags) -> std::io::Result<Self> {
        let mut page = OggPage::new(tags.id.as_uuid().as_u64_pair().1 as u32);
        let mut headers = Vec::new();
        for header in [opus_head(), opus_tags(tags)] {
            page.packet(|body| body.extend(&header));
            headers.extend(page.end(0, Place::Within));
        }
        (&*file).write_all(&headers)?;
        let (caller, agent) = (OggTrack::default(), OggTrack::default());
        Ok(Self { file, page, caller, agent, granule: 0 })
    }

    /// Adds 20 ms. With `total`, the length of the whole recording in samples, it is the last.
    /// Returns whether a page reached the file.
    pub(crate) fn slot(
        &mut self,
        caller: &SlotInput<'_>,
        agent: &SlotInput<'_>,
        total: Option<u64>,
    ) -> std::io::Result<bool> {
        let Self { page, caller: left, agent: right, .. } = self;
        page.packet(|body| {
            left.packet(caller, Framing::SelfDelimiting, body);
            right.packet(agent, Framing::Plain, body);
        });
        self.granule += SLOT;
        let page = match total {
            Some(total) => self.page.end(self.granule.min(total + PRE_SKIP), Place::Last),
            None if self.page.is_full() => self.page.end(self.granule, Place::Within),
            None => return Ok(false),
        };
        (&*self.file).write_all(page)?;
        Ok(true)
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
