//! Two workspaces of five agents each behind the same addresses: neither sees anything of the other.

use std::time::{Duration, Instant};

use model::{CallId, Direction, LineId, Party, Phone, Timestamp, Wacid, WorkspaceId};
use reqwest::Method;
use serde_json::json;
use store::NewCall;
use wire::agent::{ClientCommand, ErrorCode, RecordAction, ServerEvent};

use crate::device::{Device, Welcomed};
use crate::house::{House, LINE, OTHER_KEY, OTHER_LINE, document, problem, workspace};

const AGENTS: [&str; 5] = ["ana", "ben", "cleo", "dan", "eve"];

fn other() -> WorkspaceId {
    WorkspaceId::new("other").expect("a test value")
}

async fn add_call(house: &House, workspace: WorkspaceId, line: &str, number: u128) -> CallId {
    let id = CallId::from_uuid(uuid::Uuid::from_u128(number));
    let phone = Phone::new("15550002222");
    let new = NewCall {
        id,
        workspace,
        line: LineId::new(line).expect("a test value"),
        wacid: Wacid::new(format!("wacid.{number}")).expect("a test value"),
        direction: Direction::UserInitiated,
        party: Party { phone, ..Party::default() },
        arrived_at: Timestamp::now(),
    };
    house.store.open_call(new).await.expect("a test value");
    id
}

/// A webhook of a call on that line, from that number.
fn connect(line: &str, wacid: &str, from: &str) -> Vec<u8> {
    let body = include_str!("../../../../tests/fixtures/webhooks/connect_form_a.json");
    let mut webhook: serde_json::Value = serde_json::from_str(body).expect("a test value");
    let value = webhook.pointer_mut("/entry/0/changes/0/value").expect("a test value");
    value["metadata"]["phone_number_id"] = json!(line);
    value["calls"][0]["id"] = json!(wacid);
    value["calls"][0]["from"] = json!(from);
    value["calls"][0]["timestamp"] = json!((Timestamp::now().as_millis() / 1_000).to_string());
    if let Some(contact) = value.pointer_mut("/contacts/0") {
        contact["wa_id"] = json!(from);
    }
    serde_json::to_vec(&webhook).expect("a test value")
}

/// Everything told until the pong of a ping that is sent now.
async fn told(device: &mut Welcomed) -> Vec<ServerEvent> {
    let id = device.device.send(ClientCommand::Ping {}).await;
    let mut events = Vec::new();
    loop {
        match device.device.event().await {
            ServerEvent::Pong { to, .. } if to == id => return events,
            event => events.push(event),
        }
    }
}

/// Of how many missed calls a frame tells.
fn misses(event: &ServerEvent) -> usize {
    if let ServerEvent::Missed { missed } = event { missed.len() } else { 0 }
}

