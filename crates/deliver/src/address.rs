//! Which addresses may be sent to: those of others, never of our own network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use reqwest::Url;

/// Longest address taken, in bytes.
const LENGTH_MAX: usize = 2_048;

/// Why an address cannot be sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Not an address of the web.
    #[error("the address must be like https://crm.example.com/events, without name and password")]
    Form,
    /// Not encrypted.
    #[error("the address must begin with https://; events name callers")]
    NotEncrypted,
    /// It belongs to a network that is not public.
    #[error(
        "the address is of a private or local network; set `allow_private = true` under \
         [deliveries] if that is meant"
    )]
    Private,
}

/// Reads an address that somebody gave us. What a name stands for is checked again whenever it is
/// connected to.
///
/// # Errors
/// [`AddressError`].
pub fn check_address(text: &str, allow_private: bool) -> Result<Url, AddressError> {
    if text.len() > LENGTH_MAX {
        return Err(AddressError::Form);
    }
    let url = Url::parse(text.trim()).map_err(|_| AddressError::Form)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !plain || !url.has_host() {
        return Err(AddressError::Form);
    }
    if allow_private {
        return Ok(url);
    }
    if url.scheme() != "https" {
        return Err(AddressError::NotEncrypted);
    }
    if literal(&url).is_some_and(|ip| !is_public(ip)) || is_local_name(&url) {
        return Err(AddressError::Private);
    }
    Ok(url)
}

/// The IP address that stands in the URL itself; no name is looked up for it.
pub(crate) fn literal(url: &Url) -> Option<IpAddr> {
    let host = url.host_str()?;
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

fn is_local_name(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_end_matches('.');
    let last = host.rsplit('.').next().unwrap_or_default();
    matches!(last, "localhost" | "local" | "internal")
}

/// Whether an address is one of the public internet. What is not surely public is not.
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240 // reserved, and broadcast
        || (a == 100 && (64..128).contains(&b)) // shared by carriers
        || (a == 192 && b == 0 && c == 0) // protocol assignments
        || (a == 192 && b == 88 && c == 99) // 6to4 relays
        || (a == 198 && (b == 18 || b == 19)); // benchmarks
    !special
}

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = ip.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = ip.to_ipv4_mapped() {
        return is_public_v4(mapped);
    }
    match (a, b, c, d, e, f) {
        (0x64, 0xff9b, 0, 0, 0, 0) => v4(g, h), // NAT64
        (0x2002, ..) => v4(b, c),               // 6to4
        // Teredo and its neighbours, and documentation.
        (0x2001, low, ..) if low < 0x200 || low == 0xdb8 => false,
        (0x3fff, low, ..) if low < 0x1000 => false, // documentation
        _ => (0x2000..0x4000).contains(&a),         // global unicast, nothing else
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_are_public() {
        for public in [
            "8.8.8.8",
            "93.184.216.34",
            "100.63.0.1",
            "172.32.0.1",
            "2606:4700::1111",
            "64:ff9b::808:808",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for other in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "100::1",
        ] {
            assert!(!is_public(other.parse().unwrap()), "{other}");
        }
    }

    #[test]
    fn an_address_into_our_own_network_is_refused_in_every_spelling() {
        use AddressError::{Form, NotEncrypted, Private};
        for (text, why) in [
            ("https://127.0.0.1/x", Private),
            ("https://2130706433/", Private),
            ("https://0x7f.1/", Private),
            ("https://0177.0.0.1/", Private),
            ("https://[::1]/", Private),
            ("https://[::ffff:169.254.169.254]/", Private),
            ("https://localhost/", Private),
            ("https://LOCALHOST./", Private),
            ("https://db.internal/", Private),
            ("https://printer.local/", Private),
            ("http://crm.example.com/", NotEncrypted),
            ("ftp://crm.example.com/", Form),
            ("file:///etc/passwd", Form),
            ("https://user:pw@crm.example.com/", Form),
            ("https://crm.example.com/#x", Form),
            ("crm.example.com", Form),
            ("", Form),
        ] {
            assert_eq!(check_address(text, false), Err(why), "{text}");
        }
        assert!(check_address("https://crm.example.com/events?x=1", false).is_ok());
        assert!(check_address("http://127.0.0.1:9000/", true).is_ok());
    }
}
