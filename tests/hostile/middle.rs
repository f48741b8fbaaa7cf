//! A proxy for HTTP and the agent socket that leads the media of every leg through a relay.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use axum::{Json, Router};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use sim::meta::Meta;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use wire::agent::SUBPROTOCOL;

use crate::relay::Relay;

/// What the man in the middle does beside carrying.
#[derive(Clone, Default)]
pub(crate) struct Deeds {
    /// Promises another certificate for the caller.
    pub(crate) spoils_caller: bool,
    /// The same for the agent.
    pub(crate) spoils_agent: bool,
    /// The address that the daemon sees as the caller's.
    pub(crate) caller_address: Option<SocketAddr>,
    /// Put in place of the caller's candidates; nothing is relayed then.
    pub(crate) candidates: Option<Vec<String>>,
    /// Put beside the agent's candidates.
    pub(crate) agent_candidates: Vec<String>,
}

pub(crate) struct Middle {
    pub(crate) address: SocketAddr,
    meta: Meta,
    /// The daemon.
    daemon: SocketAddr,
    http: reqwest::Client,
    deeds: Deeds,
    callers: Mutex<HashMap<String, Arc<Relay>>>,
    agents: Mutex<Vec<Arc<Relay>>>,
}

impl Middle {
    pub(crate) fn start(
        listener: tokio::net::TcpListener,
        meta: Meta,
        daemon: SocketAddr,
        deeds: Deeds,
    ) -> Arc<Self> {
        let address = listener.local_addr().expect("a bound socket has an address");
        let middle = Arc::new(Self {
            address,
            meta,
            daemon,
            http: reqwest::Client::builder()
                .timeout(crate::house::PATIENCE)
                .build()
                .expect("a client"),
            deeds,
            callers: Mutex::default(),
            agents: Mutex::default(),
        });
        let routes = Router::new()
            .route("/{version}/{line}/calls", post(graph))
            .route("/webhooks/whatsapp", post(webhook))
            .route("/agent/v1", any(agent))
            .with_state(Arc::clone(&middle));
        tokio::spawn(async move {
            axum::serve(listener, routes).await.expect("the proxy serves");
        });
        middle
    }

    /// The relay of a caller's leg.
    pub(crate) fn caller(&self, wacid: &str) -> Arc<Relay> {
        let callers = self.callers.lock().expect("no panic under the lock");
        Arc::clone(callers.get(wacid).expect("the call went through here"))
    }

    /// The relay of the agent leg made last.
    pub(crate) fn agent(&self) -> Arc<Relay> {
        let agents = self.agents.lock().expect("no panic under the lock");
        Arc::clone(agents.last().expect("an agent went ready through here"))
    }
}

/// Address of the first IPv4 UDP candidate.
fn candidate(sdp: &str) -> Option<SocketAddr> {
    sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:")).find_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let address = format!("{}:{}", words.get(4)?, words.get(5)?);
        address.parse().ok().filter(SocketAddr::is_ipv4)
    })
}

fn moved(sdp: &str, from: SocketAddr, to: SocketAddr) -> String {
    let written = |address: SocketAddr| format!(" {} {} typ ", address.ip(), address.port());
    sdp.replace(&written(from), &written(to))
}

/// The description with a certificate promised that nobody has.
fn spoilt(sdp: &str) -> String {
    let spoil = |line: &str| match line.strip_prefix("a=fingerprint:sha-256 ") {
        Some(_) => format!("a=fingerprint:sha-256 {}", ["AB"; 32].join(":")),
        None => line.to_owned(),
    };
    let lines: Vec<String> = sdp.lines().map(spoil).collect();
    lines.join("\r\n") + "\r\n"
}

/// Meta's webhook on its way to the daemon.
async fn webhook(State(middle): State<Arc<Middle>>, body: Bytes) -> Response {
    let mut value: Value = serde_json::from_slice(&body).expect("Meta sends JSON");
    let call = &mut value["entry"][0]["changes"][0]["value"]["calls"][0];
    if let Some(offer) = call["session"]["sdp"].as_str().map(str::to_owned) {
        let wacid = call["id"].as_str().expect("a call has an id").to_owned();
        call["session"]["sdp"] = Value::String(middle.offered(wacid, &offer).await);
    }
    let body = value.to_string().into_bytes();
    let signature = middle.meta.sign(&body);
    let answer = middle
        .http
        .post(format!("http://{}/webhooks/whatsapp", middle.daemon))
        .header("X-Hub-Signature-256", signature)
        .header(header::CONTENT_TYPE, "application/json")
        .body(body)
        .send()
        .await;
    // The daemon of a test that is over is gone.
    let status = answer.map_or(502, |answer| answer.status().as_u16());
    StatusCode::from_u16(status).expect("a status").into_response()
}

