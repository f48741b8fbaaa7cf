//! A secret opens its door once or until it ends, and is not in the file.

use model::{AgentId, Rights, WorkspaceId};
use store::{ApiKeyRow, StoreError};
use tokio::task::JoinSet;

use crate::world::{World, acme, ana, noon};

const KEY: &str = "rd_5f0c9a7be1d24c6f8b3a90e2d7c41f66";
const CODE: &str = "K7QX-2M9D-WT4H-8RBN";
const COOKIE: &str = "0d6b1c2f4e8a97533f5e7d91b2c4a680";

#[tokio::test]
async fn an_api_key_opens_its_workspace_until_it_is_revoked() {
    let world = World::new().await;
    let store = &world.store;
    assert!(!store.any_api_key(&acme()).await.unwrap());
    store.add_api_key(&acme(), "crm", KEY).await.unwrap();
    assert!(store.any_api_key(&acme()).await.unwrap());
    assert_eq!(
        store.check_api_key(KEY).await.unwrap(),
        Some(ApiKeyRow { workspace: acme(), name: "crm".to_owned(), rights: Rights::ALL })
    );
    assert_eq!(store.check_api_key("rd_wrong").await.unwrap(), None);
    assert_eq!(store.check_api_key("").await.unwrap(), None);
    assert!(store.revoke_api_key("crm").await.unwrap());
    assert!(!store.revoke_api_key("crm").await.unwrap());
    assert_eq!(store.check_api_key(KEY).await.unwrap(), None);
    assert!(!store.any_api_key(&acme()).await.unwrap());
}

#[tokio::test]
async fn a_name_belongs_to_one_key_and_a_key_to_one_name() {
    let world = World::new().await;
    let store = &world.store;
    store.add_api_key(&acme(), "crm", KEY).await.unwrap();
    store.add_api_key(&acme(), "crm", KEY).await.unwrap();
    let taken = store.add_api_key(&acme(), "crm", "rd_another").await;
    assert!(matches!(taken, Err(StoreError::KeyNameTaken { name }) if name == "crm"));
    let reused = store.add_api_key(&acme(), "helpdesk", KEY).await;
    assert!(matches!(reused, Err(StoreError::KeyReused { name }) if name == "helpdesk"));
    let other = WorkspaceId::new("other").unwrap();
    let stray = store.add_api_key(&other, "stray", "rd_stray").await;
    assert!(matches!(stray, Err(StoreError::Dangling { .. })));
    assert_eq!(store.check_api_key("rd_another").await.unwrap(), None);
}

#[tokio::test]
async fn a_sign_in_code_works_once_even_for_fifty_at_a_time() {
    let world = World::new().await;
    world.store.add_sign_in_code(&acme(), &ana(), CODE, noon(60_000)).await.unwrap();
    let mut tries = JoinSet::new();
    for _ in 0..50 {
        let store = world.store.clone();
        tries.spawn(async move { store.take_sign_in_code(CODE, noon(1)).await });
    }
    let taken: Vec<_> = tries.join_all().await.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [(acme(), ana())]);
}

#[tokio::test]
async fn a_code_and_a_session_end_at_their_time() {
    let world = World::new().await;
    let store = &world.store;
    let expires_at = noon(60_000);
    store.add_sign_in_code(&acme(), &ana(), CODE, expires_at).await.unwrap();
    store.add_desk_session(&acme(), &ana(), COOKIE, expires_at).await.unwrap();
    let just_before = noon(59_999);
    assert_eq!(store.desk_session(COOKIE, just_before).await.unwrap(), Some((acme(), ana())));
    assert_eq!(store.desk_session(COOKIE, expires_at).await.unwrap(), None);
    assert_eq!(store.take_sign_in_code(CODE, expires_at).await.unwrap(), None);
    // Taking swept what had expired: an earlier clock does not bring it back.
    assert_eq!(store.take_sign_in_code(CODE, noon(0)).await.unwrap(), None);
    assert_eq!(store.desk_session(COOKIE, noon(0)).await.unwrap(), None);
}

#[tokio::test]
async fn a_session_ends_when_the_agent_signs_out() {
    let world = World::new().await;
    let store = &world.store;
    store.add_desk_session(&acme(), &ana(), COOKIE, noon(60_000)).await.unwrap();
    assert!(store.end_desk_session(COOKIE).await.unwrap());
    assert!(!store.end_desk_session(COOKIE).await.unwrap());
    assert_eq!(store.desk_session(COOKIE, noon(1)).await.unwrap(), None);
}

#[tokio::test]
async fn nobody_signs_in_as_an_agent_who_is_not_there() {
    let world = World::new().await;
    let ghost = AgentId::new("ghost").unwrap();
    let code = world.store.add_sign_in_code(&acme(), &ghost, CODE, noon(1)).await;
    assert!(matches!(code, Err(StoreError::Dangling { .. })));
    let session = world.store.add_desk_session(&acme(), &ghost, COOKIE, noon(1)).await;
    assert!(matches!(session, Err(StoreError::Dangling { .. })));
}

#[tokio::test]
async fn a_secret_of_our_own_is_kept_and_replaced() {
    let world = World::new().await;
    let store = &world.store;
    assert_eq!(store.secret("agent_token_key").await.unwrap(), None);
    store.set_secret("agent_token_key", &[0, 1, 255]).await.unwrap();
    assert_eq!(store.secret("agent_token_key").await.unwrap(), Some(vec![0, 1, 255]));
    store.set_secret("agent_token_key", b"new").await.unwrap();
    assert_eq!(store.secret("agent_token_key").await.unwrap(), Some(b"new".to_vec()));
}

#[tokio::test]
async fn no_presented_secret_is_in_the_files() {
    let world = World::new().await;
    let store = &world.store;
    store.add_api_key(&acme(), "crm", KEY).await.unwrap();
    store.add_sign_in_code(&acme(), &ana(), CODE, noon(60_000)).await.unwrap();
    store.add_desk_session(&acme(), &ana(), COOKIE, noon(60_000)).await.unwrap();
    let bytes = |name: &str| std::fs::read(world.directory.path().join(name)).unwrap();
    let contains = |bytes: &[u8], text: &str| {
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    let open = [bytes("ringdown.db"), bytes("ringdown.db-wal")].concat();
    store.close().await;
    for files in [open, bytes("ringdown.db")] {
        // The key's name is there, so its row is: the search looks in the right place.
        assert!(contains(&files, "crm"));
        for secret in [KEY, CODE, COOKIE] {
            assert!(!contains(&files, secret));
        }
    }
}
