//! However often and in whatever order Meta delivers a call, it is opened once.

use model::{LineId, WorkspaceId};
use store::{Burial, NewCall, Opened, StoreError, TOMBSTONE_KEPT_MS};
use tokio::task::JoinSet;
use wire::rest::CallState;

use crate::world::{World, acme, call_id, event, missed, new_call, noon, open, talked, wacid};

#[tokio::test]
async fn fifty_deliveries_at_once_open_one_call() {
    let world = World::new().await;
    // Half of them through another door to the same file, as a second process would.
    let beside = open(world.directory.path()).await;
    let mut deliveries = JoinSet::new();
    for number in 1..=50 {
        let store = if number % 2 == 0 { &world.store } else { &beside }.clone();
        let new = NewCall { wacid: wacid(1), ..new_call(number) };
        deliveries.spawn(async move { (new.id, store.open_call(new).await) });
    }
    let mut winner = None;
    let mut known = Vec::new();
    for (id, opened) in deliveries.join_all().await {
        match opened.unwrap() {
            Opened::New => assert_eq!(winner.replace(id), None, "two calls were opened"),
            Opened::Known(call) => known.push(call),
            Opened::Buried => panic!("nothing was buried"),
        }
    }
    let winner = winner.unwrap();
    assert_eq!(known, [winner; 49]);
    assert_eq!(world.store.call_of(&wacid(1), None).await.unwrap(), Some(winner));
    assert_eq!(world.store.unfinished_calls().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_ended_call_is_known_for_ever() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.close_call(talked(call), vec![]).await.unwrap();
    let years_later =
        NewCall { id: call_id(2), arrived_at: noon(100 * TOMBSTONE_KEPT_MS), ..new_call(1) };
    assert_eq!(world.store.open_call(years_later).await.unwrap(), Opened::Known(call));
}

#[tokio::test]
async fn a_call_whose_hang_up_came_first_is_stored_but_must_not_ring() {
    let world = World::new().await;
    let store = &world.store;
    assert_eq!(store.bury(&wacid(1), None, noon(0)).await.unwrap(), Burial::Buried);
    assert_eq!(store.bury(&wacid(1), None, noon(1)).await.unwrap(), Burial::Buried);
    assert_eq!(store.call_of(&wacid(1), None).await.unwrap(), None);
    assert_eq!(store.open_call(new_call(1)).await.unwrap(), Opened::Buried);
    // It gets its CDR, and a re-sent connect finds it.
    let cdr = missed(call_id(1), model::Cause::TerminatedBeforeConnect);
    store.close_call(cdr, vec![]).await.unwrap();
    assert_eq!(store.open_call(new_call(1)).await.unwrap(), Opened::Known(call_id(1)));
    assert_eq!(store.missed(&acme(), 10).await.unwrap().len(), 1);
    assert_eq!(store.open_call(new_call(2)).await.unwrap(), Opened::New);
}

#[tokio::test]
async fn a_hang_up_of_a_known_call_is_handed_back_and_not_buried() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    assert_eq!(world.store.bury(&wacid(1), None, noon(5)).await.unwrap(), Burial::Known(call));
}

#[tokio::test]
async fn a_hang_up_racing_its_connect_is_never_lost() {
    let world = World::new().await;
    for number in 1..=30 {
        let (store, new) = (world.store.clone(), new_call(number));
        let connect = tokio::spawn(async move { store.open_call(new).await.unwrap() });
        let store = world.store.clone();
        let terminate =
            tokio::spawn(async move { store.bury(&wacid(number), None, noon(0)).await.unwrap() });
        match (connect.await.unwrap(), terminate.await.unwrap()) {
            (Opened::New, Burial::Known(call)) => assert_eq!(call, call_id(number)),
            (Opened::Buried, Burial::Buried) => {}
            (opened, burial) => panic!("the hang-up was lost: {opened:?}, {burial:?}"),
        }
    }
}

