//! RTP headers (RFC 3550 section 5.1): reading any, writing ours.

/// Bytes of the header we write: no CSRC, no extension.
pub(crate) const HEADER: usize = 12;

/// A received header. Nothing in it is verified by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    /// Bytes up to the payload, CSRCs and extension included.
    pub(crate) length: usize,
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) padded: bool,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) ssrc: u32,
}

impl Header {
    /// Reads a header; `None` when the packet is shorter than it says or not version 2.
    pub(crate) fn read(packet: &[u8]) -> Option<Self> {
        let fixed: &[u8; HEADER] = packet.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut length = HEADER + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(length + 2..length + 4)?;
            length += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        (length <= packet.len()).then_some(Self {
            length,
            payload_type: fixed[1] & 0x7f,
            marker: fixed[1] & 0x80 != 0,
            padded: fixed[0] & 0x20 != 0,
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
        })
    }

    /// The payload of the decrypted packet `plain`, without padding. `None` when the padding
    /// count is a lie.
    pub(crate) fn payload<'a>(&self, plain: &'a [u8]) -> Option<&'a [u8]> {
        let payload = plain.get(self.length..)?;
        if !self.padded {
            return Some(payload);
        }
        let padding = usize::from(*payload.last()?);
        let end = payload.len().checked_sub(padding)?;
        (padding > 0).then(|| &payload[..end])
    }
}

/// Whether a packet with first byte 128 to 191 is RTCP (RFC 5761 section 4).
pub(crate) fn is_rtcp(packet: &[u8]) -> bool {
    packet.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Writes a 12-byte header.
pub(crate) fn write(
    buffer: &mut [u8; HEADER],
    payload_type: u8,
    marker: bool,
    sequence: u16,
    timestamp: u32,
    ssrc: u32,
) {
    buffer[0] = 0x80;
    buffer[1] = payload_type & 0x7f | if marker { 0x80 } else { 0 };
    buffer[2..4].copy_from_slice(&sequence.to_be_bytes());
    buffer[4..8].copy_from_slice(&timestamp.to_be_bytes());
    buffer[8..12].copy_from_slice(&ssrc.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csrcs_extensions_and_padding_are_stepped_over() {
        let mut packet = vec![0x80 | 0x20 | 0x10 | 1, 0x80 | 111, 0, 7, 0, 0, 3, 0xc0];
        packet.extend([0, 0, 0, 9, 1, 2, 3, 4, 0xbe, 0xde, 0, 1, 5, 6, 7, 8]);
        packet.extend([0xaa, 0xbb, 0, 2]);
        let header = Header::read(&packet).unwrap();
        assert_eq!((header.sequence, header.timestamp, header.ssrc), (7, 960, 9));
        assert!(header.marker);
        assert_eq!(header.payload(&packet), Some(&[0xaa, 0xbb][..]));
    }

    #[test]
    fn headers_longer_than_the_packet_and_padding_longer_than_the_payload_are_refused() {
        assert_eq!(Header::read(&[0x80; 11]), None);
        assert_eq!(Header::read(&[0x8f; 20]), None);
        assert_eq!(Header::read(&[0x40; 20]), None);
        let mut extension = [0x90; 16];
        extension[14..].copy_from_slice(&[0xff, 0xff]);
        assert_eq!(Header::read(&extension), None);
        let mut padded = [0; 14];
        padded[0] = 0xa0;
        padded[13] = 3;
        let header = Header::read(&padded).unwrap();
        assert_eq!(header.payload(&padded), None);
        padded[13] = 0;
        assert_eq!(header.payload(&padded), None);
        assert_eq!(header.payload(&padded[..12]), None);
    }
}
