//! The two movements the daemon makes: a call is paid, a balance is topped up.

use std::time::Duration;

use model::{CallId, Currency, Micros, Timestamp, TransactionId, WorkspaceId};

use crate::pulses::PULSE_SECONDS;
use crate::{Account, Draft, Entry, LedgerError, Pulses, Rate, Transaction, TransactionKind, cost};

/// What a call came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// Begun pulses.
    pub pulses: Pulses,
    /// What is taken from the balance.
    pub amount: Micros,
    /// The movement to post, keyed `settle:<call>` so that a call is paid once.
    pub transaction: Transaction,
}

/// Prices a finished call and moves the price from the balance to revenue.
///
/// `talked` is the interval from accepted to ended by the monotonic clock. A free call yields two
/// lines of zero: finance sees that it was metered.
///
/// # Errors
/// [`LedgerError::Money`] when the price does not fit in 64 bits.
pub fn settle(
    workspace: &WorkspaceId,
    call: CallId,
    currency: Currency,
    rate: Rate,
    talked: Duration,
    at: Timestamp,
    id: TransactionId,
) -> Result<Settlement, LedgerError> {
    let pulses = Pulses::from_talked(talked);
    let amount = cost(rate, pulses)?;
    let transaction = Transaction::new(Draft {
        id,
        kind: TransactionKind::Settle,
        at,
        currency,
        entries: vec![
            Entry::new(Account::Prepaid(workspace.clone()), amount.negated()),
            Entry::new(Account::Revenue(workspace.clone()), amount),
        ],
        call: Some(call),
        memo: format!(
            "talked {}.{:03} s, {pulses} pulses of {PULSE_SECONDS} s at {} micros",
            talked.as_secs(),
            talked.subsec_millis(),
            rate.per_pulse().get(),
        ),
        idempotency_key: format!("settle:{call}"),
    })?;
    Ok(Settlement { pulses, amount, transaction })
}

/// Adds prepaid money to a workspace. `key` is the payer's own idempotency key; it counts within
/// the workspace, so two workspaces may choose the same one.
///
/// # Errors
/// [`LedgerError::TopUpNotPositive`], or [`LedgerError::IdempotencyKey`] when `key` is empty or
/// too long.
pub fn top_up(
    workspace: &WorkspaceId,
    amount: Micros,
    currency: Currency,
    key: &str,
    at: Timestamp,
    id: TransactionId,
) -> Result<Transaction, LedgerError> {
    if amount <= Micros::ZERO {
        return Err(LedgerError::TopUpNotPositive { amount });
    }
    // An empty key stays empty, so that the check of every transaction refuses it.
    let idempotency_key =
        if key.is_empty() { String::new() } else { format!("top_up:{workspace}:{key}") };
    Transaction::new(Draft {
        id,
        kind: TransactionKind::TopUp,
        at,
        currency,
        entries: vec![
            Entry::new(Account::External(workspace.clone()), amount.negated()),
            Entry::new(Account::Prepaid(workspace.clone()), amount),
        ],
        call: None,
        memo: "top-up".to_owned(),
        idempotency_key,
    })
}

/// A correction by a person: adds to a workspace's balance, or with a negative amount takes away.
/// It may lead below zero, which nothing else may. `key` counts within the workspace.
///
/// # Errors
/// [`LedgerError::AdjustmentOfNothing`], or [`LedgerError::IdempotencyKey`] when `key` is empty or
/// too long.
pub fn adjust(
    workspace: &WorkspaceId,
    amount: Micros,
    currency: Currency,
    key: &str,
    memo: &str,
    at: Timestamp,
    id: TransactionId,
) -> Result<Transaction, LedgerError> {
    if amount == Micros::ZERO || amount.get() == i64::MIN {
        return Err(LedgerError::AdjustmentOfNothing);
    }
    let idempotency_key =
        if key.is_empty() { String::new() } else { format!("adjustment:{workspace}:{key}") };
    Transaction::new(Draft {
        id,
        kind: TransactionKind::Adjustment,
        at,
        currency,
        entries: vec![
            Entry::new(Account::External(workspace.clone()), amount.negated()),
            Entry::new(Account::Prepaid(workspace.clone()), amount),
        ],
        call: None,
        memo: memo.to_owned(),
        idempotency_key,
    })
}
