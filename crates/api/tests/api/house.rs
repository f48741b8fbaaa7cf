//! A whole daemon without its command line.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use api::{Api, ApiConfig, Backlog, Hub, Metrics, Parts, TokenKey, TurnConfig};
use dispatch::{Dispatch, Settings};
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::{Currency, LineId, Micros, RecordingFormat, RecordingMode, WorkspaceId};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;
use store::{LineRow, Store, Workspace};
use switchboard::{Doors, Exchange, Sounds};
use tempfile::TempDir;
use tokio::net::TcpListener;
use whatsapp::{Graph, GraphConfig, VerifyToken, WebhookVerifier};

use crate::device::{Device, Welcomed};

pub(crate) const APP_SECRET: &str = "app-secret-of-the-tests";
pub(crate) const VERIFY_TOKEN: &str = "verify-token-of-the-tests";
pub(crate) const LINE: &str = "100200300400500";
/// The line of the other workspace in the same daemon.
pub(crate) const OTHER_LINE: &str = "900800700600500";
/// Another workspace's key opens the same daemon's REST, but not this workspace's things.
pub(crate) const OTHER_KEY: &str = "key-of-another-workspace-0123456789";
const KEY: &str = "key-of-the-workspace-0123456789abcdef";
/// Longest wait for anything; reached only when a test fails.
pub(crate) const WAIT: Duration = Duration::from_secs(20);

/// Receivers of these tests are on this machine.
const DELIVERIES: Settings = Settings {
    allow_private: true,
    retention: Duration::from_secs(8 * 86_400),
    delivery_time: Duration::from_secs(2),
};

/// What tests vary.
pub(crate) struct Rules {
    pub(crate) heartbeat: Duration,
    pub(crate) resume_grace: Duration,
    pub(crate) cookie_secure: bool,
    pub(crate) turn: Option<TurnConfig>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            heartbeat: Duration::from_secs(20),
            resume_grace: Duration::from_secs(25),
            cookie_secure: false,
            turn: None,
        }
    }
}

/// A running daemon.
pub(crate) struct House {
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) api: Api,
    pub(crate) exchange: Exchange,
    pub(crate) hub: Arc<Hub>,
    pub(crate) store: Store,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: TempDir,
}

pub(crate) fn workspace() -> WorkspaceId {
    WorkspaceId::new("acme").expect("a workspace id")
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::open_with(Rules::default()).await
    }

    pub(crate) async fn open_with(rules: Rules) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().expect("a scratch directory");
        let store = Store::open(&folder.path().join("ringdown.db")).await.expect("a store");
        let tenants = set_up(&store).await;
        let vault = folder.path().join("vault");
        let hub = Hub::new(rules.resume_grace);
        let house = |(workspace, line): (Workspace, LineRow)| switchboard::House {
            workspace,
            lines: BTreeMap::from([(line.id.clone(), line)]),
            any_line: false,
            ring_time: Duration::from_secs(28),
            claim_lease: Duration::from_secs(5),
            agent_grace: Duration::from_secs(25),
            rings_after_grace: true,
            transfer_ring: Duration::from_secs(20),
            habits: Default::default(),
            connect_age_max: Duration::from_secs(90),
            live_calls_max: 10,
            recording_format: RecordingFormat::OggOpus,
            sounds: Sounds::built_in().expect("clips"),
            permission_template: None,
            tariff: switchboard::Tariff::default(),
        };
        let media = media::start(media_config()).expect("a media plane");
        let recorder_config = recording::RecorderConfig { folder: vault.clone() };
        let (recorder, _) =
            recording::Recorder::start(recorder_config, Box::new(NoTaps)).expect("a recorder");
        let bell = hub.clone();
        let doors = Doors {
            graph: graph(),
            plane: media.plane,
            recorder,
            store: store.clone(),
            bell,
            hook: None,
        };
        let dispatch = Dispatch::new(store.clone(), DELIVERIES).expect("a courier");
        drop(dispatch.start());
        let tenants = tenants.into_iter().map(house).collect();
        let exchange = Exchange::start(tenants, doors, media.events);
        let api = Api::new(Parts {
            config: ApiConfig {
                allowed_origins: vec!["https://crm.example.com".to_owned()],
                token_ttl: Duration::from_secs(60),
                heartbeat: rules.heartbeat,
                vault,
                cookie_secure: rules.cookie_secure,
                turn: rules.turn,
            },
            hub: hub.clone(),
            exchange: exchange.clone(),
            store: store.clone(),
            dispatch,
            verifier: WebhookVerifier::new(vec![APP_SECRET.into()]).expect("a secret"),
            backlog: Backlog::open(&folder.path().join("webhooks")).expect("a file"),
            verify_token: VerifyToken::new(VERIFY_TOKEN.into()).expect("a token"),
            token_key: TokenKey::from_bytes(&[7; 32]).expect("a long key"),
            metrics: Metrics::new(),
        });
        let (address, admin) = listen(&api).await;
        let http = reqwest::Client::builder()
            .timeout(WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .expect("an HTTP client");
        Self { address, admin, api, exchange, hub, store, http, folder }
    }

    /// A request without credentials.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("http://{}{path}", self.address))
    }

    /// A request with the workspace's API key.
    pub(crate) fn keyed(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(KEY)
    }

    /// A request as the desk's page makes it.
    pub(crate) fn desk_request(&self, method: Method, path: &str) -> RequestBuilder {
        let origin = format!("http://{}", self.address);
        self.request(method, path).header("origin", origin).header("x-ringdown-desk", "1")
    }

    /// `GET` with the API key, expecting a document.
    pub(crate) async fn get(&self, path: &str) -> Value {
        document(self.keyed(Method::GET, path)).await
    }

    /// A webhook with a right signature.
    pub(crate) async fn webhook(&self, body: &[u8]) -> reqwest::Response {
        let request = self.request(Method::POST, "/webhooks/whatsapp");
        let request = request.header("x-hub-signature-256", signature(body));
        request.body(body.to_vec()).send().await.expect("an answer")
    }

    /// A token for an agent, who is created if need be.
    pub(crate) async fn token(&self, name: &str) -> String {
        let put = self.keyed(Method::PUT, &format!("/v1/agents/{name}"));
        document(put.json(&json!({ "name": name }))).await;
        let path = format!("/v1/agents/{name}/token");
        let minted = document(self.keyed(Method::POST, &path)).await;
        minted["token"].as_str().expect("a token").to_owned()
    }

    /// A device of an agent, welcomed.
    pub(crate) async fn device(&self, name: &str) -> Welcomed {
        let token = self.token(name).await;
        self.device_with(&token).await
    }

    /// A device with that token, welcomed.
    pub(crate) async fn device_with(&self, token: &str) -> Welcomed {
        let mut device = Device::connect(self.address).await;
        device.hello(token, None).await;
        Welcomed::read(device).await
    }

    /// A token for an agent of the other workspace, who is created if need be.
    pub(crate) async fn other_token(&self, name: &str) -> String {
        let path = format!("/v1/agents/{name}");
        let put = self.request(Method::PUT, &path).bearer_auth(OTHER_KEY);
        document(put.json(&json!({ "name": format!("{name}-of-other") }))).await;
        let mint = self.request(Method::POST, &format!("{path}/token")).bearer_auth(OTHER_KEY);
        document(mint).await["token"].as_str().expect("a token").to_owned()
    }

    /// Devices of an agent as REST shows them.
    pub(crate) async fn devices_of(&self, name: &str) -> u64 {
        let agents = self.get("/v1/agents").await;
        let mut agents = agents.as_array().expect("a list").iter();
        let agent = agents.find(|agent| agent["id"] == name).expect("the agent");
        agent["devices"].as_u64().expect("a number")
    }
}

