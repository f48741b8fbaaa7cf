//! Input from outside is refused with a typed answer and never takes the daemon down.

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::world::{World, daemon, ended};

#[tokio::test(flavor = "multi_thread")]
async fn webhook_bodies_that_are_too_large_or_not_json_are_refused() {
    let world = World::start().await;
    let large = vec![b' '; 3 * 1024 * 1024 + 1];
    let signature = world.meta.sign(&large);
    assert_eq!(world.meta.post_raw(large, Some(signature)).await, 413);
    let text = b"hello".to_vec();
    let signature = world.meta.sign(&text);
    assert_eq!(world.meta.post_raw(text, Some(signature)).await, 400);
    world.get("/v1/balance").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_that_cannot_be_answered_is_rejected_at_meta() {
    let world = World::start().await;
    let _ana = world.agent("ana").await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs();
    for (number, sdp) in
        ["<<RFC 8866 SDP>>", "", "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n"].iter().enumerate()
    {
        let wacid = format!("wacid.BAD{number}");
        let body = serde_json::json!({ "object": "whatsapp_business_account", "entry": [{ "id": "1", "changes": [{
            "field": "calls", "value": {
                "metadata": { "phone_number_id": crate::world::LINE },
                "calls": [{ "id": wacid, "event": "connect", "timestamp": now.to_string(),
                    "direction": "USER_INITIATED",
                    "session": { "sdp_type": "offer", "sdp": sdp } }] } }] }] });
        let body = body.to_string().into_bytes();
        let signature = world.meta.sign(&body);
        assert_eq!(world.meta.post_raw(body, Some(signature)).await, 200);
        let closed = world.newest_closed().await;
        assert_eq!(closed["end"]["cause"], "bad_offer", "{sdp:?}: {closed:#}");
        assert_eq!(closed["disposition"], "failed");
    }
    let phone = world.ring(world.plan()).await;
    phone.hang_up().await;
    ended(&phone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d8_malformed_agent_frames_are_answered_and_the_third_closes_the_socket() {
    let world = World::start().await;
    let (mut socket, _) =
        tokio_tungstenite::connect_async(request(&world.socket_url())).await.expect("connected");
    let hello =
        serde_json::json!({ "v": 1, "id": 1, "type": "hello", "token": world.token("ana").await });
    socket.send(Message::text(hello.to_string())).await.expect("sent");
    let welcome = socket.next().await.expect("a frame").expect("readable");
    assert!(welcome.to_text().expect("text").contains("\"welcome\""));
    for bad in [
        "not json",
        "{\"v\":1,\"id\":2,\"type\":\"dance\"}",
        "{\"v\":9,\"id\":3,\"type\":\"ping\"}",
    ] {
        socket.send(Message::text(bad)).await.expect("sent");
    }
    let mut errors = 0;
    let mut goodbye = false;
    while let Some(Ok(frame)) = socket.next().await {
        match frame {
            Message::Text(text) => {
                errors += usize::from(text.contains("\"type\":\"error\""));
                goodbye |= text.contains("too_many_errors");
            }
            Message::Close(_) => break,
            _ => {}
        }
    }
    assert_eq!(errors, 3, "each bad frame is answered");
    assert!(goodbye, "and the third ends it");
    world.get("/v1/agents").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn t12_a_socket_without_a_good_token_or_from_a_foreign_page_gets_nothing() {
    let world = World::start().await;
    let mut foreign = request(&world.socket_url());
    foreign.headers_mut().insert("Origin", "https://evil.example".parse().expect("a header"));
    assert_eq!(refusal(foreign).await, 403, "foreign pages are refused");
    let with_token = format!("{}?token={}", world.socket_url(), world.token("ana").await);
    assert_eq!(refusal(request(&with_token)).await, 400, "no tokens in addresses");
    let (mut socket, _) =
        tokio_tungstenite::connect_async(request(&world.socket_url())).await.expect("connected");
    let hello = serde_json::json!({ "v": 1, "id": 1, "type": "hello", "token": "made.up.token" });
    socket.send(Message::text(hello.to_string())).await.expect("sent");
    let answer = socket.next().await.expect("a frame").expect("readable");
    assert!(answer.to_text().expect("text").contains("unauthorized"), "{answer:?}");
}

fn request(url: &str) -> Request {
    let mut request = url.into_client_request().expect("a request");
    let protocol = wire::agent::SUBPROTOCOL.parse().expect("a header");
    request.headers_mut().insert("Sec-WebSocket-Protocol", protocol);
    request
}

/// The HTTP status with which an upgrade is refused.
async fn refusal(request: Request) -> u16 {
    match tokio_tungstenite::connect_async(request).await {
        Err(Error::Http(answer)) => answer.status().as_u16(),
        other => panic!("not refused: {other:?}"),
    }
}

#[test]
fn a_bad_configuration_lists_all_its_problems_and_exits_78() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let file = folder.path().join("bad.toml");
    std::fs::write(
        &file,
        "[server]\nlisten = \"nowhere\"\n[rules]\nring_seconds = 900\n[whatsap]\nx = 1\n",
    )
    .expect("written");
    let output = daemon().args(["serve", "--config"]).arg(&file).output().expect("it runs");
    assert_eq!(output.status.code(), Some(78));
    let text = String::from_utf8_lossy(&output.stderr);
    for expected in ["server.listen", "rules.ring_seconds", "whatsap", "whatsapp.app_secret"] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
}

#[test]
fn b9_without_an_app_secret_the_daemon_does_not_start() {
    let output = daemon()
        .arg("serve")
        .env("RINGDOWN__WHATSAPP__APP_SECRET", "")
        .env("RINGDOWN__WHATSAPP__VERIFY_TOKEN", "v")
        .env("RINGDOWN__WHATSAPP__ACCESS_TOKEN", "a")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(78));
    assert!(String::from_utf8_lossy(&output.stderr).contains("app_secret"));
}
