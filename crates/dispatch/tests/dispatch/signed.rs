//! A receiver can tell that an event is ours, fresh and unchanged, also while a secret is changed.

use model::Timestamp;
use ring::hmac;

use crate::receiver::{Got, Receiver};
use crate::world::{SECRET, SETTINGS, World, dispatch};

/// Checks a request as our documentation says, with another implementation of HMAC.
fn signed_by(got: &Got, secret: &str) -> bool {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let mut text = format!("{}.", got.timestamp).into_bytes();
    text.extend_from_slice(&got.body);
    got.signature
        .split(' ')
        .filter_map(|signature| signature.strip_prefix("v1="))
        .filter_map(|digits| hex::decode(digits).ok())
        .any(|tag| hmac::verify(&key, &text, &tag).is_ok())
}

#[tokio::test]
async fn every_delivery_is_signed_with_its_moment_and_names_its_event() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let receiver = Receiver::willing().await;
    world.endpoint(&receiver).await;
    let call = world.call().await;
    world.happens(call, "bridged").await;
    let got = receiver.until("the event", |got| !got.is_empty()).await.remove(0);
    assert!(signed_by(&got, SECRET));
    assert!(!signed_by(&got, "whsec_another"));
    let mut changed = got.clone();
    changed.timestamp.push('0');
    assert!(!signed_by(&changed, SECRET), "the moment is signed too");
    let age = Timestamp::now().as_millis() / 1_000 - got.timestamp.parse::<i64>().unwrap();
    assert!((0..30).contains(&age), "{age}");
    let event = got.event();
    assert_eq!((event.id, event.call), (got.id.clone(), Some(call)));
    assert_eq!(event.name.as_str(), "call.answered");
    assert_eq!(event.data["agent"], "ana");
    rounds.stop().await;
}

#[tokio::test]
async fn both_secrets_sign_while_one_is_being_changed() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let receiver = Receiver::willing().await;
    let endpoint = world.endpoint(&receiver).await;
    let rotate = async |secret: &str, valid_ms| {
        let until = Timestamp::now().plus_millis(valid_ms);
        let store = &world.store;
        let done = store.rotate_endpoint_secret(&endpoint.workspace, endpoint.id, secret, until);
        assert!(done.await.unwrap());
    };
    let call = world.call().await;
    rotate("whsec_new", 60_000).await;
    world.happens(call, "bridged").await;
    let got = receiver.until("the first", |got| got.len() == 1).await.remove(0);
    assert!(signed_by(&got, SECRET) && signed_by(&got, "whsec_new"));
    rotate("whsec_newest", -1).await;
    world.happens(call, "agent_lost").await;
    let got = receiver.until("the second", |got| got.len() == 2).await.remove(1);
    assert!(signed_by(&got, "whsec_newest") && !signed_by(&got, "whsec_new"));
    rounds.stop().await;
}
