//! From a checked configuration to a running daemon: doors, house, faces.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use api::{Api, ApiConfig, Backlog, Hub, Metrics, Parts, TokenKey, TurnConfig};
use config::Config;
use deliver::Hook;
use dispatch::{Dispatch, Rounds};
use secrecy::ExposeSecret;
use store::{LineRow, Store, Workspace};
use switchboard::{Doors, Exchange, Habits, House, Sounds, Tariff};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use whatsapp::{Graph, GraphConfig, VerifyToken, WebhookVerifier};

use crate::{sounds, token_file};

/// How long a device's session outlives its socket: a call survives a lost socket this long.
const RESUME_GRACE: Duration = Duration::from_secs(25);
/// The name of the agent token key in the store.
const TOKEN_KEY: &str = "agent_token_key";
/// Bytes of that key.
const TOKEN_KEY_BYTES: usize = 32;

/// A daemon that serves.
pub(crate) struct Running {
    /// Live calls of every workspace.
    pub(crate) exchange: Exchange,
    /// Facts.
    pub(crate) store: Store,
    /// Where the API and the desk listen.
    pub(crate) address: SocketAddr,
    /// Where health and metrics listen.
    pub(crate) admin_address: SocketAddr,
    /// The vault.
    pub(crate) vault: PathBuf,
    api: Api,
    hub: Arc<Hub>,
    rounds: Rounds,
    stop: CancellationToken,
    servers: JoinSet<std::io::Result<()>>,
}

impl Running {
    /// Takes no new calls and waits for the live ones; after `grace` the rest is ended.
    pub(crate) async fn drain(&self, grace: Duration) -> usize {
        self.api.drain();
        self.exchange.shut_down(grace).await
    }

    /// Closes sockets and the database.
    pub(crate) async fn stop(mut self) {
        self.hub.shut_down();
        self.stop.cancel();
        while self.servers.join_next().await.is_some() {}
        self.rounds.stop().await;
        self.store.close().await;
    }
}

/// Binds everything, then starts everything.
///
/// # Errors
/// The first thing that could not be had, and how to mend it.
pub(crate) async fn start(config: &Config) -> anyhow::Result<Running> {
    let sounds = tokio::task::block_in_place(|| sounds::load(config))?;
    let listener = bind(config.server.listen, "server.listen").await?;
    let admin_listener = bind(config.server.admin_listen, "server.admin_listen").await?;
    let store = open_store(config).await?;
    let media = media::start(media_config(config)).context("the media plane cannot start")?;
    let vault = config.recording.folder.clone();
    let recorder_config = recording::RecorderConfig { folder: vault.clone() };
    let (recorder, recovered) =
        recording::Recorder::start(recorder_config, Box::new(Taps(media.taps)))
            .context("the recorder cannot start")?;
    let hub = Hub::new(RESUME_GRACE);
    let graph = graph(config)?;
    let doors = Doors {
        graph: graph.clone(),
        plane: media.plane,
        recorder,
        store: store.clone(),
        bell: hub.clone(),
        hook: hook(config)?,
    };
    let houses = houses(config, &store, &sounds).await?;
    let exchange = Exchange::start(houses, doors, media.events);
    exchange.read_groups().await.context("the groups cannot be read")?;
    let left =
        exchange.recover(&recovered).await.context("calls of an earlier run cannot be closed")?;
    if left > 0 || !recovered.is_empty() {
        tracing::warn!(
            calls = left,
            recordings = recovered.len(),
            "closed what an earlier run left behind"
        );
    }
    exchange.read_rates(&store).await.context("the rate cards cannot be read")?;
    let metrics = Metrics::new();
    metrics.register(|registry| exchange.register_metrics(registry));
    let dispatch = dispatch(config, &store)?;
    metrics.register(|registry| dispatch.register_metrics(registry));
    let rounds = dispatch.start();
    let api = Api::new(Parts {
        config: api_config(config, &vault),
        hub: hub.clone(),
        exchange: exchange.clone(),
        store: store.clone(),
        dispatch,
        verifier: verifier(config)?,
        backlog: backlog(config)?,
        verify_token: VerifyToken::new(config.whatsapp.verify_token.clone())?,
        token_key: token_key(&store).await?,
        metrics,
    });
    let (address, admin_address) = (listener.local_addr()?, admin_listener.local_addr()?);
    let stop = CancellationToken::new();
    exchange.keep_money(&store, &stop);
    let mut servers = JoinSet::new();
    servers.spawn(api::serve(listener, api.clone(), stop.clone()));
    let (taking, until) = (api.clone(), stop.clone());
    servers.spawn(async move {
        api::take_in_backlog(taking, until).await;
        Ok(())
    });
    servers.spawn(api::serve_admin(admin_listener, api.clone(), stop.clone()));
    if let Some(file) = config.whatsapp.access_token_file.clone() {
        let known = config.whatsapp.access_token.clone();
        servers.spawn(token_file::follow(file, known, graph, stop.clone()));
    }
    Ok(Running { exchange, store, address, admin_address, vault, api, hub, rounds, stop, servers })
}

