//! Protecting what we send.

use super::cipher::Cipher;
use super::tag::Untagged;
use crate::rtp;

pub(crate) struct Outbound {
    rtp: Cipher,
    rtcp: Cipher,
    rtcp_index: u32,
}

impl Outbound {
    pub(super) const fn new(rtp: Cipher, rtcp: Cipher) -> Self {
        Self { rtp, rtcp, rtcp_index: 0 }
    }

    /// The index of the next SRTCP packet.
    pub(super) const fn rtcp_index(&self) -> u32 {
        self.rtcp_index
    }

    /// Goes on behind the SRTCP packets another process has sent.
    pub(super) fn with_rtcp_index(self, rtcp_index: u32) -> Self {
        Self { rtcp_index, ..self }
    }

    /// Reads what sealing RTP needs, so that it is near by then.
    pub(crate) fn touch(&self) {
        self.rtp.touch();
    }

    /// Protects the RTP packet in `buffer[..length]`, which must start with our 12-byte header.
    /// `index` is its extended sequence number and must never be used twice.
    pub(crate) fn seal_rtp(
        &self,
        ssrc: u32,
        index: u64,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        self.rtp.seal_rtp(ssrc, index, rtp::HEADER, buffer, length)
    }

    /// The same, but the tag may still have to be made.
    pub(crate) fn cover_rtp(
        &self,
        ssrc: u32,
        index: u64,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<(usize, Option<Untagged>)> {
        self.rtp.cover_rtp(ssrc, index, rtp::HEADER, buffer, length)
    }

    /// The same for a header of any length, as another stack may write it.
    pub(crate) fn seal_foreign_rtp(
        &self,
        (ssrc, index): (u32, u64),
        header: usize,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        self.rtp.seal_rtp(ssrc, index, header, buffer, length)
    }

    /// Protects the compound RTCP packet in `buffer[..length]`. `None` once the 31-bit index is
    /// used up (68 years at one packet a second), because it must never repeat.
    pub(crate) fn seal_rtcp(
        &mut self,
        ssrc: u32,
        buffer: &mut [u8],
        length: usize,
    ) -> Option<usize> {
        let index = self.rtcp_index;
        if index >= 1 << 31 {
            return None;
        }
        self.rtcp_index += 1;
        self.rtcp.seal_rtcp(ssrc, index, buffer, length)
    }
}
