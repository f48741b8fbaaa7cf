//! What is told to others is written with the fact it tells, and can be read again in order.

use ledger::top_up;
use model::{Cause, Currency, Micros, Timestamp};
use sqlx::Connection;
use store::{Store, StoreError};
use wire::events::EventName;

use crate::world::{World, acme, event, missed, noon, settlement, talked, transaction_id};

const ALL: &[EventName] = &[];

#[tokio::test]
async fn journalled_events_that_others_may_know_are_told_and_no_others() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    for name in ["ring_started", "claim_won", "bridged", "key_pressed", "agent_lost", "ended"] {
        world.store.append(call, event(name, 1)).await.unwrap();
    }
    let page = world.store.events_after(&acme(), None, ALL, 100).await.unwrap();
    let names: Vec<_> = page.items.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["call.ringing", "call.answered", "call.agent_lost"]);
    let ringing = &page.items[0];
    assert_eq!((ringing.call, &ringing.workspace), (Some(call), &acme()));
    assert_eq!(ringing.data["line"], "106540352242922");
    assert!(ringing.data["from"]["display"].is_string(), "{}", ringing.data);
    assert!(page.items[1].data.get("from").is_none(), "only the ring names the caller");
}

#[tokio::test]
async fn the_end_of_a_missed_call_is_told_as_missed_and_then_as_ended() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.close_call(missed(call, Cause::NoAnswer), vec![]).await.unwrap();
    let page = world.store.events_after(&acme(), None, ALL, 100).await.unwrap();
    let names: Vec<_> = page.items.iter().map(|event| event.name.as_str()).collect();
    assert_eq!(names, ["call.missed", "call.ended"]);
    assert_eq!(page.items[0].data["missed"], page.items[1].data["missed"]);
}

#[tokio::test]
async fn a_balance_that_changes_is_told_once_and_one_that_does_not_is_not() {
    let world = World::new().await;
    let store = &world.store;
    let up = |key: &str| {
        let (amount, usd) = (Micros::from_units(12), Currency::USD);
        top_up(&acme(), amount, usd, key, noon(0), transaction_id()).unwrap()
    };
    store.post(&up("once")).await.unwrap();
    store.post(&up("once")).await.unwrap();
    let call = world.open_call(1).await;
    store.close_call(talked(call), vec![settlement(call, 0)]).await.unwrap();
    let dear = world.open_call(2).await;
    store.close_call(talked(dear), vec![settlement(dear, 11_000_000)]).await.unwrap();
    let page = store.events_after(&acme(), None, ALL, 100).await.unwrap();
    let told: Vec<_> = page
        .items
        .iter()
        .map(|event| (event.name.as_str(), event.data["available_micros"].as_i64()))
        .collect();
    assert_eq!(
        told,
        [
            ("balance.changed", Some(12_000_000)),
            ("call.ended", None),
            ("balance.changed", Some(1_000_000)),
            ("balance.top_up_required", Some(1_000_000)),
            ("call.ended", None),
        ]
    );
}

#[tokio::test]
async fn a_reader_with_a_cursor_sees_everything_once_and_a_picky_one_does_not_fall_behind() {
    let world = World::new().await;
    let store = &world.store;
    let mut calls = Vec::new();
    for number in 1..=7 {
        let call = world.open_call(number).await;
        store.append(call, event("bridged", 1)).await.unwrap();
        store.close_call(talked(call), vec![]).await.unwrap();
        calls.push(call);
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.events_after(&acme(), after, ALL, 3).await.unwrap();
        if page.items.is_empty() {
            break;
        }
        seen.extend(page.items.iter().map(|event| event.seq));
        after = Some(page.next_after);
    }
    assert_eq!(seen.len(), 14);
    assert!(seen.is_sorted() && seen.windows(2).all(|pair| pair[0] < pair[1]));

    let picky = store.events_after(&acme(), Some(0), &[EventName::CallHeld], 3).await.unwrap();
    assert_eq!(
        (picky.items.len(), picky.next_after),
        (0, store.newest_event(&acme()).await.unwrap())
    );
}

#[tokio::test]
async fn old_events_go_a_few_at_a_time_and_a_cursor_before_them_is_refused() {
    let world = World::new().await;
    let store = &world.store;
    for number in 1..=250 {
        let call = world.open_call(number).await;
        store.append(call, event("bridged", 1)).await.unwrap();
    }
    let newest = store.newest_event(&acme()).await.unwrap();
    let (all, now) = (Timestamp::from_millis(i64::MAX), noon(0));
    assert!(store.prune_events(all, now).await.unwrap(), "the first write takes only some");
    assert!(!store.prune_events(all, now).await.unwrap());
    let gone = store.events_after(&acme(), Some(3), ALL, 10).await;
    assert!(matches!(gone, Err(StoreError::EventsGone { through }) if through == newest));
    let page = store.events_after(&acme(), None, ALL, 10).await.unwrap();
    assert_eq!((page.items.len(), page.next_after), (0, newest));
    assert_eq!(store.newest_event(&acme()).await.unwrap(), newest, "numbers are not used again");
    let call = world.open_call(1_000).await;
    store.append(call, event("bridged", 1)).await.unwrap();
    let page = store.events_after(&acme(), Some(newest), ALL, 10).await.unwrap();
    assert_eq!(page.items.len(), 1);
}

#[tokio::test]
async fn what_lay_in_the_outbox_of_an_older_version_is_still_there() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.close_call(talked(call), vec![]).await.unwrap();
    let told = world.store.events_after(&acme(), None, ALL, 10).await.unwrap().items;
    let mut file = world.intruder().await;
    // The file as the version before left it: its outbox, its list of migrations.
    for undo in [
        "DROP INDEX outbox_by_workspace",
        "DROP INDEX outbox_by_age",
        "DROP TABLE outbox_horizon",
        "DROP TABLE delivery_endpoint",
        "DROP TABLE delivery",
        "UPDATE outbox SET type = 'call_ended', payload = json_object('workspace', workspace,
             'ended_at', '2026-01-01T12:01:00.000Z', 'call', json(payload))",
        "ALTER TABLE outbox DROP COLUMN workspace",
        "ALTER TABLE outbox DROP COLUMN call",
        "ALTER TABLE outbox DROP COLUMN at",
        "ALTER TABLE outbox RENAME COLUMN type TO event",
        "DELETE FROM _sqlx_migrations WHERE version = 4",
    ] {
        sqlx::query(undo).execute(&mut file).await.expect(undo);
    }
    file.close().await.unwrap();
    world.store.close().await;
    let store = Store::open(&world.file()).await.unwrap();
    assert_eq!(store.events_after(&acme(), None, ALL, 10).await.unwrap().items, told);
}
