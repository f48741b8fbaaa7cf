//! Laws that hold for every amount, time and rate.

use std::time::Duration;

use ledger::{Gate, LedgerError, Pulses, Rate, Transaction, cost, gate, settle, top_up};
use model::{Currency, Direction, Micros};
use proptest::prelude::*;

use crate::{a_call, a_transaction, acme, draft, external, noon, prepaid};

fn sum(transaction: &Transaction) -> i128 {
    transaction.entries().iter().map(|entry| i128::from(entry.amount.get())).sum()
}

proptest! {
    // Money rules are cheap to check, so they are checked often.
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_transaction_exists_exactly_when_it_sums_to_zero(
        amounts in prop::collection::vec(any::<i64>(), 0..6),
        balanced: bool,
    ) {
        let mut entries: Vec<_> = amounts.iter().copied().map(prepaid).collect();
        let rest = -amounts.iter().map(|amount| i128::from(*amount)).sum::<i128>();
        if balanced && let Ok(rest) = i64::try_from(rest) {
            entries.push(external(rest));
        }
        let total: i128 = entries.iter().map(|entry| i128::from(entry.amount.get())).sum();
        let count = entries.len();
        match Transaction::new(draft(entries)) {
            Ok(transaction) => {
                prop_assert!(count >= 2);
                prop_assert_eq!(sum(&transaction), 0);
            }
            Err(LedgerError::TooFewEntries { .. }) => prop_assert!(count < 2),
            Err(LedgerError::Unbalanced { sum }) => {
                prop_assert_eq!(sum, total);
                prop_assert_ne!(total, 0);
            }
            Err(other) => prop_assert!(false, "unexpected: {other}"),
        }
    }

    #[test]
    fn pulses_cover_the_talked_time_and_not_one_more(nanos in 0_u64..=u64::MAX / 8) {
        let talked = Duration::from_nanos(nanos);
        let pulses = u128::from(Pulses::from_talked(talked).get());
        prop_assert!(pulses * 6_000_000_000 >= talked.as_nanos());
        prop_assert!(pulses == 0 || (pulses - 1) * 6_000_000_000 < talked.as_nanos());
    }

    #[test]
    fn talking_longer_never_counts_fewer_pulses(a: u64, b: u64) {
        let (shorter, longer) = (Duration::from_millis(a.min(b)), Duration::from_millis(a.max(b)));
        prop_assert!(Pulses::from_talked(shorter) <= Pulses::from_talked(longer));
    }

    #[test]
    fn a_price_is_exact(tens in 0_i64..1_000_000_000, rest in 0_i64..10, millis in 0_u64..86_400_000) {
        let pulses = Pulses::from_talked(Duration::from_millis(millis));
        let count = i64::from(pulses.get());
        let even = Rate::from_per_minute(Micros::new(tens * 10)).unwrap();
        prop_assert_eq!(cost(even, pulses), Ok(Micros::new(count * tens)));
        let odd = Rate::from_per_minute(Micros::new(tens * 10 + rest)).unwrap();
        prop_assert_eq!(cost(odd, pulses), Ok(Micros::new(count * (tens + i64::from(rest > 0)))));
    }

    #[test]
    fn the_price_of_slices_is_the_price_of_the_whole(
        per_minute in 0_i64..1_000_000_000, first in 0_u64..10_000, second in 0_u64..10_000,
    ) {
        let rate = Rate::from_per_minute(Micros::new(per_minute)).unwrap();
        let price = |pulses: u64| {
            cost(rate, Pulses::from_talked(Duration::from_secs(pulses * 6))).unwrap().get()
        };
        prop_assert_eq!(price(first) + price(second), price(first + second));
    }

    #[test]
    fn a_settlement_and_a_top_up_sum_to_zero(
        per_minute in 0_i64..1_000_000_000, millis in 0_u64..86_400_000, amount in 1_i64..,
    ) {
        let rate = Rate::from_per_minute(Micros::new(per_minute)).unwrap();
        let talked = Duration::from_millis(millis);
        let settled =
            settle(&acme(), a_call(), Currency::USD, rate, talked, noon(), a_transaction()).unwrap();
        prop_assert_eq!(sum(&settled.transaction), 0);
        prop_assert_eq!(settled.transaction.entries()[1].amount, settled.amount);
        let topped_up =
            top_up(&acme(), Micros::new(amount), Currency::USD, "k", noon(), a_transaction());
        prop_assert_eq!(sum(&topped_up.unwrap()), 0);
    }

    #[test]
    fn the_gate_is_the_comparison_of_two_integers(available: i64, minimum: i64, near in -2_i64..=2) {
        for available in [available, minimum.saturating_add(near)] {
            for direction in [Direction::UserInitiated, Direction::BusinessInitiated] {
                let decision = gate(Micros::new(available), Micros::new(minimum), direction);
                prop_assert_eq!(decision == Gate::Open, available >= minimum);
            }
        }
    }
}
