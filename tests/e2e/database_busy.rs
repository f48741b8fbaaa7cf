//! A database that cannot be written is no reason to lose a call: it waits in a file.

use std::time::Duration;

use sim::meta::SimCall;
use sqlx::{ConnectOptions, Connection, SqliteConnection};

use crate::world::{PATIENCE, World, open, rung, talking};

/// Nobody but us writes from now on.
async fn lock(world: &World) -> SqliteConnection {
    let file = world.folder.path().join("ringdown.db");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut intruder = options.connect().await.expect("the file opens");
    sqlx::query("BEGIN EXCLUSIVE").execute(&mut intruder).await.expect("locked");
    intruder
}

async fn unlock(mut intruder: SqliteConnection) {
    sqlx::query("ROLLBACK").execute(&mut intruder).await.expect("unlocked");
    intruder.close().await.expect("closed");
}

/// What Meta was answered to the connects of a call.
async fn answered(phone: &SimCall) -> Vec<String> {
    let deadline = std::time::Instant::now() + PATIENCE;
    loop {
        let answered: Vec<String> = phone
            .timeline()
            .into_iter()
            .map(|(_, what)| what)
            .filter(|what| what.starts_with("webhook connect answered"))
            .collect();
        if !answered.is_empty() {
            return answered;
        }
        assert!(std::time::Instant::now() < deadline, "the webhook is not answered");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_a_call_that_comes_while_the_database_takes_nothing_is_kept_in_a_file_and_rings_after()
{
    let world = World::start().await;
    let mut ana = world.agent("ana").await;
    let intruder = lock(&world).await;
    let phone = world.ring(world.plan()).await;
    assert_eq!(
        answered(&phone).await,
        ["webhook connect answered 200"],
        "Meta need not come again"
    );
    world.metric("webhook_set_aside_total 1").await;
    assert_eq!(world.get("/v1/calls").await["items"], serde_json::json!([]));
    unlock(intruder).await;
    let call = rung(&mut ana).await;
    ana.claim(call).await.expect("sent");
    open(&mut ana, call).await;
    talking(&phone).await;
    phone.hang_up().await;
    let closed = world.closed(&call.to_string()).await;
    assert_eq!(closed["disposition"], "answered", "{closed:#}");
    assert_eq!(world.asked("pre_accept", phone.wacid()), 1);
    let listed = world.get("/v1/calls").await;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    let file = world.folder.path().join("ringdown.db.webhooks");
    assert_eq!(std::fs::metadata(file).expect("the file").len(), 0, "nothing waits any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn b11_what_waits_in_the_file_survives_kill_9() {
    let mut world = World::start().await;
    let intruder = lock(&world).await;
    let phone = world.ring(world.plan()).await;
    assert_eq!(answered(&phone).await, ["webhook connect answered 200"]);
    world.kill();
    unlock(intruder).await;
    world.start_again().await;
    let closed = world.newest_closed().await;
    assert_eq!(closed["missed"], "nobody_ready", "it is kept, and told of: {closed:#}");
    assert_eq!(world.asked("reject", phone.wacid()), 1);
}
