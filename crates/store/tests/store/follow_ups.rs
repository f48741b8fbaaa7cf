//! A missed call is followed up: once for each contact, until somebody talked or said it is done.

use model::{CallId, Cause, FollowUpId, MissedReason, Party, Phone, Timestamp, WorkspaceId};
use store::{Cdr, NOTE_LENGTH_MAX, NewCall, Store, StoreError};
use uuid::Uuid;
use wire::rest::{CallBack, FollowUp, FollowUpEnd, FollowUpState, MarkDone, NoCallBack};

use crate::world::{World, acme, ana, call_id, missed, new_call, noon, talked};

fn follow_up_id(number: u128) -> FollowUpId {
    FollowUpId::from_uuid(Uuid::from_u128(number))
}

async fn listed(store: &Store, state: FollowUpState) -> Vec<FollowUp> {
    store.follow_ups(&acme(), state, 50, None).await.expect("a test value").items
}

async fn miss(world: &World, number: u128, cause: Cause) -> CallId {
    let call = world.open_call(number).await;
    world.store.close_call(missed(call, cause), vec![]).await.expect("a test value");
    call
}

async fn talk(world: &World, number: u128, ended_at: Timestamp) {
    let call = world.open_call(number).await;
    world.store.close_call(Cdr { ended_at, ..talked(call) }, vec![]).await.expect("a test value");
}

#[tokio::test]
async fn a_second_missed_call_of_a_contact_adds_to_the_open_follow_up() {
    let world = World::new().await;
    miss(&world, 1, Cause::NobodyReady).await;
    let second = miss(&world, 2, Cause::CallerHungUp).await;
    let open = listed(&world.store, FollowUpState::Open).await;
    let [follow_up] = &open[..] else { panic!("one contact: {open:#?}") };
    assert_eq!(follow_up.id, follow_up_id(1));
    assert_eq!((follow_up.missed, follow_up.since), (2, noon(1)));
    assert_eq!((follow_up.last_call, follow_up.last_at), (second, noon(2)));
    assert_eq!(follow_up.last_reason, MissedReason::CallerGaveUp);
    assert_eq!(follow_up.last_in_words, "The caller gave up after 20 s.");
    assert_eq!(follow_up.display, "Carla");
    assert_eq!(follow_up.contact[0].to_string(), "phone:15550002222");
    let why_not = Some(NoCallBack::CallingOutNotAvailable);
    assert_eq!(follow_up.call_back, CallBack { possible: false, why_not });
}

#[tokio::test]
async fn talking_with_the_contact_later_does_it() {
    let world = World::new().await;
    miss(&world, 1, Cause::NoAnswer).await;
    talk(&world, 2, noon(60_000)).await;
    assert_eq!(listed(&world.store, FollowUpState::Open).await, []);
    let done = listed(&world.store, FollowUpState::Done).await;
    let how = done[0].done.as_ref().expect("a test value");
    assert_eq!((how.how, how.call), (FollowUpEnd::Talked, Some(call_id(2))));
    assert_eq!((how.agent.clone(), how.at), (Some(ana()), noon(60_000)));
    // What is missed after that is new.
    let late = NewCall { arrived_at: noon(70_000), ..new_call(3) };
    world.store.open_call(late).await.expect("a test value");
    world
        .store
        .close_call(missed(call_id(3), Cause::NoAnswer), vec![])
        .await
        .expect("a test value");
    let open = listed(&world.store, FollowUpState::Open).await;
    assert_eq!((open.len(), open[0].id, open[0].missed), (1, follow_up_id(3), 1));
}

#[tokio::test]
async fn a_talk_before_the_missed_call_does_not_do_it_even_if_it_is_booked_later() {
    let world = World::new().await;
    world.open_call(1).await;
    miss(&world, 50, Cause::NoAnswer).await;
    let early = Cdr { ended_at: noon(10), ..talked(call_id(1)) };
    world.store.close_call(early, vec![]).await.expect("a test value");
    assert_eq!(listed(&world.store, FollowUpState::Open).await.len(), 1);
}

#[tokio::test]
async fn a_missed_call_that_is_booked_after_a_later_talk_needs_no_follow_up() {
    let world = World::new().await;
    world.open_call(1).await;
    talk(&world, 2, noon(60_000)).await;
    world
        .store
        .close_call(missed(call_id(1), Cause::Restarted), vec![])
        .await
        .expect("a test value");
    assert_eq!(listed(&world.store, FollowUpState::Open).await, []);
    assert_eq!(world.store.missed(&acme(), 10).await.expect("a test value").len(), 1);
}

