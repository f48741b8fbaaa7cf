//! One HTTP request with a signed body, bounded in time and bytes.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use reqwest::{Response, StatusCode, Url};
use secrecy::SecretString;

use crate::address::{AddressError, is_public, literal};
use crate::signature::sign;

/// Longest time of one delivery, from the name to the answer's last byte.
pub const DELIVERY_TIME_MAX: Duration = Duration::from_secs(10);
/// Largest answer read, in bytes; the rest is not waited for.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// Idle connections kept to one receiver: deliveries to it are few at a time.
const IDLE_MAX: usize = 4;

const ID: HeaderName = HeaderName::from_static("ringdown-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("ringdown-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("ringdown-signature");

/// Which networks may be connected to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// The public internet.
    Public,
    /// Every network, our own included: for addresses that the operator chose.
    Everywhere,
}

/// Why a courier cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// The process has no TLS yet.
    #[error("no rustls crypto provider is installed; install ring's as the first act of main")]
    NoProvider,
    /// The HTTP client cannot be made.
    #[error("the HTTP client for deliveries cannot be set up")]
    Client,
}

/// Why a document was not taken. No variant holds the address or anything of the answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The address is not one we send to.
    #[error("{0}")]
    Address(#[from] AddressError),
    /// There was no connection.
    #[error("no connection: {0}")]
    Unreachable(&'static str),
    /// The receiver took too long.
    #[error("no answer within {} ms", .0.as_millis())]
    TooSlow(Duration),
    /// The connection broke.
    #[error("the connection was lost before the answer")]
    Lost,
    /// The receiver answered something else than 2xx.
    #[error("the receiver answered {0}")]
    Status(u16),
}

impl Failure {
    /// The status of the answer, if there was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(*status),
            Self::Address(_) | Self::Unreachable(_) | Self::TooSlow(_) | Self::Lost => None,
        }
    }

    /// Whether the receiver wants nothing more, ever: 410 Gone.
    pub fn is_gone(&self) -> bool {
        *self == Self::Status(StatusCode::GONE.as_u16())
    }
}

/// What is sent.
pub struct Letter<'a> {
    /// The same at every attempt, so that the receiver can drop what it has already.
    pub id: &'a str,
    /// The document.
    pub body: Bytes,
    /// Each gives a signature: one, or two while a rotation lasts.
    pub secrets: &'a [SecretString],
    /// When it is signed.
    pub at: Timestamp,
}

/// Sends documents. Clones share connections.
#[derive(Clone)]
pub struct Courier {
    http: reqwest::Client,
    reach: Reach,
}

impl fmt::Debug for Courier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Courier({:?})", self.reach)
    }
}

impl Courier {
    /// Prepares the client; touches no network.
    ///
    /// # Errors
    /// [`CourierError`].
    pub fn new(reach: Reach) -> Result<Self, CourierError> {
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            return Err(CourierError::NoProvider);
        }
        let builder = || {
            reqwest::Client::builder()
                // A redirect would lead a signed document where nobody checked.
                .redirect(reqwest::redirect::Policy::none())
                // A proxy would look names up itself, behind our back.
                .no_proxy()
                .dns_resolver(Arc::new(Names { reach }))
                .pool_max_idle_per_host(IDLE_MAX)
                .user_agent(concat!("ringdown/", env!("CARGO_PKG_VERSION")))
        };
        let http = builder().build().or_else(|_| {
            // A daemon without subscribers must start all the same.
            tracing::warn!("no CA certificates are installed: nothing can be delivered by https");
            builder().tls_certs_only([]).build().map_err(|_| CourierError::Client)
        })?;
        Ok(Self { http, reach })
    }

    /// Sends a document once.
    ///
    /// # Errors
    /// [`Failure`]; the receiver may have taken it all the same.
    pub async fn send(
        &self,
        url: &Url,
        letter: Letter<'_>,
        time: Duration,
    ) -> Result<StatusCode, Failure> {
        let (status, _) = self.ask(url, letter, time).await?;
        Ok(status)
    }

    /// Sends a document once and reads the answer; `None` when it is larger than allowed or broke
    /// off.
    pub(crate) async fn ask(
        &self,
        url: &Url,
        letter: Letter<'_>,
        time: Duration,
    ) -> Result<(StatusCode, Option<Bytes>), Failure> {
        // An address in the URL itself is not looked up, so the resolver does not see it.
        if self.reach == Reach::Public && literal(url).is_some_and(|ip| !is_public(ip)) {
            return Err(AddressError::Private.into());
        }
        let asked = tokio::time::timeout(time, async {
            let response = self.request(url, &letter).send().await.map_err(|e| classify(&e))?;
            let status = response.status();
            if !status.is_success() {
                return Err(Failure::Status(status.as_u16()));
            }
            Ok((status, read(response).await))
        });
        asked.await.unwrap_or(Err(Failure::TooSlow(time)))
    }

    fn request(&self, url: &Url, letter: &Letter<'_>) -> reqwest::RequestBuilder {
        let seconds = letter.at.as_millis().div_euclid(1_000);
        let signatures: Vec<String> =
            letter.secrets.iter().map(|secret| sign(secret, seconds, &letter.body)).collect();
        self.http
            .post(url.clone())
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .header(ID, letter.id)
            .header(TIMESTAMP, seconds)
            .header(SIGNATURE, signatures.join(" "))
            .body(letter.body.clone())
    }
}

async fn read(mut response: Response) -> Option<Bytes> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return None;
        }
        body.extend_from_slice(&chunk);
    }
    Some(body.into())
}

/// Names the failure without its text, which holds the address.
fn classify(error: &reqwest::Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if inner.is::<Refused>() {
            return AddressError::Private.into();
        }
        cause = inner.source();
    }
    if error.is_builder() {
        AddressError::Form.into()
    } else if error.is_connect() {
        Failure::Unreachable("the name is unknown, or nobody answers there, or TLS failed")
    } else {
        Failure::Lost
    }
}

/// Looks names up and leaves out what is not public: the connection is then made to exactly what
/// was checked, so a name cannot change its mind in between.
struct Names {
    reach: Reach,
}

#[derive(Debug, thiserror::Error)]
#[error("the name stands for a private address")]
struct Refused;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.reach;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            let allowed = allowed(reach, &found);
            if allowed.is_empty() && !found.is_empty() {
                return Err(Refused.into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

fn allowed(reach: Reach, found: &[SocketAddr]) -> Vec<SocketAddr> {
    let may = |address: &&SocketAddr| match reach {
        Reach::Everywhere => true,
        Reach::Public => is_public(address.ip()),
    };
    found.iter().filter(may).copied().collect()
}
