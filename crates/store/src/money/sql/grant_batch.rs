//! Many grants in a handful of statements: a hot balance is asked by hundreds of calls at once, and
//! each statement costs more than what it does.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Account, GrantSize, Pulses, Slice, Transaction, cost, size_grant};
use model::{CallId, Micros, Timestamp, WorkspaceId};
use sqlx::QueryBuilder;

use super::grant::{granted_before, look, snapshot_text, take};
use super::{Connection, Database, integer_if_any};
use crate::StoreError;
use crate::money::{GrantAsk, Granted, Moved};

const DOING: &str = "reserve money for calls";

/// A grant that is to be written.
struct Decided<'a> {
    ask: &'a GrantAsk,
    pulses: Pulses,
    is_last: bool,
    per_pulse: Micros,
    amount: Micros,
    transaction: Transaction,
}

/// Grants slices of different calls, each as if it were asked for alone.
///
/// # Errors
/// [`StoreError::Contended`] when others were quicker, or one call asks twice: then each is to be
/// asked alone. Nothing may be committed.
pub(crate) async fn grant_batch(
    connection: &mut Connection,
    asks: &[&GrantAsk],
    moved: &mut Vec<Moved>,
) -> Result<Vec<Granted>, StoreError> {
    let calls: BTreeSet<CallId> = asks.iter().map(|ask| ask.call).collect();
    if calls.len() < asks.len() {
        return Err(StoreError::Contended { doing: DOING });
    }
    let mut available: BTreeMap<&WorkspaceId, Micros> = BTreeMap::new();
    let mut decided = Vec::with_capacity(asks.len());
    let mut answers = Vec::with_capacity(asks.len());
    for ask in asks {
        let (answer, decision) = decide(connection, ask, &mut available).await?;
        answers.push(answer);
        decided.extend(decision);
    }
    let Some(first) = decided.first() else { return Ok(answers) };
    let at = first.ask.at;
    take_all(connection, &decided, at, moved).await?;
    insert_heads(connection, &decided).await?;
    insert_entries(connection, &decided).await?;
    add_to_holds(connection, &decided).await?;
    insert_grants(connection, &decided).await?;
    note_holds(connection, &decided).await?;
    Ok(answers)
}

/// What one ask gets, given what those before it were promised.
async fn decide<'a>(
    connection: &mut Connection,
    ask: &'a GrantAsk,
    available: &mut BTreeMap<&'a WorkspaceId, Micros>,
) -> Result<(Granted, Option<Decided<'a>>), StoreError> {
    let row = look(connection, ask).await?;
    if let Some(granted) = granted_before(&row)? {
        return Ok((granted, None));
    }
    if integer_if_any(&row, "closed_at")?.is_some() {
        return Ok((Granted::Closed, None));
    }
    let volume = u64::try_from(integer_if_any(&row, "volume")?.unwrap_or(0)).unwrap_or(0);
    let total = Micros::new(integer_if_any(&row, "total")?.unwrap_or(0));
    let left = available.entry(&ask.workspace).or_insert(total);
    let rate = ask.snapshot.rate_after(volume).map_err(StoreError::NoRate)?;
    let (pulses, is_last) = match size_grant(*left, rate, ask.pulses)? {
        GrantSize::Full(pulses) => (pulses, false),
        GrantSize::Last(pulses) => (pulses, true),
        GrantSize::Refused => return Ok((Granted::Refused, None)),
    };
    let amount = cost(rate, pulses)?;
    *left = left.plus(amount.negated()).map_err(ledger::LedgerError::from)?;
    let (per_pulse, transaction) = (rate.per_pulse(), ask.transaction(amount)?);
    let decided = Decided { ask, pulses, is_last, per_pulse, amount, transaction };
    Ok((Granted::Slice(Slice { pulses, is_last }), Some(decided)))
}

