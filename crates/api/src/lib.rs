//! The faces of the daemon: webhooks in, the agent WebSocket, REST, the desk's files, admin.
//!
//! Floor 4. [`router`] is what Meta, agents, programs and browsers reach; [`admin_router`] is for
//! a second, private listener. Every route names its access class in one table and is behind the
//! gate of that class; an address that is not in the table is not there. Serve [`router`] with
//! `into_make_service_with_connect_info::<SocketAddr>()`: sign-in attempts are counted by address.
#![warn(clippy::wildcard_enum_match_arm)]

mod access;
mod admin;
mod config;
mod desk_pages;
mod error;
mod hub;
mod metrics;
mod openapi;
mod rest;
mod routes;
mod serve;
mod socket;
pub mod statement;
mod turn;
mod webhook;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dispatch::Dispatch;
use store::Store;
use switchboard::Exchange;
use tokio::sync::Semaphore;
use whatsapp::{VerifyToken, WebhookVerifier};

use access::attempts::Attempts;

pub use admin::admin_router;
pub use config::{ApiConfig, TOKEN_TTL_MAX, TokenKey, TokenKeyTooShort, TurnConfig};
pub use error::ApiError;
pub use hub::Hub;
pub use metrics::Metrics;
pub use openapi::openapi;
pub use routes::router;
pub use serve::{serve, serve_admin};
pub use webhook::{Backlog, BacklogError, take_in_backlog};

/// What the faces need from the rest of the daemon.
pub struct Parts {
    /// Settings.
    pub config: ApiConfig,
    /// The bell, the same that the switchboard rings.
    pub hub: Arc<Hub>,
    /// Live calls of every workspace. Handlers take the switchboard of the workspace that a key,
    /// cookie or token proved, never of one that a request names.
    pub exchange: Exchange,
    /// Facts.
    pub store: Store,
    /// Carries events to endpoints.
    pub dispatch: Dispatch,
    /// Checks webhook signatures.
    pub verifier: WebhookVerifier,
    /// Where webhooks wait that the database does not take.
    pub backlog: Backlog,
    /// Answers Meta's handshake.
    pub verify_token: VerifyToken,
    /// Signs agent tokens.
    pub token_key: TokenKey,
    /// Numbers for operators.
    pub metrics: Metrics,
}

/// The faces' shared state. Cloning is cheap.
#[derive(Clone)]
pub struct Api {
    pub(crate) config: Arc<ApiConfig>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) exchange: Exchange,
    pub(crate) store: Store,
    pub(crate) dispatch: Dispatch,
    pub(crate) verifier: Arc<WebhookVerifier>,
    pub(crate) backlog: Backlog,
    pub(crate) verify_token: Arc<VerifyToken>,
    pub(crate) token_key: Arc<TokenKey>,
    pub(crate) metrics: Metrics,
    pub(crate) attempts: Arc<Attempts>,
    /// Held while groups change, so that what was checked is still so when it is stored, and the
    /// later change is the one that rings.
    pub(crate) groups_changing: Arc<tokio::sync::Mutex<()>>,
    /// One permit per socket that has not said hello.
    pub(crate) ungreeted: Arc<Semaphore>,
    /// One permit per stream of events.
    pub(crate) streams: Arc<Semaphore>,
    draining: Arc<AtomicBool>,
}

impl Api {
    /// Puts the parts together.
    pub fn new(parts: Parts) -> Self {
        Self {
            config: Arc::new(parts.config),
            hub: parts.hub,
            exchange: parts.exchange,
            store: parts.store,
            dispatch: parts.dispatch,
            verifier: Arc::new(parts.verifier),
            backlog: parts.backlog,
            verify_token: Arc::new(parts.verify_token),
            token_key: Arc::new(parts.token_key),
            metrics: parts.metrics,
            attempts: Arc::default(),
            groups_changing: Arc::default(),
            ungreeted: Arc::new(Semaphore::new(socket::UNGREETED_MAX)),
            streams: Arc::new(Semaphore::new(rest::stream::STREAMS_MAX)),
            draining: Arc::default(),
        }
    }

    /// From now on `/ready` answers 503, so that nothing new is sent here. Everything else goes on.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether [`Self::drain`] was called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }
}
