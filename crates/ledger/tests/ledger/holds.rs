//! What is reserved is paid or given back, to the micro, however the call was sliced.

use ledger::{
    Account, Ask, Charge, Finish, GrantSize, LedgerError, Markup, Part, Pulses, Rate, RateBook,
    Snapshot, TransactionKind, adjust, charge, cost, finish, grant, read_card, size_grant,
};
use model::{Currency, Direction, Micros};
use proptest::prelude::*;

use crate::{a_call, a_transaction, acme, noon};

fn snapshot(text: &str) -> Snapshot {
    let card = read_card(text, "2026-01-01".parse().expect("a test value")).expect("a test value");
    let ask = Ask {
        number: Some("919876543210"),
        direction: Direction::BusinessInitiated,
        currency: Currency::USD,
        day: "2026-02-02".parse().expect("a test value"),
        markup: Markup::default(),
    };
    RateBook::new(vec![(1, card)]).snapshot(ask).expect("a test value")
}

fn finished(held: i64, amount: i64) -> Result<Vec<ledger::Transaction>, LedgerError> {
    let charge = Charge { pulses: Pulses::of(1), amount: Micros::new(amount), tier: 1 };
    let (held, currency, at) = (Micros::new(held), Currency::USD, noon());
    let one = Finish { workspace: &acme(), call: a_call(), currency, held, charge, at };
    finish(one, [a_transaction(), a_transaction()])
}

#[test]
fn h6_a_slice_keeps_its_price_when_the_card_changes() {
    let before = snapshot("Market,Currency,Rate\nIndia,USD,0.0053\n");
    let after = snapshot("Market,Currency,Rate\nIndia,USD,0.0060\n");
    let parts = [
        Part { pulses: Pulses::of(10), snapshot: &before },
        Part { pulses: Pulses::of(7), snapshot: &after },
    ];
    assert_eq!(charge(&parts, 0).unwrap().amount, Micros::new(10 * 530 + 7 * 600));
}

#[test]
fn nothing_can_be_charged_beyond_the_hold() {
    assert!(matches!(finished(10, 11), Err(LedgerError::MoreThanHeld { .. })));
    let all = finished(10, 10).unwrap();
    assert_eq!(all.len(), 1, "nothing is left to give back");
    let none = finished(10, 0).unwrap();
    assert_eq!(
        none.iter().map(ledger::Transaction::kind).collect::<Vec<_>>(),
        [TransactionKind::Settle, TransactionKind::Release,]
    );
}

#[test]
fn an_adjustment_may_take_away_and_must_move_something() {
    let of = |micros| {
        adjust(&acme(), Micros::new(micros), Currency::USD, "k", "why", noon(), a_transaction())
    };
    assert_eq!(of(-5).unwrap().entries()[1].amount, Micros::new(-5));
    assert_eq!(of(0).unwrap_err(), LedgerError::AdjustmentOfNothing);
    assert_eq!(of(i64::MIN).unwrap_err(), LedgerError::AdjustmentOfNothing);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn h1_a_grant_never_takes_more_than_there_is(
        available: i64, per_minute in 0_i64..100_000_000, slice in 1_u64..100,
    ) {
        let rate = Rate::from_per_minute(Micros::new(per_minute)).unwrap();
        let size = size_grant(Micros::new(available), rate, Pulses::of(slice)).unwrap();
        let takes = |pulses| cost(rate, pulses).unwrap().get();
        match size {
            GrantSize::Full(pulses) => {
                prop_assert_eq!(pulses, Pulses::of(slice));
                prop_assert!(available - takes(pulses) >= takes(pulses), "another one is left");
            }
            GrantSize::Last(pulses) => {
                prop_assert!(pulses.get() > 0 && u64::from(pulses.get()) < 2 * slice);
                let left = available - takes(pulses);
                prop_assert!((0..rate.per_pulse().get()).contains(&left), "{} is left", left);
            }
            GrantSize::Refused => prop_assert!(available < rate.per_pulse().get().max(1)),
        }
    }

    #[test]
    fn h10_the_price_of_slices_is_the_price_of_the_whole(
        slices in prop::collection::vec(0_u64..40, 1..12), volume in 0_u64..600_000,
    ) {
        let snapshot = snapshot("Market,Currency,0 - 50000,> 50000\nIndia,USD,0.0053,0.0050\n");
        let part = |pulses: u64| Part { pulses: Pulses::of(pulses), snapshot: &snapshot };
        let parts: Vec<_> = slices.iter().copied().map(part).collect();
        let whole = part(slices.iter().sum());
        prop_assert_eq!(charge(&parts, volume), charge(&[whole], volume));
    }

    #[test]
    fn a_call_never_costs_more_than_its_first_pulse_promised(
        pulses in 0_u64..2_000, volume in 0_u64..3_000_000,
    ) {
        let snapshot = snapshot("Market,Currency,0 - 50000,50001 - 250000,> 250000\nIndia,USD,0.0053,0.0050,0.0047\n");
        let most = cost(snapshot.rate_after(volume).unwrap(), Pulses::of(pulses)).unwrap();
        let one = charge(&[Part { pulses: Pulses::of(pulses), snapshot: &snapshot }], volume).unwrap();
        prop_assert!(one.amount <= most);
    }

    #[test]
    fn what_was_held_is_settled_or_released(held in 0_i64.., share in 0_u32..=100) {
        let amount = i64::try_from(i128::from(held) * i128::from(share) / 100).unwrap();
        let mut accounts = std::collections::BTreeMap::new();
        let granted = grant(&acme(), a_call(), 0, Micros::new(held), Currency::USD, noon(), a_transaction());
        for transaction in std::iter::once(granted.unwrap()).chain(finished(held, amount).unwrap()) {
            for entry in transaction.entries() {
                *accounts.entry(entry.account.clone()).or_insert(0_i128) += i128::from(entry.amount.get());
            }
        }
        prop_assert_eq!(accounts[&Account::Hold(a_call())], 0);
        prop_assert_eq!(accounts[&Account::Prepaid(acme())], -i128::from(amount));
        prop_assert_eq!(accounts[&Account::Revenue(acme())], i128::from(amount));
    }
}

#[cfg(test)]
mod zones {
    use ledger::Zone;
    use model::Timestamp;
    use proptest::prelude::*;

    const NAMES: &[&str] = &[
        "UTC",
        "Asia/Kolkata",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "Asia/Beirut",
        "Pacific/Apia",
    ];

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn h11_months_join_without_gap_or_overlap_in_every_zone(
            name in prop::sample::select(NAMES), millis in 1_600_000_000_000_i64..2_200_000_000_000,
        ) {
            let zone = Zone::named(name).unwrap();
            let at = Timestamp::from_millis(millis);
            let month = zone.day(at).month();
            let (start, end) = zone.span_of(month);
            prop_assert!(start <= at && at < end, "{start} {at} {end}");
            prop_assert_eq!(zone.span_of(month.next()).0, end);
            prop_assert_eq!(zone.day(end).month(), month.next(), "the end belongs to the next");
            prop_assert_eq!(zone.day(end.plus_millis(-1)).month(), month);
        }
    }

    #[test]
    fn a_zone_that_is_not_there_is_refused() {
        assert!(Zone::named("Mars/Olympus").is_err());
        assert!("2026-13".parse::<ledger::Month>().is_err());
        assert!("2026-1-1".parse::<ledger::Day>().is_err());
        assert_eq!("2026-12".parse::<ledger::Month>().unwrap().next().to_string(), "2027-01");
    }
}
