//! A daemon killed in the middle loses no event, and repeats only what was not acknowledged.

use std::collections::BTreeMap;
use std::time::Duration;

use store::Store;

use crate::receiver::{Answer, Got, Receiver};
use crate::world::{SETTINGS, STORY, World, dispatch};

/// Deliveries to one endpoint at the same time, and as many that are done but not noted.
const REPEATED_MAX: usize = 16;

fn distinct(got: &[Got]) -> usize {
    let mut ids: Vec<_> = got.iter().map(|got| got.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_under_way_at_a_kill_is_sent_again_and_nothing_else() {
    let world = World::new().await;
    let receiver = Receiver::open(|_, _| Answer::After(Duration::from_millis(15))).await;
    world.endpoint(&receiver).await;
    for _ in 0..30 {
        let call = world.call().await;
        for event in STORY {
            world.happens(call, event).await;
        }
    }
    // A daemon of its own, which dies without a word.
    let file = world.file();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.spawn(async move {
        let store = Store::open(&file).await.unwrap();
        let _rounds = dispatch(&store, SETTINGS).start();
        std::future::pending::<()>().await
    });
    receiver.until("the first third", |got| got.len() >= 30).await;
    runtime.shutdown_background();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let before = receiver.got().len();
    assert!(before < 90, "killed too late to prove anything");

    let rounds = dispatch(&world.store, SETTINGS).start();
    receiver.until("the rest", |got| distinct(got) == 90).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    rounds.stop().await;
    let got = receiver.got();
    assert!(got.len() <= 90 + REPEATED_MAX, "{} sent twice", got.len() - 90);
    let mut seen: BTreeMap<_, i64> = BTreeMap::new();
    for event in got.iter().map(Got::event) {
        let last = seen.entry(event.call).or_default();
        // A repeated one is no older than the last of its call.
        assert!(event.seq >= *last, "{} after {last}", event.seq);
        *last = event.seq;
    }
}
