//! A hang-up that Meta did not answer is kept, across a crash, until it did or is too old to matter.

use model::Timestamp;

use crate::world::World;

#[tokio::test]
async fn c7_a_hang_up_is_kept_until_it_is_answered_or_old() {
    let world = World::new().await;
    let (first, second) = (world.open_call(1).await, world.open_call(2).await);
    let at = Timestamp::from_seconds;
    world.store.keep_hang_up(first, at(100)).await.unwrap();
    world.store.keep_hang_up(second, at(200)).await.unwrap();
    world.store.keep_hang_up(second, at(900)).await.unwrap();
    let (crashed, _folder) = world.after_a_crash().await;
    let calls = async |after| -> Vec<_> {
        crashed.kept_hang_ups(at(after)).await.unwrap().iter().map(|kept| kept.call).collect()
    };
    assert_eq!(calls(50).await, [first, second], "in order, with when they began");
    assert_eq!(calls(150).await, [second], "what is too old is forgotten");
    assert_eq!(calls(50).await, [second]);
    crashed.forget_hang_up(second).await.unwrap();
    assert_eq!(calls(50).await, []);
}
