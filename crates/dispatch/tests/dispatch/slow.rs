//! A slow or dead receiver holds up neither calls nor other receivers.

use std::time::{Duration, Instant};

use wire::events::DeliveryState;

use crate::receiver::{Answer, Receiver};
use crate::world::{SETTINGS, STORY, World, dispatch};

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let (hanging, willing) = (Receiver::open(|_, _| Answer::Hang).await, Receiver::willing().await);
    let dead = world.endpoint_of("acme", "http://127.0.0.1:9/").await;
    let stuck = world.endpoint(&hanging).await;
    world.endpoint(&willing).await;
    let begun = Instant::now();
    for _ in 0..20 {
        let call = world.call().await;
        for event in STORY {
            world.happens(call, event).await;
        }
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "calls waited: {:?}", begun.elapsed());
    let got = willing.until("all at the willing one", |got| got.len() == 60).await;
    // Sixty one after another behind the hanging one would take 48 s.
    let last = got.iter().map(|got| got.at).max().unwrap();
    assert!(last.duration_since(begun) < Duration::from_secs(12));
    assert!(hanging.got().len() <= 60, "a few at a time: {}", hanging.got().len());
    let noted = async |id| {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let all = world.store.deliveries(id, 200).await.unwrap();
            if let Some(tried) = all.into_iter().find(|one| one.attempts > 0) {
                return tried;
            }
            assert!(Instant::now() < deadline, "nothing is noted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (slow, gone) = (noted(stuck.id).await, noted(dead.id).await);
    assert_eq!(slow.error.as_deref(), Some("no answer within 800 ms"));
    assert!(gone.error.is_some_and(|error| error.starts_with("no connection")));
    assert_eq!(gone.state, DeliveryState::Pending);
    rounds.stop().await;
}
