//! What would break the books cannot be made.

use ledger::{
    Account, LedgerError, Pulses, Rate, Transaction, TransactionKind, cost, settle, top_up,
};
use model::{Currency, Micros};
use std::time::Duration;

use crate::{a_call, a_transaction, acme, draft, external, noon, prepaid};

#[test]
fn entries_that_do_not_cancel_out_are_refused() {
    assert_eq!(
        Transaction::new(draft(vec![prepaid(5), external(-4)])),
        Err(LedgerError::Unbalanced { sum: 1 })
    );
    // Wrapping 64-bit arithmetic would see zero here.
    let far = vec![prepaid(i64::MIN), external(i64::MIN)];
    assert_eq!(
        Transaction::new(draft(far)),
        Err(LedgerError::Unbalanced { sum: 2 * i128::from(i64::MIN) })
    );
}

#[test]
fn one_entry_moves_nothing() {
    for entries in [vec![], vec![prepaid(0)]] {
        let count = entries.len();
        assert_eq!(Transaction::new(draft(entries)), Err(LedgerError::TooFewEntries { count }));
    }
}

#[test]
fn a_transaction_without_a_usable_idempotency_key_is_refused() {
    for key in [String::new(), "k".repeat(2_049)] {
        let mut unkeyed = draft(vec![prepaid(5), external(-5)]);
        unkeyed.idempotency_key = key;
        assert_eq!(Transaction::new(unkeyed), Err(LedgerError::IdempotencyKey { max: 2_048 }));
    }
}

#[test]
fn a_top_up_must_add_something_and_be_keyed() {
    for amount in [Micros::ZERO, Micros::new(-1)] {
        assert_eq!(
            top_up(&acme(), amount, Currency::USD, "k", noon(), a_transaction()),
            Err(LedgerError::TopUpNotPositive { amount })
        );
    }
    let unkeyed = top_up(&acme(), Micros::new(1), Currency::USD, "", noon(), a_transaction());
    assert_eq!(unkeyed, Err(LedgerError::IdempotencyKey { max: 2_048 }));
}

#[test]
fn a_negative_rate_is_refused() {
    let per_minute = Micros::new(-1);
    assert_eq!(Rate::from_per_minute(per_minute), Err(LedgerError::NegativeRate { per_minute }));
}

#[test]
fn a_price_beyond_64_bits_is_an_error_and_not_a_wrong_price() {
    let rate = Rate::from_per_minute(Micros::new(i64::MAX)).unwrap();
    let pulses = Pulses::from_talked(Duration::from_secs(600));
    assert!(matches!(cost(rate, pulses), Err(LedgerError::Money(_))));
    let settled = settle(
        &acme(),
        a_call(),
        Currency::USD,
        rate,
        Duration::from_secs(600),
        noon(),
        a_transaction(),
    );
    assert!(matches!(settled, Err(LedgerError::Money(_))));
}

#[test]
fn a_text_that_names_no_account_or_kind_is_refused() {
    for text in ["", "prepaid", "prepaid:", "petty:acme", "hold:acme", "prepaid:a b"] {
        assert!(text.parse::<Account>().is_err(), "{text}");
    }
    assert!("TopUp".parse::<TransactionKind>().is_err());
}
