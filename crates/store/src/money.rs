//! The ledger: entries are only ever added, and a running total is kept beside them.

use ledger::{Account, Transaction, TransactionKind};
use model::{CallId, Micros, WorkspaceId};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection, SqliteExecutor};
use wire::BalanceView;
use wire::events::EventName;
use wire::rest::LedgerLine;

use crate::column::Columns;
use crate::outbox::{News, queue};
use crate::setup::workspace_in;
use crate::{Store, StoreError};

/// What became of a transaction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Posted {
    /// The money moved now.
    New,
    /// The same movement was posted before under this idempotency key; nothing was changed.
    Duplicate,
}

/// What a check of the whole ledger found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct LedgerReport {
    /// Money lines read.
    pub entries: u64,
    /// Accounts compared.
    pub accounts: u64,
    /// Accounts whose running total is not the sum of their entries, with both figures.
    pub mismatches: Vec<String>,
    /// Transactions whose entries do not sum to 0, with what they sum to.
    pub unbalanced: Vec<String>,
}

impl LedgerReport {
    /// Whether nothing was found.
    pub fn is_sound(&self) -> bool {
        self.mismatches.is_empty() && self.unbalanced.is_empty()
    }
}

impl Store {
    /// Moves money. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyKeyReused`], [`StoreError::Currency`],
    /// [`StoreError::UnknownWorkspace`], [`StoreError::Dangling`] for an unknown call, or
    /// [`StoreError::BalanceTooLow`] for a grant that the balance does not cover.
    pub async fn post(&self, transaction: &Transaction) -> Result<Posted, StoreError> {
        const DOING: &str = "post to the ledger";
        let mut tx = self.begin_write(DOING).await?;
        let posted = post_and_tell(&mut tx, transaction).await?;
        tx.commit().await.map_err(StoreError::database(DOING))?;
        self.ring_bell();
        Ok(posted)
    }

    /// What a workspace can spend, and whether that closes the gate.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorkspace`].
    pub async fn balance(&self, workspace: &WorkspaceId) -> Result<BalanceView, StoreError> {
        const DOING: &str = "read the balance";
        let mut tx = self.readers().begin().await.map_err(StoreError::database(DOING))?;
        balance_in(&mut tx, workspace).await
    }

    /// The money lines of a call, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ledger_of(&self, call: CallId) -> Result<Vec<LedgerLine>, StoreError> {
        ledger_in(self.readers(), call).await
    }

    /// Adds up every entry again and compares with the running totals, from one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        const DOING: &str = "verify the ledger";
        let mut tx = self.readers().begin().await.map_err(StoreError::database(DOING))?;
        let mut report = LedgerReport::default();
        let accounts = sqlx::query(
            "SELECT account, sum(entries) AS entries, sum(summed) AS summed, sum(kept) AS kept
             FROM (SELECT account, count(*) AS entries, sum(amount) AS summed, NULL AS kept
                     FROM ledger_entry GROUP BY account
                   UNION ALL
                   SELECT account, 0, NULL, total FROM ledger_account)
             GROUP BY account ORDER BY account",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        for row in &accounts {
            let columns = Columns::of(row, "ledger_account");
            report.accounts += 1;
            report.entries += u64::try_from(columns.integer("entries")?).unwrap_or(0);
            let summed = columns.integer_if_any("summed")?;
            let kept = columns.integer_if_any("kept")?;
            if summed != kept {
                report.mismatches.push(format!(
                    "{}: the running total is {}, the entries sum to {}",
                    columns.text("account")?,
                    figure(kept),
                    figure(summed),
                ));
            }
        }
        let unbalanced = sqlx::query(
            "SELECT id, coalesce(sum(amount), 0) AS summed, count(amount) AS entries
             FROM ledger_transaction
             LEFT JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
             GROUP BY id HAVING summed <> 0 OR entries < 2 ORDER BY id",
        )
        .fetch_all(&mut *tx)
        .await
        .map_err(StoreError::database(DOING))?;
        for row in &unbalanced {
            let columns = Columns::of(row, "ledger_transaction");
            report.unbalanced.push(format!(
                "{}: {} entries sum to {}",
                columns.text("id")?,
                columns.integer("entries")?,
                columns.integer("summed")?,
            ));
        }
        Ok(report)
    }
}

