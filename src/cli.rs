//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Bridges WhatsApp Business calls to agents' browsers.
#[derive(Parser, Debug)]
#[command(version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run the daemon
    Serve(ConfigArgs),
    /// Run daemon, simulated Meta, callers and a robot agent, to see and hear it all at once
    Demo(DemoArgs),
    /// Run a simulated Meta with phones against a daemon
    Simulate(SimulateArgs),
    /// Check or show the configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Make or revoke keys of the REST API
    #[command(subcommand)]
    Key(KeyCommand),
    /// Check the ledger
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Import or list rate cards
    #[command(subcommand)]
    Rates(RatesCommand),
    /// Write CDRs or a statement for other programs and people
    #[command(subcommand)]
    Export(ExportCommand),
    /// Print the OpenAPI document of the REST API
    Openapi,
    /// Serve parts of the daemon to load generators
    #[command(subcommand)]
    Bench(BenchCommand),
}

/// Where the configuration comes from. Variables `RINGDOWN__SECTION__KEY` go over the files.
#[derive(Args, Debug, Clone)]
pub(crate) struct ConfigArgs {
    /// A configuration file; give it again for more, later ones win
    #[arg(long = "config", short = 'c', value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(crate) enum ConfigCommand {
    /// Read it and list every problem; exits 78 when there is one
    Check(ConfigArgs),
    /// Print it as the daemon would use it; secrets are hidden
    Show(ConfigArgs),
}