#[tokio::test]
async fn a_call_that_is_closed_twice_counts_once() {
    let world = World::new().await;
    let call = miss(&world, 1, Cause::NoAnswer).await;
    world.store.close_call(missed(call, Cause::NoAnswer), vec![]).await.expect("a test value");
    assert_eq!(listed(&world.store, FollowUpState::Open).await[0].missed, 1);
}

#[tokio::test]
async fn it_is_done_by_hand_once_and_opened_again() {
    let world = World::new().await;
    let store = &world.store;
    miss(&world, 1, Cause::NoAnswer).await;
    let id = follow_up_id(1);
    let mark = MarkDone { agent: Some(ana()), note: Some("wrote an email".to_owned()) };
    let done =
        store.mark_follow_up_done(&acme(), id, mark, noon(5_000)).await.expect("a test value");
    assert_eq!(done.state, FollowUpState::Done);
    let again = store.mark_follow_up_done(&acme(), id, MarkDone::default(), noon(9_000)).await;
    assert_eq!(again.expect("a test value"), done, "the first stays");
    let how = done.done.expect("a test value");
    assert_eq!((how.how, how.at, how.agent), (FollowUpEnd::ByHand, noon(5_000), Some(ana())));
    assert_eq!(how.note.as_deref(), Some("wrote an email"));

    let open = store.reopen_follow_up(&acme(), id).await.expect("a test value");
    assert_eq!((open.state, open.done.clone(), open.missed), (FollowUpState::Open, None, 1));
    assert_eq!(store.reopen_follow_up(&acme(), id).await.expect("a test value"), open);

    store
        .mark_follow_up_done(&acme(), id, MarkDone::default(), noon(9_000))
        .await
        .expect("a test value");
    miss(&world, 2, Cause::NoAnswer).await;
    let refused = store.reopen_follow_up(&acme(), id).await;
    assert!(matches!(refused, Err(StoreError::FollowUpOpen)));
    let note = Some("x".repeat(NOTE_LENGTH_MAX + 1));
    let long = MarkDone { agent: None, note };
    let refused = store.mark_follow_up_done(&acme(), follow_up_id(2), long, noon(1)).await;
    assert!(matches!(refused, Err(StoreError::TextTooLong { .. })));
}

#[tokio::test]
async fn another_workspace_neither_sees_nor_changes_it() {
    let world = World::new().await;
    let store = &world.store;
    miss(&world, 1, Cause::NoAnswer).await;
    let (other, id) = (WorkspaceId::new("other").expect("a test value"), follow_up_id(1));
    let page = store.follow_ups(&other, FollowUpState::Open, 10, None).await.expect("a test value");
    assert_eq!(page.items, []);
    assert_eq!(store.follow_up(&other, id).await.expect("a test value"), None);
    let marked = store.mark_follow_up_done(&other, id, MarkDone::default(), noon(1)).await;
    assert!(matches!(marked, Err(StoreError::UnknownFollowUp { .. })));
    let reopened = store.reopen_follow_up(&other, id).await;
    assert!(matches!(reopened, Err(StoreError::UnknownFollowUp { .. })));
    assert_eq!(listed(store, FollowUpState::Open).await.len(), 1);
}

#[tokio::test]
async fn the_list_is_paged_newest_first() {
    let world = World::new().await;
    let store = &world.store;
    for number in 1..=5_u128 {
        let phone = Phone::new(&format!("1555000{number}"));
        let party = Party { phone, ..Party::default() };
        store.open_call(NewCall { party, ..new_call(number) }).await.expect("a test value");
        store
            .close_call(missed(call_id(number), Cause::NoAnswer), vec![])
            .await
            .expect("a test value");
    }
    for state in [FollowUpState::Open, FollowUpState::Done] {
        let (mut seen, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let page =
                store.follow_ups(&acme(), state, 2, cursor.as_deref()).await.expect("a test value");
            seen.extend(page.items.iter().map(|follow_up| follow_up.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!(seen, [5, 4, 3, 2, 1].map(follow_up_id), "{state:?}");
        for id in [1, 2, 3, 4, 5] {
            let at = noon(i64::try_from(id).expect("a test value"));
            let mark = MarkDone::default();
            store
                .mark_follow_up_done(&acme(), follow_up_id(id), mark, at)
                .await
                .expect("a test value");
        }
    }
    let refused = store.follow_ups(&acme(), FollowUpState::Open, 2, Some("7.call_1")).await;
    assert!(matches!(refused, Err(StoreError::Cursor)));
}
