//! Numbers, Meta's call ids, tokens, keys, codes and SDP passwords never reach the log at INFO.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::SdpText;
use reqwest::Method;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;
use wire::agent::ClientCommand;

use crate::device::{Device, Welcomed};
use crate::house::{House, OTHER_KEY, document};
use crate::webhooks::connect_with;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("no panic while writing").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn what_people_and_meta_trust_us_with_is_not_in_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(log.clone())
        .with_max_level(tracing::Level::INFO)
        .with_ansi(false)
        .finish();
    // For every thread: what other tests make the house say must hold no secret either.
    tracing::subscriber::set_global_default(subscriber).expect("no other test hears the log");
    let house = House::open().await;
    let token = house.token("ana").await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, None).await;
    let mut ana = Welcomed::read(device).await;
    let offer = SdpText::new("v=0\r\na=ice-pwd:canaryPasswordOfTheOffer\r\n");
    ana.device.send(ClientCommand::GoReady { offer }).await;
    let forged = "canary.forged.token";
    let mut eve = Device::connect(house.address).await;
    eve.hello(forged, None).await;
    eve.rest().await;
    let body = connect_with("a=ice-pwd:canaryPasswordOfMeta");
    house.webhook(&body).await;
    let forged_webhook = house.request(Method::POST, "/webhooks/whatsapp").body(body);
    forged_webhook.send().await.unwrap();
    house.request(Method::GET, "/v1/calls").bearer_auth("canary-wrong-key").send().await.unwrap();
    document(house.request(Method::GET, "/v1/calls").bearer_auth(OTHER_KEY)).await;
    let code = document(house.keyed(Method::POST, "/v1/agents/ana/sign-in-code")).await;
    let code = code["code"].as_str().unwrap();
    let sign_in = house.desk_request(Method::POST, "/v1/desk/sign-in");
    document(sign_in.json(&json!({ "code": code }))).await;
    ana.device.vanish();
    while house.get("/v1/calls").await["items"][0]["state"] != "ended" {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let bytes = log.0.lock().unwrap().clone();
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("a device joined"), "the log was heard: {text}");
    for secret in [
        "15550002222",
        "wacid.",
        "canaryPassword",
        &token,
        forged,
        "canary-wrong-key",
        OTHER_KEY,
        code,
    ] {
        assert!(!text.contains(secret), "{secret} is in the log:\n{text}");
    }
}
