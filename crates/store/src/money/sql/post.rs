//! Moving money: a balanced transaction and the running totals beside it.

use ledger::{Account, Transaction, TransactionKind};
use model::{CallId, Micros};
use sqlx::Row as _;

use super::{Connection, integer, parsed_if_any, text};
use crate::StoreError;
use crate::money::{Moved, Posted};

const DOING: &str = "post to the ledger";

/// Posts a transaction once; what balances moved is added to `moved`.
pub(crate) async fn post(
    connection: &mut Connection,
    transaction: &Transaction,
    moved: &mut Vec<Moved>,
) -> Result<Posted, StoreError> {
    if let Some(posted) = posted_before(connection, transaction).await? {
        return posted;
    }
    if !insert_head(connection, transaction).await? {
        // Another process was quicker with this key.
        let posted = posted_before(connection, transaction).await?;
        return posted.unwrap_or(Err(StoreError::IdempotencyKeyReused));
    }
    let id = transaction.id().to_string();
    for (position, entry) in (0_i64..).zip(transaction.entries()) {
        sqlx::query(
            "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
             VALUES ($1, $2, $3, $4)",
        )
        .bind(&id)
        .bind(position)
        .bind(entry.account.to_string())
        .bind(entry.amount.get())
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database(DOING))?;
    }
    // Always in the same order of accounts, so that two posts never wait for each other.
    let mut entries: Vec<_> = transaction.entries().iter().collect();
    entries.sort_by(|one, other| one.account.cmp(&other.account));
    entries.sort_by_key(|entry| matches!(entry.account, Account::Revenue(_)));
    for entry in entries {
        let total = add(connection, transaction, &entry.account, entry.amount).await?;
        if overdraws(transaction.kind(), &entry.account, total) {
            return Err(StoreError::BalanceTooLow);
        }
        if let Account::Prepaid(workspace) = &entry.account
            && entry.amount != Micros::ZERO
        {
            moved.push(Moved {
                workspace: workspace.clone(),
                after: Micros::new(total),
                by: entry.amount,
                at: transaction.at(),
                kind: transaction.kind(),
            });
        }
    }
    Ok(Posted::New)
}

/// Writes the head of a transaction; says whether its key was free.
pub(super) async fn insert_head(
    connection: &mut Connection,
    transaction: &Transaction,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO ledger_transaction (id, kind, at, currency, call, memo, idempotency_key)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .bind(transaction.id().to_string())
    .bind(transaction.kind().as_str())
    .bind(transaction.at().as_millis())
    .bind(transaction.currency().as_str().to_owned())
    .bind(transaction.call().map(|call| call.to_string()))
    .bind(transaction.memo().to_owned())
    .bind(transaction.idempotency_key().to_owned())
    .execute(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    Ok(done.rows_affected() > 0)
}

/// Adds to an account's running total and returns it. An account has one currency for ever.
async fn add(
    connection: &mut Connection,
    transaction: &Transaction,
    account: &Account,
    amount: Micros,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO ledger_account (account, currency, total) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO UPDATE SET total = ledger_account.total + excluded.total
             WHERE ledger_account.currency = excluded.currency
         RETURNING total",
    )
    .bind(account.to_string())
    .bind(transaction.currency().as_str().to_owned())
    .bind(amount.get())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    let row = row.ok_or_else(|| StoreError::AccountCurrency {
        account: account.to_string(),
        given: transaction.currency(),
    })?;
    row.try_get("total").map_err(StoreError::database(DOING))
}

/// Only what is there can be reserved. Other kinds may go below zero: a settled call was talked,
/// and a correction by a person must be possible.
fn overdraws(kind: TransactionKind, account: &Account, total: i64) -> bool {
    let reserves = match kind {
        TransactionKind::Grant => true,
        TransactionKind::TopUp
        | TransactionKind::Settle
        | TransactionKind::Release
        | TransactionKind::Adjustment
        | TransactionKind::Refund => false,
    };
    reserves && matches!(account, Account::Prepaid(_)) && total < 0
}

/// What became of a transaction with this key, if there was one: the same money moved, or another.
async fn posted_before(
    connection: &mut Connection,
    transaction: &Transaction,
) -> Result<Option<Result<Posted, StoreError>>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, currency, call, account, amount FROM ledger_transaction
         JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
         WHERE idempotency_key = $1 ORDER BY position",
    )
    .bind(transaction.idempotency_key().to_owned())
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("look up an idempotency key"))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut same = rows.len() == transaction.entries().len();
    for (row, entry) in rows.iter().zip(transaction.entries()) {
        same &= text(row, "kind")? == transaction.kind().as_str()
            && text(row, "currency")? == transaction.currency().as_str()
            && parsed_if_any::<CallId>(row, "call")? == transaction.call()
            && text(row, "account")? == entry.account.to_string()
            && integer(row, "amount")? == entry.amount.get();
    }
    Ok(Some(if same { Ok(Posted::Duplicate) } else { Err(StoreError::IdempotencyKeyReused) }))
}
