//! Two workspaces over the same doors: whatever happens, nothing of one reaches the other.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{
    AgentId, CallId, Currency, DeviceId, GroupId, LineId, Member, Micros, Phone, RecordingFormat,
    RecordingMode, Right, Rights, RingPolicy, Timestamp, Wacid, WorkspaceId,
};
use parking_lot::Mutex;
use store::{GroupRow, LineRow, Store, Workspace};
use uuid::Uuid;
use wire::agent::{ErrorCode, RecordAction, ServerEvent};

use crate::{Bell, Doors, Exchange, House, Sounds, Switchboard};

const AGENTS: [&str; 5] = ["ana", "ben", "cleo", "dan", "eve"];
/// Acts in one run of the game.
const ACTS: usize = 400;

/// Remembers what each device is told.
#[derive(Default)]
struct Ears(Mutex<Vec<(DeviceId, ServerEvent)>>);

impl Bell for Ears {
    fn tell(&self, device: DeviceId, event: ServerEvent) {
        self.0.lock().push((device, event));
    }

    fn doubt(&self, _: DeviceId) {}
}

struct NoTaps;

impl recording::FrameSource for NoTaps {
    fn drain(&mut self, _: &mut dyn FnMut(recording::Frame<'_>)) -> usize {
        0
    }
}

/// A workspace, and by what its things are told from the other's.
struct Tenant {
    id: WorkspaceId,
    line: LineId,
    currency: Currency,
    phone: &'static str,
    house: Switchboard,
    devices: Vec<DeviceId>,
    calls: BTreeSet<CallId>,
}

impl Tenant {
    /// Texts that only this workspace may see.
    fn marks(&self) -> Vec<String> {
        let own = [self.line.to_string(), self.currency.to_string(), self.phone.to_owned()];
        let names = AGENTS.map(|name| name_of(&self.id, name));
        let calls = self.calls.iter().map(ToString::to_string);
        own.into_iter().chain(names).chain(calls).collect()
    }
}

/// Agents of both have the same ids; their names for people differ.
fn name_of(workspace: &WorkspaceId, agent: &str) -> String {
    format!("{agent}-of-{workspace}")
}

struct Town {
    exchange: Exchange,
    tenants: [Tenant; 2],
    ears: Arc<Ears>,
    store: Store,
    _folder: tempfile::TempDir,
    /// Takes connections and says nothing: what Meta is asked stays open.
    _meta: std::net::TcpListener,
}

fn line_id(number: usize) -> LineId {
    LineId::new(format!("{number}00200300400500")).unwrap()
}

async fn set_up(store: &Store, number: usize, name: &str, currency: &str) -> House {
    let workspace = Workspace {
        id: WorkspaceId::new(name).unwrap(),
        name: name.to_owned(),
        currency: Currency::new(currency).unwrap(),
        minimum_balance: Micros::ZERO,
    };
    store.ensure_workspace(&workspace).await.unwrap();
    let line = LineRow {
        id: line_id(number),
        workspace: workspace.id.clone(),
        name: format!("Line of {name}"),
        inbound: true,
        recording: RecordingMode::Off,
        group: None,
    };
    store.ensure_line(&line).await.unwrap();
    for agent in AGENTS {
        let id = AgentId::new(agent).unwrap();
        store.put_agent(&workspace.id, &id, &name_of(&workspace.id, agent)).await.unwrap();
    }
    House {
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
        live_calls_max: 1_000,
        recording_format: RecordingFormat::OggOpus,
        sounds: Sounds::built_in().unwrap(),
        permission_template: None,
        tariff: crate::Tariff::default(),
    }
}

impl Town {
    async fn open() -> Self {
        // Another test of this process may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("ringdown.db")).await.unwrap();
        let houses =
            vec![set_up(&store, 1, "acme", "USD").await, set_up(&store, 9, "other", "EUR").await];
        let media = media::start(media::MediaConfig {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            allow_private_remotes: true,
            ..media::MediaConfig::default()
        })
        .unwrap();
        let vault = recording::RecorderConfig { folder: folder.path().join("vault") };
        let (recorder, _) = recording::Recorder::start(vault, Box::new(NoTaps)).unwrap();
        let meta = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let graph = whatsapp::Graph::new(whatsapp::GraphConfig {
            base_url: format!("http://{}", meta.local_addr().unwrap()),
            version: "v23.0".to_owned(),
            token: "token".into(),
            app_secret_proof: None,
            timeout: whatsapp::GraphConfig::DEFAULT_TIMEOUT,
        })
        .unwrap();
        let ears = Arc::new(Ears::default());
        let (bell, plane) = (ears.clone(), media.plane);
        let doors = Doors { graph, plane, recorder, store: store.clone(), bell, hook: None };
        let exchange = Exchange::start(houses, doors, media.events);
        exchange.read_groups().await.unwrap();
        let mut tenants = Vec::new();
        for (number, name, currency, phone) in
            [(1, "acme", "USD", "15550001111"), (9, "other", "EUR", "15550009999")]
        {
            let id = WorkspaceId::new(name).unwrap();
            let house = exchange.of(&id).unwrap().clone();
            let mut devices = Vec::new();
            for agent in AGENTS {
                devices.push(ready(&house, agent).await);
            }
            let (line, currency) = (line_id(number), Currency::new(currency).unwrap());
            let calls = BTreeSet::new();
            tenants.push(Tenant { id, line, currency, phone, house, devices, calls });
        }
        let Ok(tenants) = tenants.try_into() else { panic!("two workspaces") };
        Self { exchange, tenants, ears, store, _folder: folder, _meta: meta }
    }