fn figure(micros: Option<i64>) -> String {
    micros.map_or_else(|| "missing".to_owned(), |micros| format!("{micros} micros"))
}

/// What a workspace can spend, read inside a write or beside it.
async fn balance_in(
    connection: &mut SqliteConnection,
    workspace: &WorkspaceId,
) -> Result<BalanceView, StoreError> {
    let known = workspace_in(&mut *connection, workspace)
        .await?
        .ok_or_else(|| StoreError::UnknownWorkspace { workspace: workspace.clone() })?;
    let available = sqlx::query("SELECT total FROM ledger_account WHERE account = ?")
        .bind(Account::Prepaid(workspace.clone()).to_string())
        .fetch_optional(&mut *connection)
        .await
        .map_err(StoreError::database("read the balance"))?
        .map(|row| Columns::of(&row, "ledger_account").micros("total"))
        .transpose()?
        .unwrap_or(Micros::ZERO);
    Ok(BalanceView {
        available_micros: available,
        minimum_micros: known.minimum_balance,
        currency: known.currency,
        display: available.to_string(),
        top_up_required: ledger::top_up_required(available, known.minimum_balance),
    })
}

/// Moves money within a larger write, and queues the news of it where a balance changed.
pub(crate) async fn post_and_tell(
    connection: &mut SqliteConnection,
    transaction: &Transaction,
) -> Result<Posted, StoreError> {
    let moved = transaction.entries().iter().filter(|entry| entry.amount != Micros::ZERO);
    let prepaid = moved.map(|entry| &entry.account).find_map(|account| match account {
        Account::Prepaid(workspace) => Some(workspace.clone()),
        Account::Hold(_) | Account::Revenue(_) | Account::External(_) => None,
    });
    let Some(workspace) = prepaid else { return post_in(connection, transaction).await };
    let before = balance_in(connection, &workspace).await;
    let posted = post_in(connection, transaction).await?;
    let after = balance_in(connection, &workspace).await?;
    let before = before?;
    if before.available_micros == after.available_micros {
        return Ok(posted);
    }
    let data = serde_json::to_value(&after)
        .map_err(|_| StoreError::Encode { column: "outbox.payload" })?;
    let told =
        |name, data| News { workspace: &workspace, at: transaction.at(), name, call: None, data };
    queue(connection, told(EventName::BalanceChanged, data.clone())).await?;
    if after.top_up_required && !before.top_up_required {
        queue(connection, told(EventName::BalanceTopUpRequired, data)).await?;
    }
    Ok(posted)
}

