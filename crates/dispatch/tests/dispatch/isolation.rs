//! Workspaces never see each other's events.

use crate::receiver::Receiver;
use crate::world::{SETTINGS, STORY, World, dispatch, workspace};

#[tokio::test]
async fn each_workspace_gets_its_own_events_and_none_of_the_other() {
    let world = World::new().await;
    let rounds = dispatch(&world.store, SETTINGS).start();
    let (ours, theirs) = (Receiver::willing().await, Receiver::willing().await);
    world.endpoint_of("acme", &ours.url()).await;
    world.endpoint_of("other", &theirs.url()).await;
    for name in ["acme", "other", "acme", "other"] {
        let call = world.call_of(name).await;
        for event in STORY {
            world.happens(call, event).await;
        }
    }
    for (name, receiver) in [("acme", &ours), ("other", &theirs)] {
        let got = receiver.until("all", |got| got.len() == 6).await;
        assert!(got.iter().all(|got| got.event().workspace == workspace(name)), "{name}");
        let page = world.store.events_after(&workspace(name), None, &[], 100).await.unwrap();
        assert_eq!(page.items.len(), 6);
        assert!(page.items.iter().all(|event| event.workspace == workspace(name)));
    }
    rounds.stop().await;
    assert_eq!((ours.got().len(), theirs.got().len()), (6, 6));
}
