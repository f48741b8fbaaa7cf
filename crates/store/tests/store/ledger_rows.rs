//! Cards, differences, statements and clocks, the same on both databases.

use std::time::{Duration, Instant};

use ledger::{Pulses, TransactionKind};
use model::{CallId, Micros};
use store::{FinishAsk, Finished, Granted, ItemKind, NewItem, StoreError};

use crate::both::{Where, on_both, reopen, world};
use crate::grants::{ask, available, finish, month};
use crate::world::{acme, noon, top_up};

const CARD: &str = "Market,Currency,Rate\nIndia,USD,0.0060\n";
const SLICE: i64 = 6_000;

on_both!(
    h7_a_ledger_that_is_away_grants_nothing_and_says_so_at_once,
    h9_a_difference_to_meta_is_noted_once_until_somebody_has_looked,
    h11_a_statement_is_half_open_and_sums_to_the_balance,
    i1c_a_wall_clock_that_jumps_by_an_hour_or_a_day_changes_no_price,
    a_card_is_kept_word_for_word_and_never_changed,
    lines_are_listed_page_by_page,
);

async fn h7_a_ledger_that_is_away_grants_nothing_and_says_so_at_once(place: Where) {
    let (world, url) = world(place).await;
    world.store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    let away = reopen(&world.directory, url.as_deref()).await;
    away.close().await;
    let began = Instant::now();
    let granted = away.grant(ask(call, 0, CARD)).await;
    assert!(matches!(granted, Err(StoreError::Database { .. })), "{granted:?}");
    assert!(away.finish(finish(call, 1)).await.is_err());
    assert!(began.elapsed() < Duration::from_secs(2));
    assert_eq!(available(&world.store).await, 10 * SLICE);
    assert!(matches!(world.store.grant(ask(call, 0, CARD)).await, Ok(Granted::Slice(_))));
}

async fn h9_a_difference_to_meta_is_noted_once_until_somebody_has_looked(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    let item = |subject: &str, theirs| NewItem {
        workspace: acme(),
        kind: ItemKind::Duration,
        subject: subject.to_owned(),
        ours: 60,
        theirs,
        at: noon(0),
    };
    assert!(store.note_difference(&item("a", 63)).await.expect("a test value"));
    assert!(
        !store.note_difference(&item("a", 70)).await.expect("a test value"),
        "the first one counts"
    );
    assert!(store.note_difference(&item("b", 50)).await.expect("a test value"));
    let page = store.differences(&acme(), true, None, 1).await.expect("a test value");
    assert_eq!(page.len(), 1, "newest first, page by page");
    assert_eq!((page[0].subject.as_str(), page[0].unit.as_str()), ("b", "seconds"));
    let rest = store.differences(&acme(), true, Some(&page[0].id), 10).await.expect("a test value");
    assert_eq!((rest.len(), rest[0].theirs), (1, 63));
    assert!(store.resolve_difference(&acme(), &rest[0].id, noon(5)).await.expect("a test value"));
    let other = model::WorkspaceId::new("other").expect("a test value");
    assert!(!store.resolve_difference(&other, &page[0].id, noon(5)).await.expect("a test value"));
    let open = store.differences(&acme(), true, None, 10).await.expect("a test value");
    assert_eq!(open.iter().map(|item| item.subject.as_str()).collect::<Vec<_>>(), ["b"]);
    assert_eq!(store.differences(&acme(), false, None, 10).await.expect("a test value").len(), 2);
    assert!(store.differences(&other, false, None, 10).await.expect("a test value").is_empty());
}