/// The database with workspaces and lines as configured.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let ledger = config.ledger.postgres_url.as_ref().map(ExposeSecret::expose_secret);
    let store = Store::open_with(&config.store.path, ledger).await?;
    for workspace in &config.workspaces {
        store.ensure_workspace(&tenant(workspace)).await?;
    }
    for line in &config.lines {
        store
            .ensure_line(&LineRow {
                id: line.id.clone(),
                workspace: config.workspace_of(line).clone(),
                name: line.name.clone(),
                inbound: line.inbound,
                recording: line.recording,
                group: line.group.clone(),
            })
            .await?;
    }
    Ok(store)
}

fn tenant(workspace: &config::Workspace) -> Workspace {
    Workspace {
        id: workspace.id.clone(),
        name: workspace.name.clone(),
        currency: workspace.currency,
        minimum_balance: workspace.minimum_balance,
    }
}

/// One house for each workspace, each with its own lines only.
async fn houses(config: &Config, store: &Store, sounds: &Sounds) -> anyhow::Result<Vec<House>> {
    if config.takes_any_line() {
        tracing::info!(
            "no [[lines]] are configured: every number of the app takes calls, unrecorded"
        );
    }
    let configured = |line: &LineRow| config.lines.iter().any(|known| known.id == line.id);
    let lines: Vec<LineRow> = store.lines().await?.into_iter().filter(configured).collect();
    Ok(config.workspaces.iter().map(|workspace| house(config, workspace, &lines, sounds)).collect())
}

fn house(
    config: &Config,
    workspace: &config::Workspace,
    lines: &[LineRow],
    sounds: &Sounds,
) -> House {
    let own = lines.iter().filter(|line| line.workspace == workspace.id);
    House {
        workspace: tenant(workspace),
        any_line: config.takes_any_line(),
        lines: own.map(|line| (line.id.clone(), line.clone())).collect(),
        ring_time: config.rules.ring,
        claim_lease: config.rules.claim_lease,
        agent_grace: config.rules.agent_grace,
        rings_after_grace: config.rules.after_grace == config::AfterGrace::Ring,
        transfer_ring: config.rules.transfer_ring,
        habits: Habits { wrap_up: config.rules.wrap_up, missed_max: config.rules.missed_rings_max },
        connect_age_max: config.rules.stale_connect,
        live_calls_max: usize::try_from(config.rules.live_calls_max).unwrap_or(usize::MAX),
        recording_format: config.recording.format,
        sounds: sounds.clone(),
        permission_template: config.whatsapp.permission_template.clone(),
        tariff: Tariff {
            zone: workspace.time_zone.clone(),
            account: workspace.business_account.clone(),
            markup: workspace.markup,
            slice: config.ledger.slice,
            rules: config.ledger.meter,
        },
    }
}

fn api_config(config: &Config, vault: &std::path::Path) -> ApiConfig {
    let server = &config.server;
    ApiConfig {
        allowed_origins: server.allowed_origins.iter().chain(&server.public_url).cloned().collect(),
        token_ttl: config.agents.token_ttl,
        heartbeat: config.agents.heartbeat,
        vault: vault.to_path_buf(),
        turn: config.turn.as_ref().map(|turn| TurnConfig {
            urls: turn.urls.clone(),
            secret: turn.secret.clone(),
            ttl: turn.ttl,
        }),
        cookie_secure: server.public_url.as_deref().is_some_and(|url| url.starts_with("https://")),
    }
}

fn media_config(config: &Config) -> media::MediaConfig {
    let media = &config.media;
    let advertise = if media.advertise.is_empty() && media.bind.is_unspecified() {
        own_addresses(media.bind.is_ipv6())
    } else {
        media.advertise.clone()
    };
    media::MediaConfig {
        bind: media.bind,
        advertise,
        shards: media.threads,
        agent_port: media.agent_port,
        agent_tcp_port: media.agent_tcp_port.map(NonZeroU16::get),
        whatsapp_ports: media.whatsapp_ports.first..=media.whatsapp_ports.last,
        allow_private_remotes: media.allow_private_remotes,
    }
}

