//! Dissolving the hold of a call: what was talked is settled, the rest released; once.

use ledger::{Charge, Finish, Part, Pulses, Snapshot, charge};
use model::{CallId, Currency, Micros, Timestamp, WorkspaceId};

use super::post::post;
use super::{Connection, Row, integer, integer_if_any, parsed, text};
use crate::StoreError;
use crate::money::{ExpiredHold, FinishAsk, Finished, Moved, transaction_id};

const DOING: &str = "settle a call";

/// Settles a call by its grants. Of several attempts the first one counts.
pub(crate) async fn finish_call(
    connection: &mut Connection,
    ask: &FinishAsk,
    moved: &mut Vec<Moved>,
) -> Result<Finished, StoreError> {
    let Some(hold) = lock(connection, ask.call, ask.at).await? else {
        return closed_before(connection, ask).await;
    };
    let workspace: WorkspaceId = parsed(&hold, "workspace")?;
    let currency: Currency = parsed(&hold, "currency")?;
    let month = match ask.month {
        Some(month) => month.to_string(),
        None => text(&hold, "month")?,
    };
    let grants = grants(connection, ask.call).await?;
    let held: i64 = grants.iter().map(|grant| grant.amount).sum();
    let parts = share(&grants, ask.pulses);
    let granted: u64 = grants.iter().map(|grant| u64::from(grant.pulses.get())).sum();
    let billed: u64 = parts.iter().map(|part| u64::from(part.pulses.get())).sum();
    let market = grants.last().map(|grant| grant.snapshot.market.clone()).unwrap_or_default();
    let volume = add_volume(connection, &workspace, &market, &month, billed).await?;
    let charge = charge(&parts, volume)?;
    let (call, at, held) = (ask.call, ask.at, Micros::new(held));
    let one = Finish { workspace: &workspace, call, currency, held, charge, at };
    let mut transactions = ledger::finish(one, [transaction_id(), transaction_id()])?;
    // The release first: then accounts are touched in the order every post touches them.
    transactions.reverse();
    for transaction in &transactions {
        post(connection, transaction, moved).await?;
    }
    note(connection, ask.call, charge).await?;
    let beyond = u64::from(ask.pulses.get()).saturating_sub(granted);
    Ok(Finished::Now { charge, beyond: Pulses::of(beyond) })
}

/// Closes the hold, which no second process can do; `None` when it is closed, or none.
async fn lock(
    connection: &mut Connection,
    call: CallId,
    at: Timestamp,
) -> Result<Option<Row>, StoreError> {
    sqlx::query(
        "UPDATE ledger_hold SET closed_at = $1 WHERE call = $2 AND closed_at IS NULL
         RETURNING workspace, currency, month",
    )
    .bind(at.as_millis())
    .bind(call.to_string())
    .fetch_optional(connection)
    .await
    .map_err(StoreError::database(DOING))
}

async fn closed_before(
    connection: &mut Connection,
    ask: &FinishAsk,
) -> Result<Finished, StoreError> {
    let row = sqlx::query("SELECT pulses, amount, tier FROM ledger_hold WHERE call = $1")
        .bind(ask.call.to_string())
        .fetch_optional(connection)
        .await
        .map_err(StoreError::database(DOING))?;
    let Some(row) = row else { return Ok(Finished::NothingHeld) };
    let count = |column| integer(&row, column).map(|count| u64::try_from(count).unwrap_or(0));
    Ok(Finished::Before(Charge {
        pulses: Pulses::of(count("pulses")?),
        amount: Micros::new(integer(&row, "amount")?),
        tier: u32::try_from(count("tier")?).unwrap_or(0),
    }))
}

async fn note(connection: &mut Connection, call: CallId, charge: Charge) -> Result<(), StoreError> {
    sqlx::query("UPDATE ledger_hold SET pulses = $1, amount = $2, tier = $3 WHERE call = $4")
        .bind(i64::from(charge.pulses.get()))
        .bind(charge.amount.get())
        .bind(i64::from(charge.tier))
        .bind(call.to_string())
        .execute(connection)
        .await
        .map_err(StoreError::database(DOING))?;
    Ok(())
}

struct Grant {
    pulses: Pulses,
    amount: i64,
    snapshot: Snapshot,
}

async fn grants(connection: &mut Connection, call: CallId) -> Result<Vec<Grant>, StoreError> {
    sqlx::query("SELECT pulses, amount, snapshot FROM ledger_grant WHERE call = $1 ORDER BY slice")
        .bind(call.to_string())
        .fetch_all(connection)
        .await
        .map_err(StoreError::database(DOING))?
        .iter()
        .map(|row| {
            let corrupt = |_| super::corrupt("ledger_grant.snapshot");
            Ok(Grant {
                pulses: Pulses::of(u64::try_from(integer(row, "pulses")?).unwrap_or(0)),
                amount: integer(row, "amount")?,
                snapshot: serde_json::from_str(&text(row, "snapshot")?).map_err(corrupt)?,
            })
        })
        .collect()
}

/// The talked pulses, slice by slice, each under the prices it was granted at. What was talked
/// beyond the grants is nobody's cost.
fn share(grants: &[Grant], talked: Pulses) -> Vec<Part<'_>> {
    let mut left = talked.get();
    grants
        .iter()
        .map(|grant| {
            let pulses = left.min(grant.pulses.get());
            left -= pulses;
            Part { pulses: Pulses::of(u64::from(pulses)), snapshot: &grant.snapshot }
        })
        .collect()
}

/// Counts a call's pulses to the month, and returns how many were there before it.
async fn add_volume(
    connection: &mut Connection,
    workspace: &WorkspaceId,
    market: &str,
    month: &str,
    pulses: u64,
) -> Result<u64, StoreError> {
    let row = sqlx::query(
        "INSERT INTO ledger_volume (workspace, market, month, pulses) VALUES ($1, $2, $3, $4)
         ON CONFLICT (workspace, market, month)
             DO UPDATE SET pulses = ledger_volume.pulses + excluded.pulses
         RETURNING pulses",
    )
    .bind(workspace.as_str().to_owned())
    .bind(market.to_owned())
    .bind(month.to_owned())
    .bind(i64::try_from(pulses).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    Ok(u64::try_from(integer(&row, "pulses")?).unwrap_or(0).saturating_sub(pulses))
}

/// Open holds whose grants ended before a moment, oldest first.
pub(crate) async fn expired_holds(
    connection: &mut Connection,
    before: Timestamp,
    limit: i64,
) -> Result<Vec<ExpiredHold>, StoreError> {
    sqlx::query(
        "SELECT call, workspace, proven_ms FROM ledger_hold
         WHERE closed_at IS NULL AND valid_until < $1 ORDER BY valid_until LIMIT $2",
    )
    .bind(before.as_millis())
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("list holds of calls that are gone"))?
    .iter()
    .map(|row| {
        let proven = integer_if_any(row, "proven_ms")?.unwrap_or(0);
        Ok(ExpiredHold {
            call: parsed(row, "call")?,
            workspace: parsed(row, "workspace")?,
            proven: std::time::Duration::from_millis(u64::try_from(proven).unwrap_or(0)),
        })
    })
    .collect()
}
