//! The private listener says whether the daemon lives, may be used, and what it counts.

use reqwest::StatusCode;

use crate::house::House;

async fn asked(house: &House, path: &str) -> (StatusCode, String) {
    let response = house.http.get(format!("http://{}{path}", house.admin)).send().await;
    let response = response.expect("an answer");
    (response.status(), response.text().await.expect("a body"))
}

/// The metrics as text.
pub(crate) async fn metrics(house: &House) -> String {
    asked(house, "/metrics").await.1
}

#[tokio::test]
async fn a_draining_daemon_lives_but_is_not_ready() {
    let house = House::open().await;
    assert_eq!(asked(&house, "/live").await.0, StatusCode::OK);
    assert_eq!(asked(&house, "/ready").await.0, StatusCode::OK);
    house.api.drain();
    assert_eq!(asked(&house, "/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(asked(&house, "/live").await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_daemon_without_its_store_is_not_ready() {
    let house = House::open().await;
    house.store.close().await;
    assert_eq!(asked(&house, "/ready").await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(asked(&house, "/live").await.0, StatusCode::OK);
    let body = br#"{"object":"whatsapp_business_account","entry":[]}"#;
    assert_eq!(house.webhook(body).await.status(), StatusCode::OK, "nothing to keep");
}

#[tokio::test]
async fn sockets_and_frames_are_counted() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    let text = metrics(&house).await;
    assert!(text.contains("sockets 1\n"), "{text}");
    assert!(text.contains("frames_total{type=\"hello\"} 1\n"), "{text}");
    assert!(text.contains("calls_active 0\n"), "{text}");
    assert!(text.ends_with("# EOF\n"));
    drop(ana);
}

#[tokio::test]
async fn the_public_listener_has_no_admin_addresses() {
    let house = House::open().await;
    for path in ["/live", "/ready", "/metrics"] {
        let response = house.request(reqwest::Method::GET, path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
}
