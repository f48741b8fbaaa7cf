//! Only what Meta signed is read, and what was read is kept before it is acknowledged.

use model::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::house::{House, LINE, VERIFY_TOKEN, answer, problem, signature};

fn connect_of(line: &str) -> Vec<u8> {
    connect(line, "<<RFC 8866 SDP>>")
}

/// A call to our line with this session description.
pub(crate) fn connect_with(sdp: &str) -> Vec<u8> {
    connect(LINE, sdp)
}

fn connect(line: &str, sdp: &str) -> Vec<u8> {
    let now_s = Timestamp::now().as_millis() / 1_000;
    let call = json!({
        "id": "wacid.QVBJVEVTVA", "from": "15550002222", "to": "15550001111", "event": "connect",
        "timestamp": now_s.to_string(), "direction": "USER_INITIATED",
        "session": {"sdp_type": "offer", "sdp": sdp},
    });
    let value = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550001111", "phone_number_id": line},
        "contacts": [{"profile": {"name": "Maria"}, "wa_id": "15550002222"}],
        "calls": [call],
    });
    let body = json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "calls", "value": value}]}],
    });
    body.to_string().into_bytes()
}

async fn calls(house: &House) -> Vec<Value> {
    let page = house.get("/v1/calls").await;
    page["items"].as_array().expect("a list").clone()
}

#[tokio::test]
async fn the_handshake_sends_the_challenge_back_for_the_right_token_only() {
    let house = House::open().await;
    let asked = |token: &str| {
        let path = "/webhooks/whatsapp?hub.mode=subscribe&hub.challenge=0012345&hub.verify_token=";
        house.request(Method::GET, &format!("{path}{token}"))
    };
    let response = asked(VERIFY_TOKEN).send().await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.text().await.unwrap(), "0012345");
    assert_eq!(problem(asked("guess")).await, (403, "challenge_refused".to_owned()));
    let bare = house.request(Method::GET, "/webhooks/whatsapp");
    assert_eq!(problem(bare).await.0, 403);
}

#[tokio::test]
async fn a_call_that_meta_signed_is_kept_once_however_often_it_comes() {
    let house = House::open().await;
    let body = connect_of(LINE);
    for _ in 0..3 {
        assert_eq!(house.webhook(&body).await.status(), StatusCode::OK);
    }
    let calls = calls(&house).await;
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["from"]["display"], "Maria");
    let metrics = crate::admin::metrics(&house).await;
    assert!(metrics.contains("webhook_seconds_count 3\n"), "{metrics}");
}

#[tokio::test]
async fn an_unsigned_or_wrongly_signed_webhook_changes_nothing() {
    let house = House::open().await;
    let body = connect_of(LINE);
    let right = signature(&body);
    let post = || house.request(Method::POST, "/webhooks/whatsapp").body(body.clone());
    let name = "x-hub-signature-256";
    let foreign = signature(b"another body");
    let refused = [
        post(),
        post().header(name, ""),
        post().header(name, "sha256="),
        post().header(name, &foreign),
        post().header(name, &right[..right.len() - 2]),
        post().header(name, right.replace("sha256=", "sha1=")),
        post().header(name, &right).header(name, &right),
        post().header("x-hub-signature", &right),
    ];
    let count = refused.len();
    for request in refused {
        assert_eq!(problem(request).await, (401, "bad_signature".to_owned()));
    }
    assert_eq!(calls(&house).await.len(), 0);
    let metrics = crate::admin::metrics(&house).await;
    let counted = format!("webhook_rejected_total{{why=\"signature\"}} {count}\n");
    assert!(metrics.contains(&counted), "{metrics}");
}

#[tokio::test]
async fn a_signed_body_that_is_no_webhook_is_a_bad_request() {
    let house = House::open().await;
    for body in [&b"not json"[..], b"", b"[]", b"\xff\xfe"] {
        let response = house.webhook(body).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST);
    }
    assert_eq!(house.webhook(b"{}").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn three_megabytes_are_read_and_one_byte_more_is_not() {
    let house = House::open().await;
    let limit = 3 * 1024 * 1024;
    let mut body = b"{\"entry\":[]}".to_vec();
    body.resize(limit, b' ');
    assert_eq!(house.webhook(&body).await.status(), StatusCode::OK);
    body.push(b' ');
    let right = signature(&body);
    let post = house.request(Method::POST, "/webhooks/whatsapp");
    let too_large = problem(post.header("x-hub-signature-256", right).body(body)).await;
    assert_eq!(too_large, (413, "too_large".to_owned()));
}

#[tokio::test]
async fn events_of_lines_and_kinds_we_do_not_know_are_acknowledged_and_counted() {
    let house = House::open().await;
    let odd = json!({"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [
        {"field": "something_new", "value": {"a": 1}},
    ]}]});
    let response = house.webhook(odd.to_string().as_bytes()).await;
    assert_eq!(response.status(), StatusCode::OK);
    let metrics = crate::admin::metrics(&house).await;
    assert!(metrics.contains("webhook_ignored_total 1\n"), "{metrics}");
    assert_eq!(house.webhook(&connect_of("999")).await.status(), StatusCode::OK);
    let (status, _) = answer(house.keyed(Method::GET, "/v1/calls")).await;
    assert_eq!(status, StatusCode::OK);
}