async fn h11_a_statement_is_half_open_and_sums_to_the_balance(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    for slice in 0..2 {
        store.grant(ask(call, slice, CARD)).await.expect("a test value");
    }
    store.finish(finish(call, 13)).await.expect("a test value");
    // The grants were made at noon and 40 s later, the end ten minutes later.
    let (opening, sums) = store.sums(&acme(), noon(0), noon(40_000)).await.expect("a test value");
    assert_eq!(opening, Micros::ZERO);
    let kinds: Vec<_> = sums.iter().map(|sum| (sum.kind, sum.entries, sum.sum.get())).collect();
    assert_eq!(
        kinds,
        [(TransactionKind::Grant, 1, -SLICE), (TransactionKind::TopUp, 1, 10 * SLICE)]
    );
    let (opening, sums) =
        store.sums(&acme(), noon(40_000), noon(700_000)).await.expect("a test value");
    assert_eq!(opening.get(), 9 * SLICE);
    let closing = opening.get() + sums.iter().map(|sum| sum.sum.get()).sum::<i64>();
    assert_eq!(closing, available(store).await);
    assert_eq!(closing, 10 * SLICE - 13 * SLICE / 10);
}

async fn i1c_a_wall_clock_that_jumps_by_an_hour_or_a_day_changes_no_price(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    store.post(&top_up(1_000 * SLICE, "start")).await.expect("a test value");
    for (number, jump_ms) in [(1, 3_600_000), (2, -3_600_000), (3, 86_400_000), (4, -86_400_000)] {
        let call = world.open_call(number).await;
        let before = available(store).await;
        store.grant(ask(call, 0, CARD)).await.expect("a test value");
        let mut jumped = ask(call, 1, CARD);
        jumped.at = noon(jump_ms);
        store.grant(jumped).await.expect("a test value");
        let one = FinishAsk { at: noon(2 * jump_ms), ..finish(call, 17) };
        let Finished::Now { charge, .. } = store.finish(one).await.expect("a test value") else {
            panic!("it was settled before")
        };
        assert_eq!((charge.pulses, charge.amount.get()), (Pulses::of(17), 17 * SLICE / 10));
        assert_eq!(before - available(store).await, 17 * SLICE / 10, "jump of {jump_ms} ms");
    }
    assert_eq!(store.volume(&acme(), "India", month()).await.expect("a test value"), 4 * 17);
    assert!(store.verify_ledger().await.expect("a test value").is_sound());
}

async fn a_card_is_kept_word_for_word_and_never_changed(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    assert!(store.rate_cards().await.expect("a test value").is_empty());
    let day = |text: &str| text.parse().expect("a test value");
    let body = "A title\nMarket,Currency,Rate\nIndia,USD,0.0060\n";
    assert_eq!(
        store.import_card(day("2026-10-01"), "a.csv", body, noon(0)).await.expect("a test value"),
        1
    );
    assert_eq!(
        store.import_card(day("2026-01-01"), "b.csv", CARD, noon(1)).await.expect("a test value"),
        2
    );
    let bad =
        store.import_card(day("2026-01-01"), "c.csv", "Market,Currency,Rate\nX,USD,1\n", noon(2));
    assert!(matches!(bad.await, Err(StoreError::Card { .. })));
    let cards = store.rate_cards().await.expect("a test value");
    assert_eq!(cards.iter().map(|card| card.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((cards[0].body.as_str(), cards[0].source.as_str()), (body, "a.csv"));
    assert_eq!(store.rate_book().await.expect("a test value").cards().len(), 2);
}

async fn lines_are_listed_page_by_page(place: Where) {
    let (world, _) = world(place).await;
    for number in 0..5 {
        world.store.post(&top_up(1_000 + number, &number.to_string())).await.expect("a test value");
    }
    let mut all = Vec::new();
    let mut before = None;
    loop {
        let page = world.store.entries(&acme(), before, 2).await.expect("a test value");
        let Some(last) = page.last() else { break };
        before = Some(last.transaction);
        all.extend(page.iter().map(|line| line.amount_micros.get()));
    }
    assert_eq!(all, [1_004, 1_003, 1_002, 1_001, 1_000]);
    let nobody: Option<CallId> = None;
    assert_eq!(world.store.entries(&acme(), None, 1).await.expect("a test value")[0].call, nobody);
}
