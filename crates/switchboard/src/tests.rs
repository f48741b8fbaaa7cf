//! A house with real doors around the tasks of calls: one that panics, one whose database is gone.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use media::MediaEvent;
use model::{
    AgentId, CallId, Cause, Currency, DeviceId, Hint, LegId, LineId, Micros, Presence,
    RecordingFormat, RecordingMode, SilentCause, Timestamp, Wacid, WorkspaceId,
};
use parking_lot::Mutex;
use store::{LineRow, Store, Workspace};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use uuid::Uuid;
use wire::agent::{ErrorCode, ServerEvent};
use wire::rest::{CallDetail, CallState};

use crate::board::LegOwner;
use crate::{Bell, Doors, Exchange, House, Sounds, Switchboard};

/// Longest wait for anything; reached only when a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

type Trap = fn(&ServerEvent) -> bool;

/// Remembers what devices are told, and panics once when the trap says so.
#[derive(Default)]
pub(crate) struct Ears {
    pub(crate) told: Mutex<Vec<(DeviceId, ServerEvent)>>,
    trap: Mutex<Option<Trap>>,
}

impl Bell for Ears {
    fn tell(&self, device: DeviceId, event: ServerEvent) {
        let trapped = self.trap.lock().take_if(|trap| trap(&event)).is_some();
        assert!(!trapped, "the fault of this test");
        self.told.lock().push((device, event));
    }

    fn doubt(&self, _: DeviceId) {}
}

struct NoTaps;

impl recording::FrameSource for NoTaps {
    fn drain(&mut self, _: &mut dyn FnMut(recording::Frame<'_>)) -> usize {
        0
    }
}

pub(crate) struct Trial {
    exchange: Exchange,
    pub(crate) house: Switchboard,
    pub(crate) ears: Arc<Ears>,
    pub(crate) store: Store,
    pub(crate) workspace: WorkspaceId,
    _folder: tempfile::TempDir,
}

/// A Meta that does whatever it is asked.
pub(crate) async fn willing_meta() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 16 * 1024];
                let _ = socket.read(&mut request).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n";
                let _ = socket.write_all(format!("{answer}{{\"success\":true}}").as_bytes()).await;
            });
        }
    });
    url
}

/// A Meta that takes connections and says nothing.
pub(crate) fn silent_meta() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

