//! A file is made, brought up to date, kept private, and durable.

use sqlx::{Connection, Row};
use store::{Opened, Store, StoreError};

use crate::world::{World, acme, event, new_call, workspace};

#[tokio::test]
async fn a_database_is_made_in_a_missing_directory_and_opens_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("state").join("facts.db");
    let store = Store::open(&file).await.unwrap();
    store.ping().await.unwrap();
    store.ensure_workspace(&workspace()).await.unwrap();
    store.close().await;

    let again = Store::open(&file).await.unwrap();
    assert_eq!(again.workspace(&acme()).await.unwrap(), Some(workspace()));
}

#[tokio::test]
async fn a_closed_store_says_so_instead_of_hanging() {
    let world = World::new().await;
    world.store.close().await;
    assert!(matches!(world.store.ping().await, Err(StoreError::Database { .. })));
    let refused = world.store.ensure_workspace(&workspace()).await;
    assert!(matches!(refused, Err(StoreError::Database { .. })));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.txt");
    let text = "these are somebody's notes, not a database\n".repeat(100);
    std::fs::write(&file, &text).unwrap();
    let refused = Store::open(&file).await.unwrap_err();
    assert!(matches!(refused, StoreError::Open { .. }), "{refused}");
    assert!(refused.to_string().contains("notes.txt"));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[tokio::test]
async fn a_file_of_a_newer_version_is_refused() {
    let world = World::new().await;
    let mut intruder = world.intruder().await;
    sqlx::query(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
         VALUES (9999, 'of the future', TRUE, x'00', 0)",
    )
    .execute(&mut intruder)
    .await
    .unwrap();
    intruder.close().await.unwrap();
    world.store.close().await;

    let refused = Store::open(&world.file()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Migrate { .. }), "{refused}");
    assert!(refused.to_string().contains("newer"));
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    for name in ["ringdown.db", "ringdown.db-wal", "ringdown.db-shm"] {
        let file = world.directory.path().join(name);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name} is open to others: {mode:o}");
    }
}

#[tokio::test]
async fn the_journal_mode_is_wal() {
    let world = World::new().await;
    let mut intruder = world.intruder().await;
    let mode: String =
        sqlx::query("PRAGMA journal_mode").fetch_one(&mut intruder).await.unwrap().get(0);
    assert_eq!(mode, "wal");
}

#[tokio::test]
async fn a_writer_in_another_program_is_waited_for() {
    let world = World::new().await;
    let mut intruder = world.intruder().await;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut intruder).await.unwrap();
    let store = world.store.clone();
    let waiting = tokio::spawn(async move { store.set_secret("key", b"x").await });
    // Reads go on meanwhile.
    assert!(world.store.workspace(&acme()).await.unwrap().is_some());
    assert!(!waiting.is_finished());
    sqlx::query("COMMIT").execute(&mut intruder).await.unwrap();
    waiting.await.unwrap().unwrap();
    assert_eq!(world.store.secret("key").await.unwrap(), Some(b"x".to_vec()));
}

#[tokio::test]
async fn an_abandoned_write_leaves_nothing_and_blocks_nobody() {
    let world = World::new().await;
    for polls in 0..50 {
        let call = new_call(polls);
        let mut write = Box::pin(world.store.open_call(call));
        let patience = async {
            for _ in 0..polls * 20 {
                tokio::task::yield_now().await;
            }
        };
        // Dropped wherever it had got to; later rounds get further.
        tokio::select! {
            biased;
            done = &mut write => assert_eq!(done.unwrap(), Opened::New),
            () = patience => {}
        }
        drop(write);
    }
    // The writer is free. It also orders: what was abandoned has come to its end now.
    assert_eq!(world.store.open_call(new_call(99)).await.unwrap(), Opened::New);
    let stored = world.store.unfinished_calls().await.unwrap();
    for call in &stored {
        assert_eq!(world.store.append(call.id, event("noted", 0)).await.unwrap(), 1);
    }
    // No abandoned transaction holds these writes back: they are on the disk.
    let (crashed, _directory) = world.after_a_crash().await;
    for call in &stored {
        let detail = crashed.call(&acme(), call.id).await.unwrap().unwrap();
        assert_eq!(detail.timeline.len(), 1);
    }
    assert_eq!(crashed.unfinished_calls().await.unwrap().len(), stored.len());
}
