//! A daemon process with a simulated Meta and the man in the middle, and a call that goes on.

use std::collections::HashSet;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use model::{CallId, LineId};
use serde_json::{Value, json};
use sim::Says;
use sim::agent::{Robot, RobotConfig};
use sim::listen::Heard;
use sim::meta::{CallPlan, Meta, MetaConfig, PhoneState, SimCall, SimLine, SimUser};
use wire::agent::ServerEvent;

use crate::middle::{Deeds, Middle};
use crate::relay::Relay;
use crate::tell;

const LINE: &str = "100000000000001";
/// Generous: these machines are slow and shared, and a test that waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const CALLER_HZ: f64 = 440.0;
pub(crate) const AGENT_HZ: f64 = 880.0;
/// How much of the latest sound is looked at.
const LATELY: Duration = Duration::from_millis(500);
/// What memory may grow by under attack beside a tenth: pages that a debug build touches once.
const GROWTH_KIB: u64 = 8 * 1_024;

pub(crate) struct House {
    pub(crate) meta: Meta,
    pub(crate) middle: Arc<Middle>,
    pub(crate) agents_port: SocketAddr,
    pub(crate) callers_ports: RangeInclusive<u16>,
    _folder: tempfile::TempDir,
    key: String,
    api: SocketAddr,
    child: Child,
    http: reqwest::Client,
}