/// Moves money within a larger write.
async fn post_in(
    connection: &mut SqliteConnection,
    transaction: &Transaction,
) -> Result<Posted, StoreError> {
    const DOING: &str = "post to the ledger";
    if let Some(same) = posted_before(connection, transaction).await? {
        return if same { Ok(Posted::Duplicate) } else { Err(StoreError::IdempotencyKeyReused) };
    }
    check_currency(connection, transaction).await?;
    sqlx::query(
        "INSERT INTO ledger_transaction (id, kind, at, currency, call, memo, idempotency_key)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(transaction.id().to_string())
    .bind(transaction.kind().as_str())
    .bind(transaction.at().as_millis())
    .bind(transaction.currency().as_str())
    .bind(transaction.call().map(|call| call.to_string()))
    .bind(transaction.memo())
    .bind(transaction.idempotency_key())
    .execute(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    for (position, entry) in (0_i64..).zip(transaction.entries()) {
        let account = entry.account.to_string();
        sqlx::query(
            "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
             VALUES (?, ?, ?, ?)",
        )
        .bind(transaction.id().to_string())
        .bind(position)
        .bind(&account)
        .bind(entry.amount.get())
        .execute(&mut *connection)
        .await
        .map_err(StoreError::database(DOING))?;
        let total: i64 = sqlx::query(
            "INSERT INTO ledger_account (account, currency, total) VALUES (?, ?, ?)
             ON CONFLICT (account) DO UPDATE SET total = total + excluded.total
             RETURNING total",
        )
        .bind(&account)
        .bind(transaction.currency().as_str())
        .bind(entry.amount.get())
        .fetch_one(&mut *connection)
        .await
        .and_then(|row| row.try_get("total"))
        .map_err(StoreError::database(DOING))?;
        if overdraws(transaction.kind(), &entry.account, total) {
            return Err(StoreError::BalanceTooLow);
        }
    }
    Ok(Posted::New)
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

/// Whether the idempotency key is known, and if so, whether it moved the same money.
async fn posted_before(
    connection: &mut SqliteConnection,
    transaction: &Transaction,
) -> Result<Option<bool>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, currency, call, account, amount FROM ledger_transaction
         JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
         WHERE idempotency_key = ? ORDER BY position",
    )
    .bind(transaction.idempotency_key())
    .fetch_all(connection)
    .await
    .map_err(StoreError::database("look up an idempotency key"))?;
    if rows.is_empty() {
        return Ok(None);
    }
    let mut same = rows.len() == transaction.entries().len();
    for (row, entry) in rows.iter().zip(transaction.entries()) {
        let columns = Columns::of(row, "ledger_transaction");
        same &= columns.text("kind")? == transaction.kind().as_str()
            && columns.text("currency")? == transaction.currency().as_str()
            && columns.parsed_if_any::<CallId>("call")? == transaction.call()
            && columns.text("account")? == entry.account.to_string()
            && columns.micros("amount")? == entry.amount;
    }
    Ok(Some(same))
}

/// A workspace's money is of one currency, or its balance would add up apples and pears.
async fn check_currency(
    connection: &mut SqliteConnection,
    transaction: &Transaction,
) -> Result<(), StoreError> {
    let workspaces: std::collections::BTreeSet<&WorkspaceId> =
        transaction.entries().iter().filter_map(|entry| entry.account.workspace()).collect();
    for workspace in workspaces {
        let known = workspace_in(&mut *connection, workspace)
            .await?
            .ok_or_else(|| StoreError::UnknownWorkspace { workspace: workspace.clone() })?;
        if known.currency != transaction.currency() {
            return Err(StoreError::Currency {
                workspace: workspace.clone(),
                kept: known.currency,
                given: transaction.currency(),
            });
        }
    }
    Ok(())
}

/// The money lines of a call, read beside others from one snapshot.
pub(crate) async fn ledger_in(
    executor: impl SqliteExecutor<'_>,
    call: CallId,
) -> Result<Vec<LedgerLine>, StoreError> {
    sqlx::query(
        "SELECT id, at, kind, account, amount, currency, memo FROM ledger_transaction
         JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
         WHERE call = ? ORDER BY at, id, position",
    )
    .bind(call.to_string())
    .fetch_all(executor)
    .await
    .map_err(StoreError::database("list a call's money lines"))?
    .iter()
    .map(line_of)
    .collect()
}

fn line_of(row: &SqliteRow) -> Result<LedgerLine, StoreError> {
    let columns = Columns::of(row, "ledger_transaction");
    Ok(LedgerLine {
        transaction: columns.parsed("id")?,
        at: columns.moment("at")?,
        kind: columns.text("kind")?,
        account: columns.text("account")?,
        amount_micros: columns.micros("amount")?,
        currency: columns.word("currency")?,
        memo: columns.text("memo")?,
    })
}
