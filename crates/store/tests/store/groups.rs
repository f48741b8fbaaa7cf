//! Groups are kept whole, in their workspace, and know only agents who are there.

use model::{AgentId, GroupId, Member, Overflow, RingPolicy, Strategy, WorkspaceId};
use store::{GroupRow, LineRow, StoreError};

use crate::world::{World, acme, ana, line, line_id, workspace};

fn group_id(id: &str) -> GroupId {
    GroupId::new(id).unwrap()
}

fn support() -> GroupRow {
    GroupRow {
        id: group_id("support"),
        name: "Support".to_owned(),
        policy: RingPolicy {
            strategy: Strategy::Tiers,
            overflow: Overflow::Queue { max_wait_seconds: 120 },
            ..RingPolicy::default()
        },
        members: vec![Member { agent: ana(), tier: 1 }],
    }
}

#[tokio::test]
async fn a_group_comes_back_as_it_was_put_and_goes_when_removed() {
    let world = World::new().await;
    let store = &world.store;
    let bo = AgentId::new("bo").unwrap();
    store.put_agent(&acme(), &bo, "Bo").await.unwrap();
    store.put_group(&acme(), &support()).await.unwrap();
    assert_eq!(store.group(&acme(), &support().id).await.unwrap(), Some(support()));
    let changed = GroupRow {
        name: "Help".to_owned(),
        members: vec![Member { agent: bo, tier: 0 }, Member { agent: ana(), tier: 3 }],
        ..support()
    };
    store.put_group(&acme(), &changed).await.unwrap();
    assert_eq!(store.groups(&acme()).await.unwrap(), [changed]);
    assert!(store.remove_group(&acme(), &support().id).await.unwrap());
    assert!(!store.remove_group(&acme(), &support().id).await.unwrap());
    assert_eq!(store.groups(&acme()).await.unwrap(), []);
}

#[tokio::test]
async fn groups_of_one_id_in_two_workspaces_are_two_groups() {
    let world = World::new().await;
    let store = &world.store;
    let other = WorkspaceId::new("other").unwrap();
    store.ensure_workspace(&store::Workspace { id: other.clone(), ..workspace() }).await.unwrap();
    store.put_group(&acme(), &support()).await.unwrap();
    assert_eq!(store.group(&other, &support().id).await.unwrap(), None);
    // Ana is an agent of acme alone.
    let refused = store.put_group(&other, &support()).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    assert_eq!(store.groups(&other).await.unwrap(), [], "nothing of it was kept");
    let empty = GroupRow { members: vec![], ..support() };
    store.put_group(&other, &empty).await.unwrap();
    assert!(!store.remove_group(&WorkspaceId::new("third").unwrap(), &empty.id).await.unwrap());
    assert!(store.remove_group(&other, &empty.id).await.unwrap());
    assert_eq!(store.groups(&acme()).await.unwrap(), [support()]);
}

#[tokio::test]
async fn the_group_chosen_for_a_line_outlives_a_start_and_not_a_move() {
    let world = World::new().await;
    let store = &world.store;
    let group_of = async || store.line(&line_id()).await.unwrap().unwrap().group;
    let configured = LineRow { group: Some(group_id("day")), ..line() };
    store.ensure_line(&configured).await.unwrap();
    assert_eq!(group_of().await, Some(group_id("day")));
    assert!(store.choose_group(&acme(), &line_id(), Some(&group_id("night"))).await.unwrap());
    store.ensure_line(&configured).await.unwrap();
    assert_eq!(group_of().await, Some(group_id("night")), "as a start of the daemon does");
    assert!(store.choose_group(&acme(), &line_id(), None).await.unwrap());
    assert_eq!(group_of().await, Some(group_id("day")));

    let other = WorkspaceId::new("other").unwrap();
    assert!(!store.choose_group(&other, &line_id(), Some(&group_id("x"))).await.unwrap());
    store.choose_group(&acme(), &line_id(), Some(&group_id("night"))).await.unwrap();
    store.ensure_workspace(&store::Workspace { id: other.clone(), ..workspace() }).await.unwrap();
    store.ensure_line(&LineRow { workspace: other, ..line() }).await.unwrap();
    assert_eq!(group_of().await, None, "the group is not the new workspace's");
}
