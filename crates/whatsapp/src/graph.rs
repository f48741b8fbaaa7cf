//! The Graph client for calls: one method per verb, each bounded in time, attempts and bytes.

mod answer;
mod attempt;
mod body;
mod error;
mod retry;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{LineId, SdpText, Wacid};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};

use crate::signature::keyed_hmac;
use body::Body;
pub use error::GraphError;
use retry::Verb;

/// Time to open a connection, in seconds. Meta's edge is near everywhere; an address that does
/// not answer within this has to leave time for another try inside the ring window.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest time-out of a single request, whatever is configured: no verb may outlast it.
const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// How to reach Meta.
#[derive(Debug, Clone)]
pub struct GraphConfig {
    /// `https://graph.facebook.com`, or the simulator's address. A path in front of the version
    /// is kept.
    pub base_url: String,
    /// Graph version, such as `v23.0`.
    pub version: String,
    /// Access token of a system user with `whatsapp_business_messaging`.
    pub token: SecretString,
    /// The **app secret**, when the Meta app demands proofs: every request then carries
    /// `appsecret_proof`, the HMAC-SHA-256 of the token under this secret.
    pub app_secret_proof: Option<SecretString>,
    /// Time-out of one request. [`GraphConfig::DEFAULT_TIMEOUT`] unless there is a reason.
    pub timeout: Duration,
}

impl GraphConfig {
    /// Meta answers in well under a second; five leave room for one retry before the caller of a
    /// ringing phone gives up.
    pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);
}

/// Meta's calls endpoint. Clones share connections.
#[derive(Clone)]
pub struct Graph {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// Base address with the version, without the line.
    base: Url,
    proof: Option<SecretString>,
    timeout: Duration,
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Graph({})", self.inner.base)
    }
}

impl Graph {
    /// Checks the configuration and prepares the client; touches no network.
    ///
    /// # Errors
    /// [`GraphError::Setup`] when an address, version or token cannot be used, or when no rustls
    /// crypto provider is installed in this process.
    pub fn new(config: GraphConfig) -> Result<Self, GraphError> {
        let base = base_url(&config)?;
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(GraphError::setup(
                "no rustls crypto provider is installed; install ring's as the first act of main",
            ));
        }
        let mut builder = reqwest::Client::builder()
            .default_headers(headers(&config.token)?)
            .connect_timeout(CONNECT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none()) // a token never follows a redirect
            .user_agent(concat!("ringdown/", env!("CARGO_PKG_VERSION")));
        if base.scheme() == "http" {
            // Only a simulator speaks plain HTTP: no proxy, no need for the system's certificates.
            builder = builder.no_proxy().tls_certs_only([]);
        }
        let http = builder.build().map_err(|_| {
            GraphError::setup("the TLS client cannot be set up; are CA certificates installed?")
        })?;
        let proof = config
            .app_secret_proof
            .as_ref()
            .map(|secret| proof(&config.token, secret))
            .transpose()?;
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                base,
                proof,
                timeout: config.timeout.min(REQUEST_TIMEOUT_MAX),
            }),
        })
    }

    /// Gives Meta our answer while agents still ring, so that ICE and DTLS are up before anyone
    /// picks up.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; an ambiguous one may nevertheless have happened.
    pub async fn pre_accept(
        &self,
        line: &LineId,
        call: &Wacid,
        sdp: &SdpText,
    ) -> Result<(), GraphError> {
        let body = Body::with_answer(call, "pre_accept", sdp);
        self.send(line, Verb::PreAccept, &body).await
    }

    /// Picks up. The answer must be the one given to [`Graph::pre_accept`], byte for byte. Send
    /// no audio before this returns `Ok`.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; an ambiguous one may nevertheless have happened: media
    /// tells.
    pub async fn accept(
        &self,
        line: &LineId,
        call: &Wacid,
        sdp: &SdpText,
    ) -> Result<(), GraphError> {
        let body = Body::with_answer(call, "accept", sdp);
        self.send(line, Verb::Accept, &body).await
    }

    /// Declines a call nobody picked up.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; see [`GraphError::is_already_done`].
    pub async fn reject(&self, line: &LineId, call: &Wacid) -> Result<(), GraphError> {
        let body = Body::bare(call, "reject");
        self.send(line, Verb::Reject, &body).await
    }

    /// Hangs up. Needed whenever our side ends a call; harmless when the call is already over.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; see [`GraphError::is_already_done`].
    pub async fn terminate(&self, line: &LineId, call: &Wacid) -> Result<(), GraphError> {
        let body = Body::bare(call, "terminate");
        self.send(line, Verb::Terminate, &body).await
    }

    fn calls_url(&self, line: &LineId) -> Result<Url, GraphError> {
        let mut url = self.inner.base.clone();
        match url.path_segments_mut() {
            // `push` percent-encodes, so an odd line id cannot reach another endpoint.
            Ok(mut path) => path.pop_if_empty().push(line.as_str()).push("calls"),
            Err(()) => return Err(GraphError::setup("the base address cannot have a path")),
        };
        if let Some(proof) = &self.inner.proof {
            url.query_pairs_mut().append_pair("appsecret_proof", proof.expose_secret());
        }
        Ok(url)
    }
}

fn base_url(config: &GraphConfig) -> Result<Url, GraphError> {
    let wrong = || {
        GraphError::setup(
            "the Graph base address must be like https://graph.facebook.com, without query",
        )
    };
    let mut url = Url::parse(config.base_url.trim()).map_err(|_| wrong())?;
    let plain = url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
        return Err(wrong());
    }
    let version = config.version.trim();
    let numbers = version.strip_prefix('v').unwrap_or_default();
    let is_version = numbers.split('.').count() == 2
        && numbers
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_version {
        return Err(GraphError::setup("the Graph version must be like v23.0"));
    }
    match url.path_segments_mut() {
        Ok(mut path) => path.pop_if_empty().push(version),
        Err(()) => return Err(wrong()),
    };
    Ok(url)
}

fn headers(token: &SecretString) -> Result<HeaderMap, GraphError> {
    let token = token.expose_secret();
    if token.trim().is_empty() {
        return Err(GraphError::setup("the Graph access token is blank"));
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| {
        GraphError::setup("the Graph access token has characters no token has (a line break?)")
    })?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
}

fn proof(token: &SecretString, app_secret: &SecretString) -> Result<SecretString, GraphError> {
    use hmac::Mac;
    if app_secret.expose_secret().trim().is_empty() {
        return Err(GraphError::setup("the app secret for appsecret_proof is blank"));
    }
    let digest = keyed_hmac(app_secret.expose_secret().as_bytes())
        .chain_update(token.expose_secret())
        .finalize()
        .into_bytes();
    Ok(hex::encode(digest).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_crypto_provider_is_an_error_instead_of_a_panic() {
        let config = GraphConfig {
            base_url: "https://graph.facebook.com".to_owned(),
            version: "v23.0".to_owned(),
            token: "token".into(),
            app_secret_proof: None,
            timeout: GraphConfig::DEFAULT_TIMEOUT,
        };
        let Err(GraphError::Setup { what }) = Graph::new(config) else {
            panic!("no test of this binary installs a provider");
        };
        assert!(what.contains("provider"));
    }
}
