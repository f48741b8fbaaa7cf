//! Meta: the Graph `/calls` endpoint, signed webhooks, and the phones behind them.
//!
//! [`Meta::start`] listens for Graph requests, [`Meta::ring`] lets a simulated user call a line.
//! The same listener serves a small control API under `/sim`, for browser tests and demos; it has
//! no password and can read local sound files, so it belongs on the loopback.

mod action;
mod answer;
mod call;
mod control;
mod delivery;
mod dialled;
mod graph;
mod offer;
mod permits;
mod phone;
mod plan;
mod record;
mod wacid;
mod webhook;
mod world;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::net::TcpListener;

pub use call::SimCall;
pub use plan::{
    AnswerOrder, AnswerRole, Answers, CallPlan, Delivery, MetaConfig, OfferForm, Permit, Reply,
    SimLine, SimUser,
};
pub use record::{EndStatus, Fault, GraphRequest, PhoneState, SimEnd, Violation, ViolationKind};

use crate::SimError;
use crate::peer::{Peer, PeerConfig, PeerKind};
use crate::voice::{Band, Voice};
use call::{Beginning, Call};
use record::EndCause;
use world::{CALLS_MAX, World};

/// A running Meta. Clones are the same one; it runs until [`Meta::shut_down`].
#[derive(Clone)]
pub struct Meta {
    world: Arc<World>,
}

impl Meta {
    /// Listens for Graph requests.
    ///
    /// The process must have a rustls crypto provider installed, as every HTTP client here needs.
    ///
    /// # Errors
    /// [`SimError::Io`] when the address cannot be used.
    pub async fn start(config: MetaConfig) -> Result<Self, SimError> {
        let what = format!("listening on {}", config.listen);
        let listener =
            TcpListener::bind(config.listen).await.map_err(SimError::io(what.clone()))?;
        let address = listener.local_addr().map_err(SimError::io(what))?;
        let world = World::new(config, address)?;
        let router = Router::new()
            .route("/{version}/{line}/calls", post(graph::calls))
            .route("/{version}/{line}/call_permissions", get(graph::call_permissions))
            .route("/{version}/{line}/messages", post(graph::messages))
            .merge(control::routes())
            .with_state(world.clone());
        let stopping = world.clone();
        world.spawn(async move {
            let stopped = async move { stopping.stopped().await };
            let served = axum::serve(listener, router).with_graceful_shutdown(stopped);
            if let Err(error) = served.await {
                tracing::warn!(%error, "the simulated Graph endpoint stopped");
            }
        });
        Ok(Self { world })
    }

    /// Where Graph is served: the daemon's Graph base address. The control API is there, too.
    pub fn graph_url(&self) -> String {
        format!("http://{}", self.world.address)
    }

    /// Sets the daemon's webhook endpoint.
    pub fn set_webhook_url(&self, url: impl Into<String>) {
        self.world.set_webhook_url(url.into());
    }

    /// The GET handshake of a newly saved webhook address.
    ///
    /// # Errors
    /// [`SimError::NoWebhook`], [`SimError::Http`] or [`SimError::Handshake`].
    pub async fn verify_webhook(&self) -> Result<(), SimError> {
        self.world.handshake().await
    }

    /// A user calls. Returns when the phone has an offer; its webhook is on the way then.
    ///
    /// # Errors
    /// [`SimError`] when the line is unknown, no webhook address is set, as many calls are live as
    /// Meta allows (there is no webhook then), or the phone's media cannot be set up.
    pub async fn ring(&self, plan: CallPlan) -> Result<SimCall, SimError> {
        self.world.ring(plan).await
    }

    /// From now on this user's phone does so when a business calls; others answer by
    /// [`Answers::default`]. The user is named as a business names them: number or id.
    pub fn answers(&self, user: &str, answers: Answers) {
        self.world.set_answers(user, answers);
    }

    /// What this user permits every line from now on; nothing is told.
    pub fn permit(&self, user: &str, permit: Permit) {
        self.world.permits().set(user, permit);
    }

    /// A user changes their mind and tells the line so.
    ///
    /// # Errors
    /// [`SimError::NoSuchLine`] when there is no line.
    pub async fn revoke(&self, user: &str) -> Result<(), SimError> {
        self.world.revoke(user).await
    }