/// Everything told until so many calls were missed, and a little longer.
async fn told_of_misses(device: &mut Welcomed, calls: usize) -> Vec<ServerEvent> {
    let mut events: Vec<ServerEvent> = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(15);
    while events.iter().map(misses).sum::<usize>() < calls && Instant::now() < deadline {
        events.extend(told(device).await);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    events.extend(told(device).await);
    events
}

#[tokio::test]
async fn t15_missed_calls_balance_and_presence_stay_in_their_workspace() {
    let house = House::open().await;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for name in AGENTS {
        ours.push(house.device(name).await);
        let token = house.other_token(name).await;
        theirs.push(house.device_with(&token).await);
    }
    for key in ["first", "second"] {
        let body = json!({ "amount_micros": 20_000_000, "idempotency_key": key });
        let top_up = house.request(Method::POST, "/v1/balance/top-ups").bearer_auth(OTHER_KEY);
        document(top_up.json(&body)).await;
    }
    for (line, from) in [(OTHER_LINE, "15550009999"), (LINE, "15550001111")] {
        for number in 0..5 {
            let body = connect(line, &format!("wacid.{line}.{number}"), from);
            assert_eq!(house.webhook(&body).await.status().as_u16(), 200);
        }
    }
    let mut seen = [0, 0];
    for (at, devices, foreign, balance) in [
        (0, &mut ours, [OTHER_LINE, "15550009999", "-of-other"], "0"),
        (1, &mut theirs, [LINE, "15550001111", "-of-acme"], "40000000"),
    ] {
        for device in devices.iter_mut() {
            for event in told_of_misses(device, 5).await {
                let text = serde_json::to_string(&event).expect("a test value");
                assert!(foreign.iter().all(|mark| !text.contains(mark)), "{text}");
                if let ServerEvent::Balance { balance: told } = &event {
                    let micros = told.available_micros.get().to_string();
                    assert!(micros == balance || at == 1 && micros == "20000000", "{text}");
                }
                seen[at] += misses(&event);
            }
        }
    }
    assert_eq!(seen, [25, 25], "five calls were missed by five devices in each");
    for (key, missed) in [(None, LINE), (Some(OTHER_KEY), OTHER_LINE)] {
        let request = house.request(Method::GET, "/v1/missed");
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => house.keyed(Method::GET, "/v1/missed"),
        };
        let missed_calls = document(request).await;
        let calls = missed_calls.as_array().expect("a test value");
        assert_eq!(calls.len(), 5);
        assert!(calls.iter().all(|call| call["line"] == missed), "{missed_calls}");
    }
}

#[tokio::test]
async fn t15_a_call_of_another_workspace_is_no_such_call() {
    let house = House::open().await;
    let foreign = add_call(&house, other(), OTHER_LINE, 7).await;
    let mut ana = house.device("ana").await;
    for command in [
        ClientCommand::Claim { call: foreign },
        ClientCommand::Decline { call: foreign },
        ClientCommand::HangUp { call: foreign },
        ClientCommand::Mute { call: foreign, on: true },
        ClientCommand::Record { call: foreign, action: RecordAction::Start },
    ] {
        let id = ana.device.send(command.clone()).await;
        assert_eq!(ana.refusal_of(id).await, Some(ErrorCode::NoSuchCall), "{command:?}");
    }
    for (method, path) in [
        (Method::GET, format!("/v1/calls/{foreign}")),
        (Method::POST, format!("/v1/calls/{foreign}/end")),
    ] {
        assert_eq!(problem(house.keyed(method, &path)).await.0, 404, "{path}");
    }
    assert_eq!(house.get("/v1/calls").await["items"], json!([]));
    let own = add_call(&house, workspace(), LINE, 8).await;
    assert_eq!(house.get(&format!("/v1/calls/{own}")).await["id"], own.to_string());
}

#[tokio::test]
async fn t15_a_session_of_another_workspaces_namesake_cannot_be_resumed() {
    let house = House::open().await;
    let ours = house.device("ana").await;
    let token = house.other_token("ana").await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, ours.resume()).await;
    let ServerEvent::Welcome { session, device: id, agent_name, .. } = device.event().await else {
        panic!("it was resumed")
    };
    assert_ne!((session, id), (ours.session, ours.id));
    assert_eq!(agent_name, "ana-of-other");
    assert_eq!(house.devices_of("ana").await, 1, "hers is not counted with theirs");
    // Removing one signs the other not out.
    house.keyed(Method::DELETE, "/v1/agents/ana").send().await.expect("a test value");
    device.send(ClientCommand::Ping {}).await;
    loop {
        match device.event().await {
            ServerEvent::Pong { .. } => break,
            ServerEvent::Bye { why } => panic!("{why:?}"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn b13_a_webhook_of_an_unknown_line_is_answered_200_and_dropped() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    told(&mut ana).await;
    let body = connect("123123123", "wacid.stray", "15550003333");
    assert_eq!(house.webhook(&body).await.status().as_u16(), 200);
    assert_eq!(told(&mut ana).await, []);
    assert_eq!(house.get("/v1/calls").await["items"], json!([]));
    let others = house.request(Method::GET, "/v1/calls").bearer_auth(OTHER_KEY);
    assert_eq!(document(others).await["items"], json!([]));
}