impl Drop for House {
    fn drop(&mut self) {
        // A test that failed must not leave its daemon behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What differs between houses.
pub(crate) struct Setup {
    pub(crate) deeds: Deeds,
    pub(crate) private_remotes: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { deeds: Deeds::default(), private_remotes: true }
    }
}

/// A call on which both sides hear each other.
pub(crate) struct Talk {
    pub(crate) house: House,
    pub(crate) phone: SimCall,
    pub(crate) robot: Robot,
    pub(crate) call: CallId,
    pub(crate) caller: Arc<Relay>,
    pub(crate) agent: Arc<Relay>,
    rss_kib: u64,
}

fn free_address() -> SocketAddr {
    let probe = TcpListener::bind("127.0.0.1:0").expect("a free port exists");
    probe.local_addr().expect("a bound socket has an address")
}

fn free_udp() -> SocketAddr {
    let probe = UdpSocket::bind("127.0.0.1:0").expect("a free port exists");
    probe.local_addr().expect("a bound socket has an address")
}

fn daemon() -> Command {
    Command::new(env!("CARGO_BIN_EXE_ringdown"))
}

impl House {
    pub(crate) async fn with(setup: Setup) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| {
            let _ = rustls::crypto::ring::default_provider().install_default();
        });
        let folder = tempfile::tempdir().expect("a scratch folder");
        let line = SimLine {
            id: LineId::new(LINE).expect("a valid line"),
            display_phone_number: "15550001111".to_owned(),
        };
        let config = MetaConfig::new("app-secret", "verify-me", "access", vec![line]);
        let meta = Meta::start(config).await.expect("the simulated Meta starts");
        let (api, admin, agents_port) = (free_address(), free_address(), free_udp());
        // Below the ports that systems give to sockets which ask for any.
        let first = 20_000 + rand::random::<u16>() % 120 * 100;
        let callers_ports = first..=first + 63;
        // Bound before the daemon starts, because the daemon must be told its address.
        let proxy = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let graph = proxy.local_addr().expect("a bound socket has an address");
        let file = folder.path().join("ringdown.toml");
        let places = [api, admin, agents_port, graph];
        std::fs::write(&file, settings(&setup, folder.path(), places, &callers_ports))
            .expect("the configuration is written");
        let key = new_key(&file);
        let child = serve(&file);
        let middle = Middle::start(proxy, meta.clone(), api, setup.deeds);
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("a client");
        let mut house = Self {
            meta,
            middle,
            agents_port,
            callers_ports,
            _folder: folder,
            key,
            api,
            child,
            http,
        };
        house.wait_until_ready(admin).await;
        house.meta.set_webhook_url(format!("http://{}/webhooks/whatsapp", house.middle.address));
        let body = json!({ "amount_micros": 25_000_000, "idempotency_key": "first" });
        house.send(reqwest::Method::POST, "/v1/balance/top-ups", body).await;
        house
    }

    /// An undisturbed call that goes on; the attack is still to come.
    pub(crate) async fn talk(setup: Setup) -> Talk {
        let house = Self::with(setup).await;
        let mut robot = house.ready("ana").await;
        let phone = house.ring().await;
        let call = answer(&mut robot).await;
        let caller = house.middle.caller(phone.wacid().as_str());
        let agent = house.middle.agent();
        let rss_kib = house.rss_kib();
        let talk = Talk { house, phone, robot, call, caller, agent, rss_kib };
        talk.both_hear_each_other().await;
        talk
    }

    async fn wait_until_ready(&mut self, admin: SocketAddr) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let ready = self.http.get(format!("http://{admin}/ready")).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            let exit = self.child.try_wait().expect("the daemon can be asked");
            assert!(exit.is_none(), "the daemon ended: {exit:?}");
            assert!(Instant::now() < deadline, "the daemon does not get ready");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub(crate) async fn send(&self, method: reqwest::Method, path: &str, body: Value) -> Value {
        let url = format!("http://{}{path}", self.api);
        let request = self.http.request(method, url).bearer_auth(&self.key).json(&body);
        let answer = request.send().await.expect("the API answers");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}{path}", self.api);
        let answer = self.http.get(url).bearer_auth(&self.key).send().await;
        answer.expect("the API answers").json().await.expect("JSON")
    }

    /// An agent whose socket is open and whose media leads through the man in the middle.
    pub(crate) async fn signed_in(&self, name: &str) -> Robot {
        self.send(reqwest::Method::PUT, &format!("/v1/agents/{name}"), json!({ "name": name }))
            .await;
        let path = format!("/v1/agents/{name}/token");
        let token = self.send(reqwest::Method::POST, &path, json!({})).await;
        let config = RobotConfig {
            url: format!("ws://{}/agent/v1", self.middle.address),
            token: token["token"].as_str().expect("a token").to_owned(),
            origin: None,
            says: Says::Tone(AGENT_HZ),
            label: name.to_owned(),
        };
        Robot::connect(config).await.expect("the agent signs in")
    }

    pub(crate) async fn ready(&self, name: &str) -> Robot {
        let mut robot = self.signed_in(name).await;
        robot.go_ready().await.expect("the agent gets ready");
        robot
    }

    pub(crate) async fn ring(&self) -> SimCall {
        let from = SimUser {
            phone: Some("15550002222".to_owned()),
            bsuid: None,
            name: "Maria".to_owned(),
        };
        let mut plan = CallPlan::new(LineId::new(LINE).expect("a valid line"), from);
        plan.says = Says::Tone(CALLER_HZ);
        self.meta.ring(plan).await.expect("the caller dials")
    }

    /// The newest call once it has ended.
    pub(crate) async fn newest_ended(&self) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let page = self.get("/v1/calls?limit=1").await;
            let call = page["items"].as_array().and_then(|items| items.first()).cloned();
            if let Some(call) = call.filter(|call| call["state"] == "ended") {
                return call;
            }
            assert!(Instant::now() < deadline, "the call does not end: {page:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Memory that the daemon's process occupies.
    pub(crate) fn rss_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("the daemon runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let figure = line.and_then(|line| line.split_whitespace().next());
        figure.and_then(|figure| figure.parse().ok()).expect("the kernel writes it")
    }

    /// UDP sockets that the daemon's process has open.
    pub(crate) fn udp_sockets(&self) -> usize {
        let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
        let tables = read("/proc/net/udp") + &read("/proc/net/udp6");
        let inodes: HashSet<String> = tables
            .lines()
            .filter_map(|line| line.split_whitespace().nth(9))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        let folder = format!("/proc/{}/fd", self.child.id());
        let files = std::fs::read_dir(folder).expect("the daemon runs");
        let is_udp = |link: &Path| {
            std::fs::read_link(link).is_ok_and(|to| inodes.contains(&*to.to_string_lossy()))
        };
        files.flatten().filter(|file| is_udp(&file.path())).count()
    }
}

impl Talk {
    /// Waits until each side hears the other, and only the other.
    pub(crate) async fn both_hear_each_other(&self) {
        hears_only("the caller", || self.phone.heard(), AGENT_HZ, CALLER_HZ).await;
        hears_only("the agent", || self.robot.heard(), CALLER_HZ, AGENT_HZ).await;
    }

