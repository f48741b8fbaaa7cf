//! The Graph client for calls: one method per verb, each bounded in time, attempts and bytes.

mod analytics;
mod answer;
mod attempt;
mod body;
mod clock;
mod contact;
mod error;
mod retry;
mod token;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use model::{LineId, SdpText, Wacid};
use parking_lot::RwLock;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

pub use analytics::CallPoint;
use body::Body;
use clock::MetaClock;
pub use contact::{CallAllowance, Permission, PermissionStatus};
pub use error::GraphError;
use retry::Verb;
use token::Token;

/// Time to open a connection, in seconds. Meta's edge is near everywhere; an address that does
/// not answer within this has to leave time for another try inside the ring window.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Longest time-out of a single request, whatever is configured: no verb may outlast it.
const REQUEST_TIMEOUT_MAX: Duration = Duration::from_secs(10);

/// The call that is asked about to see whether a line works: no id that Meta gives out.
const PROBE_CALL: &str = "wacid.UHJvYmU";

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

/// Where a request goes, who sends it, and its body.
type Request = (Url, Token, Option<bytes::Bytes>);

/// Meta's calls endpoint. Clones share connections.
#[derive(Clone)]
pub struct Graph {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    /// Base address with the version, without the line.
    base: Url,
    token: RwLock<Token>,
    /// Makes the proofs of later tokens, too.
    proof_secret: Option<SecretString>,
    timeout: Duration,
    clock: MetaClock,
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
        let token = Token::new(&config.token, config.app_secret_proof.as_ref())?;
        Ok(Self {
            inner: Arc::new(Inner {
                http,
                base,
                token: RwLock::new(token),
                proof_secret: config.app_secret_proof,
                timeout: config.timeout.min(REQUEST_TIMEOUT_MAX),
                clock: MetaClock::default(),
            }),
        })
    }

    /// Meta's wall clock less ours, in milliseconds, as its last answers told; 0 before the first.
    pub fn clock_ahead_ms(&self) -> i64 {
        self.inner.clock.ahead_ms()
    }

    /// Uses another access token from the next request on.
    ///
    /// # Errors
    /// [`GraphError::Setup`] when it cannot be a token; the old one stays.
    pub fn renew_token(&self, token: &SecretString) -> Result<(), GraphError> {
        let renewed = Token::new(token, self.inner.proof_secret.as_ref())?;
        *self.inner.token.write() = renewed;
        Ok(())
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
        self.act(line, Verb::PreAccept, &body).await
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
        self.act(line, Verb::Accept, &body).await
    }

    /// Declines a call nobody picked up.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; see [`GraphError::is_already_done`].
    pub async fn reject(&self, line: &LineId, call: &Wacid) -> Result<(), GraphError> {
        let body = Body::bare(call, "reject");
        self.act(line, Verb::Reject, &body).await
    }

    /// Hangs up. Needed whenever our side ends a call; harmless when the call is already over.
    ///
    /// # Errors
    /// [`GraphError`] after the retries; see [`GraphError::is_already_done`].
    pub async fn terminate(&self, line: &LineId, call: &Wacid) -> Result<(), GraphError> {
        let body = Body::bare(call, "terminate");
        self.act(line, Verb::Terminate, &body).await
    }

    /// Asks Meta to end a call that cannot exist. Where the line works this is refused, for the
    /// call's sake and not for the token's; nothing else is so harmless and needs just the
    /// permission that calls need.
    ///
    /// # Errors
    /// [`GraphError`]: what Meta said, or that it said nothing.
    pub async fn probe(&self, line: &LineId) -> Result<(), GraphError> {
        let nobody =
            Wacid::new(PROBE_CALL).map_err(|_| GraphError::setup("no call to ask about"))?;
        self.terminate(line, &nobody).await
    }

    async fn act(&self, line: &LineId, verb: Verb, body: &Body<'_>) -> Result<(), GraphError> {
        let token = self.inner.token.read().clone();
        let url = self.url(line, "calls", &token)?;
        self.send(line, verb, (url, token, Some(body.bytes())), answer::success).await
    }

    /// The address of something of a line.
    fn url(&self, line: &LineId, what: &str, token: &Token) -> Result<Url, GraphError> {
        let mut url = self.inner.base.clone();
        match url.path_segments_mut() {
            // `push` percent-encodes, so an odd line id cannot reach another endpoint.
            Ok(mut path) => path.pop_if_empty().push(line.as_str()).push(what),
            Err(()) => return Err(GraphError::setup("the base address cannot have a path")),
        };
        if let Some(proof) = &token.proof {
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
