//! The desk is served from the binary, and an agent signs in with a one-time code.

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::json;

use crate::device::{Device, Welcomed};
use crate::house::{House, Rules, document, problem};

async fn code_for(house: &House, name: &str) -> String {
    house.token(name).await;
    let path = format!("/v1/agents/{name}/sign-in-code");
    let made = document(house.keyed(Method::POST, &path)).await;
    made["code"].as_str().expect("a code").to_owned()
}

fn sign_in(house: &House, code: &str) -> RequestBuilder {
    house.desk_request(Method::POST, "/v1/desk/sign-in").json(&json!({ "code": code }))
}

/// Signs in and returns the `Set-Cookie` header.
async fn cookie_for(house: &House, name: &str) -> String {
    let code = code_for(house, name).await;
    let response = sign_in(house, &code).send().await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    response.headers()["set-cookie"].to_str().expect("text").to_owned()
}

fn pair(set_cookie: &str) -> &str {
    set_cookie.split(';').next().expect("name=value")
}

#[tokio::test]
async fn an_agent_signs_in_gets_a_token_opens_a_socket_and_signs_out() {
    let house = House::open().await;
    let set = cookie_for(&house, "ana").await;
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=43200"] {
        assert!(set.contains(attribute), "{set}");
    }
    assert!(!set.contains("Secure"));
    let cookie = pair(&set);
    let me = document(house.request(Method::GET, "/v1/desk/me").header("cookie", cookie)).await;
    assert_eq!(me, json!({"agent": "ana", "name": "ana", "rights": ["answer", "dial", "record"]}));
    let minted =
        document(house.desk_request(Method::POST, "/v1/desk/token").header("cookie", cookie)).await;
    let mut device = Device::connect(house.address).await;
    device.hello(minted["token"].as_str().unwrap(), None).await;
    Welcomed::read(device).await;
    let out = house.desk_request(Method::POST, "/v1/desk/sign-out").header("cookie", cookie);
    let out = out.send().await.unwrap();
    assert_eq!(out.status(), StatusCode::NO_CONTENT);
    assert!(out.headers()["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let after = house.request(Method::GET, "/v1/desk/me").header("cookie", cookie);
    assert_eq!(problem(after).await, (401, "unauthorized".to_owned()));
}

#[tokio::test]
async fn over_https_the_cookie_is_secure() {
    let house = House::open_with(Rules { cookie_secure: true, ..Rules::default() }).await;
    assert!(cookie_for(&house, "ana").await.ends_with("; Secure"));
}

#[tokio::test]
async fn a_code_works_once() {
    let house = House::open().await;
    let code = code_for(&house, "ana").await;
    document(sign_in(&house, &code.to_lowercase())).await;
    let refused = (401, "bad_sign_in_code".to_owned());
    assert_eq!(problem(sign_in(&house, &code)).await, refused);
    assert_eq!(problem(sign_in(&house, "AAAA-AAAA-AAAA")).await, refused);
    assert_eq!(problem(sign_in(&house, "")).await, refused);
}

#[tokio::test]
async fn pages_of_other_sites_cannot_act_at_the_desk() {
    let house = House::open().await;
    let cookie = cookie_for(&house, "ana").await;
    let cookie = pair(&cookie);
    let own = format!("http://{}", house.address);
    for path in ["/v1/desk/token", "/v1/desk/sign-out", "/v1/desk/sign-in"] {
        let post = || house.request(Method::POST, path).header("cookie", cookie);
        let marked = || post().header("x-ringdown-desk", "1");
        for (request, kind) in [
            (marked(), "foreign_origin"),
            (marked().header("origin", "https://evil.example"), "foreign_origin"),
            (marked().header("origin", "null"), "foreign_origin"),
            (marked().header("origin", "https://crm.example.com"), "foreign_origin"),
            (post().header("origin", &own), "desk_header_missing"),
            (post().header("origin", &own).header("x-ringdown-desk", "0"), "desk_header_missing"),
        ] {
            assert_eq!(problem(request).await, (403, kind.to_owned()), "{path}");
        }
    }
}

#[tokio::test]
async fn guessing_codes_is_slowed_down() {
    let house = House::open().await;
    let mut statuses = Vec::new();
    for _ in 0..12 {
        statuses.push(problem(sign_in(&house, "AAAA-AAAA-AAAA")).await.0);
    }
    assert_eq!(statuses[..10], [401; 10]);
    assert_eq!(statuses[10..], [429; 2]);
}

#[tokio::test]
async fn the_desk_is_one_page_for_all_its_places() {
    let house = House::open().await;
    let get = |path: &str| house.request(Method::GET, path);
    for path in ["/", "/desk"] {
        let response = get(path).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(response.headers()["location"], "/desk/");
    }
    let index = get("/desk/").send().await.unwrap();
    assert_eq!(index.headers()["content-type"], "text/html; charset=utf-8");
    let policy = index.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'self'"));
    assert!(!policy.contains("unsafe-eval"));
    let tag = index.headers()["etag"].to_str().unwrap().to_owned();
    let page = index.text().await.unwrap();
    let place = get("/desk/calls/today").send().await.unwrap().text().await.unwrap();
    assert_eq!(place, page);
    let again = get("/desk/").header("if-none-match", tag).send().await.unwrap();
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.text().await.unwrap(), "");
    for path in ["/desk/nothing.js", "/desk/..%2f..%2fCargo.toml", "/desk/assets/x.css"] {
        assert_eq!(problem(get(path)).await, (404, "not_found".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn any_page_may_load_the_sdk() {
    let house = House::open().await;
    let response = house.request(Method::GET, "/sdk/ringdown-sdk.js").send().await.unwrap();
    if desk::is_built() {
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["access-control-allow-origin"], "*");
    } else {
        assert_eq!(response.status(), StatusCode::NOT_FOUND);
    }
    let own = house.request(Method::GET, "/desk/").send().await.unwrap();
    assert!(!own.headers().contains_key("access-control-allow-origin"));
}
