//! `[media]`: addresses and ports of sound.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::num::NonZeroU16;

use crate::problem::Place;
use crate::section::Section;

/// Where sound flows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Media {
    /// The address the UDP sockets are bound to.
    pub bind: IpAddr,
    /// Addresses to tell the other side instead of the bound ones: the public address of a
    /// machine behind 1:1 NAT. Empty: the bound address, or those of the interfaces.
    pub advertise: Vec<IpAddr>,
    /// Threads that carry sound.
    pub threads: NonZeroU16,
    /// The UDP port that the agents of the first thread share; each further thread takes the next
    /// one. Port 0 takes any free ports.
    pub agent_port: u16,
    /// The same for TCP, where browsers come to that cannot send UDP. `None`: no TCP.
    pub agent_tcp_port: Option<NonZeroU16>,
    /// UDP ports of calls at Meta; each live call has one of its own.
    pub whatsapp_ports: PortRange,
    /// Whether Meta's side may name private addresses. Only for the simulator: otherwise a
    /// forged offer could make the daemon probe the network it stands in.
    pub allow_private_remotes: bool,
}

/// An inclusive range of UDP ports. `0-0` takes any free ports.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PortRange {
    /// The lowest.
    pub first: u16,
    /// The highest; not below the first.
    pub last: u16,
}

impl PortRange {
    /// How many ports it has; of any free ports there are as many as there may be.
    pub const fn count(self) -> u32 {
        if self.is_any() {
            return u16::MAX as u32;
        }
        self.last as u32 - self.first as u32 + 1
    }

    /// Whether the system chooses the ports.
    pub const fn is_any(self) -> bool {
        self.last == 0
    }

    /// Whether a port lies in it.
    pub const fn contains(self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }

    /// Reads `40000-40999` or `0-0`; ports below 1024 belong to the system.
    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        let range = Self { first: first.trim().parse().ok()?, last: last.trim().parse().ok()? };
        let is_range = range.first >= 1024 && range.first <= range.last;
        (is_range || (range.is_any() && range.first == 0)).then_some(range)
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// Threads when none are configured, at most: thousands of calls, and as many ports as the shipped
/// firewall rules open.
const DEFAULT_THREADS_MAX: u16 = 4;
/// More threads than this is a slip of the pen.
const THREADS_MAX: u32 = 64;
/// STUN's own port: the likeliest to be let out of an agent's office.
const DEFAULT_AGENT_PORT: u16 = 3478;
/// A thousand calls, below the range that Linux hands to outgoing connections by itself.
const DEFAULT_WHATSAPP_PORTS: PortRange = PortRange { first: 40_000, last: 40_999 };

impl Media {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let address = "an IP address, such as 203.0.113.7";
        let threads = section.integer("threads", 0, 0..=THREADS_MAX);
        let agent_port = section.integer("agent_port", DEFAULT_AGENT_PORT.into(), 0..=65_535);
        let agent_tcp_port = section.integer("agent_tcp_port", 0, 0..=65_535);
        let media = Self {
            bind: section
                .parsed("bind", Ipv4Addr::UNSPECIFIED.into(), address, |text| text.parse().ok()),
            advertise: section.list("advertise", "an address of one machine", |text| {
                let address: IpAddr = text.parse().ok()?;
                (!address.is_unspecified() && !address.is_multicast()).then_some(address)
            }),
            threads: u16::try_from(threads)
                .ok()
                .and_then(NonZeroU16::new)
                .unwrap_or_else(one_per_processor),
            agent_port: u16::try_from(agent_port).unwrap_or(DEFAULT_AGENT_PORT),
            agent_tcp_port: u16::try_from(agent_tcp_port).ok().and_then(NonZeroU16::new),
            whatsapp_ports: section.parsed(
                "whatsapp_ports",
                DEFAULT_WHATSAPP_PORTS,
                "a range of ports from 1024 on, such as 40000-40999",
                PortRange::read,
            ),
            allow_private_remotes: section.boolean("allow_private_remotes", false),
        };
        media.check_agent_ports(section);
        media.check_agent_tcp_ports(section);
        media
    }

    /// TCP ports are not those of UDP, so that they only must exist.
    fn check_agent_tcp_ports(&self, section: &mut Section<'_, '_>) {
        if let Some(first) = self.agent_tcp_port {
            self.last_port(first.get(), "agent_tcp_port", section);
        }
    }

    /// The last of the ports that the threads take from `first` on.
    fn last_port(&self, first: u16, key: &str, section: &mut Section<'_, '_>) -> Option<u16> {
        let last = first.checked_add(self.threads.get() - 1);
        if last.is_none() {
            section.problem(
                key,
                format!("there are no {} ports from {first} on", self.threads),
                "each of media.threads takes one; choose a lower port".to_owned(),
                Place::Nowhere,
            );
        }
        last
    }

    /// Every thread needs a port of its own beside those towards Meta.
    fn check_agent_ports(&self, section: &mut Section<'_, '_>) {
        let (first, ports) = (self.agent_port, self.whatsapp_ports);
        if first == 0 {
            return;
        }
        let Some(last) = self.last_port(first, "agent_port", section) else {
            return;
        };
        let within = (first..=last).find(|port| !ports.is_any() && ports.contains(*port));
        if let Some(port) = within {
            section.problem(
                "agent_port",
                format!("port {port} lies within media.whatsapp_ports ({ports})"),
                "choose a port outside that range; each of media.threads takes one".to_owned(),
                Place::Nowhere,
            );
        }
    }
}

fn one_per_processor() -> NonZeroU16 {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = u16::try_from(processors).unwrap_or(u16::MAX).min(DEFAULT_THREADS_MAX);
    NonZeroU16::new(threads).unwrap_or(NonZeroU16::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_range_counts_both_ends() {
        let range = PortRange::read("40000-40999").unwrap();
        assert_eq!(range.count(), 1_000);
        assert!(range.contains(40_000) && range.contains(40_999) && !range.contains(41_000));
        assert_eq!(range.to_string(), "40000-40999");
        assert!(PortRange::read("0-0").unwrap().is_any());
        for bad in ["40000", "9-0", "40999-40000", "80-90", "1024-70000", "a-b", "-"] {
            assert_eq!(PortRange::read(bad), None, "{bad}");
        }
    }
}
