//! Reading the ledger: totals, lines, sums.

use ledger::Account;
use model::{CallId, Micros, Timestamp, WorkspaceId};
use wire::rest::LedgerLine;

use super::{Connection, Row, integer, integer_if_any, parsed, parsed_if_any, text};
use crate::StoreError;
use crate::money::KindSum;

/// An account's running total, by its key: it costs the same with ten entries and ten million.
pub(crate) async fn total(
    connection: &mut Connection,
    account: &Account,
) -> Result<Micros, StoreError> {
    sqlx::query("SELECT total FROM ledger_account WHERE account = $1")
        .bind(account.to_string())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database("read the balance"))?
        .map_or(Ok(Micros::ZERO), |row| integer(&row, "total").map(Micros::new))
}

/// The money lines of a call, oldest first.
pub(crate) async fn ledger_of(
    connection: &mut Connection,
    call: CallId,
) -> Result<Vec<LedgerLine>, StoreError> {
    sqlx::query(
        "SELECT id, at, kind, account, amount, currency, memo, call FROM ledger_transaction
         JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
         WHERE call = $1 ORDER BY at, id, position",
    )
    .bind(call.to_string())
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("list a call's money lines"))?
    .iter()
    .map(line_of)
    .collect()
}

/// The lines of a workspace's balance, newest first, those before a transaction.
pub(crate) async fn entries(
    connection: &mut Connection,
    account: &Account,
    before: Option<&str>,
    limit: i64,
) -> Result<Vec<LedgerLine>, StoreError> {
    sqlx::query(
        "SELECT id, at, kind, account, amount, currency, memo, call FROM ledger_entry
         JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.ledger_transaction
         WHERE account = $1 AND ledger_transaction < $2
         ORDER BY ledger_transaction DESC LIMIT $3",
    )
    .bind(account.to_string())
    // Every id begins with `txn_`.
    .bind(before.unwrap_or("txn_~").to_owned())
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("list the money lines"))?
    .iter()
    .map(line_of)
    .collect()
}

/// What an account had before a moment, and what each kind of transaction moved from then up to
/// and without another.
pub(crate) async fn sums(
    connection: &mut Connection,
    account: &Account,
    from: Timestamp,
    to: Timestamp,
) -> Result<(Micros, Vec<KindSum>), StoreError> {
    const DOING: &str = "add up a statement";
    let opening = sqlx::query(
        "SELECT CAST(sum(amount) AS BIGINT) AS summed FROM ledger_entry
         JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.ledger_transaction
         WHERE account = $1 AND at < $2",
    )
    .bind(account.to_string())
    .bind(from.as_millis())
    .fetch_one(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    let kinds = sqlx::query(
        "SELECT kind, count(*) AS entries, CAST(sum(amount) AS BIGINT) AS summed
         FROM ledger_entry
         JOIN ledger_transaction ON ledger_transaction.id = ledger_entry.ledger_transaction
         WHERE account = $1 AND at >= $2 AND at < $3 GROUP BY kind ORDER BY kind",
    )
    .bind(account.to_string())
    .bind(from.as_millis())
    .bind(to.as_millis())
    .fetch_all(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    let kinds = kinds.iter().map(|row| {
        Ok(KindSum {
            kind: parsed(row, "kind")?,
            entries: u64::try_from(integer(row, "entries")?).unwrap_or(0),
            sum: Micros::new(integer(row, "summed")?),
        })
    });
    let opening = Micros::new(integer_if_any(&opening, "summed")?.unwrap_or(0));
    Ok((opening, kinds.collect::<Result<_, StoreError>>()?))
}

/// The pulses settled in a month and market.
pub(crate) async fn volume(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    market: &str,
    month: &str,
) -> Result<u64, StoreError> {
    sqlx::query(
        "SELECT pulses FROM ledger_volume WHERE workspace = $1 AND market = $2 AND month = $3",
    )
    .bind(workspace.as_str().to_owned())
    .bind(market.to_owned())
    .bind(month.to_owned())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::database("read a month's volume"))?
    .map_or(Ok(0), |row| integer(&row, "pulses").map(|pulses| u64::try_from(pulses).unwrap_or(0)))
}

fn line_of(row: &Row) -> Result<LedgerLine, StoreError> {
    let currency: model::Currency = parsed(row, "currency")?;
    Ok(LedgerLine {
        transaction: parsed(row, "id")?,
        at: Timestamp::from_millis(integer(row, "at")?),
        kind: text(row, "kind")?,
        account: text(row, "account")?,
        amount_micros: Micros::new(integer(row, "amount")?),
        currency,
        memo: text(row, "memo")?,
        call: parsed_if_any(row, "call")?,
    })
}
