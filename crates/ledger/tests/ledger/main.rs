//! Money never appears or vanishes, and what is charged is what was talked.

use model::{CallId, Currency, Micros, Timestamp, TransactionId, WorkspaceId};

mod cards;
mod figures;
mod golden;
mod holds;
mod laws;
mod meter;
mod refusals;

fn acme() -> WorkspaceId {
    WorkspaceId::new("acme").expect("a plain word is a workspace id")
}

fn a_call() -> CallId {
    "call_00000000000000000000000000000007".parse().expect("32 digits are a call id")
}

fn a_transaction() -> TransactionId {
    "txn_00000000000000000000000000000009".parse().expect("32 digits are a transaction id")
}

fn noon() -> Timestamp {
    Timestamp::from_seconds(1_767_268_800)
}

fn draft(entries: Vec<ledger::Entry>) -> ledger::Draft {
    ledger::Draft {
        id: a_transaction(),
        kind: ledger::TransactionKind::Adjustment,
        at: noon(),
        currency: Currency::USD,
        entries,
        call: None,
        memo: "by hand".to_owned(),
        idempotency_key: "adjust-1".to_owned(),
    }
}

fn prepaid(micros: i64) -> ledger::Entry {
    ledger::Entry::new(ledger::Account::Prepaid(acme()), Micros::new(micros))
}

fn external(micros: i64) -> ledger::Entry {
    ledger::Entry::new(ledger::Account::External(acme()), Micros::new(micros))
}
