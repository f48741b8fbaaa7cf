//! Programs with an API key see and change their own workspace and nothing else.

use model::{CallId, Direction, LineId, Party, Phone, Presence, RecordingId, Timestamp, Wacid};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::NewCall;

use crate::house::{House, LINE, OTHER_KEY, answer, document, problem, workspace};

/// Call number `number`, put into the journal as the switchboard does.
async fn add_call(house: &House, number: u128) -> CallId {
    let id = CallId::from_uuid(uuid::Uuid::from_u128(number));
    let phone = Phone::new("15550002222");
    let new = NewCall {
        id,
        workspace: workspace(),
        line: LineId::new(LINE).expect("a line id"),
        wacid: Wacid::new(format!("wacid.{number}")).expect("a wacid"),
        direction: Direction::UserInitiated,
        party: Party { phone, ..Party::default() },
        arrived_at: Timestamp::from_millis(i64::try_from(number).expect("small")),
    };
    house.store.open_call(new).await.expect("a kept call");
    id
}

fn ids(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().expect("a list");
    items.iter().map(|call| call["id"].as_str().expect("an id").to_owned()).collect()
}

#[tokio::test]
async fn calls_are_listed_newest_first_page_by_page() {
    let house = House::open().await;
    let mut expected = Vec::new();
    for number in 1..=5 {
        expected.insert(0, add_call(&house, number).await.to_string());
    }
    let mut listed = Vec::new();
    let mut path = "/v1/calls?limit=2".to_owned();
    loop {
        let page = house.get(&path).await;
        assert!(page["items"].as_array().unwrap().len() <= 2);
        listed.extend(ids(&page));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/calls?limit=2&cursor={cursor}");
    }
    assert_eq!(listed, expected);
    let refused = problem(house.keyed(Method::GET, "/v1/calls?cursor=nonsense")).await;
    assert_eq!(refused, (400, "bad_cursor".to_owned()));
    let refused = problem(house.keyed(Method::GET, "/v1/calls?limit=many")).await;
    assert_eq!(refused, (400, "invalid".to_owned()));
}

#[tokio::test]
async fn another_workspaces_calls_recordings_and_agents_are_not_found() {
    let house = House::open().await;
    let id = add_call(&house, 1).await;
    house.token("ana").await;
    let own = house.get(&format!("/v1/calls/{id}")).await;
    assert_eq!(own["id"], id.to_string());
    let recording = RecordingId::from_uuid(uuid::Uuid::from_u128(1));
    for (method, path) in [
        (Method::GET, format!("/v1/calls/{id}")),
        (Method::POST, format!("/v1/calls/{id}/end")),
        (Method::GET, format!("/v1/recordings/{recording}")),
        (Method::GET, format!("/v1/recordings/{recording}/audio")),
        (Method::POST, "/v1/agents/ana/token".to_owned()),
        (Method::POST, "/v1/agents/ana/sign-in-code".to_owned()),
    ] {
        let request = house.request(method, &path).bearer_auth(OTHER_KEY);
        assert_eq!(problem(request).await, (404, "not_found".to_owned()), "{path}");
    }
    for path in ["/v1/agents", "/v1/missed"] {
        let others = document(house.request(Method::GET, path).bearer_auth(OTHER_KEY)).await;
        assert_eq!(others, json!([]));
    }
    let page = document(house.request(Method::GET, "/v1/calls").bearer_auth(OTHER_KEY)).await;
    assert_eq!(page["items"], json!([]));
}

#[tokio::test]
async fn a_call_that_is_not_live_cannot_be_ended() {
    let house = House::open().await;
    let id = add_call(&house, 1).await;
    let refused = problem(house.keyed(Method::POST, &format!("/v1/calls/{id}/end"))).await;
    assert_eq!(refused.0, 404);
    for path in ["/v1/calls/call_nonsense", "/v1/calls/rec_00000000000000000000000000000001"] {
        assert_eq!(problem(house.keyed(Method::GET, path)).await.0, 400, "{path}");
    }
}