impl Middle {
    async fn offered(&self, wacid: String, offer: &str) -> String {
        let offer = if self.deeds.spoils_caller { spoilt(offer) } else { offer.to_owned() };
        if let Some(candidates) = &self.deeds.candidates {
            let (others, mut lines) = (offer.lines(), Vec::new());
            for line in others {
                if line.starts_with("a=ice-ufrag:") {
                    lines.extend(candidates.iter().cloned());
                }
                if !line.starts_with("a=candidate:") {
                    lines.push(line.to_owned());
                }
            }
            return lines.join("\r\n") + "\r\n";
        }
        let far = candidate(&offer).expect("the phone has a candidate");
        let outer = self.deeds.caller_address.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
        let relay = Relay::start(outer, Some(far)).await;
        let offer = moved(&offer, far, relay.outer());
        self.callers.lock().expect("no panic under the lock").insert(wacid, relay);
        offer
    }
}

/// A Graph request on its way to Meta.
async fn graph(
    State(middle): State<Arc<Middle>>,
    Path((version, line)): Path<(String, String)>,
    headers: HeaderMap,
    Json(mut request): Json<Value>,
) -> Response {
    let relay = request["call_id"].as_str().and_then(|wacid| {
        middle.callers.lock().expect("no panic under the lock").get(wacid).cloned()
    });
    if let (Some(relay), Some(answer)) = (relay, request["session"]["sdp"].as_str()) {
        let daemon = candidate(answer).expect("the daemon has a candidate");
        relay.set_daemon(daemon);
        request["session"]["sdp"] = Value::String(moved(answer, daemon, relay.inner()));
    }
    let authorization = headers.get(header::AUTHORIZATION).cloned();
    let answer = middle
        .http
        .post(format!("{}/{version}/{line}/calls", middle.meta.graph_url()))
        .header(header::AUTHORIZATION, authorization.expect("the daemon authorises itself"))
        .json(&request)
        .send()
        .await
        .expect("Meta answers");
    let status = StatusCode::from_u16(answer.status().as_u16()).expect("a status");
    (status, answer.bytes().await.expect("a body")).into_response()
}

async fn agent(State(middle): State<Arc<Middle>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .protocols([SUBPROTOCOL])
        .on_upgrade(async move |socket| middle.carry_frames(socket).await)
}

impl Middle {
    async fn carry_frames(&self, browser: WebSocket) {
        let url = format!("ws://{}/agent/v1", self.daemon);
        let mut request = url.into_client_request().expect("an address");
        let protocol = SUBPROTOCOL.parse().expect("a header");
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
        let (daemon, _) = tokio_tungstenite::connect_async(request).await.expect("the daemon");
        let ((mut to_browser, mut from_browser), (mut to_daemon, mut from_daemon)) =
            (browser.split(), daemon.split());
        loop {
            tokio::select! {
                frame = from_browser.next() => {
                    let Some(Ok(Message::Text(text))) = frame else { return };
                    let text = self.to_daemon(text.as_str());
                    if to_daemon.send(Frame::text(text)).await.is_err() { return; }
                }
                frame = from_daemon.next() => {
                    let Some(Ok(frame)) = frame else { return };
                    let Frame::Text(text) = frame else { continue };
                    let text = self.to_browser(text.as_str()).await;
                    if to_browser.send(Message::text(text)).await.is_err() { return; }
                }
            }
        }
    }

    fn to_daemon(&self, text: &str) -> String {
        let mut frame: Value = serde_json::from_str(text).expect("JSON");
        if let (true, Some(offer)) = (self.deeds.spoils_agent, frame["offer"].as_str()) {
            frame["offer"] = Value::String(spoilt(offer));
        }
        if let Some(offer) = frame["offer"].as_str() {
            let more: String =
                self.deeds.agent_candidates.iter().map(|line| format!("{line}\r\n")).collect();
            frame["offer"] = Value::String(format!("{}\r\n{more}", offer.trim_end()));
        }
        frame.to_string()
    }

    async fn to_browser(&self, text: &str) -> String {
        let mut frame: Value = serde_json::from_str(text).expect("JSON");
        if let Some(answer) = frame["answer"].as_str() {
            let daemon = candidate(answer).expect("the daemon has a candidate");
            let relay = Relay::start(SocketAddr::from(([127, 0, 0, 1], 0)), None).await;
            relay.set_daemon(daemon);
            frame["answer"] = Value::String(moved(answer, daemon, relay.inner()));
            self.agents.lock().expect("no panic under the lock").push(relay);
        }
        frame.to_string()
    }
}
