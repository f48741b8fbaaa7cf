//! Webhooks are signed over their exact bytes, repeated until taken, and go wrong when told to.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sim::SimError;
use sim::meta::PhoneState;

use super::world::{SECRET, World, ana, call_of, eventually};

fn hmac_of(raw: &[u8]) -> String {
    let mut mac =
        Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is a key");
    mac.update(raw);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn the_signature_verifies_over_the_raw_escaped_bytes() {
    let world = World::start(|_| {}).await;
    world.meta.verify_webhook().await.unwrap();
    let call = world.meta.ring(ana()).await.unwrap();
    let webhook = world.webhook("connect", 0).await;
    assert_eq!(webhook.signature, Some(hmac_of(&webhook.raw)));
    let text = String::from_utf8(webhook.raw).unwrap();
    assert!(text.is_ascii());
    assert!(text.contains(r"Zo\u00eb \/ Ana"));
    let value = &webhook.json["entry"][0]["changes"][0]["value"];
    assert_eq!(value["metadata"]["phone_number_id"], super::world::LINE);
    assert_eq!(value["contacts"][0]["profile"]["name"], "Zoë / Ana");
    assert_eq!(value["contacts"][0]["wa_id"], "15550002222");
    let connect = call_of(&webhook.json);
    assert_eq!(connect["id"], call.wacid().as_str());
    assert_eq!(connect["from"], "15550002222");
    assert_eq!(connect["from_user_id"], "US.11112222333344445555");
    assert_eq!(connect["to"], "15550001111");
    assert_eq!(connect["direction"], "USER_INITIATED");
    assert!(connect["timestamp"].is_string());
    assert_eq!(connect["session"]["sdp_type"], "offer");
    let sdp = connect["session"]["sdp"].as_str().unwrap();
    assert!(sdp.ends_with("\r\n") && sdp.contains("a=ice-lite\r\n"));
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_wrong_verify_token_fails_the_handshake() {
    let world = World::start(|config| config.verify_token = "other".to_owned()).await;
    let refused = world.meta.verify_webhook().await;
    assert!(matches!(refused, Err(SimError::Handshake(_))), "{refused:?}");
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_comes_again() {
    let world = World::start(|_| {}).await;
    world.answer_next_with(&[500]);
    world.meta.ring(ana()).await.unwrap();
    let first = world.webhook("connect", 0).await;
    let second = world.webhook("connect", 1).await;
    assert_eq!(first.raw, second.raw);
    world.meta.shut_down().await;
}

#[tokio::test]
async fn duplicates_overtaking_and_missing_contacts_happen_when_told() {
    let world = World::start(|_| {}).await;
    let mut plan = ana();
    plan.from.phone = None;
    plan.webhook.duplicate = true;
    plan.webhook.terminate_first = true;
    plan.webhook.without_contacts = true;
    let call = world.meta.ring(plan).await.unwrap();
    eventually("four webhooks", || world.webhooks().len() == 4).await;
    let events: Vec<String> = world
        .webhooks()
        .iter()
        .map(|webhook| call_of(&webhook.json)["event"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(events, ["terminate", "terminate", "connect", "connect"]);
    for webhook in world.webhooks() {
        let value = &webhook.json["entry"][0]["changes"][0]["value"];
        assert!(value.get("contacts").is_none());
        assert!(call_of(&webhook.json).get("from").is_none());
    }
    assert!(call.ended().is_some());
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_stale_connect_carries_its_old_time_and_names_a_dead_call() {
    let world = World::start(|_| {}).await;
    let mut plan = ana();
    plan.webhook.stale_by = Some(Duration::from_secs(120));
    let call = world.meta.ring(plan).await.unwrap();
    let webhook = world.webhook("connect", 0).await;
    let sent: u64 = call_of(&webhook.json)["timestamp"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!((119..140).contains(&(now - sent)), "{}", now - sent);
    eventually("the dead call", || matches!(call.state(), PhoneState::Ended(_))).await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn raw_bytes_reach_the_endpoint_with_any_signature() {
    let world = World::start(|_| {}).await;
    let body = b"{\"broken\"".to_vec();
    assert_eq!(world.meta.sign(&body), hmac_of(&body));
    world.answer_next_with(&[401]);
    let forged = Some("sha256=00".to_owned());
    assert_eq!(world.meta.post_raw(body.clone(), forged).await, 401);
    assert_eq!(world.meta.post_raw(body.clone(), None).await, 200);
    assert_eq!(world.webhooks()[0].raw, body);
    assert_eq!(world.webhooks()[1].signature, None);
    world.meta.shut_down().await;
}
