//! The figures people check by hand come out exactly.

use std::time::Duration;

use ledger::{
    Account, Gate, GateClosed, Pulses, Rate, TransactionKind, cost, gate, settle, top_up,
    top_up_required,
};
use model::{Currency, Direction, Micros};

use crate::{a_call, a_transaction, acme, noon};

#[test]
fn a_begun_pulse_counts_whole() {
    for (talked, pulses) in [
        (Duration::ZERO, 0),
        (Duration::from_nanos(1), 1),
        (Duration::from_millis(1), 1),
        (Duration::from_millis(6_000), 1),
        (Duration::from_nanos(6_000_000_001), 2),
        (Duration::from_millis(6_001), 2),
        (Duration::from_secs(54), 9),
        (Duration::from_secs(56), 10),
        (Duration::from_secs(60), 10),
        (Duration::from_secs(3_600), 600),
        (Duration::MAX, u32::MAX),
    ] {
        assert_eq!(Pulses::from_talked(talked).get(), pulses, "{talked:?}");
    }
}

#[test]
fn a_price_per_minute_is_rounded_up_once_to_micros_per_pulse() {
    for (per_minute, per_pulse) in [(0, 0), (1, 1), (9, 1), (10, 1), (11, 2), (54_000, 5_400)] {
        let rate = Rate::from_per_minute(Micros::new(per_minute)).unwrap();
        assert_eq!(rate.per_pulse(), Micros::new(per_pulse), "{per_minute}");
    }
    assert_eq!(Rate::from_per_minute(Micros::ZERO), Ok(Rate::FREE));
    assert!(Rate::from_per_minute(Micros::new(i64::MAX)).is_ok());
}

#[test]
fn the_gate_compares_to_the_micro_in_both_directions() {
    let minimum = Micros::from_units(10);
    for direction in [Direction::UserInitiated, Direction::BusinessInitiated] {
        for (available, open) in [
            (9_999_999, false),
            (10_000_000, true),
            (10_000_001, true),
            (9_980_000, false),
            (0, false),
            (-1, false),
            (i64::MIN, false),
            (i64::MAX, true),
        ] {
            let available = Micros::new(available);
            let expected =
                if open { Gate::Open } else { Gate::Closed(GateClosed { available, minimum }) };
            assert_eq!(gate(available, minimum, direction), expected);
            assert_eq!(top_up_required(available, minimum), !open);
        }
    }
}

#[test]
fn a_workspace_without_a_minimum_may_call_at_zero() {
    assert!(!top_up_required(Micros::ZERO, Micros::ZERO));
    assert!(top_up_required(Micros::new(-1), Micros::ZERO));
}

#[test]
fn a_free_call_is_still_metered_in_two_lines_of_zero() {
    let settlement = settle(
        &acme(),
        a_call(),
        Currency::USD,
        Rate::FREE,
        Duration::from_millis(56_250),
        noon(),
        a_transaction(),
    )
    .unwrap();
    assert_eq!(settlement.pulses.get(), 10);
    assert_eq!(settlement.amount, Micros::ZERO);
    let posted = settlement.transaction;
    assert_eq!(posted.kind(), TransactionKind::Settle);
    assert_eq!(posted.call(), Some(a_call()));
    assert_eq!(posted.at(), noon());
    assert_eq!(posted.id(), a_transaction());
    assert_eq!(posted.memo(), "talked 56.250 s, 10 pulses of 6 s at 0 micros");
    assert_eq!(posted.idempotency_key(), "settle:call_00000000000000000000000000000007");
    let lines: Vec<_> = posted
        .entries()
        .iter()
        .map(|entry| (entry.account.to_string(), entry.amount.get()))
        .collect();
    assert_eq!(lines, [("prepaid:acme".to_owned(), 0), ("revenue:acme".to_owned(), 0)]);
}

#[test]
fn a_paid_call_moves_its_price_from_the_balance_to_revenue() {
    let rate = Rate::from_per_minute(Micros::new(54_000)).unwrap();
    let settlement = settle(
        &acme(),
        a_call(),
        Currency::USD,
        rate,
        Duration::from_secs(61),
        noon(),
        a_transaction(),
    )
    .unwrap();
    assert_eq!(settlement.pulses.get(), 11);
    assert_eq!(settlement.amount, Micros::new(59_400));
    assert_eq!(cost(rate, settlement.pulses), Ok(settlement.amount));
    let entries = settlement.transaction.entries();
    assert_eq!(entries[0].account, Account::Prepaid(acme()));
    assert_eq!(entries[0].amount, Micros::new(-59_400));
    assert_eq!(entries[1].account, Account::Revenue(acme()));
    assert_eq!(entries[1].amount, Micros::new(59_400));
}

#[test]
fn a_top_up_comes_from_outside() {
    let posted = top_up(
        &acme(),
        Micros::from_units(25),
        Currency::USD,
        "invoice-7",
        noon(),
        a_transaction(),
    )
    .unwrap();
    assert_eq!(posted.kind(), TransactionKind::TopUp);
    assert_eq!(posted.idempotency_key(), "top_up:acme:invoice-7");
    assert_eq!(posted.currency(), Currency::USD);
    let entries = posted.entries();
    assert_eq!(entries[0].account.to_string(), "external:acme");
    assert_eq!(entries[0].amount, Micros::from_units(-25));
    assert_eq!(entries[1].account.to_string(), "prepaid:acme");
    assert_eq!(entries[1].amount, Micros::from_units(25));
}

#[test]
fn an_account_reads_back_from_its_text() {
    let call = a_call();
    for (account, text) in [
        (Account::Prepaid(acme()), "prepaid:acme".to_owned()),
        (Account::Hold(call), format!("hold:{call}")),
        (Account::Revenue(acme()), "revenue:acme".to_owned()),
        (Account::External(acme()), "external:acme".to_owned()),
    ] {
        assert_eq!(account.to_string(), text);
        assert_eq!(text.parse(), Ok(account));
    }
    let odd: Account = "prepaid:eu:acme".parse().unwrap();
    assert_eq!(odd.workspace().map(ToString::to_string), Some("eu:acme".to_owned()));
    assert_eq!(Account::Hold(call).workspace(), None);
}

#[test]
fn a_kind_reads_back_from_its_text() {
    for kind in [
        TransactionKind::TopUp,
        TransactionKind::Grant,
        TransactionKind::Settle,
        TransactionKind::Release,
        TransactionKind::Adjustment,
        TransactionKind::Refund,
    ] {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
}
