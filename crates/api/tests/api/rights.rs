//! Each address and each command opens with its own right and with no other.

use model::{
    AgentId, CallId, Right, Rights, SdpText, SupervisionMode, TransferMode, TransferTarget,
};
use reqwest::Method;
use serde_json::{Value, json};
use wire::agent::{ClientCommand, ErrorCode, RecordAction, ServerEvent};

use crate::device::Device;
use crate::house::{House, answer, document, workspace};

/// A key that has just these rights.
async fn key_with(house: &House, name: &str, rights: Rights) -> String {
    let key = format!("key-{name}-0123456789abcdef0123456789");
    house.store.add_api_key_with(&workspace(), name, &key, rights).await.expect("a key");
    key
}

/// Every address for programs with the right that its description asks for. That the description
/// says what the table of addresses says is checked beside the table.
fn guarded() -> Vec<(Method, String, Right)> {
    let document: Value = serde_json::from_str(&api::openapi()).expect("a test value");
    let mut found = Vec::new();
    for (path, operations) in document["paths"].as_object().expect("a test value") {
        for (method, operation) in operations.as_object().expect("a test value") {
            let Some(needs) = operation.pointer("/security/0/api_key/0") else { continue };
            let right = serde_json::from_value(needs.clone()).expect("a test value");
            found.push((method.to_uppercase().parse().expect("a test value"), path.clone(), right));
        }
    }
    found
}

#[tokio::test]
async fn every_address_opens_with_its_own_right_and_with_no_other() {
    let house = House::open().await;
    let mut keys = Vec::new();
    for right in Right::ALL {
        keys.push((right, key_with(&house, right.as_str(), Rights::NONE.with(right)).await));
    }
    let nothing = key_with(&house, "nothing", Rights::NONE).await;
    let guarded = guarded();
    assert!(guarded.len() >= 17, "{}", guarded.len());
    for (method, path, needs) in &guarded {
        let path = path.replace("{id}", "call_00000000000000000000000000000001");
        let ask = |key: &str| house.request(method.clone(), &path).bearer_auth(key).body("{}");
        for (right, key) in &keys {
            if right == needs && path.ends_with("/stream") {
                // It has no end.
                let status = ask(key).send().await.expect("an answer").status();
                assert_eq!(status.as_u16(), 200, "{method} {path}");
                continue;
            }
            let (status, body) = answer(ask(key)).await;
            if right == needs {
                assert!(!matches!(status.as_u16(), 401 | 403), "{method} {path}: {status} {body}");
            } else {
                assert_eq!(status.as_u16(), 403, "{method} {path} with {right:?}");
                assert_eq!(body["type"], "forbidden");
                assert!(body["detail"].as_str().expect("a test value").contains(needs.as_str()));
            }
        }
        assert_eq!(answer(ask(&nothing)).await.0.as_u16(), 403, "{method} {path}");
    }
    let metrics = house
        .http
        .get(format!("http://{}/metrics", house.admin))
        .send()
        .await
        .expect("a test value");
    let metrics = metrics.text().await.expect("a test value");
    assert!(metrics.contains("forbidden_total{why=\"admin\"}"), "{metrics}");
}

/// What each command needs one of, written down a second time.
fn needed(command: &ClientCommand) -> Vec<Right> {
    match command {
        ClientCommand::GoReady { .. } => vec![Right::Answer, Right::Dial, Right::Supervise],
        ClientCommand::Claim { .. } => vec![Right::Answer],
        ClientCommand::Dial { .. }
        | ClientCommand::CheckContact { .. }
        | ClientCommand::AskPermission { .. } => vec![Right::Dial],
        ClientCommand::Record { .. } => vec![Right::Record],
        ClientCommand::WatchCalls { .. }
        | ClientCommand::Supervise { .. }
        | ClientCommand::TakeOver { .. }
        | ClientCommand::MuteAgent { .. }
        | ClientCommand::EndCall { .. } => vec![Right::Supervise],
        ClientCommand::Hello { .. }
        | ClientCommand::RestartIce { .. }
        | ClientCommand::GoAway {}
        | ClientCommand::Readiness { .. }
        | ClientCommand::EndWrapUp {}
        | ClientCommand::MediaFailed { .. }
        | ClientCommand::Decline { .. }
        | ClientCommand::HangUp { .. }
        | ClientCommand::Mute { .. }
        | ClientCommand::Hold { .. }
        | ClientCommand::ListColleagues {}
        | ClientCommand::Transfer { .. }
        | ClientCommand::CompleteTransfer { .. }
        | ClientCommand::CancelTransfer { .. }
        | ClientCommand::Annotate { .. }
        | ClientCommand::StopSupervising { .. }
        | ClientCommand::Ping {} => Vec::new(),
    }
}