/// Takes what was promised from each balance, if it is there: the statement that decides.
async fn take_all(
    connection: &mut Connection,
    decided: &[Decided<'_>],
    at: Timestamp,
    moved: &mut Vec<Moved>,
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<&WorkspaceId, (&Decided<'_>, Micros)> = BTreeMap::new();
    for one in decided {
        let sum = sums.entry(&one.ask.workspace).or_insert((one, Micros::ZERO));
        sum.1 = sum.1.plus(one.amount).map_err(ledger::LedgerError::from)?;
        if sum.0.ask.currency != one.ask.currency {
            return Err(StoreError::Contended { doing: DOING });
        }
    }
    for (workspace, (one, sum)) in sums {
        let after = take(connection, one.ask, sum).await?;
        let after = after.ok_or(StoreError::Contended { doing: DOING })?;
        let (workspace, by, kind) = (workspace.clone(), sum.negated(), one.transaction.kind());
        moved.push(Moved { workspace, after, by, at, kind });
    }
    Ok(())
}

async fn insert_heads(
    connection: &mut Connection,
    decided: &[Decided<'_>],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO ledger_transaction (id, kind, at, currency, call, memo, idempotency_key) ",
    );
    query.push_values(decided, |mut row, one| {
        let head = &one.transaction;
        row.push_bind(head.id().to_string())
            .push_bind(head.kind().as_str())
            .push_bind(head.at().as_millis())
            .push_bind(head.currency().as_str().to_owned())
            .push_bind(one.ask.call.to_string())
            .push_bind(head.memo().to_owned())
            .push_bind(head.idempotency_key().to_owned());
    });
    query.push(" ON CONFLICT (idempotency_key) DO NOTHING");
    all_of(query, connection, decided.len()).await
}

async fn insert_entries(
    connection: &mut Connection,
    decided: &[Decided<'_>],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO ledger_entry (ledger_transaction, position, account, amount) ",
    );
    let entries: Vec<_> = decided
        .iter()
        .flat_map(|one| (0_i64..).zip(one.transaction.entries()).map(move |line| (one, line)))
        .collect();
    let count = entries.len();
    query.push_values(entries, |mut row, (one, (position, entry))| {
        row.push_bind(one.transaction.id().to_string())
            .push_bind(position)
            .push_bind(entry.account.to_string())
            .push_bind(entry.amount.get());
    });
    all_of(query, connection, count).await
}

async fn add_to_holds(
    connection: &mut Connection,
    decided: &[Decided<'_>],
) -> Result<(), StoreError> {
    let mut query =
        QueryBuilder::<Database>::new("INSERT INTO ledger_account (account, currency, total) ");
    query.push_values(decided, |mut row, one| {
        row.push_bind(Account::Hold(one.ask.call).to_string())
            .push_bind(one.ask.currency.as_str().to_owned())
            .push_bind(one.amount.get());
    });
    query.push(
        " ON CONFLICT (account) DO UPDATE SET total = ledger_account.total + excluded.total
          WHERE ledger_account.currency = excluded.currency",
    );
    all_of(query, connection, decided.len()).await
}

async fn insert_grants(
    connection: &mut Connection,
    decided: &[Decided<'_>],
) -> Result<(), StoreError> {
    let snapshots: Result<Vec<_>, _> =
        decided.iter().map(|one| snapshot_text(&one.ask.snapshot)).collect();
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO ledger_grant
             (call, slice, pulses, per_pulse, amount, is_last, snapshot, granted_at) ",
    );
    query.push_values(decided.iter().zip(snapshots?), |mut row, (one, snapshot)| {
        row.push_bind(one.ask.call.to_string())
            .push_bind(i64::from(one.ask.slice))
            .push_bind(i64::from(one.pulses.get()))
            .push_bind(one.per_pulse.get())
            .push_bind(one.amount.get())
            .push_bind(i64::from(one.is_last))
            .push_bind(snapshot)
            .push_bind(one.ask.at.as_millis());
    });
    all_of(query, connection, decided.len()).await
}

async fn note_holds(
    connection: &mut Connection,
    decided: &[Decided<'_>],
) -> Result<(), StoreError> {
    let mut query = QueryBuilder::<Database>::new(
        "INSERT INTO ledger_hold (call, workspace, currency, month, proven_ms, valid_until) ",
    );
    query.push_values(decided, |mut row, one| {
        let ask = one.ask;
        row.push_bind(ask.call.to_string())
            .push_bind(ask.workspace.as_str().to_owned())
            .push_bind(ask.currency.as_str().to_owned())
            .push_bind(ask.month.to_string())
            .push_bind(i64::try_from(ask.talked.as_millis()).unwrap_or(i64::MAX))
            .push_bind(ask.valid_until(one.pulses).as_millis());
    });
    query.push(
        " ON CONFLICT (call) DO UPDATE SET month = excluded.month,
             proven_ms = excluded.proven_ms, valid_until = excluded.valid_until
          WHERE ledger_hold.closed_at IS NULL",
    );
    all_of(query, connection, decided.len()).await
}

/// Every row must have been written; one that was not belongs to somebody who was quicker.
async fn all_of(
    mut query: QueryBuilder<Database>,
    connection: &mut Connection,
    count: usize,
) -> Result<(), StoreError> {
    let done = query.build().execute(connection).await.map_err(StoreError::database(DOING))?;
    if done.rows_affected() == count as u64 {
        Ok(())
    } else {
        Err(StoreError::Contended { doing: DOING })
    }
}