impl Trial {
    pub(crate) async fn open(graph_url: String) -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ringdown.db")).await.unwrap();
        let workspace = Workspace {
            id: WorkspaceId::new("acme").unwrap(),
            name: "Acme".to_owned(),
            currency: Currency::USD,
            minimum_balance: Micros::ZERO,
        };
        store.ensure_workspace(&workspace).await.unwrap();
        let line = LineRow {
            id: LineId::new("100").unwrap(),
            workspace: workspace.id.clone(),
            name: "Support".to_owned(),
            inbound: true,
            recording: RecordingMode::Off,
            group: None,
        };
        store.ensure_line(&line).await.unwrap();
        let media = media::start(media::MediaConfig {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_private_remotes: true,
            ..media::MediaConfig::default()
        })
        .unwrap();
        let vault = recording::RecorderConfig { folder: folder.path().join("vault") };
        let (recorder, _) = recording::Recorder::start(vault, Box::new(NoTaps)).unwrap();
        let graph = whatsapp::Graph::new(whatsapp::GraphConfig {
            base_url: graph_url,
            version: "v23.0".to_owned(),
            token: "token".into(),
            app_secret_proof: None,
            timeout: whatsapp::GraphConfig::DEFAULT_TIMEOUT,
        })
        .unwrap();
        let ears = Arc::new(Ears::default());
        let bell = ears.clone();
        let doors =
            Doors { graph, plane: media.plane, recorder, store: store.clone(), bell, hook: None };
        let id = workspace.id.clone();
        let house = House {
            workspace,
            lines: BTreeMap::from([(line.id.clone(), line)]),
            any_line: false,
            ring_time: Duration::from_secs(28),
            claim_lease: Duration::from_secs(8),
            agent_grace: Duration::from_secs(25),
            rings_after_grace: true,
            transfer_ring: Duration::from_secs(20),
            habits: Default::default(),
            connect_age_max: Duration::from_secs(90),
            live_calls_max: 10,
            recording_format: RecordingFormat::OggOpus,
            sounds: Sounds::built_in().unwrap(),
            permission_template: None,
            tariff: crate::Tariff::default(),
        };
        let exchange = Exchange::start(vec![house], doors, media.events);
        let house = exchange.of(&id).unwrap().clone();
        Self { exchange, house, ears, store, workspace: id, _folder: folder }
    }

    /// A device that can be rung. It has no media leg.
    pub(crate) async fn device(&self, agent: &str) -> DeviceId {
        let device = DeviceId::from_uuid(Uuid::now_v7());
        self.house.device_joined(AgentId::new(agent).unwrap(), device).await;
        self.house.inner.board.lock().roster.want_calls(device, true);
        self.house.inner.device_ringable(device);
        device
    }

    /// A call that arrives and rings (or panics on the way).
    pub(crate) async fn call(&self, name: &str) -> CallId {
        let body = include_bytes!("../../../tests/fixtures/webhooks/connect_form_a.json");
        let mut webhook = whatsapp::parse(body).unwrap();
        let Some(whatsapp::Event::Connect(mut connect)) = webhook.events.pop() else {
            panic!("the fixture is a connect");
        };
        connect.line = LineId::new("100").unwrap();
        connect.wacid = Wacid::new(format!("wacid.{name}")).unwrap();
        connect.at = Some(Timestamp::now());
        let wacid = connect.wacid.clone();
        self.house.receive(whatsapp::Event::Connect(connect)).await.unwrap();
        self.store.call_of(&wacid, None).await.unwrap().unwrap()
    }

    pub(crate) async fn ringing(&self, name: &str) -> CallId {
        let id = self.call(name).await;
        self.until("a ring", || {
            self.heard(|event| matches!(event, ServerEvent::Ring { ringing } if ringing.call == id))
        })
        .await;
        id
    }

    pub(crate) fn heard(&self, wanted: impl Fn(&ServerEvent) -> bool) -> bool {
        self.ears.told.lock().iter().any(|(_, event)| wanted(event))
    }

    pub(crate) async fn until(&self, what: &str, done: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done() {
            assert!(Instant::now() < deadline, "{what} does not come");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn closed(&self, id: CallId) -> CallDetail {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let call = self.store.call(&self.workspace, id).await.unwrap().unwrap();
            if call.summary.state == CallState::Ended {
                return call;
            }
            assert!(Instant::now() < deadline, "the call gets no CDR");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn last_presence(&self, of: DeviceId) -> Option<Presence> {
        self.ears.told.lock().iter().rev().find_map(|(device, event)| {
            let ServerEvent::Presence { presence, .. } = event else { return None };
            (*device == of).then_some(*presence)
        })
    }
}

#[tokio::test]
async fn f6_a_panic_in_one_call_ends_that_call_only() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let ana = trial.device("ana").await;
    let other = trial.ringing("other").await;
    let doomed = trial.ringing("doomed").await;
    *trial.ears.trap.lock() = Some(|event| matches!(event, ServerEvent::ClaimWon { .. }));
    trial.house.claim(ana, doomed, Instant::now()).await.unwrap();
    let closed = trial.closed(doomed).await;
    let end = closed.summary.end.unwrap();
    assert_eq!(end.cause, Cause::InternalFault);
    assert!(trial.heard(|e| matches!(e, ServerEvent::CallEnd { call, .. } if *call == doomed)));
    assert_eq!(trial.last_presence(ana), Some(Presence::Ready), "the agent is free again");
    let snapshot = trial.house.snapshot(ana).await;
    assert_eq!(snapshot.active, None);
    let ringing: Vec<_> = snapshot.ringing.iter().map(|ring| (ring.call, ring.claimable)).collect();
    assert_eq!(ringing, [(other, true)], "the other call rings on, and can be taken");
    assert_eq!(trial.house.live_calls(), 1);
    trial.house.claim(ana, other, Instant::now()).await.unwrap();
}

#[tokio::test]
async fn a_refused_claim_of_a_second_tab_does_not_free_an_agent_who_has_the_call() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let (first_tab, second_tab) = (trial.device("ana").await, trial.device("ana").await);
    let call = trial.ringing("one").await;
    let other = trial.ringing("two").await;
    trial.house.claim(first_tab, call, Instant::now()).await.unwrap();
    let refused = trial.house.claim(second_tab, call, Instant::now()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::TakenByYouElsewhere);
    let busy = trial.house.claim(second_tab, other, Instant::now()).await.unwrap_err();
    assert_eq!(busy.code, ErrorCode::OnCall);
    assert_eq!(trial.last_presence(first_tab), Some(Presence::Busy));
    trial.house.hang_up(first_tab, call).await.unwrap();
    trial.until("freedom", || trial.last_presence(first_tab) == Some(Presence::Ready)).await;
    trial.house.claim(second_tab, other, Instant::now()).await.unwrap();
}

