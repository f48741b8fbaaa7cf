//! What is not taken, where nothing is sent, and who wants nothing more.

use wire::events::DeliveryState;

use crate::receiver::{Answer, Receiver};
use crate::world::{SETTINGS, World, dispatch};

#[tokio::test]
async fn a_redirect_is_not_followed_and_the_event_is_not_taken() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let elsewhere = Receiver::willing().await;
    let to = elsewhere.url();
    let receiver = Receiver::open(move |_, attempt| match attempt {
        1 => Answer::Redirect(to.clone()),
        _ => Answer::Status(200),
    })
    .await;
    let endpoint = world.endpoint(&receiver).await;
    let call = world.call().await;
    world.happens(call, "bridged").await;
    let noted = world.noted(endpoint.id, |noted| noted.attempts == 1).await;
    assert_eq!((noted.state, noted.status), (DeliveryState::Pending, Some(302)));
    let noted = world.noted(endpoint.id, |noted| noted.attempts == 2).await;
    assert_eq!((noted.state, noted.status), (DeliveryState::Delivered, Some(200)));
    assert_eq!(elsewhere.got().len(), 0);
    let ids: Vec<_> = receiver.got().into_iter().map(|got| got.id).collect();
    assert_eq!(ids[0], ids[1], "the second attempt names the same event");
    rounds.stop().await;
}

#[tokio::test]
async fn an_endpoint_that_answers_gone_is_disabled() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let receiver = Receiver::open(|_, _| Answer::Status(410)).await;
    let endpoint = world.endpoint(&receiver).await;
    let call = world.call().await;
    world.happens(call, "bridged").await;
    world.noted(endpoint.id, |noted| noted.state == DeliveryState::Dead).await;
    world.happens(call, "agent_lost").await;
    let row = world.store.endpoint(&endpoint.workspace, endpoint.id).await.unwrap().unwrap();
    assert!(!row.enabled);
    assert_eq!(row.disabled_why.as_deref(), Some("it answered 410 Gone"));
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(receiver.got().len(), 1);
    rounds.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_into_a_private_network_whatever_the_database_says() {
    let world = World::new().await;
    let public = dispatch(&world.store, dispatch::Settings { allow_private: false, ..SETTINGS });
    let rounds = public.start();
    let receiver = Receiver::willing().await;
    let port = receiver.port();
    let call = world.call().await;
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://127.0.0.1:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        format!("https://localhost:{port}/"),
    ] {
        let endpoint = world.endpoint_of("acme", &url).await;
        let pinged = public.ping(&endpoint).await;
        assert!(!pinged.delivered && pinged.status.is_none(), "{url}: {pinged:?}");
        world.happens(call, "bridged").await;
        let noted = world.noted(endpoint.id, |noted| noted.attempts > 0).await;
        assert_eq!(noted.state, DeliveryState::Pending);
        assert!(noted.error.is_some_and(|why| why.starts_with("the address")));
    }
    assert_eq!(receiver.got().len(), 0);
    rounds.stop().await;
}
