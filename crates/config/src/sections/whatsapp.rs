//! `[whatsapp]`: secrets of the Meta app and the way to its Graph API.

use std::path::PathBuf;

use secrecy::SecretString;

use crate::secret::Need;
use crate::section::Section;

/// How the daemon speaks with Meta.
#[derive(Debug)]
pub struct WhatsApp {
    /// Signs webhooks; never empty.
    pub app_secret: SecretString,
    /// Still accepted while the secret is being changed.
    pub previous_app_secret: Option<SecretString>,
    /// What Meta must echo when the webhook is set up.
    pub verify_token: SecretString,
    /// The bearer token of the Graph API.
    pub access_token: SecretString,
    /// The file the token came from, which is read again while the daemon runs.
    pub access_token_file: Option<PathBuf>,
    /// The Graph API's address, without trailing slash.
    pub graph_url: String,
    /// The Graph API's version, such as `v23.0`.
    pub graph_version: String,
    /// Whether Graph requests carry a proof made with the app secret, as an app with "require
    /// app secret" switched on demands.
    pub appsecret_proof: bool,
    /// The message template that asks contacts for the permission to call them when they have not
    /// written or called within 24 hours: its name and its language.
    pub permission_template: Option<(String, String)>,
}

impl WhatsApp {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let nothing = || SecretString::from("");
        let app_secret = section.secret(
            "app_secret",
            "app_secret_file",
            Need::Required(
                "the daemon does not start without it, because webhooks could not be verified",
            ),
        );
        let access_token = section.secret_and_file(
            "access_token",
            "access_token_file",
            Need::Required("calls could not be answered at Meta"),
        );
        let (access_token, access_token_file) = access_token.unwrap_or((nothing(), None));
        Self {
            app_secret: app_secret.unwrap_or_else(nothing),
            previous_app_secret: section.secret(
                "previous_app_secret",
                "previous_app_secret_file",
                Need::Optional,
            ),
            verify_token: section
                .secret(
                    "verify_token",
                    "verify_token_file",
                    Need::Required("Meta asks for it when the webhook is set up"),
                )
                .unwrap_or_else(nothing),
            access_token,
            access_token_file,
            graph_url: section.parsed(
                "graph_url",
                "https://graph.facebook.com".to_owned(),
                "an https address without path (http only on this machine)",
                graph_url,
            ),
            graph_version: section.parsed(
                "graph_version",
                "v23.0".to_owned(),
                "a version such as v23.0",
                graph_version,
            ),
            appsecret_proof: section.boolean("appsecret_proof", false),
            permission_template: permission_template(section),
        }
    }
}

fn permission_template(section: &mut Section<'_, '_>) -> Option<(String, String)> {
    let form = "letters, digits and underscores, as Meta writes it";
    let name = section.optional("permission_template", form, plain_word);
    let language =
        section.parsed("permission_template_language", "en".to_owned(), form, plain_word);
    name.map(|name| (name, language))
}

fn plain_word(text: &str) -> Option<String> {
    let is_plain = !text.is_empty()
        && text.len() <= 512
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_plain.then(|| text.to_owned())
}

/// The bearer token must not cross a network in clear.
fn graph_url(text: &str) -> Option<String> {
    let url = super::server::web_origin(text)?;
    let Some(authority) = url.strip_prefix("http://") else {
        return Some(url);
    };
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    let is_here = host == "localhost"
        || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    is_here.then_some(url)
}

fn graph_version(text: &str) -> Option<String> {
    let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (is_number(major) && is_number(minor)).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_leaves_this_machine_only_encrypted() {
        assert!(graph_url("https://graph.facebook.com").is_some());
        assert!(graph_url("http://127.0.0.1:4000").is_some());
        assert!(graph_url("http://[::1]:4000").is_some());
        assert!(graph_url("http://localhost:4000").is_some());
        assert!(graph_url("http://graph.facebook.com").is_none());
        assert!(graph_url("http://127.0.0.1.example.com").is_none());
    }

    #[test]
    fn a_graph_version_has_two_numbers() {
        assert!(graph_version("v23.0").is_some());
        for bad in ["23.0", "v23", "v.0", "v23.x", ""] {
            assert!(graph_version(bad).is_none(), "{bad}");
        }
    }
}
