//! Books changed behind our back are found out, and most changes are not possible at all.

use sqlx::sqlite::SqliteConnection;

use crate::world::{World, acme, event, settlement, talked, top_up};

async fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<u64, sqlx::Error> {
    let done = sqlx::query(sql).execute(connection).await?;
    Ok(done.rows_affected())
}

#[tokio::test]
async fn a_changed_running_total_is_found() {
    let world = World::new().await;
    world.store.post(&top_up(10_000_000, "a")).await.unwrap();
    assert!(world.store.verify_ledger().await.unwrap().is_sound());
    let mut intruder = world.intruder().await;
    let changed = run(
        &mut intruder,
        "UPDATE ledger_account SET total = total + 1 WHERE account = 'prepaid:acme'",
    );
    assert_eq!(changed.await.unwrap(), 1);
    let report = world.store.verify_ledger().await.unwrap();
    assert_eq!(
        report.mismatches,
        ["prepaid:acme: the running total is 10000001 micros, the entries sum to 10000000 micros"]
    );
    assert!(report.unbalanced.is_empty());
    assert!(!report.is_sound());
}

#[tokio::test]
async fn a_missing_and_an_invented_account_are_found() {
    let world = World::new().await;
    world.store.post(&top_up(5, "a")).await.unwrap();
    let mut intruder = world.intruder().await;
    run(&mut intruder, "DELETE FROM ledger_account WHERE account = 'external:acme'").await.unwrap();
    run(
        &mut intruder,
        "INSERT INTO ledger_account (account, currency, total) VALUES ('revenue:acme', 'USD', 7)",
    )
    .await
    .unwrap();
    let report = world.store.verify_ledger().await.unwrap();
    assert_eq!(
        report.mismatches,
        [
            "external:acme: the running total is missing, the entries sum to -5 micros",
            "revenue:acme: the running total is 7 micros, the entries sum to missing",
        ]
    );
}

#[tokio::test]
async fn an_added_line_that_unbalances_a_transaction_is_found() {
    let world = World::new().await;
    let posted = top_up(5, "a");
    world.store.post(&posted).await.unwrap();
    let mut intruder = world.intruder().await;
    run(
        &mut intruder,
        "INSERT INTO ledger_entry (ledger_transaction, position, account, amount)
         SELECT id, 2, 'prepaid:acme', 1000000 FROM ledger_transaction",
    )
    .await
    .unwrap();
    let report = world.store.verify_ledger().await.unwrap();
    assert_eq!(report.unbalanced, [format!("{}: 3 entries sum to 1000000", posted.id())]);
    assert_eq!(report.mismatches.len(), 1);
}

#[tokio::test]
async fn written_money_cdrs_and_journal_cannot_be_changed() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.append(call, event("accepted", 5)).await.unwrap();
    world.store.close_call(talked(call), vec![settlement(call, 54_000)]).await.unwrap();
    let before = world.store.call(&acme(), call).await.unwrap();
    let mut intruder = world.intruder().await;
    for sql in [
        "UPDATE ledger_entry SET amount = 0",
        "DELETE FROM ledger_entry",
        "UPDATE ledger_transaction SET memo = ''",
        "DELETE FROM ledger_transaction",
        "UPDATE cdr SET billed = 0",
        "UPDATE journal SET event = ''",
    ] {
        let refused = run(&mut intruder, sql).await.unwrap_err().to_string();
        assert!(
            refused.contains("append-only") || refused.contains("written once"),
            "{sql}: {refused}"
        );
    }
    assert_eq!(world.store.call(&acme(), call).await.unwrap(), before);
}

#[tokio::test]
async fn a_value_of_another_program_is_an_error_that_names_its_column() {
    let world = World::new().await;
    world.open_call(1).await;
    let mut intruder = world.intruder().await;
    run(&mut intruder, "UPDATE call SET state = 'dancing'").await.unwrap();
    let refused = world.store.calls(&acme(), 10, None).await.unwrap_err();
    assert!(refused.to_string().contains("call.state"), "{refused}");
}
