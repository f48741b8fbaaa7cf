//! Groups are kept whole, in their workspace, and know only agents who are there.

use model::{AgentId, GroupId, Member, Overflow, RingPolicy, Strategy, WorkspaceId};
use store::{GroupRow, LineRow, StoreError};

use crate::world::{World, acme, ana, line, line_id, workspace};

fn group_id(id: &str) -> GroupId {
    GroupId::new(id).expect("a test value")
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
    let bo = AgentId::new("bo").expect("a test value");
    store.put_agent(&acme(), &bo, "Bo").await.expect("a test value");
    store.put_group(&acme(), &support()).await.expect("a test value");
    assert_eq!(store.group(&acme(), &support().id).await.expect("a test value"), Some(support()));
    let changed = GroupRow {
        name: "Help".to_owned(),
        members: vec![Member { agent: bo, tier: 0 }, Member { agent: ana(), tier: 3 }],
        ..support()
    };
    store.put_group(&acme(), &changed).await.expect("a test value");
    assert_eq!(store.groups(&acme()).await.expect("a test value"), [changed]);
    assert!(store.remove_group(&acme(), &support().id).await.expect("a test value"));
    assert!(!store.remove_group(&acme(), &support().id).await.expect("a test value"));
    assert_eq!(store.groups(&acme()).await.expect("a test value"), []);
}

#[tokio::test]
async fn groups_of_one_id_in_two_workspaces_are_two_groups() {
    let world = World::new().await;
    let store = &world.store;
    let other = WorkspaceId::new("other").expect("a test value");
    store
        .ensure_workspace(&store::Workspace { id: other.clone(), ..workspace() })
        .await
        .expect("a test value");
    store.put_group(&acme(), &support()).await.expect("a test value");
    assert_eq!(store.group(&other, &support().id).await.expect("a test value"), None);
    // Ana is an agent of acme alone.
    let refused = store.put_group(&other, &support()).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    assert_eq!(store.groups(&other).await.expect("a test value"), [], "nothing of it was kept");
    let empty = GroupRow { members: vec![], ..support() };
    store.put_group(&other, &empty).await.expect("a test value");
    assert!(
        !store
            .remove_group(&WorkspaceId::new("third").expect("a test value"), &empty.id)
            .await
            .expect("a test value")
    );
    assert!(store.remove_group(&other, &empty.id).await.expect("a test value"));
    assert_eq!(store.groups(&acme()).await.expect("a test value"), [support()]);
}

#[tokio::test]
async fn the_group_chosen_for_a_line_outlives_a_start_and_not_a_move() {
    let world = World::new().await;
    let store = &world.store;
    let group_of =
        async || store.line(&line_id()).await.expect("a test value").expect("a test value").group;
    let configured = LineRow { group: Some(group_id("day")), ..line() };
    store.ensure_line(&configured).await.expect("a test value");
    assert_eq!(group_of().await, Some(group_id("day")));
    assert!(
        store
            .choose_group(&acme(), &line_id(), Some(&group_id("night")))
            .await
            .expect("a test value")
    );
    store.ensure_line(&configured).await.expect("a test value");
    assert_eq!(group_of().await, Some(group_id("night")), "as a start of the daemon does");
    assert!(store.choose_group(&acme(), &line_id(), None).await.expect("a test value"));
    assert_eq!(group_of().await, Some(group_id("day")));

    let other = WorkspaceId::new("other").expect("a test value");
    assert!(
        !store.choose_group(&other, &line_id(), Some(&group_id("x"))).await.expect("a test value")
    );
    store.choose_group(&acme(), &line_id(), Some(&group_id("night"))).await.expect("a test value");
    store
        .ensure_workspace(&store::Workspace { id: other.clone(), ..workspace() })
        .await
        .expect("a test value");
    store.ensure_line(&LineRow { workspace: other, ..line() }).await.expect("a test value");
    assert_eq!(group_of().await, None, "the group is not the new workspace's");
}
