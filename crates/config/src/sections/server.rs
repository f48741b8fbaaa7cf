//! `[server]`: the listeners and who may open a socket.

use std::net::{Ipv4Addr, SocketAddr};

use crate::problem::Place;
use crate::section::Section;

/// Where the daemon listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// Webhooks, REST, the agent WebSocket and the desk. Port 0 takes any free port.
    pub listen: SocketAddr,
    /// `/live`, `/ready` and `/metrics`; never to be reachable from outside.
    pub admin_listen: SocketAddr,
    /// The address people and Meta use, when a proxy stands in front. Without trailing slash.
    pub public_url: Option<String>,
    /// Web pages beside the daemon's own that may open the agent WebSocket, as browsers write
    /// `Origin`.
    pub allowed_origins: Vec<String>,
}

const DEFAULT_PORT: u16 = 8080;
const DEFAULT_ADMIN_PORT: u16 = 9090;

impl Server {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let address = "an address with a port, such as 127.0.0.1:8080";
        let origin = "scheme and host of a page, such as https://crm.example.com";
        let parse = |text: &str| text.parse::<SocketAddr>().ok();
        let here = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let server = Self {
            listen: section.parsed("listen", here(DEFAULT_PORT), address, parse),
            admin_listen: section.parsed("admin_listen", here(DEFAULT_ADMIN_PORT), address, parse),
            public_url: section.optional("public_url", origin, web_origin),
            allowed_origins: section.list("allowed_origins", origin, web_origin),
        };
        if server.listen == server.admin_listen && server.listen.port() != 0 {
            section.problem(
                "admin_listen",
                format!("{} is also server.listen", server.admin_listen),
                "give the private listener another port".to_owned(),
                Place::Nowhere,
            );
        }
        server
    }
}

/// A web origin as browsers write it (RFC 6454): lower case, no path, no default port.
pub(super) fn web_origin(text: &str) -> Option<String> {
    let text = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
    let (scheme, authority) = text.split_once("://")?;
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    let is_name =
        |host: &str| host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'-');
    let is_address_6 = |host: &str| {
        host.strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok())
    };
    let host_is_good = !host.is_empty() && (is_name(host) || is_address_6(host));
    let port_is_good = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    (host_is_good && port_is_good).then(|| format!("{scheme}://{authority}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (text, origin) in [
            ("https://CRM.example.com/", Some("https://crm.example.com")),
            ("https://crm.example.com:443", Some("https://crm.example.com")),
            ("http://localhost:5173", Some("http://localhost:5173")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("http://[::1]", Some("http://[::1]")),
            ("https://crm.example.com/desk", None),
            ("https://user:hush@crm.example.com", None),
            ("crm.example.com", None),
            ("ftp://crm.example.com", None),
            ("https://", None),
            ("https://a:99999", None),
            ("*", None),
        ] {
            assert_eq!(web_origin(text).as_deref(), origin, "{text}");
        }
    }
}
