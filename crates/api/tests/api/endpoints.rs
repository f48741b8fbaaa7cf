//! Endpoints over REST: the secret is shown once, bad addresses are refused, others see nothing.

use reqwest::Method;
use serde_json::{Value, json};

use crate::house::{House, OTHER_KEY, answer, document, problem};

async fn added(house: &House, url: &str) -> Value {
    let request = house.keyed(Method::POST, "/v1/endpoints");
    let (status, body) = answer(request.json(&json!({ "url": url }))).await;
    assert_eq!(status.as_u16(), 201, "{body}");
    body
}

#[tokio::test]
async fn a_secret_is_shown_when_it_is_made_and_never_again() {
    let house = House::open().await;
    let endpoint = added(&house, "https://crm.example.com/events").await;
    let id = endpoint["id"].as_str().unwrap();
    let first = endpoint["secret"].as_str().unwrap().to_owned();
    assert!(first.starts_with("whsec_") && first.len() == 70);
    let listed = house.get("/v1/endpoints").await;
    assert_eq!(listed[0]["id"], id);
    assert!(!listed.to_string().contains("whsec_"), "{listed}");
    let rotate = format!("/v1/endpoints/{id}/rotate-secret");
    let rotated = document(house.keyed(Method::POST, &rotate)).await;
    assert_ne!(rotated["secret"].as_str().unwrap(), first);
    assert!(rotated["previous_secret_until"].is_string());
}

#[tokio::test]
async fn what_cannot_be_an_endpoint_is_refused_with_its_reason() {
    let house = House::open().await;
    for body in [
        json!({ "url": "crm.example.com" }),
        json!({ "url": "https://a:b@crm.example.com/" }),
        json!({ "url": "https://crm.example.com/", "types": ["call.exploded"] }),
        json!({ "url": "https://crm.example.com/", "types": ["agent.presence"] }),
        json!({ "url": "https://crm.example.com/", "secret": "mine" }),
        json!({}),
    ] {
        let refused = problem(house.keyed(Method::POST, "/v1/endpoints").json(&body)).await;
        assert_eq!(refused, (400, "invalid".to_owned()), "{body}");
    }
}

#[tokio::test]
async fn an_endpoint_is_another_workspaces_nobody() {
    let house = House::open().await;
    let endpoint = added(&house, "https://crm.example.com/events").await;
    let id = endpoint["id"].as_str().unwrap();
    let theirs = |method, path: &str| house.request(method, path).bearer_auth(OTHER_KEY);
    assert_eq!(document(theirs(Method::GET, "/v1/endpoints")).await, json!([]));
    for (method, path) in [
        (Method::DELETE, format!("/v1/endpoints/{id}")),
        (Method::POST, format!("/v1/endpoints/{id}/rotate-secret")),
        (Method::POST, format!("/v1/endpoints/{id}/ping")),
        (Method::GET, format!("/v1/endpoints/{id}/deliveries")),
        (Method::POST, format!("/v1/endpoints/{id}/deliveries/1/retry")),
    ] {
        let refused = problem(theirs(method, &path)).await;
        assert_eq!(refused, (404, "not_found".to_owned()), "{path}");
    }
    let path = format!("/v1/endpoints/{id}");
    assert_eq!(answer(house.keyed(Method::DELETE, &path)).await.0.as_u16(), 204);
    assert_eq!(house.get("/v1/endpoints").await, json!([]));
}

#[tokio::test]
async fn a_ping_says_what_came_of_it() {
    let house = House::open().await;
    let endpoint = added(&house, "http://127.0.0.1:9/").await;
    let path = format!("/v1/endpoints/{}/ping", endpoint["id"].as_str().unwrap());
    let pinged = document(house.keyed(Method::POST, &path)).await;
    assert_eq!(pinged["delivered"], false);
    assert!(pinged["error"].as_str().unwrap().starts_with("no connection"));
}

#[tokio::test]
async fn only_what_was_given_up_is_tried_again_by_hand() {
    let house = House::open().await;
    let endpoint = added(&house, "https://crm.example.com/events").await;
    let id = endpoint["id"].as_str().unwrap();
    let retry = |seq: &str| {
        let path = format!("/v1/endpoints/{id}/deliveries/{seq}/retry");
        house.keyed(Method::POST, &path)
    };
    assert_eq!(problem(retry("77")).await, (404, "not_found".to_owned()));
    assert_eq!(problem(retry("seven")).await, (400, "invalid".to_owned()));
}
