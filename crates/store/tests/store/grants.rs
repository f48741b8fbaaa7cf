//! What is reserved is there, each slice once, and everything is paid or given back.

use std::time::Duration;

use ledger::{Ask, Markup, Month, Pulses, RateBook, Snapshot, Zone, read_card};
use model::{CallId, Currency, Direction, Micros};
use store::{FinishAsk, Finished, GrantAsk, Granted, Posted, Store, StoreError};
use tokio::task::JoinSet;

use crate::both::{Where, on_both, reopen, world};
use crate::world::{acme, call_id, noon, top_up, transaction_id};

const CARD: &str = "Market,Currency,0 - 50000,> 50000\nIndia,USD,0.0060,0.0050\n";
const DEARER: &str = "Market,Currency,Rate\nIndia,USD,0.0100\n";
/// What a slice of ten pulses costs on [`CARD`].
const SLICE: i64 = 6_000;

on_both!(
    h1_two_hundred_calls_contend_for_one_balance_and_none_is_overspent,
    h2_what_a_crash_leaves_is_settled_once_and_nothing_stays_held,
    h3_a_settlement_counts_once_whatever_comes_late_or_twice,
    h6_a_rate_change_applies_from_the_next_slice,
    h8_a_chargeback_may_lead_below_zero_and_then_nothing_is_granted,
    a_call_that_reaches_a_volume_tier_is_priced_there_wholly,
    an_account_refuses_another_currency,
    lines_cannot_be_changed_and_an_injected_imbalance_is_found,
);

pub(crate) fn snapshot(card: &str) -> Snapshot {
    let card = read_card(card, "2026-01-01".parse().expect("a test value"));
    let ask = Ask {
        number: Some("919876543210"),
        direction: Direction::BusinessInitiated,
        currency: Currency::USD,
        day: "2026-02-02".parse().expect("a test value"),
        markup: Markup::default(),
    };
    RateBook::new(vec![(1, card.expect("a test value"))]).snapshot(ask).expect("a test value")
}

pub(crate) fn month() -> Month {
    Zone::utc().day(noon(0)).month()
}

pub(crate) fn ask(call: CallId, slice: u32, card: &str) -> GrantAsk {
    GrantAsk {
        workspace: acme(),
        currency: Currency::USD,
        call,
        slice,
        pulses: Pulses::of(10),
        snapshot: snapshot(card),
        month: month(),
        talked: Duration::from_secs(u64::from(slice) * 40),
        left: Duration::from_secs(20),
        at: noon(i64::from(slice) * 40_000),
    }
}

pub(crate) fn finish(call: CallId, pulses: u64) -> FinishAsk {
    FinishAsk { call, pulses: Pulses::of(pulses), month: Some(month()), at: noon(600_000) }
}

pub(crate) async fn available(store: &Store) -> i64 {
    store.balance(&acme()).await.expect("acme is set up").available_micros.get()
}

async fn sound(store: &Store) {
    let report = store.verify_ledger().await.expect("a test value");
    assert!(report.is_sound(), "{report:?}");
}

fn amount(finished: Finished) -> i64 {
    match finished {
        Finished::Now { charge, .. } | Finished::Before(charge) => charge.amount.get(),
        Finished::NothingHeld => panic!("nothing was held"),
    }
}

async fn h1_two_hundred_calls_contend_for_one_balance_and_none_is_overspent(place: Where) {
    let (world, url) = world(place).await;
    // Enough for 120 and a half slices, so that some get theirs and the rest do not.
    world.store.post(&top_up(120 * SLICE + SLICE / 2, "start")).await.expect("a test value");
    for number in 0..200 {
        world.open_call(number).await;
    }
    // Half of them through another door, as a second process would.
    let beside = reopen(&world.directory, url.as_deref()).await;
    let mut asks = JoinSet::new();
    for number in 0..200_u128 {
        let store = if number % 2 == 0 { world.store.clone() } else { beside.clone() };
        asks.spawn(async move {
            let one = ask(call_id(number), 0, CARD);
            // Asked twice at once: it counts once.
            let (first, second) = tokio::join!(store.grant(one.clone()), store.grant(one));
            let (first, second) = (first.expect("a test value"), second.expect("a test value"));
            match (first, second) {
                (Granted::Slice(one), Granted::Slice(other)) => assert_eq!(one, other),
                (Granted::Refused, _) | (_, Granted::Refused) => {}
                other => panic!("{other:?}"),
            }
            match if first == Granted::Refused { second } else { first } {
                Granted::Slice(slice) => i64::from(slice.pulses.get()) * SLICE / 10,
                Granted::Refused | Granted::Closed => 0,
            }
        });
    }
    let granted: i64 = asks.join_all().await.into_iter().sum();
    let left = available(&world.store).await;
    assert_eq!(granted + left, 120 * SLICE + SLICE / 2, "nothing appeared or vanished");
    assert!((0..SLICE / 10).contains(&left), "{left} would have paid another pulse");
    sound(&world.store).await;
}

