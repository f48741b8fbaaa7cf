//! Workspaces, lines and agents can be set up again and again.

use model::{AgentId, Currency, LineId, Micros, RecordingMode, Rights, WorkspaceId};
use store::{AgentRow, LineRow, StoreError, Workspace};

use crate::world::{World, acme, ana, line, line_id, top_up, workspace};

#[tokio::test]
async fn setting_up_again_changes_what_changed() {
    let world = World::new().await;
    let store = &world.store;
    let changed = Workspace {
        name: "Acme Ltd".to_owned(),
        minimum_balance: Micros::from_units(20),
        ..workspace()
    };
    store.ensure_workspace(&changed).await.unwrap();
    assert_eq!(store.workspace(&acme()).await.unwrap(), Some(changed));

    let quiet = LineRow { inbound: false, recording: RecordingMode::OnDemand, ..line() };
    store.ensure_line(&quiet).await.unwrap();
    assert_eq!(store.line(&line_id()).await.unwrap(), Some(quiet.clone()));
    assert_eq!(store.lines().await.unwrap(), [quiet]);

    store.put_agent(&acme(), &ana(), "Ana B.").await.unwrap();
    let bo = AgentId::new("bo").unwrap();
    store.put_agent(&acme(), &bo, "Bo").await.unwrap();
    let renamed = AgentRow { id: ana(), name: "Ana B.".to_owned(), rights: Rights::default() };
    assert_eq!(store.agent(&acme(), &ana()).await.unwrap(), Some(renamed.clone()));
    let agents = store.agents(&acme()).await.unwrap();
    assert_eq!(agents[0], renamed);
    assert_eq!(agents[1].id, bo);
    assert_eq!(agents.len(), 2);
}

#[tokio::test]
async fn what_is_not_set_up_is_not_there() {
    let world = World::new().await;
    let store = &world.store;
    let other = WorkspaceId::new("other").unwrap();
    assert_eq!(store.workspace(&other).await.unwrap(), None);
    assert_eq!(store.agent(&other, &ana()).await.unwrap(), None);
    assert_eq!(store.agents(&other).await.unwrap(), []);
    assert_eq!(store.line(&LineId::new("1").unwrap()).await.unwrap(), None);
    let refused = store.put_agent(&other, &ana(), "Ana").await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    let stray = LineRow { workspace: other, ..line() };
    let refused = store.ensure_line(&stray).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    assert_eq!(store.lines().await.unwrap(), [line()]);
}

#[tokio::test]
async fn the_currency_changes_only_before_the_first_money() {
    let world = World::new().await;
    let euro = Currency::new("EUR").unwrap();
    let in_euro = Workspace { currency: euro, ..workspace() };
    world.store.ensure_workspace(&in_euro).await.unwrap();
    world.store.ensure_workspace(&workspace()).await.unwrap();
    world.store.post(&top_up(5, "first")).await.unwrap();
    let refused = world.store.ensure_workspace(&in_euro).await;
    assert!(matches!(
        refused,
        Err(StoreError::Currency { kept: Currency::USD, given, .. }) if given == euro
    ));
    assert_eq!(world.store.workspace(&acme()).await.unwrap(), Some(workspace()));
}