#[tokio::test]
async fn agents_are_put_renamed_and_listed_with_their_presence() {
    let house = House::open().await;
    let put = |id: &str, name: &str| {
        let request = house.keyed(Method::PUT, &format!("/v1/agents/{id}"));
        request.json(&json!({ "name": name }))
    };
    document(put("ana", "Ann")).await;
    let renamed = document(put("ana", " Ana ")).await;
    assert_eq!(renamed["name"], "Ana");
    assert_eq!(renamed["presence"], json!(Presence::Offline));
    for name in ["", "   ", "a\u{7}b", &"x".repeat(200)] {
        assert_eq!(problem(put("ana", name)).await, (400, "invalid".to_owned()));
    }
    assert_eq!(problem(put("has%20space", "Ana")).await.0, 400);
    let ana = house.device("ana").await;
    let agents = house.get("/v1/agents").await;
    assert_eq!(agents[0]["id"], "ana");
    assert_eq!(agents[0]["presence"], json!(Presence::Away));
    assert_eq!(agents[0]["devices"], 1);
    drop(ana);
}

#[tokio::test]
async fn a_token_is_minted_for_known_agents_only() {
    let house = House::open().await;
    let refused = problem(house.keyed(Method::POST, "/v1/agents/nobody/token")).await;
    assert_eq!(refused, (404, "not_found".to_owned()));
}

#[tokio::test]
async fn a_top_up_counts_once_and_reaches_the_desks() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let top_up = |key: &str, micros: i64| {
        let body = json!({"amount_micros": micros, "idempotency_key": key});
        house.keyed(Method::POST, "/v1/balance/top-ups").json(&body)
    };
    let before = house.get("/v1/balance").await;
    assert_eq!(before["available_micros"], 0);
    assert_eq!(before["top_up_required"], true);
    for _ in 0..2 {
        let balance = document(top_up("invoice-1", 9_999_999)).await;
        assert_eq!(balance["available_micros"], 9_999_999);
        assert_eq!(balance["display"], "9.99");
        assert_eq!(balance["top_up_required"], true);
    }
    let reused = problem(top_up("invoice-1", 5)).await;
    assert_eq!(reused, (409, "idempotency_key_reused".to_owned()));
    let balance = document(top_up("invoice-2", 1)).await;
    assert_eq!(balance["display"], "10.00");
    assert_eq!(balance["top_up_required"], false);
    for (key, micros) in [("k", 0), ("k", -1), ("", 1), (&*"x".repeat(5_000), 1)] {
        assert_eq!(problem(top_up(key, micros)).await, (422, "invalid_amount".to_owned()));
    }
    assert_eq!(house.get("/v1/balance").await, balance);
    let told = async {
        loop {
            if let wire::agent::ServerEvent::Balance { balance } = ana.told().await
                && !balance.top_up_required
            {
                return balance.display;
            }
        }
    };
    assert_eq!(told.await, "10.00");
}

#[tokio::test]
async fn bodies_that_are_not_the_asked_document_are_bad_requests() {
    let house = House::open().await;
    let post = |body: String| {
        let request = house.keyed(Method::POST, "/v1/balance/top-ups");
        request.header("content-type", "application/json").body(body)
    };
    for body in ["", "nonsense", "[]", r#"{"amount_micros": 1.5, "idempotency_key": "k"}"#] {
        assert_eq!(problem(post(body.to_owned())).await, (400, "invalid".to_owned()), "{body}");
    }
    let large = json!({"amount_micros": 1, "idempotency_key": "x".repeat(70_000)});
    assert_eq!(problem(post(large.to_string())).await, (413, "too_large".to_owned()));
    let bare = house.keyed(Method::POST, "/v1/balance/top-ups").body("{}");
    assert_eq!(answer(bare).await.0, StatusCode::BAD_REQUEST, "no content type");
}