/// Every command that is answered with `done` or an error.
fn commands() -> Vec<ClientCommand> {
    let call = CallId::from_uuid(uuid::Uuid::from_u128(1));
    let offer = SdpText::new("<<no offer>>");
    let to = TransferTarget::Agent(AgentId::new("ben").expect("a test value"));
    vec![
        ClientCommand::GoReady { offer: offer.clone() },
        ClientCommand::RestartIce { offer },
        ClientCommand::GoAway {},
        ClientCommand::Readiness { microphone: true, audio: true, leader: true },
        ClientCommand::EndWrapUp {},
        ClientCommand::MediaFailed { reason: "a test".to_owned() },
        ClientCommand::Claim { call },
        ClientCommand::Dial { line: None, to: "+15550002222".to_owned(), force: false },
        ClientCommand::Decline { call },
        ClientCommand::HangUp { call },
        ClientCommand::Mute { call, on: true },
        ClientCommand::Record { call, action: RecordAction::Start },
        ClientCommand::Hold { call, on: true },
        ClientCommand::Transfer { call, to, mode: TransferMode::Blind },
        ClientCommand::CompleteTransfer { call },
        ClientCommand::CancelTransfer { call },
        ClientCommand::Annotate { call, note: None, outcome: None },
        ClientCommand::WatchCalls { on: true },
        ClientCommand::Supervise { call, mode: SupervisionMode::Listen },
        ClientCommand::StopSupervising { call },
        ClientCommand::TakeOver { call },
        ClientCommand::MuteAgent { call, on: true },
        ClientCommand::EndCall { call },
    ]
}

#[tokio::test]
async fn every_command_is_refused_without_its_own_right_and_only_then() {
    let house = House::open().await;
    let only = Right::ALL.map(|right| Rights::NONE.with(right));
    for rights in only.into_iter().chain([Rights::NONE, Rights::ALL]) {
        let mut ana = house.device("ana").await;
        let id = AgentId::new("ana").expect("a test value");
        let put = house.keyed(Method::PUT, "/v1/agents/ana");
        let view = document(put.json(&json!({ "name": "Ana", "rights": rights }))).await;
        assert_eq!(view["rights"], json!(rights), "{id}");
        for command in commands() {
            let needs = needed(&command);
            let allowed = needs.is_empty() || needs.iter().any(|right| rights.allow(*right));
            let id = ana.device.send(command.clone()).await;
            let refusal = ana.refusal_of(id).await;
            assert_eq!(refusal != Some(ErrorCode::Forbidden), allowed, "{command:?} {rights:?}");
        }
    }
}

#[tokio::test]
async fn rights_are_shown_kept_and_changed_under_an_open_socket() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let put =
        async |body: Value| document(house.keyed(Method::PUT, "/v1/agents/ana").json(&body)).await;
    let everybody = json!(["answer", "dial", "record"]);
    assert_eq!(put(json!({ "name": "Ana" })).await["rights"], everybody);
    put(json!({ "name": "Ana", "rights": ["supervise"] })).await;
    assert_eq!(put(json!({ "name": "Ana B." })).await["rights"], json!(["supervise"]));
    assert_eq!(house.get("/v1/agents").await[0]["rights"], json!(["supervise"]));
    let (status, _) = answer(
        house.keyed(Method::PUT, "/v1/agents/ana").json(&json!({"name": "A", "rights": ["fly"]})),
    )
    .await;
    assert_eq!(status.as_u16(), 400);

    let mut device = Device::connect(house.address).await;
    device.hello(&token, None).await;
    let ServerEvent::Welcome { rights, .. } = device.event().await else { panic!("no welcome") };
    assert_eq!(rights, Rights::NONE.with(Right::Supervise));
    let call = CallId::from_uuid(uuid::Uuid::from_u128(1));
    let mut refused = async || {
        let id = device.send(ClientCommand::Claim { call }).await;
        loop {
            if let ServerEvent::Error { to, code, .. } = device.event().await {
                assert_eq!(to, Some(id));
                return code;
            }
        }
    };
    assert_eq!(refused().await, ErrorCode::Forbidden);
    put(json!({ "name": "Ana", "rights": ["answer"] })).await;
    assert_eq!(refused().await, ErrorCode::NoSuchCall);
    put(json!({ "name": "Ana", "rights": [] })).await;
    assert_eq!(refused().await, ErrorCode::Forbidden);
}