/// The addresses this host would send from. Nothing is sent: connecting a UDP socket only asks the
/// routing table.
fn own_addresses(v6_too: bool) -> Vec<IpAddr> {
    let towards = |any: IpAddr, there: IpAddr| {
        let socket = UdpSocket::bind((any, 0)).ok()?;
        socket.connect((there, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    // Addresses for documentation: everybody routes them towards the internet.
    let v4 = towards(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
    let v6 = v6_too.then(|| towards(Ipv6Addr::UNSPECIFIED.into(), v6.into())).flatten();
    let mut addresses: Vec<_> = v4.into_iter().chain(v6).collect();
    if addresses.is_empty() {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    tracing::info!(?addresses, "media.advertise is not set; this host's own addresses go into SDP");
    addresses
}

fn graph(config: &Config) -> anyhow::Result<Graph> {
    let whatsapp = &config.whatsapp;
    let graph = Graph::new(GraphConfig {
        base_url: whatsapp.graph_url.clone(),
        version: whatsapp.graph_version.clone(),
        token: whatsapp.access_token.clone(),
        app_secret_proof: whatsapp.appsecret_proof.then(|| whatsapp.app_secret.clone()),
        timeout: GraphConfig::DEFAULT_TIMEOUT,
    })?;
    Ok(graph)
}

/// Who is asked before a call rings.
fn hook(config: &Config) -> anyhow::Result<Option<Hook>> {
    let Some(asked) = &config.before_ringing else { return Ok(None) };
    // The operator chose it, so it may be in their own network.
    let url = deliver::check_address(&asked.url, true).context("hooks.before_ringing_url")?;
    Ok(Some(Hook::new(url, asked.secret.clone(), asked.timeout)?))
}

fn dispatch(config: &Config, store: &Store) -> anyhow::Result<Dispatch> {
    let settings = dispatch::Settings {
        allow_private: config.deliveries.allow_private,
        retention: config.deliveries.retention,
        delivery_time: deliver::DELIVERY_TIME_MAX,
    };
    Ok(Dispatch::new(store.clone(), settings)?)
}

fn verifier(config: &Config) -> anyhow::Result<WebhookVerifier> {
    let whatsapp = &config.whatsapp;
    let secrets = std::iter::once(&whatsapp.app_secret).chain(&whatsapp.previous_app_secret);
    Ok(WebhookVerifier::new(secrets.cloned().collect())?)
}

/// The file beside the database in which webhooks wait while it takes nothing.
fn backlog(config: &Config) -> anyhow::Result<Backlog> {
    let mut file = config.store.path.clone().into_os_string();
    file.push(".webhooks");
    let backlog = Backlog::open(std::path::Path::new(&file))?;
    if backlog.waits() {
        tracing::warn!("webhooks of an earlier run wait to be taken in");
    }
    Ok(backlog)
}

/// The key that signs agent tokens: made at the first start, kept in the store.
async fn token_key(store: &Store) -> anyhow::Result<TokenKey> {
    if let Some(bytes) = store.secret(TOKEN_KEY).await? {
        return Ok(TokenKey::from_bytes(&bytes)?);
    }
    let bytes: [u8; TOKEN_KEY_BYTES] = rand::random();
    store.set_secret(TOKEN_KEY, &bytes).await?;
    Ok(TokenKey::from_bytes(&bytes)?)
}

async fn bind(address: SocketAddr, key: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        anyhow!("cannot listen on {address} ({error}); choose another address for {key}, or stop what uses it")
    })
}

/// The access token of the configuration, for the simulated Meta of the demo.
pub(crate) fn access_token(config: &Config) -> String {
    config.whatsapp.access_token.expose_secret().to_owned()
}

/// The media plane's taps as the recorder reads them.
struct Taps(media::TapReader);

impl recording::FrameSource for Taps {
    fn drain(&mut self, sink: &mut dyn FnMut(recording::Frame<'_>)) -> usize {
        self.0.drain(&mut |frame| {
            sink(recording::Frame {
                recording: frame.recording,
                track: frame.track,
                arrived: frame.arrived,
                seq: frame.seq,
                rtp_timestamp: frame.rtp_timestamp,
                payload: frame.payload,
            });
        })
    }
}
