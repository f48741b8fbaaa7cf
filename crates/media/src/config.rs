//! What an operator may choose about the media plane.

use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;
use std::ops::RangeInclusive;

/// Addresses and ports of the media plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaConfig {
    /// The local address every media socket binds. `::` serves IPv6 and IPv4, `0.0.0.0` IPv4 only.
    pub bind: IpAddr,
    /// Addresses written into SDP, for hosts whose public address is not their own. Empty means
    /// the bind address, which must then be a real one (not `0.0.0.0` or `::`).
    pub advertise: Vec<IpAddr>,
    /// Threads that carry sound, each with the legs of its own calls.
    pub shards: NonZeroU16,
    /// The UDP port that the agent legs of the first shard share; each further shard takes the
    /// next port. 0 takes any free ports.
    pub agent_port: u16,
    /// The same for TCP, for browsers that cannot send UDP (RFC 6544). `None`: no TCP.
    pub agent_tcp_port: Option<u16>,
    /// Ports WhatsApp legs may take, one socket each; `0..=0` takes any free port.
    pub whatsapp_ports: RangeInclusive<u16>,
    /// Accept loopback, link-local and private remote candidates from a WhatsApp offer. For the
    /// demo, tests and LANs; off, a forged offer cannot make the daemon probe the inside network.
    pub allow_private_remotes: bool,
}

impl Default for MediaConfig {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            advertise: Vec::new(),
            shards: NonZeroU16::MIN,
            agent_port: 0,
            agent_tcp_port: None,
            whatsapp_ports: 0..=0,
            allow_private_remotes: false,
        }
    }
}
