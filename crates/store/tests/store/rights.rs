//! Rights are kept; whoever was there before there were any keeps what everybody could do.

use model::{AgentId, GroupId, Member, Right, Rights, RingPolicy};
use sha2::{Digest, Sha256};
use sqlx::Connection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use store::{GroupRow, Store};

use crate::world::{World, acme, ana, noon};

const KEY: &str = "rk_5f0c9a7be1d24c6f8b3a90e2d7c41f66";

#[tokio::test]
async fn an_agents_rights_change_only_when_some_are_given() {
    let world = World::new().await;
    let store = &world.store;
    let rights = async || store.agent(&acme(), &ana()).await.unwrap().unwrap().rights;
    assert_eq!(rights().await, Rights::default());
    let supervisor = Rights::NONE.with(Right::Supervise);
    let put = store.put_agent_with(&acme(), &ana(), "Ana", Some(supervisor)).await.unwrap();
    assert_eq!(put.rights, supervisor);
    let renamed = store.put_agent_with(&acme(), &ana(), "Ana B.", None).await.unwrap();
    assert_eq!((renamed.name.as_str(), renamed.rights), ("Ana B.", supervisor));
    store.put_agent(&acme(), &ana(), "Ana").await.unwrap();
    assert_eq!(rights().await, supervisor);
    store.put_agent_with(&acme(), &ana(), "Ana", Some(Rights::NONE)).await.unwrap();
    assert_eq!(rights().await, Rights::NONE);
    assert_eq!(store.agents(&acme()).await.unwrap()[0].rights, Rights::NONE);
}

#[tokio::test]
async fn a_key_has_the_rights_it_was_made_with() {
    let world = World::new().await;
    let narrow = Rights::NONE.with(Right::Dial);
    world.store.add_api_key_with(&acme(), "dialler", KEY, narrow).await.unwrap();
    assert_eq!(world.store.check_api_key(KEY).await.unwrap().unwrap().rights, narrow);
}

#[tokio::test]
async fn a_removed_agent_has_no_session_no_code_no_group_and_no_token() {
    let world = World::new().await;
    let store = &world.store;
    let group = GroupRow {
        id: GroupId::new("all").unwrap(),
        name: "All".to_owned(),
        policy: RingPolicy::default(),
        members: vec![Member { agent: ana(), tier: 0 }],
    };
    store.put_group(&acme(), &group).await.unwrap();
    store.add_desk_session(&acme(), &ana(), "cookie", noon(60_000)).await.unwrap();
    store.add_sign_in_code(&acme(), &ana(), "code", noon(60_000)).await.unwrap();
    let long_ago = 1_000_000_000;
    let far_ahead = 4_000_000_000;
    assert!(store.token_holder(&acme(), &ana(), far_ahead).await.unwrap().is_some());

    assert!(store.remove_agent(&acme(), &ana()).await.unwrap());
    assert!(!store.remove_agent(&acme(), &ana()).await.unwrap());
    assert_eq!(store.agent(&acme(), &ana()).await.unwrap(), None);
    assert_eq!(store.desk_session("cookie", noon(0)).await.unwrap(), None);
    assert_eq!(store.take_sign_in_code("code", noon(0)).await.unwrap(), None);
    assert_eq!(store.group(&acme(), &group.id).await.unwrap().unwrap().members, []);
    assert_eq!(store.token_holder(&acme(), &ana(), far_ahead).await.unwrap(), None);

    // Somebody new under the old id: tokens from before are not theirs.
    store.put_agent(&acme(), &ana(), "Another Ana").await.unwrap();
    assert_eq!(store.token_holder(&acme(), &ana(), long_ago).await.unwrap(), None);
    assert!(store.token_holder(&acme(), &ana(), far_ahead).await.unwrap().is_some());
    assert!(!store.remove_agent(&acme(), &AgentId::new("nobody").unwrap()).await.unwrap());
}

#[tokio::test]
async fn a_file_from_before_there_were_rights_opens_and_everybody_can_do_what_they_could() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ringdown.db");
    // A whole file of the version before: made by its own steps, and noted as they were.
    let store = Store::open(&file).await.unwrap();
    store.close().await;
    let options = SqliteConnectOptions::new().filename(&file);
    let mut old = SqliteConnection::connect_with(&options).await.unwrap();
    for undo in [
        "DROP TABLE ring_group_member",
        "DROP TABLE ring_group",
        "ALTER TABLE line DROP COLUMN chosen_group",
        "ALTER TABLE line DROP COLUMN default_group",
        "ALTER TABLE api_key DROP COLUMN rights",
        "ALTER TABLE agent DROP COLUMN since",
        "ALTER TABLE agent DROP COLUMN rights",
        "DELETE FROM _sqlx_migrations WHERE version = 3",
        "INSERT INTO workspace VALUES ('acme', 'Acme', 'USD', 0)",
        "INSERT INTO line VALUES ('1', 'acme', 'Support', 1, 'off')",
        "INSERT INTO agent VALUES ('acme', 'ana', 'Ana')",
        "INSERT INTO desk_session VALUES (x'00', 'acme', 'ana', 1)",
    ] {
        sqlx::query(undo).execute(&mut old).await.unwrap();
    }
    let hash: Vec<u8> = Sha256::digest(KEY.as_bytes()).to_vec();
    sqlx::query("INSERT INTO api_key VALUES ('crm', ?, 'acme')")
        .bind(hash)
        .execute(&mut old)
        .await
        .unwrap();
    old.close().await.unwrap();

    let store = Store::open(&file).await.unwrap();
    let agent = store.agent(&acme(), &ana()).await.unwrap().unwrap();
    assert_eq!((agent.name.as_str(), agent.rights), ("Ana", Rights::default()));
    assert_eq!(store.check_api_key(KEY).await.unwrap().unwrap().rights, Rights::ALL);
    assert_eq!(store.lines().await.unwrap()[0].group, None);
    assert!(store.token_holder(&acme(), &ana(), 1).await.unwrap().is_some(), "old tokens hold");
    assert_eq!(store.groups(&acme()).await.unwrap(), []);
}
