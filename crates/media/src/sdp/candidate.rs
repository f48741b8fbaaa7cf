//! Remote candidates: reading the line, and deciding what may be probed at all.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::RemoteCandidate;

/// Which remote addresses may be probed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Reach {
    /// Our socket sends IPv4.
    pub(crate) v4: bool,
    /// Our socket sends IPv6.
    pub(crate) v6: bool,
    /// Loopback, link-local and private ranges are allowed too.
    pub(crate) private: bool,
}

/// Reads `foundation component udp priority address port typ …` (RFC 8839 section 5.1). `None`
/// for everything that cannot be probed: TCP, RTCP components, names (never resolved), port 0.
pub(super) fn read(value: &str, reach: Reach) -> Option<RemoteCandidate> {
    let mut words = value.split_ascii_whitespace();
    let _foundation = words.next()?;
    let component = words.next()?;
    let transport = words.next()?;
    let priority = words.next()?.parse().ok()?;
    let ip: IpAddr = words.next()?.parse().ok()?;
    let port: u16 = words.next()?.parse().ok()?;
    let probed = component == "1" && transport.eq_ignore_ascii_case("udp") && port != 0;
    (probed && reach.allows(ip))
        .then(|| RemoteCandidate { address: SocketAddr::new(ip, port), priority })
}

impl Reach {
    /// Of sockets bound to `bind`; the wildcard address of IPv6 serves both families.
    pub(crate) fn of(bind: IpAddr, private: bool) -> Self {
        let v6 = bind.is_ipv6();
        Self { v4: !v6 || bind.is_unspecified(), v6, private }
    }

    /// Whether our socket can send to addresses like this one.
    pub(crate) const fn serves(self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(_) => self.v4,
            IpAddr::V6(_) => self.v6,
        }
    }

    fn allows(self, ip: IpAddr) -> bool {
        match ip {
            IpAddr::V4(ip) => self.v4 && is_host_v4(ip) && (self.private || is_public_v4(ip)),
            IpAddr::V6(ip) => self.v6 && is_host_v6(ip) && (self.private || is_public_v6(ip)),
        }
    }
}

fn is_host_v4(ip: Ipv4Addr) -> bool {
    // 0.0.0.0/8 reaches this host on Linux; 224.0.0.0/3 is multicast, reserved and broadcast.
    ip.octets()[0] != 0 && ip.octets()[0] < 224
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    let carrier_nat = a == 100 && (64..128).contains(&b);
    !(ip.is_loopback() || ip.is_private() || ip.is_link_local() || carrier_nat)
}

fn is_host_v6(ip: Ipv6Addr) -> bool {
    // ::/96 and ::ffff:0:0/96 embed IPv4 addresses and so would slip past the IPv4 rules.
    let embeds_v4 = ip.segments()[..5] == [0; 5] && !ip.is_loopback();
    !(ip.is_multicast() || ip.is_unspecified() || embeds_v4)
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let first = ip.segments()[0];
    let unique_local = first & 0xfe00 == 0xfc00;
    let link_local = first & 0xffc0 == 0xfe80;
    let site_local = first & 0xffc0 == 0xfec0;
    // Translation prefixes (RFC 6052, RFC 3056) lead to whatever IPv4 address they embed.
    let nat64 = ip.segments()[..2] == [0x64, 0xff9b];
    let six_to_four = first == 0x2002;
    !(ip.is_loopback() || unique_local || link_local || site_local || nat64 || six_to_four)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORLD_V4: Reach = Reach { v4: true, v6: false, private: false };
    const WORLD_V6: Reach = Reach { v4: false, v6: true, private: false };

    #[test]
    fn addresses_of_the_inside_are_never_probed() {
        for ip in [
            "127.0.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "100.127.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
        ] {
            assert!(!WORLD_V4.allows(ip.parse().unwrap()), "{ip}");
        }
        for ip in [
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fe80::1",
            "fec0::1",
            "fc00::1",
            "fd12:3456::1",
            "ff02::1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::1",
        ] {
            assert!(!WORLD_V6.allows(ip.parse().unwrap()), "{ip}");
        }
    }

    #[test]
    fn public_addresses_of_our_family_are_probed() {
        assert!(WORLD_V4.allows("157.240.20.1".parse().unwrap()));
        assert!(WORLD_V4.allows("172.32.0.1".parse().unwrap()));
        assert!(WORLD_V4.allows("100.128.0.1".parse().unwrap()));
        assert!(WORLD_V6.allows("2a03:2880:f343:131::1".parse().unwrap()));
        assert!(!WORLD_V4.allows("2a03:2880:f343:131::1".parse().unwrap()));
        assert!(!WORLD_V6.allows("157.240.20.1".parse().unwrap()));
    }

    #[test]
    fn allowing_private_remotes_still_refuses_what_is_no_host() {
        let lan = Reach { private: true, ..WORLD_V4 };
        assert!(lan.allows("127.0.0.1".parse().unwrap()));
        assert!(lan.allows("192.168.1.1".parse().unwrap()));
        for ip in ["0.0.0.0", "224.0.0.1", "255.255.255.255"] {
            assert!(!lan.allows(ip.parse().unwrap()), "{ip}");
        }
        let lan6 = Reach { private: true, ..WORLD_V6 };
        assert!(lan6.allows("::1".parse().unwrap()));
        assert!(!lan6.allows("::ffff:127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn only_udp_component_one_with_a_literal_address_is_read() {
        let line = |text| read(text, WORLD_V4).map(|candidate| candidate.address.to_string());
        assert_eq!(
            line(
                "1 1 UDP 2122260223 57.144.1.2 3480 typ host generation 0 network-cost 50 ufrag a/b"
            ),
            Some("57.144.1.2:3480".to_owned())
        );
        for text in [
            "",
            "1 1 udp",
            "1 2 udp 1 57.144.1.2 3480 typ host",
            "1 1 tcp 1 57.144.1.2 9 typ host tcptype active",
            "1 1 udp 1 57.144.1.2 0 typ host",
            "1 1 udp 1 57.144.1.2 70000 typ host",
            "1 1 udp x 57.144.1.2 3480 typ host",
            "1 1 udp 1 3f2a.local 3480 typ host",
            "1 1 udp 1 metadata.internal 80 typ host",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }
}
