//! Opening what we receive. A forged packet changes nothing: indexes are estimated from state that
//! only verified packets moved, and state is kept per source only once a packet of it verified.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use super::cipher::Cipher;
use super::lanes::Message;
use super::tag::Expected;
use super::window::Window;
use crate::rtp;

/// Sources remembered per leg and kind. Replacing a source keeps its replay window, so that
/// switching back cannot replay it; a peer that has used up 16 sources is refused new ones.
const SOURCES_MAX: usize = 16;

pub(crate) struct Inbound {
    rtp: Cipher,
    rtcp: Cipher,
    rtp_sources: Vec<Source>,
    rtcp_sources: Vec<Source>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Source {
    ssrc: u32,
    window: Window,
}

/// A verified and decrypted RTP packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RtpHeard {
    /// Sequence number extended by the rollover counter.
    pub(crate) index: u64,
    /// Where the payload ends in the packet.
    pub(crate) end: usize,
}

impl Inbound {
    pub(super) fn new(rtp: Cipher, rtcp: Cipher) -> Self {
        Self { rtp, rtcp, rtp_sources: Vec::new(), rtcp_sources: Vec::new() }
    }

    /// The replay windows: of RTP, then of RTCP.
    pub(super) fn sources(&self) -> [Vec<Source>; 2] {
        [self.rtp_sources.clone(), self.rtcp_sources.clone()]
    }

    /// Goes on with the replay windows of another process. `None` when there are more than can be.
    pub(super) fn with_sources(self, [rtp, rtcp]: [Vec<Source>; 2]) -> Option<Self> {
        let fits = rtp.len() <= SOURCES_MAX && rtcp.len() <= SOURCES_MAX;
        fits.then_some(Self { rtp_sources: rtp, rtcp_sources: rtcp, ..self })
    }

    /// Reads what opening RTP needs, so that it is near by then.
    pub(crate) fn touch(&self) {
        black_box(self.rtp_sources.first().map(|source| source.ssrc));
        self.rtp.touch();
    }

    /// What the tag of this packet is made of. `None` when [`Self::open_rtp`] has no use for it:
    /// the packet is no RTP, old, or protected otherwise; or the first of its source.
    pub(crate) fn message<'a>(&'a self, packet: &'a [u8]) -> Option<Message<'a>> {
        let header = rtp::Header::read(packet).filter(|_| !rtp::is_rtcp(packet))?;
        let window = self.rtp_sources[position(&self.rtp_sources, header.ssrc)?].window;
        let index = estimate(window.highest(), header.sequence)?;
        self.rtp.message(index, packet).filter(|_| window.is_fresh(index))
    }

    /// Verifies and decrypts in place. `None`: forged, replayed, or one source too many. The
    /// `expected` tag is one of this packet made from [`Self::message`].
    pub(crate) fn open_rtp(
        &mut self,
        header: &rtp::Header,
        packet: &mut [u8],
        expected: Option<Expected>,
    ) -> Option<RtpHeard> {
        let known = position(&self.rtp_sources, header.ssrc);
        let window = match known {
            Some(at) => self.rtp_sources[at].window,
            None if self.rtp_sources.len() < SOURCES_MAX => {
                Window::starting_at(header.sequence.into())
            }
            None => return None,
        };
        let index = estimate(window.highest(), header.sequence)?;
        if !window.is_fresh(index) {
            return None;
        }
        let end = self.rtp.open_rtp(header.ssrc, index, header.length, packet, expected)?;
        accept(&mut self.rtp_sources, known, header.ssrc, window, index);
        Some(RtpHeard { index, end })
    }

    /// Verifies and decrypts a compound RTCP packet in place and returns its plain length.
    pub(crate) fn open_rtcp(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = u32::from_be_bytes(packet.get(4..8)?.try_into().ok()?);
        let index = self.rtcp.claimed_rtcp_index(packet)?;
        let known = position(&self.rtcp_sources, ssrc);
        let window = match known {
            Some(at) => self.rtcp_sources[at].window,
            None if self.rtcp_sources.len() < SOURCES_MAX => Window::starting_at(index.into()),
            None => return None,
        };
        if !window.is_fresh(index.into()) {
            return None;
        }
        let end = self.rtcp.open_rtcp(ssrc, index, packet)?;
        accept(&mut self.rtcp_sources, known, ssrc, window, index.into());
        Some(end)
    }
}

fn position(sources: &[Source], ssrc: u32) -> Option<usize> {
    sources.iter().position(|source| source.ssrc == ssrc)
}

fn accept(
    sources: &mut Vec<Source>,
    known: Option<usize>,
    ssrc: u32,
    mut window: Window,
    index: u64,
) {
    window.accept(index);
    match known {
        Some(at) => sources[at].window = window,
        None => sources.push(Source { ssrc, window }),
    }
}

/// The index nearest to `highest` that ends in `sequence` (RFC 3711 appendix A). `None` when it
/// would lie before the first rollover.
fn estimate(highest: u64, sequence: u16) -> Option<u64> {
    let rollover = highest >> 16;
    let last = (highest & 0xffff) as u16;
    let rollover = if last < 0x8000 && sequence.saturating_sub(last) > 0x8000 {
        rollover.checked_sub(1)?
    } else if last >= 0x8000 && last - 0x8000 > sequence {
        rollover + 1
    } else {
        rollover
    };
    // 2^48 packets exhaust a key; at 50 packets/s that is 178,000 years.
    (rollover < 1 << 32).then(|| rollover << 16 | u64::from(sequence))
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn the_rollover_counter_follows_wraps_in_both_directions() {
        assert_eq!(estimate(10, 11), Some(11));
        assert_eq!(estimate(65_535, 0), Some(65_536));
        assert_eq!(estimate(65_536, 65_535), Some(65_535));
        assert_eq!(estimate(65_540, 65_000), Some(65_000));
        assert_eq!(estimate(5, 65_535), None);
        assert_eq!(estimate(3 << 16 | 0x7fff, 0xffff), Some(3 << 16 | 0xffff));
        assert_eq!(estimate(3 << 16 | 0x8001, 0), Some(4 << 16));
    }
}
