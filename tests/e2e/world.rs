//! A daemon process with a simulated Meta beside it, and agents who sign in over the API.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use model::{CallId, LineId, Wacid};
use serde_json::{Value, json};
use sim::Says;
use sim::agent::{Robot, RobotConfig};
use sim::meta::{CallPlan, Meta, MetaConfig, PhoneState, SimCall, SimLine, SimUser};
use wire::agent::{ClientCommand, ErrorCode, ServerEvent};

pub(crate) use crate::settings::Setup;
use crate::settings::settings;

pub(crate) const LINE: &str = "100000000000001";
/// The line of the second workspace, where there is one.
pub(crate) const SECOND_LINE: &str = "100000000000002";
/// Generous: these machines are slow and shared, and a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const CALLER_HZ: f64 = 440.0;
pub(crate) const AGENT_HZ: f64 = 880.0;

pub(crate) struct World {
    pub(crate) meta: Meta,
    pub(crate) key: String,
    pub(crate) folder: tempfile::TempDir,
    address: SocketAddr,
    admin: SocketAddr,
    config: PathBuf,
    child: Child,
    log: Option<PathBuf>,
    http: reqwest::Client,
}

impl Drop for World {
    fn drop(&mut self) {
        // A test that failed must not leave its daemon behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port exists");
    probe.local_addr().expect("a bound socket has an address")
}

pub(crate) fn daemon() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ringdown"))
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::with(Setup::default()).await
    }

    pub(crate) async fn with(setup: Setup) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let folder = tempfile::tempdir().expect("a scratch folder");
        let line = |id: &str, number: &str| SimLine {
            id: LineId::new(id).expect("a valid line"),
            display_phone_number: number.to_owned(),
        };
        let lines = vec![line(LINE, "15550001111"), line(SECOND_LINE, "15550002211")];
        let mut meta_config = MetaConfig::new("app-secret", "verify-me", "access", lines);
        meta_config.no_media_kill = Duration::from_secs(20);
        let meta = Meta::start(meta_config).await.expect("the simulated Meta starts");
        let (address, admin) = (free_address(), free_address());
        let config = folder.path().join("ringdown.toml");
        std::fs::write(folder.path().join("token"), "access\n").expect("the token is written");
        std::fs::write(&config, settings(&setup, folder.path(), &meta.graph_url(), address, admin))
            .expect("the configuration is written");
        let key = new_key(&config, "test");
        let log = setup.keeps_log.then(|| folder.path().join("log"));
        let child = serve(&config, log.as_deref());
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let mut world = Self { meta, key, folder, address, admin, config, child, log, http };
        world.wait_until_ready().await;
        world.meta.set_webhook_url(world.webhook_url());
        world.meta.verify_webhook().await.expect("the webhook handshake");
        world.top_up(setup.balance_micros).await;
        world
    }

    /// Goes on as the second workspace: its key, and money in its account.
    pub(crate) async fn change_workspace(&mut self) {
        self.key = new_key(&self.config, "second");
        self.top_up(25_000_000).await;
    }

    pub(crate) fn webhook_url(&self) -> String {
        format!("http://{}/webhooks/whatsapp", self.address)
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    async fn wait_until_ready(&mut self) {
        let ready = format!("http://{}/ready", self.admin);
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Ok(answer) = self.http.get(&ready).send().await
                && answer.status().is_success()
            {
                return;
            }
            let exit = self.child.try_wait().expect("the daemon can be asked");
            assert!(exit.is_none(), "the daemon ended: {exit:?}");
            assert!(Instant::now() < deadline, "the daemon does not get ready");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Kills the daemon as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the daemon can be killed");
        self.child.wait().expect("the daemon can be waited for");
    }

    pub(crate) async fn start_again(&mut self) {
        self.child = serve(&self.config, self.log.as_deref());
        self.wait_until_ready().await;
    }

    /// Asks the daemon to stop, as systemd does.
    pub(crate) fn sigterm(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("kill runs");
        assert!(sent.success());
    }

    /// The daemon's exit code.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("the daemon can be asked") {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the daemon does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the private listener answers.
    pub(crate) async fn admin(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.admin);
        let answer = self.http.get(url).send().await.expect("the private listener answers");
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    /// Puts another access token where the daemon finds it.
    pub(crate) fn new_token(&self, token: &str) {
        std::fs::write(self.folder.path().join("token"), token).expect("the token is written");
    }

    /// What the daemon has logged.
    pub(crate) fn logged(&self) -> String {
        let file = self.log.as_ref().expect("the journey keeps its log");
        std::fs::read_to_string(file).expect("a log")
    }

    /// Waits until a line of the metrics begins so.
    pub(crate) async fn metric(&self, begin: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.admin("/metrics").await.1;
            if text.lines().any(|line| line.starts_with(begin)) {
                return;
            }
            assert!(Instant::now() < deadline, "no `{begin}` in\n{text}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let request = self.http.get(self.url(path)).bearer_auth(&self.key);
        let answer = request.send().await.expect("the API answers");
        assert!(answer.status().is_success(), "GET {path}: {}", answer.status());
        answer.json().await.expect("JSON")
    }

    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let request = self.http.request(method, self.url(path)).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.expect("the API answers");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    /// Status and document of an answer, whatever it is.
    pub(crate) async fn answer_to(
        &self,
        method: reqwest::Method,
        path: &str,
        body: &Value,
    ) -> (u16, Value) {
        let request = self.http.request(method, self.url(path)).bearer_auth(&self.key).json(body);
        let answer = request.send().await.expect("the API answers");
        let status = answer.status().as_u16();
        (status, answer.json().await.unwrap_or(Value::Null))
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.send(reqwest::Method::POST, path, body).await
    }

    async fn top_up(&self, micros: i64) {
        let body = json!({ "amount_micros": micros, "idempotency_key": "first" });
        self.post("/v1/balance/top-ups", body).await;
    }

    /// Runs a command of the command line on the daemon's configuration.
    pub(crate) fn command(&self, arguments: &[&str]) -> std::process::Output {
        let mut command = daemon();
        command.args(arguments).arg("--config").arg(&self.config);
        command.output().expect("it runs")
    }

    pub(crate) fn socket_url(&self) -> String {
        format!("ws://{}/agent/v1", self.address)
    }

    pub(crate) async fn token(&self, agent: &str) -> String {
        let name = json!({ "name": format!("{}{}", agent[..1].to_uppercase(), &agent[1..]) });
        self.send(reqwest::Method::PUT, &format!("/v1/agents/{agent}"), name).await;
        let token = self.post(&format!("/v1/agents/{agent}/token"), json!({})).await;
        token["token"].as_str().expect("a token").to_owned()
    }

    /// An agent who is signed in, and can be rung.
    pub(crate) async fn agent(&self, name: &str) -> Robot {
        let mut robot = self.signed_in(name).await;
        robot.go_ready().await.expect("the agent gets ready");
        robot
    }

    pub(crate) async fn signed_in(&self, name: &str) -> Robot {
        self.signed_in_saying(name, AGENT_HZ).await
    }

    /// An agent with a tone of their own, who can be rung.
    pub(crate) async fn agent_saying(&self, name: &str, hz: f64) -> Robot {
        let mut robot = self.signed_in_saying(name, hz).await;
        robot.go_ready().await.expect("the agent gets ready");
        robot
    }

    /// An agent who may supervise, with a tone of their own, who can be rung.
    pub(crate) async fn supervisor(&self, name: &str, hz: f64) -> Robot {
        let rights = json!({ "name": name, "rights": ["answer", "supervise"] });
        self.send(reqwest::Method::PUT, &format!("/v1/agents/{name}"), rights).await;
        self.agent_saying(name, hz).await
    }

    /// Makes a group and rings the line's calls there.
    pub(crate) async fn line_rings(&self, policy: Value, members: &[(&str, u8)]) {
        self.group("team", policy, members).await;
        let group = json!({ "group": "team" });
        self.send(reqwest::Method::PUT, &format!("/v1/lines/{LINE}/group"), group).await;
    }

    /// Makes a group of agents, each with a tier.
    pub(crate) async fn group(&self, group: &str, policy: Value, members: &[(&str, u8)]) {
        for (agent, _) in members {
            self.token(agent).await;
        }
        let members: Vec<Value> =
            members.iter().map(|(agent, tier)| json!({ "agent": agent, "tier": tier })).collect();
        let body = json!({ "name": group, "policy": policy, "members": members });
        self.send(reqwest::Method::PUT, &format!("/v1/groups/{group}"), body).await;
    }

    pub(crate) async fn signed_in_saying(&self, name: &str, hz: f64) -> Robot {
        let config = RobotConfig {
            url: self.socket_url(),
            token: self.token(name).await,
            origin: None,
            says: Says::Tone(hz),
            label: name.to_owned(),
        };
        Robot::connect(config).await.expect("the agent signs in")
    }

    pub(crate) fn plan(&self) -> CallPlan {
        let from = SimUser {
            phone: Some("15550002222".to_owned()),
            bsuid: None,
            name: "Maria".to_owned(),
        };
        let mut plan = CallPlan::new(LineId::new(LINE).expect("a valid line"), from);
        plan.says = Says::Tone(CALLER_HZ);
        plan
    }

    pub(crate) async fn ring(&self, plan: CallPlan) -> SimCall {
        self.meta.ring(plan).await.expect("the caller dials")
    }

    /// An agent who talks with a caller.
    pub(crate) async fn talks(&self, agent: &str) -> (Robot, SimCall, CallId) {
        let mut robot = self.agent(agent).await;
        let phone = self.ring(self.plan()).await;
        let call = answer(&mut robot).await;
        talking(&phone).await;
        (robot, phone, call)
    }

    /// The whole call once its books are closed.
    pub(crate) async fn closed(&self, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let call = self.get(&format!("/v1/calls/{id}")).await;
            let listed = call["recording"].is_null()
                || call["recordings"].as_array().is_some_and(|r| !r.is_empty());
            if call["state"] == "ended" && listed {
                return call;
            }
            assert!(Instant::now() < deadline, "the call does not end: {call:#}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// The newest call the API lists.
    pub(crate) async fn newest(&self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.get("/v1/calls?limit=1").await;
            if let Some(call) = page["items"].as_array().and_then(|items| items.first()) {
                return call.clone();
            }
            assert!(Instant::now() < deadline, "no call is listed");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn newest_closed(&self) -> Value {
        let id = self.newest().await["id"].as_str().expect("an id").to_owned();
        self.closed(&id).await
    }

    /// Waits until Meta was asked so often: the simulated one notes a request once it is answered.
    pub(crate) async fn asked_at_last(&self, action: &str, wacid: &Wacid, times: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.asked(action, wacid) < times {
            assert!(Instant::now() < deadline, "{action} is not asked {times} times");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.asked(action, wacid), times, "{action}");
    }

    /// How often Meta was asked to do something with a call.
    pub(crate) fn asked(&self, action: &str, wacid: &Wacid) -> usize {
        self.meta
            .requests()
            .iter()
            .filter(|request| request.action == action && request.call_id.as_ref() == Some(wacid))
            .count()
    }
}

fn serve(config: &Path, log: Option<&Path>) -> Child {
    let stderr = log.map_or_else(Stdio::inherit, |file| {
        std::fs::File::create(file).expect("a log file").into()
    });
    daemon()
        .arg("serve")
        .arg("--config")
        .arg(config)
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
        .expect("the daemon starts")
}

fn new_key(config: &Path, workspace: &str) -> String {
    let name = format!("e2e-{workspace}");
    let mut command = daemon();
    command.args(["key", "add", &name, "--workspace", workspace, "--config"]).arg(config);
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

/// Waits for a ring and returns its call.
pub(crate) async fn rung(robot: &mut Robot) -> CallId {
    let event = robot
        .wait_for("a ring", |event| matches!(event, ServerEvent::Ring { .. }), PATIENCE)
        .await
        .expect("the call rings");
    match event {
        ServerEvent::Ring { ringing } => ringing.call,
        other => panic!("not a ring: {other:?}"),
    }
}

/// Waits until sound flows on the robot's call.
pub(crate) async fn open(robot: &mut Robot, call: CallId) {
    robot
        .wait_for(
            "sound",
            |event| matches!(event, ServerEvent::CallOpen { active } if active.call == call),
            PATIENCE,
        )
        .await
        .expect("the call opens");
}

/// Claims a ringing call and waits until sound flows.
pub(crate) async fn answer(robot: &mut Robot) -> CallId {
    let call = rung(robot).await;
    robot.claim(call).await.expect("the claim is sent");
    open(robot, call).await;
    call
}

pub(crate) async fn hang_up(robot: &mut Robot, call: CallId) {
    robot.command(ClientCommand::HangUp { call }).await.expect("the hang-up is sent");
}

pub(crate) async fn talking(phone: &SimCall) {
    phone.wait_for(|state| *state == PhoneState::Talking, PATIENCE).await.expect("the phone talks");
}

pub(crate) async fn ended(phone: &SimCall) {
    phone.wait_for(|state| state.end().is_some(), PATIENCE).await.expect("the phone's call ends");
}

/// Sends a command and waits until it is done; a refusal fails the test.
pub(crate) async fn done(robot: &mut Robot, command: ClientCommand) {
    let id = robot.command(command.clone()).await.expect("the command is sent");
    let reply = robot.wait_for("the reply", |event| replies(event, id), PATIENCE).await;
    match reply.expect("the daemon replies") {
        ServerEvent::Done { .. } => {}
        other => panic!("{command:?} was refused: {other:?}"),
    }
}

/// Sends a command and returns why it is refused.
pub(crate) async fn refused(robot: &mut Robot, command: ClientCommand) -> ErrorCode {
    let id = robot.command(command.clone()).await.expect("the command is sent");
    let reply = robot.wait_for("the reply", |event| replies(event, id), PATIENCE).await;
    match reply.expect("the daemon replies") {
        ServerEvent::Error { code, .. } => code,
        other => panic!("{command:?} was not refused: {other:?}"),
    }
}

fn replies(event: &ServerEvent, id: u64) -> bool {
    match event {
        ServerEvent::Done { to } => *to == id,
        ServerEvent::Error { to, .. } => *to == Some(id),
        _ => false,
    }
}

/// The names of a closed call's events, in order.
pub(crate) fn events(closed: &Value) -> Vec<&str> {
    let timeline = closed["timeline"].as_array().expect("a timeline");
    timeline.iter().filter_map(|event| event["event"].as_str()).collect()
}
