//! A call that we place is stored before Meta names it, and is named once.

use model::{Cause, Direction, Party, Phone};
use store::{Burial, Named, NewCall, Opened, PlacedCall};

use crate::world::{NUMBER, World, acme, call_id, line_id, missed, new_call, noon, wacid};

fn placed(number: u128) -> PlacedCall {
    PlacedCall {
        id: call_id(number),
        workspace: acme(),
        line: line_id(),
        party: Party { phone: Phone::new(NUMBER), ..Party::default() },
        placed_at: noon(0),
    }
}

const OURS: Option<Direction> = Some(Direction::BusinessInitiated);
const THEIRS: Option<Direction> = Some(Direction::UserInitiated);

#[tokio::test]
async fn a_call_is_there_before_it_has_a_name_and_has_one_name_then() {
    let world = World::new().await;
    let store = &world.store;
    store.place_call(placed(1)).await.unwrap();
    store.place_call(placed(2)).await.unwrap();
    let left = store.unfinished_calls().await.unwrap();
    assert_eq!(left.len(), 2, "a crash leaves both behind");
    assert!(left.iter().all(|call| call.wacid.is_none() && Some(call.direction) == OURS));

    let name =
        async |call, which| store.name_call(call_id(call), &wacid(which), noon(1)).await.unwrap();
    assert_eq!(name(1, 10).await, Named::New);
    assert_eq!(name(1, 10).await, Named::Known);
    assert_eq!(name(1, 11).await, Named::Otherwise, "connect was answered twice");
    assert_eq!(name(2, 10).await, Named::Taken(call_id(1)));
    assert_eq!(store.call_of(&wacid(10), OURS).await.unwrap(), Some(call_id(1)));
    assert_eq!(store.call_of(&wacid(11), None).await.unwrap(), None);
}

#[tokio::test]
async fn a_call_that_is_not_placed_after_all_leaves_nothing_and_one_that_has_a_name_stays() {
    let world = World::new().await;
    let store = &world.store;
    store.place_call(placed(1)).await.unwrap();
    store.place_call(placed(2)).await.unwrap();
    store.name_call(call_id(2), &wacid(10), noon(1)).await.unwrap();
    for number in [1, 2, 3] {
        store.take_back_placed(call_id(number)).await.unwrap();
    }
    let left = store.unfinished_calls().await.unwrap();
    assert_eq!(left.iter().map(|call| call.id).collect::<Vec<_>>(), [call_id(2)]);
}

#[tokio::test]
async fn c11_the_same_id_in_each_direction_is_two_calls() {
    let world = World::new().await;
    let store = &world.store;
    store.place_call(placed(1)).await.unwrap();
    store.name_call(call_id(1), &wacid(7), noon(0)).await.unwrap();
    let came_in = NewCall { wacid: wacid(7), ..new_call(2) };
    assert_eq!(store.open_call(came_in.clone()).await.unwrap(), Opened::New);
    let again = NewCall { id: call_id(3), ..came_in };
    assert_eq!(store.open_call(again).await.unwrap(), Opened::Known(call_id(2)));
    assert_eq!(store.call_of(&wacid(7), OURS).await.unwrap(), Some(call_id(1)));
    assert_eq!(store.call_of(&wacid(7), THEIRS).await.unwrap(), Some(call_id(2)));
    // A hang-up that does not say whose goes to the one that lives.
    store.close_call(missed(call_id(2), Cause::CallerHungUp), vec![]).await.unwrap();
    assert_eq!(store.call_of(&wacid(7), None).await.unwrap(), Some(call_id(1)));
}

#[tokio::test]
async fn a_hang_up_that_came_before_the_name_is_told_with_it_and_to_its_direction_only() {
    let world = World::new().await;
    let store = &world.store;
    store.place_call(placed(1)).await.unwrap();
    assert_eq!(store.bury(&wacid(5), OURS, noon(0)).await.unwrap(), Burial::Buried);
    let came_in = NewCall { wacid: wacid(5), ..new_call(2) };
    assert_eq!(store.open_call(came_in).await.unwrap(), Opened::New, "it was not theirs");
    let named = store.name_call(call_id(1), &wacid(5), noon(1)).await.unwrap();
    assert_eq!(named, Named::Buried);
    store.place_call(placed(3)).await.unwrap();
    assert_eq!(store.bury(&wacid(6), None, noon(0)).await.unwrap(), Burial::Buried);
    let named = store.name_call(call_id(3), &wacid(6), noon(1)).await.unwrap();
    assert_eq!(named, Named::Buried, "whoever called");
}
