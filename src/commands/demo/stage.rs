//! The demo's daemon and simulated Meta.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use model::{AgentId, LineId, Micros, Rights, Timestamp, TransactionId, WorkspaceId};
use serde_json::{Value, json};
use sim::meta::{Meta, MetaConfig, SimLine};
use uuid::Uuid;

use crate::cli::{DemoArgs, RecordArg};
use crate::commands::keys;
use crate::wiring::{self, Running};
use crate::{logging, wiring::access_token};

/// The line that simulated customers call.
const LINE: &str = "100000000000001";
/// The number of that line, from the range kept for fiction.
const LINE_NUMBER: &str = "15550001111";
/// People who may sign in at the desk, and the robot.
const AGENTS: [(&str, &str); 3] = [("ana", "Ana"), ("ben", "Ben"), (ROBOT, "Robot")];
/// The agent that answers when nobody does.
pub(crate) const ROBOT: &str = "robot";
/// Prepaid money at the first start, in dollars.
const FIRST_TOP_UP: i64 = 25;
/// How long one REST request of the demo to its own daemon may take.
const REQUEST_WAIT: Duration = Duration::from_secs(10);

/// Everything that plays.
pub(crate) struct Stage {
    pub(crate) running: Running,
    pub(crate) meta: Meta,
    pub(crate) line: LineId,
    pub(crate) workspace: WorkspaceId,
    pub(crate) api_key: String,
    pub(crate) folder: PathBuf,
    pub(crate) codes: Vec<(AgentId, String)>,
    http: reqwest::Client,
}

impl Stage {
    /// Starts Meta, then the daemon, and introduces them to each other.
    pub(crate) async fn set(args: &DemoArgs) -> anyhow::Result<Self> {
        std::fs::create_dir_all(&args.folder)
            .with_context(|| format!("cannot create {}", args.folder.display()))?;
        let folder = args.folder.canonicalize()?;
        let secrets: [String; 3] = std::array::from_fn(|_| hex::encode(rand::random::<[u8; 16]>()));
        let [app_secret, verify_token, token] = secrets;
        let line = LineId::new(LINE)?;
        let sim_line = SimLine { id: line.clone(), display_phone_number: LINE_NUMBER.to_owned() };
        let meta = Meta::start(MetaConfig::new(&app_secret, &verify_token, &token, vec![sim_line]))
            .await?;
        let text = settings(args, &folder, &meta.graph_url(), [&app_secret, &verify_token, &token]);
        let config = config::load_with(&[PathBuf::from("demo.toml")], std::iter::empty(), &|_| {
            Ok(text.clone())
        })?;
        logging::start(config.log.format, config.log.level);
        debug_assert_eq!(access_token(&config), token);
        let running = wiring::start(&config).await?;
        meta.set_webhook_url(format!("http://{}/webhooks/whatsapp", running.address));
        meta.verify_webhook().await?;
        let workspace = config.workspace.id.clone();
        let api_key = keys::add(
            &running.store,
            &workspace,
            &format!("demo {}", Timestamp::now()),
            Rights::ALL,
        )
        .await?;
        let http = reqwest::Client::builder().timeout(REQUEST_WAIT).build()?;
        let mut stage =
            Self { running, meta, line, workspace, api_key, folder, codes: vec![], http };
        stage.hire().await?;
        stage.fund(&config).await?;
        Ok(stage)
    }

    async fn hire(&mut self) -> anyhow::Result<()> {
        for (id, name) in AGENTS {
            let id = AgentId::new(id)?;
            self.running.store.put_agent(&self.workspace, &id, name).await?;
            if id.as_str() != ROBOT {
                let answer = self.post(&format!("/v1/agents/{id}/sign-in-code")).await?;
                let code = answer["code"].as_str().context("the API gave no sign-in code")?;
                self.codes.push((id, code.to_owned()));
            }
        }
        Ok(())
    }

    async fn fund(&self, config: &config::Config) -> anyhow::Result<()> {
        let balance = self.running.store.balance(&self.workspace).await?;
        if balance.top_up_required {
            let id = TransactionId::from_uuid(Uuid::now_v7());
            let now = Timestamp::now();
            let key = format!("demo-{}", now.as_millis());
            let amount = Micros::from_units(FIRST_TOP_UP);
            let top_up =
                ledger::top_up(&self.workspace, amount, config.workspace.currency, &key, now, id)?;
            self.running.store.post(&top_up).await?;
        }
        Ok(())
    }

    /// A token for an agent's device, by the API as a token server would get it.
    pub(crate) async fn token_for(&self, agent: &str) -> anyhow::Result<String> {
        let answer = self.post(&format!("/v1/agents/{agent}/token")).await?;
        Ok(answer["token"].as_str().context("the API gave no token")?.to_owned())
    }

    async fn post(&self, path: &str) -> anyhow::Result<Value> {
        let url = format!("http://{}{path}", self.running.address);
        let answer = self.http.post(url).bearer_auth(&self.api_key).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Where the desk of an agent is, code included; the code works once.
    pub(crate) fn desk_of(&self, code: &str) -> String {
        format!("http://{}/desk/#code={code}", self.address())
    }

    /// What a program needs to drive the demo.
    pub(crate) fn directions(&self) -> Value {
        let agents: Vec<Value> =
            self.codes.iter().map(|(id, code)| json!({ "id": id, "sign_in_code": code })).collect();
        json!({
            "ready": true,
            "desk": format!("http://{}/desk/", self.address()),
            "api": format!("http://{}", self.address()),
            "admin": format!("http://{}", self.running.admin_address),
            "api_key": self.api_key,
            "simulator": self.meta.graph_url(),
            "agents": agents,
            "line": self.line,
            "folder": self.folder,
        })
    }

    /// Ends what is live and closes everything.
    pub(crate) async fn strike(self) {
        self.running.drain(Duration::ZERO).await;
        self.meta.shut_down().await;
        self.running.stop().await;
    }
}

fn settings(
    args: &DemoArgs,
    folder: &std::path::Path,
    graph_url: &str,
    secrets: [&str; 3],
) -> String {
    let [app_secret, verify_token, access_token] = secrets;
    let record = match (args.record, args.manual) {
        (Some(RecordArg::Off), _) => "off",
        (Some(RecordArg::OnDemand), _) | (None, true) => "on_demand",
        (Some(RecordArg::Always), _) | (None, false) => "always",
    };
    let level = if args.json || args.manual { "warn" } else { "info" };
    let quoted = |path: PathBuf| toml_text(&path.to_string_lossy());
    format!(
        r#"
[server]
listen = "{listen}"
admin_listen = "127.0.0.1:0"
[whatsapp]
app_secret = "{app_secret}"
verify_token = "{verify_token}"
access_token = "{access_token}"
graph_url = "{graph_url}"
[media]
bind = "127.0.0.1"
agent_port = 0
whatsapp_ports = "42000-49999"
allow_private_remotes = true
[store]
path = {database}
[recording]
folder = {vault}
[workspace]
id = "demo"
name = "Demo"
[[lines]]
id = "{LINE}"
name = "Support"
recording = "{record}"
[log]
level = "{level}"
"#,
        listen = args.listen,
        database = quoted(folder.join("ringdown.db")),
        vault = quoted(folder.join("recordings")),
    )
}

/// A TOML basic string; JSON's escapes are among TOML's.
fn toml_text(text: &str) -> String {
    Value::from(text).to_string()
}
