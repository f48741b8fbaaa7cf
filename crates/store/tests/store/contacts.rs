//! Every call is on its contact's timeline, and a person is one contact by whatever name they call.

use model::{
    AgentId, Bsuid, CallId, Cause, ContactKey, Direction, Disposition, LineId, MissedReason, Party,
    Phone, RecordingId, RecordingMode, WorkspaceId,
};
use sqlx::{Executor, Row};
use store::{Cdr, LineRow, NewCall, NewEvent, Store, StoreError, Workspace};
use uuid::Uuid;
use wire::rest::{Annotation, CallState, Talker};

use crate::world::{
    World, acme, ana, call_id, line_id, missed, new_call, noon, talked, wacid, workspace,
};

fn key(text: &str) -> ContactKey {
    text.parse().expect("a contact's key")
}

fn party(phone: Option<&str>, bsuid: Option<&str>) -> Party {
    Party {
        phone: phone.and_then(Phone::new),
        bsuid: bsuid.map(|id| Bsuid(id.to_owned())),
        ..Party::default()
    }
}

async fn call_by(store: &Store, number: u128, party: Party) -> CallId {
    let new = NewCall { party, ..new_call(number) };
    store.open_call(new).await.expect("a test value");
    call_id(number)
}

async fn timeline(store: &Store, of: &str) -> Option<Vec<CallId>> {
    let page = store.contact_timeline(&acme(), &key(of), 50, None).await.expect("a test value");
    page.map(|page| page.items.iter().map(|call| call.call).collect())
}

fn bridged(agent: &str) -> NewEvent {
    NewEvent {
        at: noon(0),
        offset_ms: 0,
        event: "bridged".to_owned(),
        detail: serde_json::json!({ "agent": agent }),
    }
}

#[tokio::test]
async fn the_timeline_tells_how_each_call_went() {
    let world = World::new().await;
    let store = &world.store;
    let bo = AgentId::new("bo").expect("a test value");
    world.open_call(1).await;
    store.close_call(missed(call_id(1), Cause::CallerHungUp), vec![]).await.expect("a test value");
    world.open_call(2).await;
    for agent in ["bo", "bo", "ana"] {
        store.append(call_id(2), bridged(agent)).await.expect("a test value");
    }
    let recording = Some(RecordingId::from_uuid(Uuid::from_u128(7)));
    store.close_call(Cdr { recording, ..talked(call_id(2)) }, vec![]).await.expect("a test value");
    let annotation = Annotation {
        agent: Some(ana()),
        note: Some("wants a refund".to_owned()),
        outcome: Some("refund".to_owned()),
    };
    store.annotate(&acme(), call_id(2), annotation, noon(70_000)).await.expect("a test value");
    world.open_call(3).await;

    let of = key("phone:15550002222");
    let page = store
        .contact_timeline(&acme(), &of, 50, None)
        .await
        .expect("a test value")
        .expect("a test value");
    let [live, answered, gave_up] = &page.items[..] else { panic!("three calls: {page:#?}") };
    assert_eq!((live.call, live.state, live.disposition), (call_id(3), CallState::Offered, None));
    assert_eq!(answered.disposition, Some(Disposition::Answered));
    let talker = |agent, name: &str| Talker { agent, name: name.to_owned() };
    // Bo is not set up: an agent who was removed is called by their id.
    assert_eq!(answered.talkers, [talker(bo.clone(), "bo"), talker(ana(), "Ana")]);
    assert_eq!((answered.talked_ms, answered.recording), (Some(56_000), recording));
    assert_eq!(answered.note.as_deref(), Some("wants a refund"));
    assert_eq!(answered.outcome.as_deref(), Some("refund"));
    assert_eq!((answered.line_name.as_str(), answered.at), ("Support", noon(2)));
    assert_eq!(gave_up.missed, Some(MissedReason::CallerGaveUp));
    assert_eq!(gave_up.missed_in_words.as_deref(), Some("The caller gave up after 20 s."));
    assert_eq!((gave_up.talkers.len(), gave_up.talked_ms), (0, None));

    let contact = store.contact(&acme(), &of).await.expect("a test value").expect("a test value");
    assert_eq!((contact.calls, contact.missed), (3, 1));
    assert_eq!(contact.display, "Carla");
    assert_eq!(contact.last_call.as_ref().map(|call| call.call), Some(call_id(3)));
    assert_eq!(contact.last_agent, Some(talker(ana(), "Ana")));
    let summary =
        store.call(&acme(), call_id(2)).await.expect("a test value").expect("a test value").summary;
    assert_eq!(summary.talkers, [bo, ana()]);
}

