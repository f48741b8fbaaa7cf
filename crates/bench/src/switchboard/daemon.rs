//! The measured daemon: a process of its own with a real database in a scratch folder.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::rest::Rest;
use crate::error::BenchError;

/// The one line of the house.
pub(super) const LINE: &str = "100000000000001";
/// What the daemon and the simulated Meta know of each other.
pub(super) const APP_SECRET: &str = "app-secret";
pub(super) const VERIFY_TOKEN: &str = "verify-me";
pub(super) const ACCESS_TOKEN: &str = "access";
/// How long the daemon may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// More than the calls of a run cost.
const BALANCE_MICROS: i64 = 1_000_000_000;

/// A running daemon; it ends with this value.
pub(super) struct Daemon {
    child: Child,
    folder: PathBuf,
    pub(super) address: SocketAddr,
    pub(super) key: String,
}

impl Daemon {
    /// Starts the program at `program` against a Graph at `graph`, and waits until it is ready.
    pub(super) fn start(program: &Path, graph: &str) -> Result<Self, BenchError> {
        let folder = scratch_folder()?;
        let (address, admin) = (free_address()?, free_address()?);
        let config = folder.join("ringdown.toml");
        std::fs::write(&config, settings(&folder, graph, address, admin))
            .map_err(BenchError::system("the daemon's configuration"))?;
        let key = new_key(program, &config)?;
        let log = std::fs::File::create(folder.join("log"))
            .map_err(BenchError::system("the daemon's log"))?;
        let child = Command::new(program)
            .arg("serve")
            .arg("--config")
            .arg(&config)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(BenchError::system("the daemon"))?;
        let mut daemon = Self { child, folder, address, key };
        daemon.wait_until_ready(admin)?;
        let body = json!({ "amount_micros": BALANCE_MICROS, "idempotency_key": "first" });
        daemon.rest()?.ask("POST", "/v1/balance/top-ups", &body)?;
        Ok(daemon)
    }

    /// Its process.
    pub(super) fn process(&self) -> u32 {
        self.child.id()
    }

    /// A connection to its API.
    pub(super) fn rest(&self) -> Result<Rest, BenchError> {
        Rest::connect(self.address, &self.key)
    }

    /// Where Meta posts to.
    pub(super) fn webhook_url(&self) -> String {
        format!("http://{}/webhooks/whatsapp", self.address)
    }

    /// Tokens of as many agents, each of them new, numbered from `first`.
    pub(super) fn tokens(&self, first: usize, count: usize) -> Result<Vec<String>, BenchError> {
        let mut rest = self.rest()?;
        let one = |number: usize| {
            let path = format!("/v1/agents/agent-{number}");
            rest.ask("PUT", &path, &json!({ "name": format!("Agent {number}") }))?;
            let minted = rest.ask("POST", &format!("{path}/token"), &json!({}))?;
            let token = minted["token"].as_str().map(str::to_owned);
            token.ok_or(BenchError::Peer { what: "a token", why: minted.to_string() })
        };
        (first..first + count).map(one).collect()
    }

    fn wait_until_ready(&mut self, admin: SocketAddr) -> Result<(), BenchError> {
        let deadline = Instant::now() + START_MAX;
        loop {
            let asked = Rest::connect(admin, "")
                .and_then(|mut rest| rest.ask("GET", "/ready", &Value::Null));
            if asked.is_ok() {
                return Ok(());
            }
            let over = self.child.try_wait().ok().flatten().is_some();
            if over || Instant::now() > deadline {
                let why = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                return Err(BenchError::Peer { what: "starting", why });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn scratch_folder() -> Result<PathBuf, BenchError> {
    let name = format!("ringdown-bench-{}-{}", std::process::id(), uuid::Uuid::now_v7());
    let folder = std::env::temp_dir().join(name);
    std::fs::create_dir_all(&folder).map_err(BenchError::system("a scratch folder"))?;
    Ok(folder)
}

fn free_address() -> Result<SocketAddr, BenchError> {
    let probe = TcpListener::bind("127.0.0.1:0").map_err(BenchError::system("a free port"))?;
    probe.local_addr().map_err(BenchError::system("a free port"))
}

fn new_key(program: &Path, config: &Path) -> Result<String, BenchError> {
    let output = Command::new(program)
        .args(["key", "add", "bench", "--config"])
        .arg(config)
        .output()
        .map_err(BenchError::system("the daemon's program"))?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BenchError::Peer { what: "an API key", why });
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn settings(folder: &Path, graph: &str, address: SocketAddr, admin: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        r#"
[server]
listen = "{address}"
admin_listen = "{admin}"
[whatsapp]
app_secret = "{APP_SECRET}"
verify_token = "{VERIFY_TOKEN}"
access_token = "{ACCESS_TOKEN}"
graph_url = "{graph}"
[media]
bind = "127.0.0.1"
agent_port = 0
whatsapp_ports = "20000-29999"
allow_private_remotes = true
[store]
path = "{folder}/ringdown.db"
[recording]
folder = "{folder}/recordings"
[workspace]
id = "bench"
name = "Bench"
[[lines]]
id = "{LINE}"
name = "Support"
[log]
level = "error"
"#
    )
}
