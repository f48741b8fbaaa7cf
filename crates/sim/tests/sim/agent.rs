//! A robot agent connects, goes ready, speaks while it is on a call, and can die silently.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use model::{AgentId, CallId, Cause, DeviceId, EndReason, SdpText, SessionId, Timestamp};
use sim::agent::{Robot, RobotConfig};
use sim::{Says, SimError};
use wire::agent::{
    ClientCommand, ClientFrame, ErrorCode, SUBPROTOCOL, ServerEvent, ServerFrame, Snapshot, VERSION,
};

use super::business::Business;
use super::world::{PATIENCE, eventually};

const LATELY: Duration = Duration::from_millis(500);

/// A daemon of fifty lines: one agent, one leg.
#[derive(Default)]
struct Daemon {
    leg: Mutex<Option<Business>>,
    pings: Mutex<u32>,
}

impl Daemon {
    async fn start() -> (Arc<Self>, String) {
        let daemon = Arc::new(Self::default());
        let router = Router::new().route("/agent/v1", get(upgrade)).with_state(daemon.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        tokio::spawn(async move { axum::serve(listener, router).await });
        (daemon, format!("ws://{address}/agent/v1"))
    }

    fn leg_hears(&self, hz: f64) -> bool {
        let leg = self.leg.lock().expect("no panic holds it");
        leg.as_ref().is_some_and(|leg| leg.heard().hears(hz, LATELY))
    }

    fn packets(&self) -> u64 {
        let leg = self.leg.lock().expect("no panic holds it");
        leg.as_ref().map_or(0, |leg| leg.heard().packets)
    }
}

async fn upgrade(
    State(daemon): State<Arc<Daemon>>,
    headers: HeaderMap,
    socket: WebSocketUpgrade,
) -> Response {
    assert_eq!(headers["origin"], "https://desk.example");
    socket.protocols([SUBPROTOCOL]).on_upgrade(move |socket| serve(daemon, socket))
}

async fn serve(daemon: Arc<Daemon>, mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let Message::Text(text) = message else {
            continue;
        };
        let frame = ClientFrame::read(&text).expect("the robot speaks the protocol");
        for event in react(&daemon, frame).await {
            let frame = ServerFrame { v: VERSION, seq: 0, event };
            let text = serde_json::to_string(&frame).expect("a frame is JSON");
            if socket.send(Message::text(text)).await.is_err() {
                return;
            }
        }
    }
}

async fn react(daemon: &Daemon, frame: ClientFrame) -> Vec<ServerEvent> {
    let done = ServerEvent::Done { to: frame.id };
    match frame.command {
        ClientCommand::Hello { token, .. } if token == "good" => vec![ServerEvent::Welcome {
            rights: model::Rights::default(),
            session: SessionId::from_uuid(Default::default()),
            device: DeviceId::from_uuid(Default::default()),
            agent: AgentId::new("ana").expect("a short word"),
            agent_name: "Ana".to_owned(),
            heartbeat_ms: 300,
            server_time: Timestamp::from_millis(0),
            snapshot: Snapshot::default(),
            ice_servers: vec![],
        }],
        ClientCommand::Hello { .. } => vec![ServerEvent::Error {
            to: Some(frame.id),
            code: ErrorCode::Unauthorized,
            message: "wrong token".to_owned(),
            hint: "get a new one".to_owned(),
        }],
        ClientCommand::GoReady { offer } => {
            let (leg, answer) = Business::answering(offer.as_str(), 880.0).await;
            leg.speak(true);
            *daemon.leg.lock().expect("no panic holds it") = Some(leg);
            let up = ServerEvent::MediaState { up: true, reason: None };
            let answer = SdpText::new(answer);
            vec![ServerEvent::MediaAnswer { answer }, done, up]
        }
        ClientCommand::HangUp { call } => vec![
            done,
            ServerEvent::CallEnd {
                call,
                reason: EndReason::of(Cause::AgentHungUp, true),
                talked_ms: 1,
            },
        ],
        ClientCommand::Claim { call } if call == taken() => vec![ServerEvent::Error {
            to: Some(frame.id),
            code: ErrorCode::AlreadyTaken,
            message: "Ben has it".to_owned(),
            hint: "wait for the next one".to_owned(),
        }],
        ClientCommand::Ping {} => {
            *daemon.pings.lock().expect("no panic holds it") += 1;
            let server_time = Timestamp::from_millis(0);
            vec![ServerEvent::Pong { to: frame.id, server_time }]
        }
        _ => vec![done],
    }
}