#[derive(Subcommand, Debug)]
pub(crate) enum KeyCommand {
    /// Make a key and print it once; only its hash is kept
    Add {
        /// What the key is for
        name: String,
        /// The workspace it opens; required when several are configured
        #[arg(long)]
        workspace: Option<model::WorkspaceId>,
        /// What it may do, separated by commas: answer, dial, record, supervise, admin. Everything
        /// unless given
        #[arg(long, value_delimiter = ',', value_parser = right)]
        rights: Option<Vec<model::Right>>,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// Make a key useless
    Revoke {
        /// The name it was made with
        name: String,
        #[command(flatten)]
        config: ConfigArgs,
    },
}

#[derive(Subcommand, Debug)]
pub(crate) enum LedgerCommand {
    /// Add up every entry again; exits 1 when anything does not sum
    Verify(ConfigArgs),
}

#[derive(Subcommand, Debug)]
pub(crate) enum RatesCommand {
    /// Import a rate card: CSV as Meta offers it (Market, Currency, one column per volume tier)
    ///
    /// Says first what it changes. A file with a line that cannot be used is not imported.
    Import {
        /// The CSV file
        file: PathBuf,
        /// The first day it holds, in the time zone of the WhatsApp business account: 2026-10-01
        #[arg(long)]
        effective: ledger::Day,
        /// Only say what it would change
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        config: ConfigArgs,
    },
    /// List the rate cards there are
    List(ConfigArgs),
}

#[derive(Subcommand, Debug)]
pub(crate) enum ExportCommand {
    /// Write the CDRs of calls that ended in a period
    Cdr {
        /// The first day, in the workspace's time zone: 2026-11-01
        #[arg(long)]
        from: ledger::Day,
        /// The day after the last one
        #[arg(long)]
        to: ledger::Day,
        /// The form
        #[arg(long, value_enum, default_value_t = CdrFormat::Csv)]
        format: CdrFormat,
        #[command(flatten)]
        whose: ExportArgs,
    },
    /// Write what happened to the balance in a month
    Statement {
        /// The month, in the workspace's time zone: 2026-11
        #[arg(long)]
        month: ledger::Month,
        /// The form
        #[arg(long, value_enum, default_value_t = StatementFormat::Html)]
        format: StatementFormat,
        #[command(flatten)]
        whose: ExportArgs,
    },
}

#[derive(Args, Debug, Clone)]
pub(crate) struct ExportArgs {
    /// The workspace; required when several are configured
    #[arg(long)]
    pub(crate) workspace: Option<model::WorkspaceId>,
    /// The file to write; standard output unless given
    #[arg(long, short = 'o', value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CdrFormat {
    /// Comma-separated, with a header
    Csv,
    /// One JSON object a line
    Jsonl,
    /// Apache Parquet, typed columns
    Parquet,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StatementFormat {
    /// A page to read and print
    Html,
    /// Comma-separated, with a header
    Csv,
}

#[derive(Args, Debug, Clone)]
pub(crate) struct DemoArgs {
    /// Place this many calls; 0 goes on until interrupted
    #[arg(long, default_value_t = 0)]
    pub(crate) calls: u32,
    /// Stop when the calls are done
    #[arg(long, requires = "calls")]
    pub(crate) exit: bool,
    /// Print one JSON document about the calls instead of a story
    #[arg(long, requires = "exit")]
    pub(crate) json: bool,
    /// No callers and no robot: print one JSON line with addresses and codes, then wait
    #[arg(long, conflicts_with_all = ["calls", "json", "exit"])]
    pub(crate) manual: bool,
    /// Where the desk and the API listen; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:0")]
    pub(crate) listen: std::net::SocketAddr,
    /// Where database and recordings go
    #[arg(long, default_value = "demo-data")]
    pub(crate) folder: PathBuf,
    /// Seconds between calls
    #[arg(long, default_value_t = 20)]
    pub(crate) every: u64,
    /// Seconds the robot lets people answer first
    #[arg(long, default_value_t = 8)]
    pub(crate) patience: u64,
    /// Seconds a caller talks before hanging up
    #[arg(long, default_value_t = 6)]
    pub(crate) talk: u64,
    /// Whether calls are recorded
    #[arg(long, value_enum)]
    pub(crate) record: Option<RecordArg>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordArg {
    /// Never
    Off,
    /// When the agent says so
    OnDemand,
    /// Every call
    Always,
}

#[derive(Args, Debug, Clone)]
pub(crate) struct SimulateArgs {
    /// The daemon's webhook address
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/whatsapp")]
    pub(crate) webhook_url: String,
    /// The app secret that signs webhooks
    #[arg(long, env = "RINGDOWN__WHATSAPP__APP_SECRET", hide_env_values = true)]
    pub(crate) app_secret: String,
    /// The token of the webhook handshake
    #[arg(long, env = "RINGDOWN__WHATSAPP__VERIFY_TOKEN", hide_env_values = true)]
    pub(crate) verify_token: String,
    /// The access token that the daemon uses
    #[arg(long, env = "RINGDOWN__WHATSAPP__ACCESS_TOKEN", hide_env_values = true)]
    pub(crate) access_token: String,
    /// The line to call (phone_number_id)
    #[arg(long, default_value = "100000000000001")]
    pub(crate) line: model::LineId,
    /// Where the simulated Graph listens; give this to the daemon as whatsapp.graph_url
    #[arg(long, default_value = "127.0.0.1:8090")]
    pub(crate) listen: std::net::SocketAddr,
    /// Place this many calls one after another, then stop; 0 only serves the control API
    #[arg(long, default_value_t = 0)]
    pub(crate) calls: u32,
    /// What callers say: silence, tone:440 or wav:FILE
    #[arg(long, default_value = "tone:440")]
    pub(crate) says: String,
    /// Seconds a caller talks before hanging up
    #[arg(long, default_value_t = 10)]
    pub(crate) talk: u64,
}

#[derive(Subcommand, Debug)]
pub(crate) enum BenchCommand {
    /// Serve the bare media engine: legs and bridges, nothing of telephony around them
    ///
    /// POST /leg {"call": 1, "leg": 1, "sdp": "an offer"} answers {"id": 7, "sdp": "the answer"};
    /// an offer with a=ice-lite becomes a WhatsApp leg, any other one an agent leg. A caller that
    /// bridges two legs, POST /bridge {"a": 7, "b": 8}, lets sound flow between them. POST /totals
    /// {} counts packets. There is no authentication, and private addresses are sent to: keep it
    /// on loopback or on a network of its own.
    #[command(verbatim_doc_comment)]
    Engine {
        /// Where it listens; port 0 takes a free one. The address is printed when it is ready
        #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
        http: std::net::SocketAddr,
        /// Threads that carry sound
        #[arg(long, default_value = "1", value_name = "N")]
        shards: std::num::NonZeroU16,
        /// Record every bridged call into this folder
        #[arg(long, value_name = "FOLDER")]
        record: Option<PathBuf>,
    },
}

/// One of the rights by its name.
fn right(text: &str) -> Result<model::Right, String> {
    let known = model::Right::ALL.into_iter().find(|right| right.as_str() == text);
    known.ok_or_else(|| {
        let all: Vec<_> = model::Right::ALL.map(model::Right::as_str).into();
        format!("the rights are {}", all.join(", "))
    })
}
