//! One direction's RTP or RTCP protection, whichever profile was agreed.

use super::cm::{self, Cm};
use super::gcm::{self, Gcm};
use super::lanes::Message;
use super::tag::{Expected, Untagged};

/// Bytes of the SRTCP index word.
const INDEX: usize = 4;
/// RTCP bytes left in the clear: first header word and SSRC.
const RTCP_CLEAR: usize = 8;
/// The bit of the index word that says the packet is encrypted.
const ENCRYPTED: u32 = 1 << 31;

pub(super) enum Cipher {
    Cm(Box<Cm>),
    Gcm(Box<Gcm>),
}

impl Cipher {
    /// Reads the keys.
    pub(super) fn touch(&self) {
        match self {
            Self::Cm(cm) => cm.touch(),
            Self::Gcm(gcm) => gcm.touch(),
        }
    }

    /// Protects the RTP packet in `buffer[..length]` and returns its new length; `None` when the
    /// buffer has no room for the tag.
    pub(super) fn seal_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header: usize,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let (length, untagged) = self.cover_rtp(ssrc, index, header, buffer, length)?;
        untagged.map_or(Some(length), |untagged| untagged.finish(buffer, length))
    }

    /// The same without the tag where others' tags can be made together with it: AES-CM. Its
    /// packet is whole once it is finished.
    pub(super) fn cover_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header: usize,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<(usize, Option<Untagged>)> {
        match self {
            Self::Cm(cm) => {
                cm.apply(ssrc, index, buffer.get_mut(header..length)?);
                Some((length, Some(Untagged::new(*cm.hmac(), rollover(index)))))
            }
            Self::Gcm(gcm) => {
                let (head, body) = buffer.split_at_mut_checked(header)?;
                let data = body.get_mut(..length.checked_sub(header)?)?;
                let tag = gcm.seal(ssrc, index, head, data)?;
                append(buffer, length, &tag).map(|length| (length, None))
            }
        }
    }

    /// What the tag of a received packet is made of; `None` where it is not made alone.
    pub(super) fn message<'a>(&'a self, index: u64, packet: &'a [u8]) -> Option<Message<'a>> {
        match self {
            Self::Cm(cm) => {
                let end = packet.len().checked_sub(cm::TAG)?;
                Some(Message::new(cm.hmac(), &packet[..end], rollover(index)))
            }
            Self::Gcm(_) => None,
        }
    }

    /// Verifies and decrypts an RTP packet; returns where its payload ends. `expected` spares the
    /// making of the tag, if it is that of this packet with this rollover counter.
    pub(super) fn open_rtp(
        &self,
        ssrc: u32,
        index: u64,
        header: usize,
        packet: &mut [u8],
        expected: Option<Expected>,
    ) -> Option<usize> {
        match self {
            Self::Cm(cm) => {
                let end = packet.len().checked_sub(cm::TAG)?;
                let (message, tag) = packet.split_at_mut(end);
                let rollover = rollover(index);
                let expected = expected.and_then(|expected| expected.with(rollover));
                let expected = expected.unwrap_or_else(|| cm.tag(message, &rollover));
                if header > end || !cm::is_same(&expected, tag) {
                    return None;
                }
                cm.apply(ssrc, index, &mut message[header..]);
                Some(end)
            }
            Self::Gcm(gcm) => {
                let end = packet.len().checked_sub(gcm::TAG)?;
                if header > end {
                    return None;
                }
                let (head, sealed) = packet.split_at_mut(header);
                gcm.open(ssrc, index, head, sealed).map(|()| end)
            }
        }
    }

    /// Protects the compound RTCP packet in `buffer[..length]` and returns its new length.
    pub(super) fn seal_rtcp(
        &self,
        ssrc: u32,
        index: u32,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let word = (index | ENCRYPTED).to_be_bytes();
        match self {
            Self::Cm(cm) => {
                cm.apply(ssrc, index.into(), buffer.get_mut(RTCP_CLEAR..length)?);
                let length = append(buffer, length, &word)?;
                let tag = cm.tag(&buffer[..length], &[]);
                append(buffer, length, &tag)
            }
            Self::Gcm(gcm) => {
                let (head, body) = buffer.split_at_mut_checked(RTCP_CLEAR)?;
                let data = body.get_mut(..length.checked_sub(RTCP_CLEAR)?)?;
                let tag = gcm.seal(ssrc, index.into(), &associated(head, word), data)?;
                let length = append(buffer, length, &tag)?;
                append(buffer, length, &word)
            }
        }
    }

    /// The index an SRTCP packet claims, before anything is verified. `None` for packets that
    /// are too short or not encrypted, which WebRTC never sends.
    pub(super) fn claimed_rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        let end = match self {
            Self::Cm(_) => packet.len().checked_sub(cm::TAG)?,
            Self::Gcm(_) => packet.len(),
        };
        let word = packet.get(end.checked_sub(INDEX)?..end)?;
        let word = u32::from_be_bytes(word.try_into().ok()?);
        (word & ENCRYPTED != 0).then_some(word & !ENCRYPTED)
    }

    /// Verifies and decrypts an SRTCP packet; returns where the plain packet ends.
    pub(super) fn open_rtcp(&self, ssrc: u32, index: u32, packet: &mut [u8]) -> Option<usize> {
        match self {
            Self::Cm(cm) => {
                let tagged = packet.len().checked_sub(cm::TAG)?;
                let (message, tag) = packet.split_at_mut(tagged);
                let end = tagged.checked_sub(INDEX)?;
                if end < RTCP_CLEAR || !cm::is_same(&cm.tag(message, &[]), tag) {
                    return None;
                }
                cm.apply(ssrc, index.into(), &mut message[RTCP_CLEAR..end]);
                Some(end)
            }
            Self::Gcm(gcm) => {
                let sealed_end = packet.len().checked_sub(INDEX)?;
                let end = sealed_end.checked_sub(gcm::TAG)?;
                if end < RTCP_CLEAR {
                    return None;
                }
                let word = (index | ENCRYPTED).to_be_bytes();
                let (head, rest) = packet.split_at_mut(RTCP_CLEAR);
                let sealed = &mut rest[..sealed_end - RTCP_CLEAR];
                gcm.open(ssrc, index.into(), &associated(head, word), sealed).map(|()| end)
            }
        }
    }
}

fn rollover(index: u64) -> [u8; 4] {
    let bytes = index.to_be_bytes();
    [bytes[2], bytes[3], bytes[4], bytes[5]]
}

fn associated(head: &[u8], word: [u8; INDEX]) -> [u8; RTCP_CLEAR + INDEX] {
    let mut bytes = [0; RTCP_CLEAR + INDEX];
    bytes[..RTCP_CLEAR].copy_from_slice(&head[..RTCP_CLEAR]);
    bytes[RTCP_CLEAR..].copy_from_slice(&word);
    bytes
}

pub(super) fn append(buffer: &mut [u8], length: usize, bytes: &[u8]) -> Option<usize> {
    let end = length.checked_add(bytes.len())?;
    buffer.get_mut(length..end)?.copy_from_slice(bytes);
    Some(end)
}
