//! A receiver of events that does what the test says, and remembers what it got.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use tokio::net::TcpListener;
use wire::events::Envelope;

/// Longest wait for anything; reached only when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a receiver does with an event.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Status(u16),
    After(Duration),
    Hang,
    Redirect(String),
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) id: String,
    pub(crate) timestamp: String,
    pub(crate) signature: String,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Got {
    pub(crate) fn event(&self) -> Envelope {
        serde_json::from_slice(&self.body).expect("an envelope")
    }
}

/// Says what to do with a request; the number counts the attempts with the same id, from 1.
type Plan = dyn Fn(&Got, usize) -> Answer + Send + Sync;

struct Inside {
    got: Mutex<Vec<Got>>,
    plan: Box<Plan>,
}

#[derive(Clone)]
pub(crate) struct Receiver {
    inside: Arc<Inside>,
    address: SocketAddr,
}

impl Receiver {
    pub(crate) async fn open(plan: impl Fn(&Got, usize) -> Answer + Send + Sync + 'static) -> Self {
        let inside = Arc::new(Inside { got: Mutex::default(), plan: Box::new(plan) });
        let app = Router::new().route("/", post(take)).with_state(inside.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound address");
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { inside, address }
    }

    /// Takes everything.
    pub(crate) async fn willing() -> Self {
        Self::open(|_, _| Answer::Status(204)).await
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Every request so far.
    pub(crate) fn got(&self) -> Vec<Got> {
        self.inside.got.lock().expect("nobody panics with it").clone()
    }

    /// Waits until the requests are as wanted.
    pub(crate) async fn until(&self, what: &str, wanted: impl Fn(&[Got]) -> bool) -> Vec<Got> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let got = self.got();
            if wanted(&got) {
                return got;
            }
            assert!(Instant::now() < deadline, "{what}: {} requests came", got.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

async fn take(State(inside): State<Arc<Inside>>, headers: HeaderMap, body: Bytes) -> Response {
    let header = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let got = Got {
        id: header("ringdown-id"),
        timestamp: header("ringdown-timestamp"),
        signature: header("ringdown-signature"),
        body,
        at: Instant::now(),
    };
    let attempt = {
        let mut all = inside.got.lock().expect("nobody panics with it");
        all.push(got.clone());
        all.iter().filter(|earlier| earlier.id == got.id).count()
    };
    match (inside.plan)(&got, attempt) {
        Answer::Status(status) => StatusCode::from_u16(status).expect("a status").into_response(),
        Answer::After(pause) => {
            tokio::time::sleep(pause).await;
            StatusCode::OK.into_response()
        }
        Answer::Hang => std::future::pending().await,
        Answer::Redirect(to) => (StatusCode::FOUND, [(header::LOCATION, to)]).into_response(),
    }
}
