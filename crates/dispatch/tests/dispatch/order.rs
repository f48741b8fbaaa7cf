//! A call's later events wait for its earlier ones; other calls go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::receiver::{Answer, Receiver};
use crate::world::{SETTINGS, STORY, World, dispatch};

#[tokio::test]
async fn a_call_whose_event_fails_waits_in_order_and_others_go_on() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let (stuck, free) = (world.call().await, world.call().await);
    // The first event of one call is refused until the test says so.
    let mended = Arc::new(AtomicBool::new(false));
    let seen = mended.clone();
    let receiver = Receiver::open(move |got, _| {
        let refused = got.event().call == Some(stuck) && !seen.load(Ordering::Relaxed);
        Answer::Status(if refused { 500 } else { 200 })
    })
    .await;
    world.endpoint(&receiver).await;
    for event in STORY {
        world.happens(stuck, event).await;
        world.happens(free, event).await;
    }
    let of_free = |got: &[crate::receiver::Got]| {
        got.iter().filter(|got| got.event().call == Some(free)).count()
    };
    receiver.until("the other call", |got| of_free(got) == 3).await;
    receiver.until("another attempt", |got| got.len() >= 5).await;
    let tried: Vec<_> = receiver
        .got()
        .iter()
        .filter(|got| got.event().call == Some(stuck))
        .map(|got| got.event().name.as_str())
        .collect();
    assert!(tried.iter().all(|name| *name == "call.ringing"), "{tried:?}");
    mended.store(true, Ordering::Relaxed);
    let all = receiver.until("the rest", |got| {
        got.iter().any(|got| {
            got.event().call == Some(stuck) && got.event().name.as_str() == "call.agent_lost"
        })
    });
    let mut names: Vec<_> = all
        .await
        .iter()
        .map(crate::receiver::Got::event)
        .filter(|event| event.call == Some(stuck))
        .map(|event| event.name.as_str())
        .collect();
    names.dedup();
    assert_eq!(names, ["call.ringing", "call.answered", "call.agent_lost"]);
    rounds.stop().await;
}

#[tokio::test]
async fn what_is_replayed_by_cursor_is_exactly_what_was_sent() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    // Every third is refused once.
    let receiver = Receiver::open(|got, attempt| {
        let refused = attempt == 1 && got.event().seq % 3 == 0;
        Answer::Status(if refused { 503 } else { 200 })
    })
    .await;
    world.endpoint(&receiver).await;
    for _ in 0..10 {
        let call = world.call().await;
        for event in STORY {
            world.happens(call, event).await;
        }
    }
    let distinct = |got: &[crate::receiver::Got]| {
        let mut events: Vec<_> = got.iter().map(crate::receiver::Got::event).collect();
        events.sort_by_key(|event| event.seq);
        events.dedup_by_key(|event| event.seq);
        events
    };
    let sent =
        receiver.until("all events", |got| distinct(got).len() == 30 && got.len() >= 40).await;
    assert_eq!(distinct(&sent), world.replayed().await);
    rounds.stop().await;
}