#[tokio::test]
async fn a_tombstone_outlives_eight_days_and_goes_after_its_time() {
    let eight_days = 8 * 24 * 60 * 60 * 1_000;
    const { assert!(TOMBSTONE_KEPT_MS >= 8 * 24 * 60 * 60 * 1_000) };
    let world = World::new().await;
    let store = &world.store;
    for (number, late, expected) in [
        (1, eight_days, Opened::Buried),
        (2, TOMBSTONE_KEPT_MS, Opened::Buried),
        (3, TOMBSTONE_KEPT_MS + 1, Opened::New),
    ] {
        store.bury(&wacid(number), None, noon(0)).await.unwrap();
        let new = NewCall { arrived_at: noon(late), ..new_call(number) };
        assert_eq!(store.open_call(new).await.unwrap(), expected, "{late} ms");
    }
}

#[tokio::test]
async fn a_call_on_an_unknown_line_is_refused_and_leaves_nothing() {
    let world = World::new().await;
    let stray = NewCall { line: LineId::new("1").unwrap(), ..new_call(1) };
    let refused = world.store.open_call(stray).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    let stray = NewCall { workspace: WorkspaceId::new("other").unwrap(), ..new_call(1) };
    let refused = world.store.open_call(stray).await;
    assert!(matches!(refused, Err(StoreError::Dangling { .. })));
    assert_eq!(world.store.call_of(&wacid(1), None).await.unwrap(), None);
}

#[tokio::test]
async fn the_journal_counts_without_a_gap_under_concurrency() {
    let world = World::new().await;
    let (one, two) = (world.open_call(1).await, world.open_call(2).await);
    let mut writers = JoinSet::new();
    for number in 0..40 {
        let store = world.store.clone();
        let call = if number % 2 == 0 { one } else { two };
        writers.spawn(async move { (call, store.append(call, event("noted", number)).await) });
    }
    let mut numbers = writers.join_all().await;
    numbers.sort_by_key(|(call, seq)| (*call, *seq.as_ref().unwrap()));
    let found: Vec<_> = numbers.into_iter().map(|(call, seq)| (call, seq.unwrap())).collect();
    let wanted: Vec<_> =
        [one, two].into_iter().flat_map(|call| (1..=20).map(move |seq| (call, seq))).collect();
    assert_eq!(found, wanted);
}

#[tokio::test]
async fn nothing_is_added_to_a_call_that_is_not_there() {
    let world = World::new().await;
    let ghost = call_id(404);
    let append = world.store.append(ghost, event("noted", 0)).await;
    assert!(matches!(append, Err(StoreError::UnknownCall { call }) if call == ghost));
    let state = world.store.set_state(ghost, CallState::Ringing).await;
    assert!(matches!(state, Err(StoreError::UnknownCall { call }) if call == ghost));
    let close = world.store.close_call(talked(ghost), vec![]).await;
    assert!(matches!(close, Err(StoreError::UnknownCall { call }) if call == ghost));
}

#[tokio::test]
async fn a_call_moves_on_and_ends_only_with_its_cdr() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    let state = async || store.call(&acme(), call).await.unwrap().unwrap().summary.state;
    assert_eq!(state().await, CallState::Offered);
    for (asked, kept) in [
        (CallState::Ringing, CallState::Ringing),
        (CallState::Accepting, CallState::Accepting),
        (CallState::Bridged, CallState::Bridged),
        (CallState::Ending, CallState::Ending),
        (CallState::Ended, CallState::Ending),
    ] {
        store.set_state(call, asked).await.unwrap();
        assert_eq!(state().await, kept);
    }
    assert_eq!(store.unfinished_calls().await.unwrap().len(), 1);
    store.close_call(talked(call), vec![]).await.unwrap();
    store.set_state(call, CallState::Ringing).await.unwrap();
    assert_eq!(state().await, CallState::Ended);
    assert_eq!(store.unfinished_calls().await.unwrap(), []);
}