    /// What must hold after every attack: the call goes on, sounds right, and cost no memory.
    pub(crate) async fn stands_unharmed(mut self) {
        self.both_hear_each_other().await;
        assert_eq!(self.phone.state(), PhoneState::Talking);
        let over = self.robot.wait_for("the end", harms, Duration::from_millis(100)).await;
        assert!(over.is_err(), "the agent was told: {over:?}");
        assert_eq!(self.phone.heard().ssrcs.len(), 1, "one stream reached the caller");
        assert_eq!(self.robot.heard().ssrcs.len(), 1, "one stream reached the agent");
        let violations = self.house.meta.violations();
        assert!(violations.is_empty(), "Meta would complain: {violations:?}");
        let (before, now) = (self.rss_kib, self.house.rss_kib());
        assert!(now <= before + before / 10 + GROWTH_KIB, "memory grew: {before} to {now} KiB");
        tell(&format!("memory before and after: {before} and {now} KiB"));
        self.robot.hang_up(self.call).await.expect("the daemon listens");
        let ended = self.house.newest_ended().await;
        assert_eq!(ended["end"]["cause"], "agent_hung_up", "{ended:#}");
    }
}

fn harms(event: &ServerEvent) -> bool {
    matches!(event, ServerEvent::CallEnd { .. } | ServerEvent::MediaState { up: false, .. })
}

/// Claims the call that rings, and waits until sound flows.
pub(crate) async fn answer(robot: &mut Robot) -> CallId {
    let rings = |event: &ServerEvent| matches!(event, ServerEvent::Ring { .. });
    let ring = robot.wait_for("a ring", rings, PATIENCE).await.expect("the call rings");
    let ServerEvent::Ring { ringing } = ring else { panic!("not a ring: {ring:?}") };
    let call = ringing.call;
    robot.claim(call).await.expect("the claim is sent");
    let opens = |event: &ServerEvent| matches!(event, ServerEvent::CallOpen { active } if active.call == call);
    robot.wait_for("sound", opens, PATIENCE).await.expect("the call opens");
    call
}

/// Waits until the latest sound holds one tone and not the other.
async fn hears_only(who: &str, heard: impl Fn() -> Heard, wanted: f64, other: f64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let sound = heard();
        if sound.hears(wanted, LATELY) && !sound.hears(other, LATELY) {
            return;
        }
        let (level, wrong) = (sound.tone_db(wanted, LATELY), sound.tone_db(other, LATELY));
        assert!(
            Instant::now() < deadline,
            "{who} does not hear {wanted} Hz alone: {level:.0} dB, and {other} Hz at {wrong:.0} dB"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn serve(config: &Path) -> Child {
    let mut command = daemon();
    command.arg("serve").arg("--config").arg(config).stdout(Stdio::null());
    command.spawn().expect("the daemon starts")
}

fn new_key(config: &Path) -> String {
    let output = daemon().args(["key", "add", "hostile", "--config"]).arg(config).output();
    let output = output.expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text").trim().to_owned()
}

fn settings(
    setup: &Setup,
    folder: &Path,
    [api, admin, agents, graph]: [SocketAddr; 4],
    callers: &RangeInclusive<u16>,
) -> String {
    let (folder, private) = (folder.display(), setup.private_remotes);
    let (agent_port, first, last) = (agents.port(), callers.start(), callers.end());
    format!(
        r#"
[server]
listen = "{api}"
admin_listen = "{admin}"
[whatsapp]
app_secret = "app-secret"
verify_token = "verify-me"
access_token = "access"
graph_url = "http://{graph}"
[media]
bind = "127.0.0.1"
# One port, which every attack can aim at.
threads = 1
agent_port = {agent_port}
whatsapp_ports = "{first}-{last}"
allow_private_remotes = {private}
[store]
path = "{folder}/ringdown.db"
[recording]
folder = "{folder}/recordings"
[workspace]
id = "test"
name = "Test"
[[lines]]
id = "{LINE}"
name = "Support"
recording = "off"
[rules]
ring_seconds = 28
live_calls_max = 32
[log]
level = "error"
"#
    )
}