/// A call that somebody else has.
fn taken() -> CallId {
    "call_00000000000000000000000000000009".parse().expect("32 digits")
}

fn robot(url: &str, token: &str) -> RobotConfig {
    RobotConfig {
        url: url.to_owned(),
        token: token.to_owned(),
        origin: Some("https://desk.example".to_owned()),
        says: Says::Tone(440.0),
        label: "robot".to_owned(),
    }
}

#[tokio::test]
async fn a_robot_is_heard_from_claim_to_the_end_of_the_call() {
    let (daemon, url) = Daemon::start().await;
    let mut robot = Robot::connect(robot(&url, "good")).await.unwrap();
    assert!(matches!(robot.welcome(), ServerEvent::Welcome { .. }));
    robot.go_ready().await.unwrap();
    eventually("the robot to hear 880 Hz", || robot.heard().hears(880.0, LATELY)).await;
    assert_eq!(daemon.packets(), 0, "no sound before the claim");

    let call = CallId::from_uuid(Default::default());
    let id = robot.claim(call).await.unwrap();
    let is_done = |event: &ServerEvent| matches!(event, ServerEvent::Done { to } if *to == id);
    robot.wait_for("done", is_done, PATIENCE).await.unwrap();
    eventually("the leg to hear 440 Hz", || daemon.leg_hears(440.0)).await;

    robot.hang_up(call).await.unwrap();
    let is_end = |event: &ServerEvent| matches!(event, ServerEvent::CallEnd { .. });
    robot.wait_for("the end", is_end, PATIENCE).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let after = daemon.packets();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(daemon.packets(), after, "silent once the call is over");
    eventually("heartbeats", || *daemon.pings.lock().expect("no panic holds it") > 1).await;
    robot.close().await;
}

#[tokio::test]
async fn events_seen_too_early_are_kept_for_the_next_wait() {
    let (_daemon, url) = Daemon::start().await;
    let mut robot = Robot::connect(robot(&url, "good")).await.unwrap();
    let call = CallId::from_uuid(Default::default());
    let id = robot.hang_up(call).await.unwrap();
    let is_end = |event: &ServerEvent| matches!(event, ServerEvent::CallEnd { .. });
    robot.wait_for("the end", is_end, PATIENCE).await.unwrap();
    let kept = robot.next_event(PATIENCE).await.unwrap();
    assert_eq!(kept.event, ServerEvent::Done { to: id });
    let nothing = robot.next_event(Duration::from_millis(50)).await;
    assert!(matches!(nothing, Err(SimError::TimedOut { .. })));
    robot.close().await;
}

#[tokio::test]
async fn a_refused_claim_sends_no_sound() {
    let (daemon, url) = Daemon::start().await;
    let mut robot = Robot::connect(robot(&url, "good")).await.unwrap();
    robot.go_ready().await.unwrap();
    let id = robot.claim(taken()).await.unwrap();
    let is_refused =
        |event: &ServerEvent| matches!(event, ServerEvent::Error { to: Some(to), .. } if *to == id);
    robot.wait_for("the refusal", is_refused, PATIENCE).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;
    let before = daemon.packets();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(daemon.packets(), before);
    robot.close().await;
}

#[tokio::test]
async fn a_cut_leg_falls_silent_in_both_directions() {
    let (daemon, url) = Daemon::start().await;
    let mut robot = Robot::connect(robot(&url, "good")).await.unwrap();
    robot.go_ready().await.unwrap();
    robot.speak(true);
    eventually("the leg to hear 440 Hz", || daemon.leg_hears(440.0)).await;
    robot.cut_media();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = (daemon.packets(), robot.heard().packets);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!((daemon.packets(), robot.heard().packets), before);
    robot.close().await;
}

#[tokio::test]
async fn a_refused_token_is_told_apart_from_a_missing_daemon() {
    let (_daemon, url) = Daemon::start().await;
    let refused = Robot::connect(robot(&url, "bad")).await.map(|_| ());
    let expected = ErrorCode::Unauthorized;
    assert!(
        matches!(&refused, Err(SimError::Refused { code, .. }) if *code == expected),
        "{refused:?}"
    );
    let nowhere = Robot::connect(robot("ws://127.0.0.1:9/agent/v1", "good")).await;
    assert!(matches!(nowhere.map(|_| ()), Err(SimError::Socket(_))));
}