#[tokio::test]
async fn a_timeline_is_paged_and_shows_every_call_once() {
    let world = World::new().await;
    for number in 1..=5 {
        world.open_call(number).await;
    }
    let of = key("phone:15550002222");
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let page = world.store.contact_timeline(&acme(), &of, 2, cursor.as_deref()).await;
        let page = page.expect("a test value").expect("a test value");
        seen.extend(page.items.iter().map(|call| call.call));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(call_id));
    for cursor in ["", "7", "x.call_00", "7.fup_00000000000000000000000000000007"] {
        let refused = world.store.contact_timeline(&acme(), &of, 2, Some(cursor)).await;
        assert!(matches!(refused, Err(StoreError::Cursor)), "{cursor}");
    }
}

#[tokio::test]
async fn who_calls_with_and_without_number_is_one_contact() {
    let world = World::new().await;
    let store = &world.store;
    call_by(store, 1, party(Some("4917012345678"), None)).await;
    call_by(store, 2, party(None, Some("DE.1"))).await;
    store.close_call(missed(call_id(1), Cause::NoAnswer), vec![]).await.expect("a test value");
    store.close_call(missed(call_id(2), Cause::DeclinedByAll), vec![]).await.expect("a test value");
    assert_eq!(timeline(store, "phone:4917012345678").await, Some(vec![call_id(1)]));
    assert_eq!(timeline(store, "user:DE.1").await, Some(vec![call_id(2)]));
    // This call names both, so the two were one person all along.
    call_by(store, 3, party(Some("4917012345678"), Some("DE.1"))).await;
    let all = Some([3, 2, 1].map(call_id).to_vec());
    assert_eq!(timeline(store, "phone:4917012345678").await, all);
    assert_eq!(timeline(store, "user:DE.1").await, all);
    let contact = store
        .contact(&acme(), &key("user:DE.1"))
        .await
        .expect("a test value")
        .expect("a test value");
    assert_eq!(contact.keys, [key("phone:4917012345678"), key("user:DE.1")]);
    let open = store
        .follow_ups(&acme(), wire::rest::FollowUpState::Open, 10, None)
        .await
        .expect("a test value");
    assert_eq!(open.items.len(), 1, "one contact has one follow-up");
    assert_eq!((open.items[0].missed, open.items[0].last_call), (2, call_id(2)));
    assert_eq!(open.items[0].since, noon(1));
}

#[tokio::test]
async fn a_caller_whom_nothing_names_has_no_contact() {
    let world = World::new().await;
    for number in [1, 2] {
        call_by(&world.store, number, Party::default()).await;
    }
    world
        .store
        .close_call(missed(call_id(1), Cause::NoAnswer), vec![])
        .await
        .expect("a test value");
    assert_eq!(
        world.store.last_agent_of(&acme(), &Party::default()).await.expect("a test value"),
        None
    );
    assert_eq!(timeline(&world.store, "phone:15550002222").await, None);
    assert_eq!(world.store.missed(&acme(), 10).await.expect("a test value").len(), 1);
}

#[tokio::test]
async fn the_last_agent_is_who_talked_last_by_whatever_name_the_caller_comes() {
    let world = World::new().await;
    let store = &world.store;
    let both = party(Some("4917012345678"), Some("DE.1"));
    assert_eq!(store.last_agent_of(&acme(), &both).await.expect("a test value"), None);
    call_by(store, 1, both.clone()).await;
    store.close_call(talked(call_id(1)), vec![]).await.expect("a test value");
    call_by(store, 2, both.clone()).await;
    store.close_call(missed(call_id(2), Cause::NoAnswer), vec![]).await.expect("a test value");
    for by in [&both, &party(None, Some("DE.1")), &party(Some("4917012345678"), None)] {
        assert_eq!(store.last_agent_of(&acme(), by).await.expect("a test value"), Some(ana()));
    }
    // A call that was sent on counts for who had it last, and an older one never comes back.
    call_by(store, 3, both.clone()).await;
    store.append(call_id(3), bridged("ana")).await.expect("a test value");
    store.append(call_id(3), bridged("bo")).await.expect("a test value");
    store
        .close_call(Cdr { ended_at: noon(90_000), ..talked(call_id(3)) }, vec![])
        .await
        .expect("a test value");
    call_by(store, 4, both.clone()).await;
    store
        .close_call(Cdr { ended_at: noon(80_000), ..talked(call_id(4)) }, vec![])
        .await
        .expect("a test value");
    let bo = AgentId::new("bo").expect("a test value");
    assert_eq!(store.last_agent_of(&acme(), &both).await.expect("a test value"), Some(bo));
    let stranger = party(Some("4917099999999"), None);
    assert_eq!(store.last_agent_of(&acme(), &stranger).await.expect("a test value"), None);
}

