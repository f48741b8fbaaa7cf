//! What a contact permits a line is kept for each line, and follows the contact.

use call::{Permission, Permit, Reply};
use model::{Bsuid, LineId, Party, Phone, RecordingMode};
use store::{LineRow, PlacedCall};

use crate::world::{World, acme, call_id, line_id, noon};

fn by_phone() -> Party {
    Party { phone: Phone::new("15550007777"), ..Party::default() }
}

fn by_id() -> Party {
    Party { bsuid: Some(Bsuid("US.7".to_owned())), ..Party::default() }
}

fn grant(permit: &mut Permit) {
    permit.replied(Reply::Granted { permanent: true, until: None }, noon(0), noon(0));
}

#[tokio::test]
async fn a_permission_is_for_one_line_and_one_contact() {
    let world = World::new().await;
    let store = &world.store;
    let other = LineRow {
        id: LineId::new("other").unwrap(),
        workspace: acme(),
        name: "Other".to_owned(),
        inbound: true,
        recording: RecordingMode::Off,
        group: None,
    };
    store.ensure_line(&other).await.unwrap();
    store.change_permit(&acme(), &line_id(), &by_phone(), grant).await.unwrap();
    let of = async |line: &LineId, party: &Party| {
        store.permit(&acme(), line, party).await.unwrap().permission(noon(1))
    };
    assert_eq!(of(&line_id(), &by_phone()).await, Permission::Permanent);
    assert_eq!(of(&other.id, &by_phone()).await, Permission::None);
    assert_eq!(of(&line_id(), &by_id()).await, Permission::None, "nobody knows them");
    let nobody = store.change_permit(&acme(), &line_id(), &Party::default(), grant).await.unwrap();
    assert_eq!(nobody, None);
}

#[tokio::test]
async fn changes_at_the_same_time_all_count() {
    let world = World::new().await;
    let mut changes = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let store = world.store.clone();
        changes.spawn(async move {
            store.change_permit(&acme(), &line_id(), &by_phone(), Permit::did_not_answer).await
        });
    }
    changes.join_all().await;
    let permit = world.store.permit(&acme(), &line_id(), &by_phone()).await.unwrap();
    assert_eq!(permit.unanswered(), 20);
}

#[tokio::test]
async fn two_names_that_turn_out_to_be_one_contact_keep_what_was_permitted() {
    let world = World::new().await;
    let store = &world.store;
    store.change_permit(&acme(), &line_id(), &by_phone(), grant).await.unwrap();
    store.change_permit(&acme(), &line_id(), &by_id(), Permit::did_not_answer).await.unwrap();
    let both = Party { bsuid: by_id().bsuid, ..by_phone() };
    let placed = PlacedCall {
        id: call_id(1),
        workspace: acme(),
        line: line_id(),
        party: both,
        placed_at: noon(0),
    };
    store.place_call(placed).await.unwrap();
    for name in [by_phone(), by_id()] {
        let permit = store.permit(&acme(), &line_id(), &name).await.unwrap();
        assert_eq!(permit.permission(noon(1)), Permission::Permanent);
    }
}

#[tokio::test]
async fn calls_of_a_line_are_counted_from_a_moment_on() {
    let world = World::new().await;
    for number in 1..=3 {
        let placed = PlacedCall {
            id: call_id(number),
            workspace: acme(),
            line: line_id(),
            party: by_phone(),
            placed_at: noon(i64::try_from(number).unwrap()),
        };
        world.store.place_call(placed).await.unwrap();
    }
    world.open_call(9).await;
    assert_eq!(world.store.placed_since(&line_id(), noon(1)).await.unwrap(), 2);
}
