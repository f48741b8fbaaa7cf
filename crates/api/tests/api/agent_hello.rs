//! The agent socket opens for known pages with a valid token in the first frame, and for no one
//! else.

use std::time::Duration;

use model::DeviceId;
use tokio_tungstenite::tungstenite::{Error, http::StatusCode};
use wire::agent::{ByeReason, ClientCommand, ErrorCode, ServerEvent};

use crate::device::{Device, Welcomed, note};
use crate::house::House;

async fn refused(house: &House, path: &str, origin: Option<&str>) -> StatusCode {
    match Device::connect_as(house.address, path, origin).await {
        Err(Error::Http(response)) => response.status(),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the socket opened"),
    }
}

/// The error code of a socket that is refused and closed.
async fn turned_away(device: Device) -> (ErrorCode, ByeReason) {
    match &device.rest().await[..] {
        [ServerEvent::Error { code, .. }, ServerEvent::Bye { why }] => (*code, *why),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn foreign_pages_and_tokens_in_addresses_are_refused_before_the_socket_opens() {
    let house = House::open().await;
    for origin in ["https://evil.example", "null", "http://crm.example.com", "file://"] {
        assert_eq!(refused(&house, "/agent/v1", Some(origin)).await, StatusCode::FORBIDDEN);
    }
    let token = house.token("ana").await;
    let path = format!("/agent/v1?token={token}");
    assert_eq!(refused(&house, &path, None).await, StatusCode::BAD_REQUEST);
    let own = format!("http://{}", house.address);
    for origin in [None, Some(&*own), Some("https://crm.example.com")] {
        let mut device = Device::connect_as(house.address, "/agent/v1", origin).await.unwrap();
        device.hello(&token, None).await;
        Welcomed::read(device).await;
    }
}

#[tokio::test]
async fn a_request_that_is_no_agent_socket_is_told_so() {
    let house = House::open().await;
    let plain = house.request(reqwest::Method::GET, "/agent/v1");
    let refused = crate::house::problem(plain).await;
    assert_eq!(refused, (400, "websocket_expected".to_owned()));
    let error = tokio_tungstenite::connect_async(format!("ws://{}/agent/v1", house.address))
        .await
        .unwrap_err();
    let Error::Http(response) = error else { panic!("{error}") };
    assert_eq!(response.status(), StatusCode::BAD_REQUEST, "no subprotocol was offered");
}

#[tokio::test]
async fn the_welcome_says_all_a_page_needs() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, None).await;
    let ServerEvent::Welcome { agent, agent_name, heartbeat_ms, snapshot, .. } =
        device.event().await
    else {
        panic!("no welcome");
    };
    assert_eq!((agent.as_str(), &*agent_name, heartbeat_ms), ("ana", "ana", 20_000));
    assert!(snapshot.balance.unwrap().top_up_required);
}

#[tokio::test]
async fn wrong_and_expired_tokens_open_nothing() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let mut forged = token.clone();
    forged.replace_range(token.len() - 3.., "AAA");
    for wrong in ["", "nonsense", &forged] {
        let mut device = Device::connect(house.address).await;
        device.hello(wrong, None).await;
        let refused = turned_away(device).await;
        assert_eq!(refused, (ErrorCode::Unauthorized, ByeReason::TokenExpired));
    }
    assert_eq!(house.hub.devices(), 0);
}

#[tokio::test]
async fn who_does_not_say_hello_first_is_told_and_who_says_nothing_is_closed() {
    let house = House::open().await;
    let mut device = Device::connect(house.address).await;
    for _ in 0..2 {
        device.send(ClientCommand::Ping {}).await;
        let ServerEvent::Error { code, .. } = device.event().await else { panic!("no error") };
        assert_eq!(code, ErrorCode::HelloExpected);
    }
    device.send(ClientCommand::Ping {}).await;
    let last = turned_away(device).await;
    assert_eq!(last, (ErrorCode::HelloExpected, ByeReason::TooManyErrors));

    let silent = Device::connect(house.address).await;
    // With the clock stopped, idle time passes at once: no five seconds are waited here.
    tokio::time::pause();
    let closed = turned_away(silent).await;
    assert_eq!(closed, (ErrorCode::HelloExpected, ByeReason::Silent));
}

#[tokio::test]
async fn a_second_hello_is_an_error_and_the_socket_lives() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let token = house.token("ana").await;
    let id = ana.device.hello(&token, None).await;
    let error = loop {
        if let ServerEvent::Error { to, code, .. } = ana.device.event().await {
            break (to, code);
        }
    };
    assert_eq!(error, (Some(id), ErrorCode::HelloExpected));
}

#[tokio::test]
async fn one_agents_devices_are_bounded() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let mut devices = Vec::new();
    for _ in 0..32 {
        let mut device = Device::connect(house.address).await;
        device.hello(&token, None).await;
        devices.push(Welcomed::read(device).await);
    }
    let mut one_more = Device::connect(house.address).await;
    one_more.hello(&token, None).await;
    assert_eq!(turned_away(one_more).await.0, ErrorCode::NotAllowed);
    house.device("ben").await;
}

#[tokio::test]
async fn what_is_told_to_one_device_reaches_no_other() {
    use switchboard::Bell as _;
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let mut ben = house.device("ben").await;
    for round in 0..100 {
        house.hub.tell(ana.id, note(&format!("for ana {round}")));
        house.hub.tell(ben.id, note(&format!("for ben {round}")));
        let nobody = DeviceId::from_uuid(uuid::Uuid::from_u128(round));
        house.hub.tell(nobody, note("for nobody"));
    }
    for (device, name) in [(&mut ana, "ana"), (&mut ben, "ben")] {
        let mut heard = 0;
        while heard < 100 {
            if let ServerEvent::MediaState { reason: Some(text), .. } = device.told().await {
                assert_eq!(text, format!("for {name} {heard}"));
                heard += 1;
            }
        }
    }
}

#[tokio::test]
async fn a_stopping_daemon_says_goodbye() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    house.hub.shut_down();
    let last = tokio::time::timeout(Duration::from_secs(10), ana.device.rest()).await.unwrap();
    assert_eq!(last.last(), Some(&ServerEvent::Bye { why: ByeReason::ShutDown }));
}