    /// A call that arrives on a line; `None` when nobody took the event in.
    async fn call(&self, line: &LineId, phone: &str, name: &str) -> Option<CallId> {
        let body = include_bytes!("../../../tests/fixtures/webhooks/connect_form_a.json");
        let mut webhook = whatsapp::parse(body).unwrap();
        let Some(whatsapp::Event::Connect(mut connect)) = webhook.events.pop() else {
            panic!("the fixture is a connect");
        };
        connect.line = line.clone();
        connect.wacid = Wacid::new(format!("wacid.{name}")).unwrap();
        connect.party.phone = Phone::new(phone);
        connect.at = Some(Timestamp::now());
        let wacid = connect.wacid.clone();
        self.exchange.receive(whatsapp::Event::Connect(connect)).await.unwrap();
        self.store.call_of(&wacid, None).await.unwrap()
    }

    /// Nothing that any device was told, or may see now, is of the other workspace.
    async fn check(&self, seed: u64) -> usize {
        let told = std::mem::take(&mut *self.ears.0.lock());
        for (own, foreign) in [(0, 1), (1, 0)] {
            let (own, marks) = (&self.tenants[own], self.tenants[foreign].marks());
            let clean = |text: &str| {
                let found = marks.iter().find(|mark| text.contains(mark.as_str()));
                assert_eq!(found, None, "seed {seed}: {} sees {text}", own.id);
            };
            for (_, event) in told.iter().filter(|(device, _)| own.devices.contains(device)) {
                clean(&serde_json::to_string(event).unwrap());
            }
            for device in &own.devices {
                let snapshot = own.house.snapshot(*device).await;
                assert_eq!(snapshot.balance.as_ref().unwrap().currency, own.currency);
                clean(&serde_json::to_string(&snapshot).unwrap());
            }
            let live = own.house.presences();
            assert_eq!(live.len(), AGENTS.len(), "seed {seed}");
            let calls = live.iter().filter_map(|agent| agent.on_call);
            assert!(calls.into_iter().all(|call| own.calls.contains(&call)), "seed {seed}");
        }
        told.len()
    }
}

/// A device that can be rung. It has no media leg.
async fn ready(house: &Switchboard, agent: &str) -> DeviceId {
    let device = DeviceId::from_uuid(Uuid::now_v7());
    house.device_joined(AgentId::new(agent).unwrap(), device).await;
    house.inner.board.lock().roster.want_calls(device, true);
    house.inner.device_ringable(device);
    device
}

/// Numbers that a seed makes, the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

/// Everything a device of one workspace can ask about a call of the other.
async fn meddle(house: &Switchboard, device: DeviceId, call: CallId, act: usize) -> ErrorCode {
    let refused = match act % 6 {
        0 => house.claim(device, call, Instant::now()).await,
        1 => house.decline(device, call).await,
        2 => house.hang_up(device, call).await,
        3 => house.mute(device, call, true).await,
        4 => house.record(device, call, RecordAction::Start).await,
        _ => house.end_call(call).await,
    };
    refused.unwrap_err().code
}

async fn act(town: &mut Town, dice: &mut Dice, seed: u64, number: usize) {
    let (own, foreign) = if dice.roll(2) == 0 { (0, 1) } else { (1, 0) };
    let device = town.tenants[own].devices[dice.roll(AGENTS.len())];
    let pick = |calls: &BTreeSet<CallId>, at: usize| calls.iter().nth_back(at).copied();
    match dice.roll(6) {
        0 => {
            let tenant = &town.tenants[own];
            let name = format!("{seed}.{number}");
            let call = town.call(&tenant.line, tenant.phone, &name).await.unwrap();
            town.tenants[own].calls.insert(call);
        }
        1 | 2 => {
            let Some(call) = pick(&town.tenants[foreign].calls, dice.roll(3)) else { return };
            let code = meddle(&town.tenants[own].house, device, call, dice.roll(6)).await;
            assert_eq!(code, ErrorCode::NoSuchCall, "seed {seed}, act {number}");
        }
        3 => {
            let Some(call) = pick(&town.tenants[own].calls, dice.roll(3)) else { return };
            // Whether it is won or refused: all hear of it, and nobody else.
            let _ = town.tenants[own].house.claim(device, call, Instant::now()).await;
        }
        4 => {
            let Some(call) = pick(&town.tenants[own].calls, dice.roll(3)) else { return };
            let _ = town.tenants[own].house.decline(device, call).await;
        }
        _ => {
            let Some(call) = pick(&town.tenants[own].calls, dice.roll(6)) else { return };
            let _ = town.tenants[own].house.end_call(call).await;
            town.tenants[own].house.balance_changed().await;
        }
    }
}

#[tokio::test]
async fn t15_two_workspaces_of_five_agents_never_hear_of_each_other() {
    for seed in [0x5eed_0001, 0x5eed_0002] {
        let (mut town, mut dice) = (Town::open().await, Dice(seed));
        let mut told = 0;
        for number in 0..ACTS {
            act(&mut town, &mut dice, seed, number).await;
            if number % 20 == 0 {
                told += town.check(seed).await;
            }
        }
        told += town.check(seed).await;
        assert!(town.tenants.iter().all(|tenant| tenant.calls.len() > 10), "seed {seed}");
        assert!(told > 1_000, "seed {seed}: only {told} frames were told");
        let ended = town.exchange.shut_down(Duration::ZERO).await;
        assert!(ended > 0 && town.exchange.live_calls() == 0, "seed {seed}");
    }
}

#[tokio::test]
async fn b13_an_event_of_a_line_that_is_nobodys_is_counted_and_dropped() {
    let town = Town::open().await;
    let stranger = LineId::new("555").unwrap();
    assert_eq!(town.call(&stranger, "15550003333", "stray").await, None);
    assert_eq!(town.exchange.live_calls(), 0);
    assert!(!town.ears.0.lock().iter().any(|(_, event)| matches!(event, ServerEvent::Ring { .. })));
    let mut registry = prometheus_client::registry::Registry::default();
    town.exchange.register_metrics(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    assert!(text.contains("unknown_line_events_total 1"), "{text}");
    // The other tenant's line is known: its call rings there and nowhere else.
    let [acme, other] = &town.tenants;
    let call = town.call(&other.line, other.phone, "known").await.unwrap();
    assert_eq!((acme.house.live_calls(), other.house.live_calls()), (0, 1));
    assert!(town.store.call(&acme.id, call).await.unwrap().is_none());
}

#[tokio::test]
async fn the_bound_on_live_calls_is_the_machines_and_not_each_workspaces() {
    let town = Town::open().await;
    let [acme, other] = &town.tenants;
    town.call(&acme.line, acme.phone, "one").await.unwrap();
    town.call(&other.line, other.phone, "two").await.unwrap();
    assert_eq!(town.exchange.live_calls(), 2);
    assert_eq!(acme.house.inner.calls.everywhere(), 2);
    assert_eq!(other.house.inner.calls.everywhere(), 2);
}

#[tokio::test]
async fn a_group_changes_in_memory_and_only_its_own_workspaces() {
    let town = Town::open().await;
    let [acme, other] = &town.tenants;
    let id = GroupId::new("night").unwrap();
    let member = Member { agent: AgentId::new("ana").unwrap(), tier: 0 };
    let (name, policy) = ("Night".to_owned(), RingPolicy::default());
    let group = GroupRow { id: id.clone(), name, policy, members: vec![member] };
    town.store.put_group(&acme.id, &group).await.unwrap();
    town.store.choose_group(&acme.id, &acme.line, Some(&id)).await.unwrap();
    // The same choice for the other's line: it has no such group, so everybody rings.
    town.store.choose_group(&other.id, &other.line, Some(&id)).await.unwrap();
    assert_eq!(acme.house.group_of(&acme.line), None, "nobody has said that it changed");
    town.exchange.read_groups().await.unwrap();
    assert_eq!(acme.house.group_of(&acme.line).as_deref(), Some(&group));
    assert_eq!(acme.house.group(&id).as_deref(), Some(&group));
    assert_eq!(acme.house.group_of(&other.line), None);
    assert_eq!((other.house.group_of(&other.line), other.house.group(&id)), (None, None));
    town.store.remove_group(&acme.id, &id).await.unwrap();
    acme.house.groups_changed().await.unwrap();
    assert_eq!((acme.house.group_of(&acme.line), acme.house.group(&id)), (None, None));
}

#[tokio::test]
async fn an_agent_who_may_not_answer_any_more_stops_ringing() {
    let mut town = Town::open().await;
    let (line, phone) = (town.tenants[0].line.clone(), town.tenants[0].phone);
    let call = town.call(&line, phone, "one").await.unwrap();
    town.tenants[0].calls.insert(call);
    let rings = |town: &Town, device| {
        let board = town.tenants[0].house.inner.board.lock();
        board.rings.get(&call).is_some_and(|ring| ring.devices.contains(&device))
    };
    let until = async |what: &str, true_now: &dyn Fn() -> bool| {
        let deadline = Instant::now() + Duration::from_secs(5);
        while !true_now() {
            assert!(Instant::now() < deadline, "{what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let (ana, ben) = (town.tenants[0].devices[0], town.tenants[0].devices[1]);
    until("both ring", &|| rings(&town, ana) && rings(&town, ben)).await;
    let only_dial = Rights::NONE.with(Right::Dial);
    town.tenants[0].house.rights_changed(&AgentId::new("ana").unwrap(), only_dial).await;
    until("ana does not ring", &|| !rings(&town, ana)).await;
    assert!(rings(&town, ben), "ben rings on");
    let refused = town.tenants[0].house.claim(ana, call, Instant::now()).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotReady);
}
