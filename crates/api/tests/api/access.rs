//! Every documented address refuses who does not show what its class asks for.

use reqwest::{Method, StatusCode};
use serde_json::Value;

use crate::house::{House, problem};

#[tokio::test]
async fn no_address_opens_without_its_credentials() {
    let house = House::open().await;
    let document: Value = serde_json::from_str(&api::openapi()).unwrap();
    let mut guarded = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        let path = path.replace("{id}", "call_00000000000000000000000000000001");
        for (method, operation) in operations.as_object().unwrap() {
            if operation["security"].is_null() {
                continue;
            }
            guarded += 1;
            let method: Method = method.to_uppercase().parse().unwrap();
            for (name, value) in [
                ("x-nothing", ""),
                ("authorization", "Bearer wrong-key"),
                ("authorization", "Basic dGVzdHM6a2V5"),
                ("cookie", "ringdown_desk=0000"),
            ] {
                let request = house.request(method.clone(), &path).header(name, value);
                let (status, kind) = problem(request.body("{}")).await;
                assert!(matches!(status, 401 | 403), "{method} {path}: {status} {kind}");
            }
        }
    }
    assert!(guarded >= 16, "{guarded}");
}

#[tokio::test]
async fn a_revoked_key_stops_at_once() {
    let house = House::open().await;
    house.get("/v1/calls").await;
    assert!(house.store.revoke_api_key("tests").await.unwrap());
    let refused = problem(house.keyed(Method::GET, "/v1/calls")).await;
    assert_eq!(refused, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn addresses_and_methods_that_are_not_there_are_problems_too() {
    let house = House::open().await;
    let nowhere = problem(house.keyed(Method::GET, "/v1/nothing")).await;
    assert_eq!(nowhere, (404, "not_found".to_owned()));
    let wrong = problem(house.keyed(Method::DELETE, "/v1/calls")).await;
    assert_eq!(wrong, (405, "method_not_allowed".to_owned()));
}

#[tokio::test]
async fn nothing_is_sniffed() {
    let house = House::open().await;
    for path in ["/desk/", "/v1/calls", "/openapi.json"] {
        let response = house.request(Method::GET, path).send().await.unwrap();
        assert_ne!(response.status(), StatusCode::NOT_FOUND);
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    }
}