    /// A user writes to the first line, which opens the customer service window.
    ///
    /// # Errors
    /// [`SimError::NoSuchLine`] when there is no line.
    pub async fn write(&self, user: &str) -> Result<(), SimError> {
        self.world.write(user).await
    }

    /// The calls that businesses placed, oldest first.
    pub fn dialled(&self) -> Vec<SimCall> {
        let placed = self.world.calls().into_iter().filter(|call| call.is_placed());
        placed.map(|call| SimCall { world: self.world.clone(), call }).collect()
    }

    /// The Graph requests so far, oldest first (the newest ten thousand).
    pub fn requests(&self) -> Vec<GraphRequest> {
        self.world.requests()
    }

    /// The rules of Meta that were broken so far, once per call and kind.
    pub fn violations(&self) -> Vec<Violation> {
        self.world.violations()
    }

    /// Makes the next request of `action` go wrong; repeated calls queue up.
    pub fn fail_next(&self, action: &str, fault: Fault) {
        self.world.fail_next(action, fault);
    }

    /// From now on only this token is good: the old one is revoked.
    pub fn change_token(&self, token: impl Into<String>) {
        self.world.change_token(token.into());
    }

    /// Every request is answered with this HTTP status and nothing is done, until `None` is set.
    pub fn set_outage(&self, status: Option<u16>) {
        self.world.set_outage(status);
    }

    /// Posts bytes to the webhook endpoint with this signature header, and gives the HTTP status
    /// (0 when there was no answer).
    pub async fn post_raw(&self, body: Vec<u8>, signature: Option<String>) -> u16 {
        self.world.post(body, signature).await
    }

    /// The value of `X-Hub-Signature-256` for a body.
    pub fn sign(&self, body: &[u8]) -> String {
        webhook::sign(&self.world.config.app_secret, body)
    }

    /// Ends all calls without telling the business, and closes all sockets.
    pub async fn shut_down(&self) {
        self.world.shut_down().await;
    }
}

impl World {
    /// Sets up a phone and lets it call.
    pub(crate) async fn ring(self: &Arc<Self>, plan: CallPlan) -> Result<SimCall, SimError> {
        let line = self.line(&plan.line).ok_or_else(|| SimError::NoSuchLine(plan.line.clone()))?;
        if self.webhook_url().is_none() {
            return Err(SimError::NoWebhook);
        }
        if !self.has_room() {
            return Err(SimError::TooManyCalls(CALLS_MAX));
        }
        let voice = Voice::new(&plan.says, Band::Phone)?;
        let (ufrag, pwd) = offer::credentials();
        let (peer, description) = Peer::offering(PeerConfig {
            ip: self.config.media_ip,
            kind: PeerKind::Relay { ufrag, pwd },
        })
        .await?;
        let user = plan.from.phone.as_ref().or(plan.from.bsuid.as_ref());
        if let Some(user) = user {
            self.permits().spoke(user);
        }
        let wacid =
            wacid::fresh(user.map_or("unknown", String::as_str), &line.display_phone_number);
        let late = plan.webhook.stale_by.unwrap_or(Duration::ZERO);
        let call = Call::begin(Beginning {
            short: wacid::short_hash(&wacid),
            wacid,
            display_phone_number: line.display_phone_number.clone(),
            description: offer::Parts::of(&description, peer.ssrc())?.write(plan.offer_form),
            answers: None,
            opaque: None,
            peer,
            rings_for: self.draw_ring_time().saturating_sub(late),
            plan,
        });
        if let Err(error) = self.add_call(call.clone()) {
            call.peer.close().await;
            return Err(error);
        }
        self.spawn(phone::live(self.clone(), call.clone(), voice));
        self.announce(call.clone(), late);
        Ok(SimCall { world: self.clone(), call })
    }

    /// Sends the `connect` webhook, and before it the `terminate` that overtook it.
    fn announce(self: &Arc<Self>, call: Arc<Call>, late: Duration) {
        let overtaken = call.plan.webhook.terminate_first;
        if overtaken {
            self.end(&call, EndCause::UserHungUp);
        }
        let world = self.clone();
        self.spawn(async move {
            if let (true, Some(end)) = (overtaken, call.ended()) {
                world.deliver(&call, "terminate", call.terminate_body(end)).await;
            }
            let body = webhook::connect(&call, late.as_secs());
            world.deliver(&call, "connect", body).await;
        });
    }
}
