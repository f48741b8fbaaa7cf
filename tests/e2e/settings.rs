//! The configuration of a journey's daemon, and what of it differs between journeys.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::world::{LINE, SECOND_LINE};

/// What differs between journeys.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) recording: &'static str,
    pub(crate) format: &'static str,
    pub(crate) ring_seconds: u32,
    pub(crate) lease_seconds: u32,
    /// Further lines of `[rules]`.
    pub(crate) rules: &'static str,
    /// Further lines of `[[lines]]`.
    pub(crate) line: String,
    /// What the line plays while a lost agent is waited for.
    pub(crate) hold_music: Option<PathBuf>,
    pub(crate) balance_micros: i64,
    pub(crate) configured_line: bool,
    /// The daemon serves a second workspace, which has a line of its own.
    pub(crate) second_workspace: bool,
    /// The daemon has a new app secret and still takes the one that Meta signs with.
    pub(crate) rotated_secret: bool,
    /// The daemon logs at INFO, into a file.
    pub(crate) keeps_log: bool,
    /// The access token is in a file, see [`World::new_token`].
    pub(crate) token_in_file: bool,
    /// Who is asked before a call rings.
    pub(crate) hook: Option<String>,
    /// Further lines of `[whatsapp]`.
    pub(crate) whatsapp: &'static str,
    /// The Postgres database that keeps the money.
    pub(crate) postgres: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            recording: "off",
            format: "ogg_opus",
            ring_seconds: 28,
            lease_seconds: 3,
            rules: "",
            line: String::new(),
            hold_music: None,
            balance_micros: 25_000_000,
            configured_line: true,
            second_workspace: false,
            rotated_secret: false,
            keeps_log: false,
            token_in_file: false,
            hook: None,
            whatsapp: "",
            postgres: None,
        }
    }
}

/// The configuration file.
pub(crate) fn settings(
    setup: &Setup,
    folder: &Path,
    graph: &str,
    address: SocketAddr,
    admin: SocketAddr,
) -> String {
    let Setup { recording, format, ring_seconds, lease_seconds, rules, whatsapp, .. } = setup;
    let folder = folder.display();
    let line = if setup.configured_line {
        let hold = setup.hold_music.as_ref();
        let hold = hold
            .map_or(String::new(), |file| format!("hold_music = {:?}", file.display().to_string()));
        format!(
            "[[lines]]\nid = \"{LINE}\"\nworkspace = \"test\"\nname = \"Support\"\nrecording = \
             \"{recording}\"\n{hold}\n{}",
            setup.line
        )
    } else {
        String::new()
    };
    let second = if setup.second_workspace {
        format!(
            "[[workspaces]]\nid = \"second\"\ncurrency = \"EUR\"\n[[lines]]\nid = \
             \"{SECOND_LINE}\"\nworkspace = \"second\"\n"
        )
    } else {
        String::new()
    };
    let secrets = if setup.rotated_secret {
        "app_secret = \"next-secret\"\nprevious_app_secret = \"app-secret\""
    } else {
        "app_secret = \"app-secret\""
    };
    let token = if setup.token_in_file {
        format!("access_token_file = \"{folder}/token\"")
    } else {
        "access_token = \"access\"".to_owned()
    };
    let hook = setup.hook.as_ref().map_or(String::new(), |url| {
        format!("before_ringing_url = \"{url}\"\nbefore_ringing_secret = \"hook-secret\"")
    });
    let ledger = setup.postgres.as_ref();
    let ledger = ledger.map_or(String::new(), |url| format!("postgres_url = \"{url}\""));
    let level = if setup.keeps_log { "info" } else { "warn" };
    format!(
        r#"
[server]
listen = "{address}"
admin_listen = "{admin}"
[whatsapp]
{secrets}
verify_token = "verify-me"
{token}
{whatsapp}
graph_url = "{graph}"
[media]
bind = "127.0.0.1"
agent_port = 0
whatsapp_ports = "30000-49999"
allow_private_remotes = true
[store]
path = "{folder}/ringdown.db"
[ledger]
{ledger}
[recording]
folder = "{folder}/recordings"
format = "{format}"
[workspace]
id = "test"
name = "Test"
{line}
{second}
[rules]
ring_seconds = {ring_seconds}
claim_lease_seconds = {lease_seconds}
{rules}
[deliveries]
allow_private = true
[hooks]
{hook}
[log]
level = "{level}"
"#
    )
}