async fn h2_what_a_crash_leaves_is_settled_once_and_nothing_stays_held(place: Where) {
    let (world, url) = world(place).await;
    world.store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    world.store.grant(ask(call, 0, CARD)).await.expect("a test value");
    world.store.grant(ask(call, 1, CARD)).await.expect("a test value");
    // Nobody settles: the process is gone. Another one opens the same databases.
    let after = reopen(&world.directory, url.as_deref()).await;
    let soon = noon(40_000 + 80_000 + 119_999);
    assert!(
        after.expired_holds(soon).await.expect("a test value").is_empty(),
        "it may still be talked"
    );
    let left = after.expired_holds(soon.plus_millis(2)).await.expect("a test value");
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].call, left[0].proven), (call, Duration::from_secs(40)));
    let proven = Pulses::from_talked(left[0].proven);
    let one = FinishAsk { call, pulses: proven, month: None, at: soon };
    assert_eq!(amount(after.finish(one).await.expect("a test value")), 7 * SLICE / 10);
    assert_eq!(available(&after).await, 10 * SLICE - 7 * SLICE / 10);
    // The first process was only slow: it changes nothing any more.
    assert!(matches!(
        world.store.finish(finish(call, 12)).await.expect("a test value"),
        Finished::Before(_)
    ));
    assert_eq!(world.store.grant(ask(call, 2, CARD)).await.expect("a test value"), Granted::Closed);
    assert!(after.expired_holds(noon(i64::from(u32::MAX))).await.expect("a test value").is_empty());
    assert_eq!(available(&after).await, 10 * SLICE - 7 * SLICE / 10);
    sound(&after).await;
}

async fn h3_a_settlement_counts_once_whatever_comes_late_or_twice(place: Where) {
    let (world, _) = world(place).await;
    world.store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    assert_eq!(
        world.store.finish(finish(call, 5)).await.expect("a test value"),
        Finished::NothingHeld
    );
    world.store.grant(ask(call, 0, CARD)).await.expect("a test value");
    let mut attempts = JoinSet::new();
    for pulses in [8, 8, 3, 9, 8] {
        let store = world.store.clone();
        attempts
            .spawn(async move { store.finish(finish(call, pulses)).await.expect("a test value") });
    }
    let outcomes = attempts.join_all().await;
    let now: Vec<_> =
        outcomes.iter().filter(|one| matches!(one, Finished::Now { .. })).copied().collect();
    assert_eq!(now.len(), 1, "{outcomes:?}");
    assert!(outcomes.iter().all(|one| amount(*one) == amount(now[0])), "{outcomes:?}");
    assert_eq!(available(&world.store).await, 10 * SLICE - amount(now[0]));
    assert_eq!(world.store.volume(&acme(), "India", month()).await.expect("a test value"), {
        u64::try_from(amount(now[0])).expect("a test value") / 600
    });
    sound(&world.store).await;
}