#[tokio::test]
async fn one_person_is_another_contact_in_another_workspace() {
    let world = World::new().await;
    let store = &world.store;
    let other = WorkspaceId::new("other").expect("a test value");
    store
        .ensure_workspace(&Workspace { id: other.clone(), ..workspace() })
        .await
        .expect("a test value");
    let line = LineId::new("2").expect("a test value");
    let theirs = LineRow {
        id: line.clone(),
        workspace: other.clone(),
        name: "Theirs".to_owned(),
        inbound: true,
        recording: RecordingMode::Off,
        group: None,
    };
    store.ensure_line(&theirs).await.expect("a test value");
    world.open_call(1).await;
    store.close_call(talked(call_id(1)), vec![]).await.expect("a test value");
    let of = key("phone:15550002222");
    assert_eq!(store.contact(&other, &of).await.expect("a test value"), None);
    assert_eq!(store.contact_timeline(&other, &of, 10, None).await.expect("a test value"), None);
    assert_eq!(store.last_agent_of(&other, &new_call(1).party).await.expect("a test value"), None);

    let new = NewCall { workspace: other.clone(), line, wacid: wacid(2), ..new_call(2) };
    store.open_call(new).await.expect("a test value");
    store.close_call(missed(call_id(2), Cause::NoAnswer), vec![]).await.expect("a test value");
    let ours = store.contact(&acme(), &of).await.expect("a test value").expect("a test value");
    let theirs = store.contact(&other, &of).await.expect("a test value").expect("a test value");
    assert_eq!((ours.calls, ours.missed, ours.follow_up), (1, 0, None));
    assert_eq!((theirs.calls, theirs.missed, theirs.last_agent), (1, 1, None));
    assert_eq!(timeline(store, "phone:15550002222").await, Some(vec![call_id(1)]));
}

#[tokio::test]
async fn an_outbound_call_nobody_answers_is_on_the_timeline_but_not_missed() {
    let world = World::new().await;
    let store = &world.store;
    let new = NewCall { direction: Direction::BusinessInitiated, ..new_call(1) };
    store.open_call(new).await.expect("a test value");
    store.close_call(missed(call_id(1), Cause::NoAnswer), vec![]).await.expect("a test value");
    let contact = store
        .contact(&acme(), &key("phone:15550002222"))
        .await
        .expect("a test value")
        .expect("a test value");
    assert_eq!((contact.calls, contact.missed, contact.follow_up), (1, 0, None));
    assert_eq!(store.missed(&acme(), 10).await.expect("a test value"), []);
}

/// Runs the migrations before contacts, adds calls as that version did, then opens the store.
#[tokio::test]
async fn calls_of_an_older_version_get_their_contacts() {
    let directory = tempfile::tempdir().expect("a test value");
    let store = Store::open_in(directory.path()).await.expect("a test value");
    store.ensure_workspace(&workspace()).await.expect("a test value");
    store.ensure_line(&crate::world::line()).await.expect("a test value");
    for (number, phone, bsuid) in [
        (1, Some("111111"), None),
        (2, Some("111111"), Some("B1")),
        (3, None, Some("B1")),
        (4, None, Some("B2")),
        (5, None, None),
    ] {
        call_by(&store, number, party(phone, bsuid)).await;
    }
    store.close_call(talked(call_id(2)), vec![]).await.expect("a test value");
    store.close_call(missed(call_id(4), Cause::NoAnswer), vec![]).await.expect("a test value");
    store.close().await;
    take_contacts_away(&directory.path().join("ringdown.db")).await;

    let store = Store::open_in(directory.path()).await.expect("a test value");
    let one = Some([3, 2, 1].map(call_id).to_vec());
    assert_eq!(timeline(&store, "phone:111111").await, one);
    assert_eq!(timeline(&store, "user:B1").await, one);
    assert_eq!(timeline(&store, "user:B2").await, Some(vec![call_id(4)]));
    let by = party(Some("111111"), None);
    assert_eq!(store.last_agent_of(&acme(), &by).await.expect("a test value"), Some(ana()));
    assert_eq!(store.missed(&acme(), 10).await.expect("a test value").len(), 1);
    let page = store.calls(&acme(), 10, None).await.expect("a test value");
    assert_eq!(page.items[3].talkers, [ana()], "an old CDR names one talker");
    assert_eq!(page.items[3].line, line_id());
}

async fn take_contacts_away(file: &std::path::Path) {
    use sqlx::Connection;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file).foreign_keys(false);
    let mut older = sqlx::SqliteConnection::connect_with(&options).await.expect("a test value");
    for step in [
        "DROP TABLE follow_up",
        "DROP TABLE call_note",
        "DROP TABLE outcome",
        "DROP INDEX call_by_contact",
        "DROP INDEX call_missed",
        "ALTER TABLE call DROP COLUMN contact",
        "ALTER TABLE call DROP COLUMN was_missed",
        "ALTER TABLE cdr DROP COLUMN talkers",
        "ALTER TABLE cdr DROP COLUMN rung",
        "DROP TABLE contact_key",
        "DROP TABLE contact",
        "DELETE FROM _sqlx_migrations WHERE version = 5",
    ] {
        older.execute(step).await.expect("a test value");
    }
    let left =
        sqlx::query("SELECT count(*) FROM call").fetch_one(&mut older).await.expect("a test value");
    assert_eq!(left.get::<i64, _>(0), 5);
    older.close().await.expect("a test value");
}