/// Two workspaces with a line each.
async fn set_up(store: &Store) -> [(Workspace, LineRow); 2] {
    let named = |id: &str| Workspace {
        id: WorkspaceId::new(id).expect("a workspace id"),
        name: id.to_owned(),
        currency: Currency::USD,
        minimum_balance: Micros::from_units(10),
    };
    let (acme, other) = (named("acme"), named("other"));
    let line = |id: &str, workspace: &Workspace| LineRow {
        id: LineId::new(id).expect("a line id"),
        workspace: workspace.id.clone(),
        name: "Support".to_owned(),
        inbound: true,
        recording: RecordingMode::Off,
        group: None,
    };
    let lines = [line(LINE, &acme), line(OTHER_LINE, &other)];
    for (workspace, line) in [&acme, &other].into_iter().zip(&lines) {
        store.ensure_workspace(workspace).await.expect("a workspace");
        store.ensure_line(line).await.expect("a line");
    }
    store.add_api_key(&acme.id, "tests", KEY).await.expect("a key");
    store.add_api_key(&other.id, "others", OTHER_KEY).await.expect("a key");
    let [own, others] = lines;
    [(acme, own), (other, others)]
}

fn media_config() -> media::MediaConfig {
    let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
    media::MediaConfig { bind, allow_private_remotes: true, ..media::MediaConfig::default() }
}

/// Meta at an address where nobody listens: refusals of calls are tried and fail.
fn graph() -> Graph {
    Graph::new(GraphConfig {
        base_url: "http://127.0.0.1:9".to_owned(),
        version: "v23.0".to_owned(),
        token: "token".into(),
        app_secret_proof: None,
        timeout: GraphConfig::DEFAULT_TIMEOUT,
    })
    .expect("a Graph client")
}

async fn listen(api: &Api) -> (SocketAddr, SocketAddr) {
    let own = (Ipv4Addr::LOCALHOST, 0);
    let listener = TcpListener::bind(own).await.expect("a free port");
    let admin = TcpListener::bind(own).await.expect("a free port");
    let addresses = (
        listener.local_addr().expect("a bound address"),
        admin.local_addr().expect("a bound address"),
    );
    tokio::spawn(api::serve(listener, api.clone(), tokio_util::sync::CancellationToken::new()));
    tokio::spawn(api::serve_admin(admin, api.clone(), tokio_util::sync::CancellationToken::new()));
    addresses
}

/// The recorder's source of frames in a house where nothing is recorded.
struct NoTaps;

impl recording::FrameSource for NoTaps {
    fn drain(&mut self, _: &mut dyn FnMut(recording::Frame<'_>)) -> usize {
        0
    }
}

/// `X-Hub-Signature-256` of a body.
pub(crate) fn signature(body: &[u8]) -> String {
    let mut keyed: Hmac<Sha256> =
        Hmac::new_from_slice(APP_SECRET.as_bytes()).expect("HMAC takes any key");
    keyed.update(body);
    let digest = keyed.finalize().into_bytes();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={digits}")
}

/// The document of a request that must succeed.
pub(crate) async fn document(request: RequestBuilder) -> Value {
    let (status, body) = answer(request).await;
    assert!(status.is_success(), "{status}: {body}");
    body
}

/// Status and JSON body.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

/// Status and slug of a request that must be refused with a problem document.
pub(crate) async fn problem(request: RequestBuilder) -> (u16, String) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let kind = response.headers().get("content-type").expect("a content type").clone();
    assert_eq!(kind, "application/problem+json");
    let body: Value = response.json().await.expect("a problem document");
    assert_eq!(body["status"], status);
    assert!(body["detail"].as_str().is_some_and(|detail| !detail.is_empty()));
    (status, body["type"].as_str().expect("a slug").to_owned())
}
