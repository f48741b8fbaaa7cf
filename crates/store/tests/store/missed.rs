//! A missed call says why, who was rung and what each of them did.

use model::{AgentId, CallId, Cause, MissedReason, RingOutcome};
use serde_json::json;
use store::{Cdr, NewEvent, StoreError};

use crate::world::{World, acme, call_id, missed, noon, talked};

async fn journal(world: &World, call: CallId, offset_ms: i64, event: &str, agent: &str, how: &str) {
    let detail = match event {
        "agents_rung" => json!({ "agents": [agent] }),
        "agents_ring_ended" => json!({ "agents": [agent], "outcome": how }),
        _ => json!({ "agent": agent }),
    };
    let event = NewEvent { at: noon(offset_ms), offset_ms, event: event.to_owned(), detail };
    world.store.append(call, event).await.expect("a test value");
}

#[tokio::test]
async fn who_was_rung_and_what_each_did_is_told_in_order() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    journal(&world, call, 100, "agents_rung", "ana", "").await;
    journal(&world, call, 100, "agents_rung", "bo", "").await;
    journal(&world, call, 3_100, "agents_ring_ended", "bo", "declined").await;
    journal(&world, call, 20_000, "agents_ring_ended", "ana", "caller_hung_up").await;
    let cdr = Cdr { ring_ms: 19_900, ..missed(call, Cause::CallerHungUp) };
    store.close_call(cdr, vec![]).await.expect("a test value");

    let list = store.missed(&acme(), 10).await.expect("a test value");
    let [call_missed] = &list[..] else { panic!("one missed call: {list:#?}") };
    assert_eq!(call_missed.reason, MissedReason::CallerGaveUp);
    assert_eq!(call_missed.gave_up_after_ms, Some(19_900));
    assert_eq!(call_missed.in_words, "The caller gave up after 19 s.");
    let rung: Vec<_> = call_missed
        .rung
        .iter()
        .map(|rung| (rung.agent.as_str(), rung.name.as_str(), rung.outcome, rung.rang_ms))
        .collect();
    assert_eq!(
        rung,
        [
            ("ana", "Ana", RingOutcome::CallerHungUp, 19_900),
            ("bo", "bo", RingOutcome::Declined, 3_000),
        ]
    );
    assert_eq!(
        store.missed_call(&acme(), call).await.expect("a test value").as_ref(),
        Some(call_missed)
    );
    let detail = store.call(&acme(), call).await.expect("a test value").expect("a test value");
    assert_eq!(detail.rung, call_missed.rung);
}

#[tokio::test]
async fn each_reason_is_told_in_words() {
    let world = World::new().await;
    for (number, cause, words) in [
        (1, Cause::NobodyReady, "Nobody was ready."),
        (2, Cause::NoAnswer, "Nobody answered for 20 s."),
        (3, Cause::DeclinedByAll, "Everybody who was rung declined."),
        (4, Cause::BalanceTooLow, "The balance was under the minimum."),
        (5, Cause::LineClosed, "The line was closed or full."),
        (6, Cause::CallerHungUp, "The caller gave up after 20 s."),
    ] {
        let call = world.open_call(number).await;
        world.store.close_call(missed(call, cause), vec![]).await.expect("a test value");
        let told = world
            .store
            .missed_call(&acme(), call)
            .await
            .expect("a test value")
            .expect("a test value");
        assert_eq!(told.in_words, words);
        assert_eq!(told.gave_up_after_ms.is_some(), cause == Cause::CallerHungUp);
        assert_eq!(told.rung, []);
    }
}

#[tokio::test]
async fn a_call_somebody_took_tells_who_else_was_rung() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    journal(&world, call, 0, "agents_rung", "bo", "").await;
    journal(&world, call, 0, "agents_rung", "ana", "").await;
    journal(&world, call, 900, "agents_ring_ended", "bo", "taken_by_other").await;
    journal(&world, call, 900, "agents_ring_ended", "ana", "claimed").await;
    journal(&world, call, 950, "bridged", "ana", "").await;
    world.store.close_call(talked(call), vec![]).await.expect("a test value");
    assert_eq!(world.store.missed_call(&acme(), call).await.expect("a test value"), None);
    let detail =
        world.store.call(&acme(), call).await.expect("a test value").expect("a test value");
    assert_eq!(detail.rung[0].outcome, RingOutcome::TakenByOther);
    assert_eq!(detail.summary.talkers, [AgentId::new("ana").expect("a test value")]);
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let world = World::new().await;
    for number in 1..=5 {
        let call = world.open_call(number).await;
        let cdr = if number == 3 { talked(call) } else { missed(call, Cause::NoAnswer) };
        world.store.close_call(cdr, vec![]).await.expect("a test value");
    }
    let first = world.store.missed_page(&acme(), 3, None).await.expect("a test value");
    let ids: Vec<_> = first.items.iter().map(|call| call.call).collect();
    assert_eq!(ids, [5, 4, 2].map(call_id));
    let rest = world
        .store
        .missed_page(&acme(), 3, first.next_cursor.as_deref())
        .await
        .expect("a test value");
    assert_eq!((rest.items.len(), rest.items[0].call), (1, call_id(1)));
    assert_eq!(rest.next_cursor, None);
    let refused = world.store.missed_page(&acme(), 3, Some("nonsense")).await;
    assert!(matches!(refused, Err(StoreError::Cursor)));
}