#[tokio::test]
async fn an_agent_who_goes_away_while_talking_rings_no_more_elsewhere() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let ana = trial.device("ana").await;
    let call = trial.ringing("one").await;
    let other = trial.ringing("two").await;
    trial.house.claim(ana, call, Instant::now()).await.unwrap();
    trial.until("the call", || trial.last_presence(ana) == Some(Presence::Busy)).await;
    trial.house.go_away(ana).await;
    let over = |e: &ServerEvent| matches!(e, ServerEvent::RingEnd { call, .. } if *call == other);
    trial.until("the end of ringing", || trial.heard(over)).await;
    assert!(trial.house.snapshot(ana).await.active.is_some(), "the call goes on");
}

#[tokio::test]
async fn g1_calls_go_on_and_end_while_the_database_is_gone() {
    let trial = Trial::open(willing_meta().await).await;
    let ana = trial.device("ana").await;
    let call = trial.ringing("one").await;
    trial.store.close().await;
    let asked = Instant::now();
    trial.house.claim(ana, call, asked).await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(5), "the answer does not wait for a database");
    trial.house.end_call(call).await.ok();
    trial.until("the end", || trial.house.live_calls() == 0).await;
    assert!(trial.heard(|e| matches!(e, ServerEvent::ClaimWon { .. })));
}

#[tokio::test]
async fn b13_a_line_that_is_not_ours_leaves_no_trace() {
    let trial = Trial::open(willing_meta().await).await;
    let body = include_bytes!("../../../tests/fixtures/webhooks/connect_form_a.json");
    for event in whatsapp::parse(body).unwrap().events {
        trial.house.receive(event).await.unwrap();
    }
    assert_eq!(trial.house.live_calls(), 0);
    assert_eq!(trial.store.unfinished_calls().await.unwrap(), []);
}

/// A WhatsApp leg of the call as the media plane would report about it.
async fn noticed(trial: &Trial, call: CallId, what: impl FnOnce(LegId) -> MediaEvent) {
    let leg = LegId(u64::MAX);
    trial.house.inner.board.lock().add_leg(leg, LegOwner::Call(call));
    let (events, queue) = tokio::sync::mpsc::channel(1);
    let houses = vec![trial.house.inner.clone()];
    let listening = tokio::spawn(crate::media_events::listen(houses, queue));
    events.send(what(leg)).await.unwrap();
    drop(events);
    listening.await.unwrap();
}

#[tokio::test]
async fn a_key_reaches_the_desk_of_the_agent_who_has_the_call_and_nobody_else() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let (ana, ben) = (trial.device("ana").await, trial.device("ben").await);
    let call = trial.ringing("one").await;
    trial.house.claim(ana, call, Instant::now()).await.unwrap();
    noticed(&trial, call, |leg| MediaEvent::Dtmf { leg, digit: '5', duration_ms: 80 }).await;
    trial.until("the key", || trial.heard(|e| matches!(e, ServerEvent::Key { .. }))).await;
    let told = trial.ears.told.lock();
    assert!(!told.iter().any(|(to, e)| *to == ben && matches!(e, ServerEvent::Key { .. })));
}

#[tokio::test]
async fn a_silent_call_is_journalled_counted_and_shown_to_who_can_mend_it() {
    let (_meta, url) = silent_meta();
    let trial = Trial::open(url).await;
    let ana = trial.device("ana").await;
    let call = trial.ringing("one").await;
    trial.house.claim(ana, call, Instant::now()).await.unwrap();
    let cause = SilentCause::AgentIce;
    noticed(&trial, call, |leg| MediaEvent::SilentCall { leg, cause }).await;
    let shown = |e: &ServerEvent| matches!(e, ServerEvent::CallUpdate { active, .. } if active.hint == Some(Hint::NoPath));
    trial.until("the hint", || trial.heard(shown)).await;
    assert_eq!(trial.house.snapshot(ana).await.active.unwrap().hint, Some(Hint::NoPath));
    trial.house.end_call(call).await.ok();
    let closed = trial.closed(call).await;
    let journalled = closed.timeline.iter().find(|event| event.event == "silent_call");
    assert_eq!(journalled.unwrap().detail, serde_json::json!({ "cause": "agent_ice" }));
    let mut registry = prometheus_client::registry::Registry::default();
    trial.exchange.register_metrics(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("silent_calls_total{cause=\"agent_ice\"} 1"), "{text}");
}
