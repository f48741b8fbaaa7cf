//! Which web pages may speak to us with a browser's help.

use axum::http::{HeaderMap, Uri, header};

/// Where a request says it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// No `Origin` header: not a browser (browsers send it with every WebSocket and every POST).
    Absent,
    /// A page that this daemon served.
    Same,
    /// A page that the configuration names.
    Listed,
    /// Any other page, `null`, several headers, or a header that cannot be read.
    Foreign,
}

impl Origin {
    /// Judges the `Origin` header. Same origin means the same host and port as the `Host` header:
    /// behind a proxy that ends TLS the scheme differs, and a page cannot choose `Host`.
    pub(crate) fn of(headers: &HeaderMap, allowed: &[String]) -> Self {
        let mut all = headers.get_all(header::ORIGIN).iter();
        let Some(first) = all.next() else {
            return Self::Absent;
        };
        let (Ok(origin), None) = (first.to_str(), all.next()) else {
            return Self::Foreign;
        };
        let Some(authority) = authority_of(origin) else {
            return Self::Foreign;
        };
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        if host.is_some_and(|host| host.eq_ignore_ascii_case(authority)) {
            return Self::Same;
        }
        let listed = |one: &String| one.trim_end_matches('/').eq_ignore_ascii_case(origin);
        if allowed.iter().any(listed) { Self::Listed } else { Self::Foreign }
    }
}

/// `host[:port]` of an http or https origin.
fn authority_of(origin: &str) -> Option<&str> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    (!rest.is_empty() && !rest.contains(['/', '@', '?', '#'])).then_some(rest)
}

/// Whether a URL carries a token: it would end in logs, histories and `Referer` headers.
pub(crate) fn has_token_in_query(uri: &Uri) -> bool {
    uri.query().is_some_and(|query| {
        query.split('&').any(|pair| {
            let name = pair.split('=').next().unwrap_or_default();
            ["token", "access_token", "jwt"].iter().any(|word| name.eq_ignore_ascii_case(word))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(origins: &[&str]) -> Origin {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "desk.example.com:8080".parse().unwrap());
        for origin in origins {
            headers.append(header::ORIGIN, origin.parse().unwrap());
        }
        Origin::of(&headers, &["https://crm.example.com".to_owned()])
    }

    #[test]
    fn only_our_own_pages_and_listed_ones_are_known() {
        for (origins, expected) in [
            (&[][..], Origin::Absent),
            (&["http://desk.example.com:8080"], Origin::Same),
            (&["https://DESK.example.com:8080"], Origin::Same),
            (&["https://crm.example.com"], Origin::Listed),
            (&["http://crm.example.com"], Origin::Foreign),
            (&["https://crm.example.com.evil.example"], Origin::Foreign),
            (&["http://desk.example.com"], Origin::Foreign),
            (&["http://evil.example"], Origin::Foreign),
            (&["http://evil.example@desk.example.com:8080"], Origin::Foreign),
            (&["null"], Origin::Foreign),
            (&[""], Origin::Foreign),
            (&["http://desk.example.com:8080", "http://evil.example"], Origin::Foreign),
        ] {
            assert_eq!(judged(origins), expected, "{origins:?}");
        }
    }

    #[test]
    fn a_token_in_the_address_is_noticed() {
        for (address, expected) in [
            ("/agent/v1", false),
            ("/agent/v1?device=3", false),
            ("/agent/v1?token=abc", true),
            ("/agent/v1?a=1&Token", true),
            ("/agent/v1?access_token=abc", true),
        ] {
            assert_eq!(has_token_in_query(&address.parse().unwrap()), expected);
        }
    }
}
