//! A database that cannot be written is no reason to lose a call: Meta is asked to send it again.

use std::time::Duration;

use sqlx::{ConnectOptions, Connection};

use crate::world::{World, open, rung, talking};

/// Longer than the daemon waits for another writer (5 s), and shorter than its patience and Meta's
/// second delivery together.
const LOCKED_FOR: Duration = Duration::from_secs(8);

#[tokio::test(flavor = "multi_thread")]
async fn b11_a_webhook_that_cannot_be_stored_is_refused_with_503_and_taken_when_it_comes_again() {
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let file = world.folder.path().join("ringdown.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut intruder = options.connect().await.expect("the file opens");
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut intruder).await.expect("locked");
    let phone = world.ring(world.plan()).await;
    tokio::time::sleep(LOCKED_FOR).await;
    let refused = "webhook_rejected_total{why=\"not_kept\"} 1";
    assert!(world.admin("/metrics").await.1.contains(refused), "refused while it was locked");
    assert_eq!(world.get("/v1/calls").await["items"], serde_json::json!([]));
    sqlx::query("ROLLBACK").execute(&mut intruder).await.expect("unlocked");
    intruder.close().await.expect("closed");
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    talking(&phone).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered", "{closed:#}");
    assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
    let answered: Vec<String> = phone
        .timeline()
        .into_iter()
        .map(|(_, what)| what)
        .filter(|what| what.starts_with("webhook connect answered"))
        .collect();
    assert_eq!(answered, ["webhook connect answered 503", "webhook connect answered 200"]);
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
}
