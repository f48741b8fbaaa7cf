//! Reserving a slice of paid time: one conditional statement, once per call and slice.

use ledger::{Account, Entry, GrantSize, Pulses, Slice, Snapshot, Transaction, cost, size_grant};
use model::Micros;
use sqlx::Row as _;

use super::post::insert_head;
use super::{Connection, Row, integer, integer_if_any};
use crate::StoreError;
use crate::money::{GrantAsk, Granted, Moved};

const DOING: &str = "reserve money for a call";
/// How often a grant is sized again when another process took the money in between.
const SIZINGS_MAX: u32 = 16;

/// Grants a slice, or says why not. Asking again for the same slice gives the same answer.
pub(crate) async fn grant_slice(
    connection: &mut Connection,
    ask: &GrantAsk,
    moved: &mut Vec<Moved>,
) -> Result<Granted, StoreError> {
    for _ in 0..SIZINGS_MAX {
        let row = look(connection, ask).await?;
        if let Some(granted) = granted_before(&row)? {
            return Ok(granted);
        }
        if integer_if_any(&row, "closed_at")?.is_some() {
            return Ok(Granted::Closed);
        }
        let volume = u64::try_from(integer_if_any(&row, "volume")?.unwrap_or(0)).unwrap_or(0);
        let available = Micros::new(integer_if_any(&row, "total")?.unwrap_or(0));
        let rate = ask.snapshot.rate_after(volume).map_err(StoreError::NoRate)?;
        let (pulses, is_last) = match size_grant(available, rate, ask.pulses)? {
            GrantSize::Full(pulses) => (pulses, false),
            GrantSize::Last(pulses) => (pulses, true),
            GrantSize::Refused => return Ok(Granted::Refused),
        };
        let amount = cost(rate, pulses)?;
        let Some(after) = take(connection, ask, amount).await? else { continue };
        let transaction = ask.transaction(amount)?;
        if !insert_head(connection, &transaction).await? {
            return Err(StoreError::IdempotencyKeyReused);
        }
        write(connection, ask, &transaction, amount).await?;
        remember(connection, ask, pulses, rate.per_pulse(), amount, is_last).await?;
        moved.push(Moved {
            workspace: ask.workspace.clone(),
            after,
            by: amount.negated(),
            at: ask.at,
            kind: transaction.kind(),
        });
        return Ok(Granted::Slice(Slice { pulses, is_last }));
    }
    Err(StoreError::Contended { doing: DOING })
}

/// Everything a grant depends on, at one look.
pub(super) async fn look(connection: &mut Connection, ask: &GrantAsk) -> Result<Row, StoreError> {
    sqlx::query(
        "SELECT (SELECT total FROM ledger_account WHERE account = $1) AS total,
             (SELECT pulses FROM ledger_volume
              WHERE workspace = $2 AND market = $3 AND month = $4) AS volume,
             (SELECT closed_at FROM ledger_hold WHERE call = $5) AS closed_at,
             (SELECT pulses FROM ledger_grant WHERE call = $5 AND slice = $6) AS pulses,
             (SELECT is_last FROM ledger_grant WHERE call = $5 AND slice = $6) AS is_last",
    )
    .bind(Account::Prepaid(ask.workspace.clone()).to_string())
    .bind(ask.workspace.as_str().to_owned())
    .bind(ask.snapshot.market.clone())
    .bind(ask.month.to_string())
    .bind(ask.call.to_string())
    .bind(i64::from(ask.slice))
    .fetch_one(connection)
    .await
    .map_err(StoreError::database(DOING))
}

pub(super) fn granted_before(row: &Row) -> Result<Option<Granted>, StoreError> {
    let Some(pulses) = integer_if_any(row, "pulses")? else { return Ok(None) };
    let pulses = Pulses::of(u64::try_from(pulses).unwrap_or(0));
    Ok(Some(Granted::Slice(Slice { pulses, is_last: integer(row, "is_last")? != 0 })))
}

/// Takes the amount if it is there, and says what is left; the one statement that decides.
pub(super) async fn take(
    connection: &mut Connection,
    ask: &GrantAsk,
    amount: Micros,
) -> Result<Option<Micros>, StoreError> {
    sqlx::query(
        "UPDATE ledger_account SET total = total - $1
         WHERE account = $2 AND currency = $3 AND total >= $1 RETURNING total",
    )
    .bind(amount.get())
    .bind(Account::Prepaid(ask.workspace.clone()).to_string())
    .bind(ask.currency.as_str().to_owned())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::database(DOING))?
    .map(|row| row.try_get("total").map(Micros::new).map_err(StoreError::database(DOING)))
    .transpose()
}

/// The lines of the grant, and the hold's running total.
async fn write(
    connection: &mut Connection,
    ask: &GrantAsk,
    transaction: &Transaction,
    amount: Micros,
) -> Result<(), StoreError> {
    let [from, to]: &[Entry; 2] =
        transaction.entries().try_into().map_err(|_| StoreError::Contended { doing: DOING })?;
    sqlx::query(
        "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
         VALUES ($1, 0, $2, $3), ($1, 1, $4, $5)",
    )
    .bind(transaction.id().to_string())
    .bind(from.account.to_string())
    .bind(from.amount.get())
    .bind(to.account.to_string())
    .bind(to.amount.get())
    .execute(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    sqlx::query(
        "INSERT INTO ledger_account (account, currency, total) VALUES ($1, $2, $3)
         ON CONFLICT (account) DO UPDATE SET total = ledger_account.total + excluded.total",
    )
    .bind(to.account.to_string())
    .bind(ask.currency.as_str().to_owned())
    .bind(amount.get())
    .execute(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    Ok(())
}

async fn remember(
    connection: &mut Connection,
    ask: &GrantAsk,
    pulses: Pulses,
    per_pulse: Micros,
    amount: Micros,
    is_last: bool,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO ledger_grant
             (call, slice, pulses, per_pulse, amount, is_last, snapshot, granted_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(ask.call.to_string())
    .bind(i64::from(ask.slice))
    .bind(i64::from(pulses.get()))
    .bind(per_pulse.get())
    .bind(amount.get())
    .bind(i64::from(is_last))
    .bind(snapshot_text(&ask.snapshot)?)
    .bind(ask.at.as_millis())
    .execute(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    let done = sqlx::query(
        "INSERT INTO ledger_hold (call, workspace, currency, month, proven_ms, valid_until)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (call) DO UPDATE SET month = excluded.month,
             proven_ms = excluded.proven_ms, valid_until = excluded.valid_until
             WHERE ledger_hold.closed_at IS NULL",
    )
    .bind(ask.call.to_string())
    .bind(ask.workspace.as_str().to_owned())
    .bind(ask.currency.as_str().to_owned())
    .bind(ask.month.to_string())
    .bind(i64::try_from(ask.talked.as_millis()).unwrap_or(i64::MAX))
    .bind(ask.valid_until(pulses).as_millis())
    .execute(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    // Settled in this moment by another process: what was written here is undone.
    if done.rows_affected() == 0 { Err(StoreError::Contended { doing: DOING }) } else { Ok(()) }
}

pub(super) fn snapshot_text(snapshot: &Snapshot) -> Result<String, StoreError> {
    serde_json::to_string(snapshot)
        .map_err(|_| StoreError::Encode { column: "ledger_grant.snapshot" })
}