async fn h6_a_rate_change_applies_from_the_next_slice(place: Where) {
    let (world, _) = world(place).await;
    world.store.post(&top_up(100 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    world.store.grant(ask(call, 0, CARD)).await.expect("a test value");
    world.store.grant(ask(call, 1, DEARER)).await.expect("a test value");
    assert_eq!(available(&world.store).await, 100 * SLICE - 6_000 - 10_000);
    let settled = world.store.finish(finish(call, 13)).await.expect("a test value");
    assert_eq!(amount(settled), 10 * 600 + 3 * 1_000);
    sound(&world.store).await;
}

async fn h8_a_chargeback_may_lead_below_zero_and_then_nothing_is_granted(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    store.post(&top_up(3 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    store.grant(ask(call, 0, CARD)).await.expect("a test value");
    let back = |key| {
        let amount = Micros::new(-3 * SLICE);
        ledger::adjust(&acme(), amount, Currency::USD, key, "chargeback", noon(1), transaction_id())
            .expect("a test value")
    };
    assert_eq!(store.post(&back("c")).await.expect("a test value"), Posted::New);
    assert_eq!(store.post(&back("c")).await.expect("a test value"), Posted::Duplicate);
    assert_eq!(available(store).await, -SLICE);
    assert_eq!(store.grant(ask(call, 1, CARD)).await.expect("a test value"), Granted::Refused);
    // What was granted before is still the call's.
    assert_eq!(amount(store.finish(finish(call, 10)).await.expect("a test value")), SLICE);
    store.post(&top_up(3 * SLICE, "more")).await.expect("a test value");
    let other = world.open_call(2).await;
    assert!(matches!(
        store.grant(ask(other, 0, CARD)).await.expect("a test value"),
        Granted::Slice(_)
    ));
    sound(store).await;
}

async fn a_call_that_reaches_a_volume_tier_is_priced_there_wholly(place: Where) {
    let (world, _) = world(place).await;
    let store = &world.store;
    store.post(&top_up(1_000_000_000, "start")).await.expect("a test value");
    // One long call of 499,995 pulses brings the month to five pulses before tier 2.
    let long = world.open_call(1).await;
    let mut whole = ask(long, 0, CARD);
    whole.pulses = Pulses::of(499_995);
    store.grant(whole).await.expect("a test value");
    assert_eq!(
        amount(store.finish(finish(long, 499_995)).await.expect("a test value")),
        499_995 * 600
    );
    let call = world.open_call(2).await;
    let held = available(store).await;
    store.grant(ask(call, 0, CARD)).await.expect("a test value");
    assert_eq!(held - available(store).await, 6_000, "the hold is at the rate it begins with");
    let settled = store.finish(finish(call, 6)).await.expect("a test value");
    let Finished::Now { charge, .. } = settled else { panic!("{settled:?}") };
    assert_eq!((charge.amount.get(), charge.tier), (6 * 500, 2));
    // The next one begins in tier 2.
    let next = world.open_call(3).await;
    let before = available(store).await;
    store.grant(ask(next, 0, CARD)).await.expect("a test value");
    assert_eq!(before - available(store).await, 5_000);
    sound(store).await;
}

async fn an_account_refuses_another_currency(place: Where) {
    let (world, _) = world(place).await;
    world.store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    let mut euro = ask(call, 0, CARD);
    euro.currency = Currency::new("EUR").expect("a test value");
    let refused = world.store.grant(euro).await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(available(&world.store).await, 10 * SLICE);
    let euro = Currency::new("EUR").expect("a test value");
    let top_up = ledger::top_up(&acme(), Micros::new(5), euro, "e", noon(0), transaction_id())
        .expect("a test value");
    assert!(matches!(world.store.post(&top_up).await, Err(StoreError::Currency { .. })));
    sound(&world.store).await;
}

async fn lines_cannot_be_changed_and_an_injected_imbalance_is_found(place: Where) {
    let (world, url) = world(place).await;
    world.store.post(&top_up(10 * SLICE, "start")).await.expect("a test value");
    let call = world.open_call(1).await;
    world.store.grant(ask(call, 0, CARD)).await.expect("a test value");
    world.store.finish(finish(call, 3)).await.expect("a test value");
    for sql in [
        "UPDATE ledger_entry SET amount = 0",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transaction SET memo = ''",
        "DELETE FROM ledger_grant",
    ] {
        let refused = run(&world, url.as_deref(), sql).await.expect_err("a test value").to_string();
        assert!(refused.contains("append-only"), "{sql}: {refused}");
    }
    sound(&world.store).await;
    run(
        &world,
        url.as_deref(),
        "UPDATE ledger_account SET total = total + 1 WHERE account = 'prepaid:acme'",
    )
    .await
    .expect("a test value");
    let report = world.store.verify_ledger().await.expect("a test value");
    assert_eq!(report.mismatches.len(), 1, "{report:?}");
    assert!(report.mismatches[0].starts_with("prepaid:acme: "), "{report:?}");
    run(
        &world,
        url.as_deref(),
        "UPDATE ledger_account SET total = total - 1 WHERE account = 'prepaid:acme'",
    )
    .await
    .expect("a test value");
    sound(&world.store).await;
    run(
        &world,
        url.as_deref(),
        "INSERT INTO ledger_entry SELECT id, 9, 'prepaid:acme', 7 FROM ledger_transaction WHERE kind = 'settle'",
    )
    .await
    .expect("a test value");
    let report = world.store.verify_ledger().await.expect("a test value");
    assert_eq!((report.unbalanced.len(), report.mismatches.len()), (1, 1), "{report:?}");
}

async fn run(
    world: &crate::world::World,
    url: Option<&str>,
    sql: &'static str,
) -> Result<(), sqlx::Error> {
    use sqlx::Connection;
    match url {
        None => sqlx::query(sql).execute(&mut world.intruder().await).await.map(drop),
        Some(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await?;
            sqlx::query(sql).execute(&mut connection).await.map(drop)
        }
    }
}
