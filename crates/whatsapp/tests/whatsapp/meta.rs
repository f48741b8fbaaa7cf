//! A small Meta: a real HTTP server that plays scripted answers and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use whatsapp::{Graph, GraphConfig};

pub(crate) const TOKEN: &str = "EAAG-fixture-token";
pub(crate) const SUCCESS: &str = r#"{"messaging_product":"whatsapp","success":true}"#;

/// One request as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// One scripted answer.
#[derive(Clone)]
pub(crate) enum Reply {
    Body(u16, String),
    Header(u16, &'static str, &'static str, String),
    /// Keeps the client waiting for longer than any test.
    Silence,
}

impl Reply {
    pub(crate) fn success() -> Self {
        Self::Body(200, SUCCESS.to_owned())
    }

    pub(crate) fn refusal(status: u16, code: i64, details: &str) -> Self {
        Self::Body(status, envelope(code, details))
    }
}

pub(crate) fn envelope(code: i64, details: &str) -> String {
    serde_json::json!({"error": {
        "message": format!("(#{code}) Something"), "type": "OAuthException", "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": details},
        "fbtrace_id": "Afixture",
    }})
    .to_string()
}

#[derive(Clone)]
pub(crate) struct Meta {
    script: Arc<Mutex<VecDeque<Reply>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) base_url: String,
}

impl Meta {
    pub(crate) async fn start(script: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        let meta = Self {
            script: Arc::new(Mutex::new(script.into_iter().collect())),
            seen: Arc::default(),
            base_url: format!("http://{address}"),
        };
        let router = Router::new().fallback(play).with_state(meta.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        meta
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }

    pub(crate) fn graph(&self) -> Graph {
        graph(&self.base_url, Duration::from_millis(400))
    }
}

async fn play(
    State(meta): State<Meta>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let seen = Seen { method, uri, headers, body };
    meta.seen.lock().expect("not poisoned").push(seen);
    let reply = meta.script.lock().expect("not poisoned").pop_front();
    let status = |code: u16| StatusCode::from_u16(code).expect("a valid status");
    match reply {
        Some(Reply::Body(code, body)) => (status(code), body).into_response(),
        Some(Reply::Header(code, name, value, body)) => {
            (status(code), [(name, value)], body).into_response()
        }
        Some(Reply::Silence) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            StatusCode::OK.into_response()
        }
        None => (StatusCode::IM_A_TEAPOT, "more requests than scripted").into_response(),
    }
}

pub(crate) fn config(base_url: &str) -> GraphConfig {
    GraphConfig {
        base_url: base_url.to_owned(),
        version: "v23.0".to_owned(),
        token: TOKEN.into(),
        app_secret_proof: None,
        timeout: GraphConfig::DEFAULT_TIMEOUT,
    }
}

pub(crate) fn install_crypto() {
    let _ = rustls::crypto::ring::default_provider().install_default(); // Err: already installed
}

pub(crate) fn graph(base_url: &str, timeout: Duration) -> Graph {
    install_crypto();
    let config = GraphConfig { timeout, ..config(base_url) };
    Graph::new(config).expect("a usable configuration")
}
