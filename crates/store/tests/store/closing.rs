//! A call is closed once: CDR, money and news together, or none of them.

use model::{Cause, Currency, Micros};
use store::{Cdr, Closed, Posted, StoreError};
use tokio::task::JoinSet;

use crate::world::{World, acme, ends_told, missed, noon, settlement, talked, transaction_id};

#[tokio::test]
async fn closing_writes_cdr_money_and_news_together() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    let cdr = Cdr { billed: Micros::new(54_000), ..talked(call) };
    let closed = store.close_call(cdr, vec![settlement(call, 54_000)]).await;
    assert_eq!(closed.unwrap(), Closed::New);

    let detail = store.call(&acme(), call).await.unwrap().unwrap();
    assert_eq!(detail.summary.duration_ms, Some(56_000));
    assert_eq!(detail.summary.billed_micros, Some(Micros::new(54_000)));
    let lines: Vec<_> = detail
        .ledger
        .iter()
        .map(|line| (line.kind.as_str(), line.account.as_str(), line.amount_micros.get()))
        .collect();
    assert_eq!(lines, [("settle", "prepaid:acme", -54_000), ("settle", "revenue:acme", 54_000)]);
    assert_eq!(store.ledger_of(call).await.unwrap(), detail.ledger);

    let news = ends_told(store).await;
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].call, news[0].at), (Some(call), noon(60_000)));
    assert_eq!(news[0].data, serde_json::to_value(&detail.summary).unwrap());
}

#[tokio::test]
async fn closing_twice_changes_nothing() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.close_call(talked(call), vec![settlement(call, 54_000)]).await.unwrap();
    let before = store.call(&acme(), call).await.unwrap();
    let other = missed(call, Cause::Restarted);
    let second = store.close_call(other, vec![settlement(call, 99_000)]).await;
    assert_eq!(second.unwrap(), Closed::AlreadyClosed);
    assert_eq!(store.call(&acme(), call).await.unwrap(), before);
    assert_eq!(ends_told(store).await.len(), 1);
    let available = store.balance(&acme()).await.unwrap().available_micros;
    assert_eq!(available, Micros::new(-54_000));
}

#[tokio::test]
async fn twenty_closes_at_once_close_once() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    let mut closers = JoinSet::new();
    for _ in 0..20 {
        let store = world.store.clone();
        closers.spawn(async move {
            let settle = vec![settlement(call, 54_000)];
            store.close_call(talked(call), settle).await.unwrap()
        });
    }
    let outcomes = closers.join_all().await;
    let new = outcomes.iter().filter(|closed| **closed == Closed::New);
    assert_eq!(new.count(), 1);
    assert_eq!(world.store.ledger_of(call).await.unwrap().len(), 2);
    assert_eq!(ends_told(&world.store).await.len(), 1);
    let report = world.store.verify_ledger().await.unwrap();
    assert!(report.is_sound(), "{report:?}");
}

#[tokio::test]
async fn a_close_that_fails_leaves_the_call_open_and_no_trace() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    let good = settlement(call, 54_000);
    let wrong_money = ledger::settle(
        &acme(),
        call,
        Currency::new("EUR").unwrap(),
        ledger::Rate::FREE,
        std::time::Duration::from_secs(1),
        noon(0),
        transaction_id(),
    )
    .unwrap()
    .transaction;
    let refused = store.close_call(talked(call), vec![good, wrong_money]).await;
    assert!(matches!(refused, Err(StoreError::IdempotencyKeyReused)));

    assert_eq!(store.unfinished_calls().await.unwrap().len(), 1);
    assert_eq!(store.ledger_of(call).await.unwrap(), []);
    assert_eq!(ends_told(store).await, []);
    let detail = store.call(&acme(), call).await.unwrap().unwrap();
    assert_eq!(detail.summary.disposition, None);
    assert_eq!(store.verify_ledger().await.unwrap().entries, 0);
    // The same call can then be closed rightly.
    let closed = store.close_call(talked(call), vec![settlement(call, 0)]).await;
    assert_eq!(closed.unwrap(), Closed::New);
}

#[tokio::test]
async fn money_settled_before_the_close_is_not_moved_again() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    let first = store.post(&settlement(call, 54_000)).await.unwrap();
    assert_eq!(first, Posted::New);
    store.close_call(talked(call), vec![settlement(call, 54_000)]).await.unwrap();
    assert_eq!(store.ledger_of(call).await.unwrap().len(), 2);
}
