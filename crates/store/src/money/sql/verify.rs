//! Adding everything up again.

use super::{Connection, integer, integer_if_any, text};
use crate::StoreError;
use crate::money::LedgerReport;

const DOING: &str = "verify the ledger";

/// Compares every running total with its entries, every transaction with zero, and every closed
/// hold with nothing.
pub(crate) async fn verify(connection: &mut Connection) -> Result<LedgerReport, StoreError> {
    let mut report = LedgerReport::default();
    let accounts = sqlx::query(
        "SELECT account, CAST(sum(entries) AS BIGINT) AS entries,
             CAST(sum(summed) AS BIGINT) AS summed, CAST(sum(kept) AS BIGINT) AS kept
         FROM (SELECT account, count(*) AS entries, CAST(sum(amount) AS BIGINT) AS summed,
                   CAST(NULL AS BIGINT) AS kept
                 FROM ledger_entry GROUP BY account
               UNION ALL
               SELECT account, 0, NULL, total FROM ledger_account) AS both_sides
         GROUP BY account ORDER BY account",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    for row in &accounts {
        report.accounts += 1;
        report.entries += u64::try_from(integer(row, "entries")?).unwrap_or(0);
        let summed = integer_if_any(row, "summed")?;
        let kept = integer_if_any(row, "kept")?;
        if summed != kept {
            report.mismatches.push(format!(
                "{}: the running total is {}, the entries sum to {}",
                text(row, "account")?,
                figure(kept),
                figure(summed),
            ));
        }
    }
    let unbalanced = sqlx::query(
        "SELECT id, CAST(coalesce(sum(amount), 0) AS BIGINT) AS summed, count(amount) AS entries
         FROM ledger_transaction
         LEFT JOIN ledger_entry ON ledger_entry.ledger_transaction = ledger_transaction.id
         GROUP BY id HAVING coalesce(sum(amount), 0) <> 0 OR count(amount) < 2 ORDER BY id",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(StoreError::database(DOING))?;
    for row in &unbalanced {
        report.unbalanced.push(format!(
            "{}: {} entries sum to {}",
            text(row, "id")?,
            integer(row, "entries")?,
            integer(row, "summed")?,
        ));
    }
    let leaked = sqlx::query(
        "SELECT ledger_hold.call, total FROM ledger_hold
         JOIN ledger_account ON account = 'hold:' || ledger_hold.call
         WHERE closed_at IS NOT NULL AND total <> 0 ORDER BY ledger_hold.call",
    )
    .fetch_all(connection)
    .await
    .map_err(StoreError::database(DOING))?;
    for row in &leaked {
        report.leaked.push(format!(
            "hold:{}: the call is settled, and {} micros are still held",
            text(row, "call")?,
            integer(row, "total")?,
        ));
    }
    Ok(report)
}

fn figure(micros: Option<i64>) -> String {
    micros.map_or_else(|| "missing".to_owned(), |micros| format!("{micros} micros"))
}
