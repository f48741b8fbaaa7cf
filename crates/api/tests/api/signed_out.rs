//! An agent who is removed is signed out everywhere, at once, and nobody else is.

use std::time::{Duration, Instant};

use reqwest::{Method, StatusCode};
use serde_json::json;
use wire::agent::{ByeReason, ClientCommand, ErrorCode, ServerEvent};

use crate::device::{Device, Welcomed};
use crate::house::{House, document, problem};

/// The desk's cookie of an agent who is there.
async fn cookie_of(house: &House, name: &str) -> String {
    let made = house.keyed(Method::POST, &format!("/v1/agents/{name}/sign-in-code"));
    let code = document(made).await["code"].clone();
    let sign_in = house.desk_request(Method::POST, "/v1/desk/sign-in").json(&json!({"code": code}));
    let response = sign_in.send().await.expect("a test value");
    let set = response.headers()["set-cookie"].to_str().expect("a test value").to_owned();
    set.split(';').next().expect("a test value").to_owned()
}

/// What a device with that token hears when it says hello.
async fn greeting(
    house: &House,
    token: &str,
    resume: Option<wire::agent::Resume>,
) -> Vec<ServerEvent> {
    let mut device = Device::connect(house.address).await;
    device.hello(token, resume).await;
    device.rest().await
}

fn refused(events: &[ServerEvent]) -> bool {
    matches!(
        events,
        [
            ServerEvent::Error { code: ErrorCode::Unauthorized, .. },
            ServerEvent::Bye { why: ByeReason::TokenExpired }
        ]
    )
}

#[tokio::test]
async fn a10_a_removed_agents_sockets_close_and_nothing_of_theirs_opens_again() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let desk = house.device_with(&token).await;
    let phone = house.device_with(&token).await;
    let resume = desk.resume();
    let mut ben = house.device("ben").await;
    let cookie = cookie_of(&house, "ana").await;
    let code = house.keyed(Method::POST, "/v1/agents/ana/sign-in-code");
    let code = document(code).await["code"].clone();
    assert_eq!(house.devices_of("ana").await, 2);

    let start = Instant::now();
    let gone = house.keyed(Method::DELETE, "/v1/agents/ana").send().await.expect("a test value");
    assert_eq!(gone.status(), StatusCode::NO_CONTENT);
    for device in [desk, phone] {
        let last = device.device.rest().await.pop();
        assert_eq!(last, Some(ServerEvent::Bye { why: ByeReason::SignedOut }));
    }
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());

    assert!(refused(&greeting(&house, &token, None).await));
    assert!(refused(&greeting(&house, &token, resume).await));
    let me = house.request(Method::GET, "/v1/desk/me").header("cookie", &cookie);
    assert_eq!(problem(me).await.0, 401);
    let minted = house.desk_request(Method::POST, "/v1/desk/token").header("cookie", &cookie);
    assert_eq!(problem(minted).await.0, 401);
    let sign_in = house.desk_request(Method::POST, "/v1/desk/sign-in").json(&json!({"code": code}));
    assert_eq!(problem(sign_in).await.0, 401);
    for path in ["/v1/agents/ana/token", "/v1/agents/ana/sign-in-code"] {
        assert_eq!(problem(house.keyed(Method::POST, path)).await.0, 404, "{path}");
    }
    assert_eq!(problem(house.keyed(Method::DELETE, "/v1/agents/ana")).await.0, 404);
    let agents = house.get("/v1/agents").await;
    assert_eq!(agents.as_array().expect("a test value").len(), 1, "{agents}");
    assert_eq!(house.hub.devices(), 1);

    // Ben noticed nothing.
    let id = ben.device.send(ClientCommand::GoAway {}).await;
    assert_eq!(ben.refusal_of(id).await, None);
}

#[tokio::test]
async fn a_token_from_before_is_not_good_for_somebody_new_under_the_old_id() {
    let house = House::open().await;
    let old = house.token("ana").await;
    house.keyed(Method::DELETE, "/v1/agents/ana").send().await.expect("a test value");
    // Tokens say in which second they were made.
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    let new = house.token("ana").await;
    assert!(refused(&greeting(&house, &old, None).await));
    house.device_with(&new).await;
}

#[tokio::test]
async fn a_second_sign_in_of_the_same_agent_closes_nothing() {
    let house = House::open().await;
    let mut first = house.device("ana").await;
    let mut second: Welcomed = house.device("ana").await;
    let changed = house.keyed(Method::PUT, "/v1/agents/ana").json(&json!({"name": "Ana B."}));
    document(changed).await;
    for device in [&mut first, &mut second] {
        let id = device.device.send(ClientCommand::GoAway {}).await;
        assert_eq!(device.refusal_of(id).await, None);
    }
    assert_eq!(house.devices_of("ana").await, 2);
}
