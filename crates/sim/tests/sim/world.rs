//! A simulated Meta with a tiny webhook endpoint on the business's side.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use model::LineId;
use serde_json::{Value, json};
use sim::meta::{CallPlan, Meta, MetaConfig, SimLine, SimUser};

pub(crate) const LINE: &str = "106540352242922";
pub(crate) const SECRET: &str = "app-secret";
const VERIFY: &str = "verify-me";
const TOKEN: &str = "EAAG-token";
/// Generous: the machine may be busy with other builds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) signature: Option<String>,
    pub(crate) raw: Vec<u8>,
    pub(crate) json: Value,
}

#[derive(Default)]
struct Inbox {
    webhooks: Mutex<Vec<Webhook>>,
    /// Statuses of the next answers; 200 when empty.
    answers: Mutex<VecDeque<u16>>,
}

pub(crate) struct World {
    pub(crate) meta: Meta,
    pub(crate) http: reqwest::Client,
    inbox: Arc<Inbox>,
}

impl World {
    pub(crate) async fn start(adjust: impl FnOnce(&mut MetaConfig)) -> Self {
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let inbox = Arc::new(Inbox::default());
        let router =
            Router::new().route("/webhook", get(handshake).post(receive)).with_state(inbox.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        let line = SimLine { id: line(), display_phone_number: "15550001111".to_owned() };
        let mut config = MetaConfig::new(SECRET, VERIFY, TOKEN, vec![line]);
        adjust(&mut config);
        let meta = Meta::start(config).await.expect("a port is free");
        meta.set_webhook_url(format!("http://{address}/webhook"));
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(10))
            .build()
            .expect("a provider is installed");
        Self { meta, http, inbox }
    }

    pub(crate) fn answer_next_with(&self, statuses: &[u16]) {
        let mut answers = self.inbox.answers.lock().expect("no panic holds it");
        answers.extend(statuses);
    }

    pub(crate) fn webhooks(&self) -> Vec<Webhook> {
        self.inbox.webhooks.lock().expect("no panic holds it").clone()
    }

    /// Waits for the n-th webhook of an event of a call (from 0) and gives the whole body.
    pub(crate) async fn webhook(&self, event: &str, nth: usize) -> Webhook {
        let of_event = || {
            self.webhooks()
                .into_iter()
                .filter(|webhook| call_of(&webhook.json)["event"] == event)
                .nth(nth)
        };
        eventually(&format!("webhook {event}"), || of_event().is_some()).await;
        of_event().expect("it was there a moment ago")
    }

    /// The offer of the newest `connect`.
    pub(crate) async fn offer(&self) -> String {
        let webhook = self.webhook("connect", 0).await;
        let sdp = &call_of(&webhook.json)["session"]["sdp"];
        sdp.as_str().expect("connect carries an offer").to_owned()
    }

    pub(crate) async fn graph(&self, body: Value) -> (u16, Value) {
        self.graph_at("v23.0", TOKEN, LINE, body).await
    }

    pub(crate) async fn graph_at(
        &self,
        version: &str,
        token: &str,
        line: &str,
        body: Value,
    ) -> (u16, Value) {
        let url = format!("{}/{version}/{line}/calls", self.meta.graph_url());
        let request = self.http.post(url).bearer_auth(token).json(&body);
        let response = request.send().await.expect("Graph answers");
        let status = response.status().as_u16();
        (status, response.json().await.unwrap_or(Value::Null))
    }
}

pub(crate) fn line() -> LineId {
    LineId::new(LINE).expect("digits are a line id")
}

pub(crate) fn ana() -> CallPlan {
    let user = SimUser {
        phone: Some("15550002222".to_owned()),
        bsuid: Some("US.11112222333344445555".to_owned()),
        name: "Zoë / Ana".to_owned(),
    };
    CallPlan::new(line(), user)
}

pub(crate) fn action(name: &str, wacid: &model::Wacid, sdp: Option<&str>) -> Value {
    let mut body = json!({
        "messaging_product": "whatsapp", "call_id": wacid.as_str(), "action": name,
    });
    if let Some(sdp) = sdp {
        body["session"] = json!({ "sdp_type": "answer", "sdp": sdp });
    }
    body
}

/// The one call in a webhook.
pub(crate) fn call_of(webhook: &Value) -> &Value {
    &webhook["entry"][0]["changes"][0]["value"]["calls"][0]
}

pub(crate) async fn eventually(what: &str, mut is_it: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_it() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

type Handshake = std::collections::HashMap<String, String>;

async fn handshake(Query(query): Query<Handshake>) -> Result<String, StatusCode> {
    if query.get("hub.verify_token").map(String::as_str) == Some(VERIFY) {
        query.get("hub.challenge").cloned().ok_or(StatusCode::BAD_REQUEST)
    } else {
        Err(StatusCode::FORBIDDEN)
    }
}

async fn receive(State(inbox): State<Arc<Inbox>>, headers: HeaderMap, raw: Bytes) -> StatusCode {
    let signature =
        headers.get("X-Hub-Signature-256").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let json = serde_json::from_slice(&raw).unwrap_or(Value::Null);
    inbox.webhooks.lock().expect("no panic holds it").push(Webhook {
        signature,
        raw: raw.to_vec(),
        json,
    });
    let next = inbox.answers.lock().expect("no panic holds it").pop_front();
    StatusCode::from_u16(next.unwrap_or(200)).expect("tests use real statuses")
}
