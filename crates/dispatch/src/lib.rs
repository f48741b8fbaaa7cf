//! Carries the events of the outbox to the endpoints that want them.
//!
//! Floor 3. One task per endpoint, so that a slow or dead one holds up no other; calls only ever
//! write into the outbox and wait for nobody. Each event is delivered at least once; the events
//! of one call in their order; what is under way at a crash is sent again.
#![warn(clippy::wildcard_enum_match_arm)]

mod counts;
mod postman;
mod rounds;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use deliver::{Courier, CourierError, Failure, Letter, Reach, check_address};
use model::Timestamp;
use secrecy::SecretString;
use store::{EndpointRow, Store};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use wire::events::PingResult;

use counts::Counts;

/// How long the daemon waits at its end for what is under way.
const STOP_WAIT: Duration = Duration::from_secs(3);

/// What the operator laid down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Settings {
    /// Whether endpoints may be in networks that are not public, and unencrypted.
    pub allow_private: bool,
    /// How long events are kept.
    pub retention: Duration,
    /// Longest time of one delivery.
    pub delivery_time: Duration,
}

/// The carrying of events. Cheap to clone.
#[derive(Clone)]
pub struct Dispatch {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) courier: Courier,
    pub(crate) settings: Settings,
    pub(crate) counts: Counts,
}

impl fmt::Debug for Dispatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dispatch")
    }
}

/// The running rounds.
#[derive(Debug)]
pub struct Rounds {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Rounds {
    /// Starts nothing new, and waits a little for what is under way; the next start sends the rest.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = tokio::time::timeout(STOP_WAIT + Duration::from_secs(1), self.task).await;
    }
}

impl Dispatch {
    /// Prepares the way to endpoints; touches no network.
    ///
    /// # Errors
    /// [`CourierError`].
    pub fn new(store: Store, settings: Settings) -> Result<Self, CourierError> {
        let reach = if settings.allow_private { Reach::Everywhere } else { Reach::Public };
        let courier = Courier::new(reach)?;
        let counts = Counts::default();
        Ok(Self { inner: Arc::new(Inner { store, courier, settings, counts }) })
    }

    /// Begins to deliver, and to delete what is too old.
    pub fn start(&self) -> Rounds {
        let stop = CancellationToken::new();
        let task = tokio::spawn(rounds::run(self.inner.clone(), stop.clone()));
        Rounds { stop, task }
    }

    /// Whether endpoints may be in networks that are not public.
    pub fn allows_private(&self) -> bool {
        self.inner.settings.allow_private
    }

    /// Adds what is counted to what operators see.
    pub fn register_metrics(&self, registry: &mut prometheus_client::registry::Registry) {
        self.inner.counts.register(registry);
    }

    /// Sends a test document to an endpoint, once and at once.
    pub async fn ping(&self, endpoint: &EndpointRow) -> PingResult {
        let (now, begun) = (Timestamp::now(), Instant::now());
        let id = format!("ping_{}", Uuid::now_v7().simple());
        let body = serde_json::json!({
            "v": wire::events::VERSION,
            "id": id,
            "workspace": endpoint.workspace,
            "seq": 0,
            "at": now,
            "type": "ping",
            "data": {},
        });
        let sent = self.inner.send(endpoint, &id, body.to_string().into_bytes(), now).await;
        let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        match sent {
            Ok(status) => {
                PingResult { delivered: true, status: Some(status), error: None, took_ms }
            }
            Err(failure) => PingResult {
                delivered: false,
                status: failure.status(),
                error: Some(failure.to_string()),
                took_ms,
            },
        }
    }
}

impl Inner {
    /// Sends a document to an endpoint, signed with every secret that is valid now.
    pub(crate) async fn send(
        &self,
        endpoint: &EndpointRow,
        id: &str,
        body: Vec<u8>,
        now: Timestamp,
    ) -> Result<u16, Failure> {
        let url = check_address(&endpoint.url, self.settings.allow_private)?;
        let previous = endpoint.previous_secret.as_ref().filter(|(_, until)| *until > now);
        let secrets: Vec<SecretString> = std::iter::once(&endpoint.secret)
            .chain(previous.map(|(secret, _)| secret))
            .map(|secret| SecretString::from(secret.as_str()))
            .collect();
        let letter = Letter { id, body: body.into(), secrets: &secrets, at: now };
        let status = self.courier.send(&url, letter, self.settings.delivery_time).await?;
        Ok(status.as_u16())
    }
}
