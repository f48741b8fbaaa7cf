//! Session descriptions: the little of RFC 8866, 8829 and 8839 that one audio stream needs. Reads
//! Meta's and browsers' offers and Meta's answers, and writes ours; never panics on what it is given.

mod answer;
mod candidate;
mod offer;
mod parse;

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

pub(crate) use answer::{Local, agent_answer, whatsapp_answer, whatsapp_offer};
pub(crate) use candidate::Reach;

/// Largest description read: ten times the largest offer a browser writes for one audio stream.
pub(crate) const SDP_BYTES_MAX: usize = 64 * 1024;
/// Remote candidates kept per leg. Meta sends two; more only means more probes to addresses that
/// somebody else chose.
pub(crate) const CANDIDATES_MAX: usize = 20;

/// Why a description cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SdpError {
    /// Nothing but white space.
    #[error("the description is empty; send the caller's SDP offer")]
    Empty,
    /// The literal `<<RFC 8866 SDP>>` of Meta's documentation.
    #[error("the description is the placeholder from the documentation, not an SDP")]
    Placeholder,
    /// More than 64 KiB.
    #[error("the description has {bytes} bytes; at most {SDP_BYTES_MAX} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// No live `m=audio` section.
    #[error("the description has no audio section; offer one m=audio line")]
    NoAudio,
    /// The audio section has no `opus/48000/2`.
    #[error("the audio section has no opus/48000/2; offer Opus (G.711 is not bridged)")]
    NoOpus,
    /// No `a=fingerprint:sha-256`.
    #[error("the description has no sha-256 fingerprint; DTLS-SRTP with sha-256 is required")]
    NoFingerprint,
    /// `a=ice-ufrag` or `a=ice-pwd` is missing or unusable.
    #[error("the description has no usable ice-ufrag and ice-pwd; ICE is required")]
    NoIceCredentials,
    /// Every candidate was filtered out: a name, another family, TCP, or a forbidden range.
    #[error(
        "no usable ICE candidate among {offered}: private and loopback addresses need \
         media.allow_private_remotes, names are never resolved, and the address family must be \
         the one media.bind has"
    )]
    NoUsableCandidate {
        /// Candidate lines in the offer.
        offered: usize,
    },
    /// The offer's `a=setup` leaves no role that works here.
    #[error("the offer says a=setup:{offered}, which leaves no DTLS role for the answer")]
    Setup {
        /// What the offer said.
        offered: &'static str,
    },
    /// An attribute that has to be copied into the answer is not copyable.
    #[error("the attribute a={attribute} is malformed")]
    Malformed {
        /// Its name.
        attribute: &'static str,
    },
}

/// The DTLS role a description asks for (RFC 4145, RFC 5763).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Setup {
    Active,
    Passive,
    ActPass,
}

/// Which way sound flows, from the view of who wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Flow {
    Both,
    SendOnly,
    ReceiveOnly,
}

/// Which description of which session ours is (RFC 3264 section 8).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Described {
    session: u64,
    version: u64,
}

impl Described {
    /// The first description of a new session.
    pub(crate) fn new() -> Self {
        // Below 2^63, as RFC 8829 section 5.2.1 asks.
        Self { session: rand::random::<u64>() >> 1, version: 2 }
    }

    /// The next description of the same session.
    pub(crate) const fn next(self) -> Self {
        Self { version: self.version.saturating_add(1), ..self }
    }
}

/// A remote ICE candidate that may be probed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct RemoteCandidate {
    pub(crate) address: SocketAddr,
    pub(crate) priority: u32,
}

/// A section of the offer that is answered with port 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Declined {
    pub(crate) kind: String,
    pub(crate) protocol: String,
    pub(crate) formats: String,
    pub(crate) mid: Option<String>,
}

/// What an offer says, as far as one audio stream needs it. Meta's answer to our offer is read as
/// one too: it says the same things.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Offer {
    pub(crate) ufrag: String,
    pub(crate) pwd: String,
    pub(crate) fingerprint: [u8; 32],
    pub(crate) setup: Setup,
    pub(crate) flow: Flow,
    pub(crate) mid: Option<String>,
    pub(crate) bundled: bool,
    pub(crate) protocol: String,
    pub(crate) opus: u8,
    pub(crate) telephone_event: Option<u8>,
    pub(crate) candidates: Vec<RemoteCandidate>,
    /// Candidate lines before filtering.
    pub(crate) candidates_offered: usize,
    pub(crate) declined_before: Vec<Declined>,
    pub(crate) declined_after: Vec<Declined>,
}

impl Offer {
    /// Reads an offer. Candidates are filtered by `reach`; having none left is no error here,
    /// because a lite agent does not need any.
    pub(crate) fn parse(text: &str, reach: Reach) -> Result<Self, SdpError> {
        offer::read(text, reach)
    }

    /// The DTLS role of a server is left for us.
    pub(crate) const fn lets_us_be_passive(&self) -> Result<(), SdpError> {
        match self.setup {
            Setup::ActPass | Setup::Active => Ok(()),
            Setup::Passive => Err(SdpError::Setup { offered: "passive" }),
        }
    }

    /// The same offer, provided that there is something to probe.
    pub(crate) fn with_candidates(self) -> Result<Self, SdpError> {
        if self.candidates.is_empty() {
            return Err(SdpError::NoUsableCandidate { offered: self.candidates_offered });
        }
        Ok(self)
    }
}

/// `IP4` or `IP6` and the address, as SDP writes them.
fn connection(address: IpAddr) -> String {
    match address {
        IpAddr::V4(ip) => format!("IN IP4 {ip}"),
        IpAddr::V6(ip) => format!("IN IP6 {ip}"),
    }
}

#[cfg(test)]
mod tests;
