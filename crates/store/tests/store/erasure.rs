//! An erased contact is nowhere in the database any more; their calls are, and name nobody.

use model::{Cause, RecordingFormat, RecordingId, Timestamp};
use sqlx::{Connection as _, Row as _};
use store::{Erasure, Opened, RecordingRow};
use uuid::Uuid;
use wire::rest::Annotation;

use crate::world::{NUMBER, World, acme, ana, call_id, event, missed, new_call, noon, talked};

fn key() -> model::ContactKey {
    format!("phone:{NUMBER}").parse().expect("a contact's key")
}

/// Every text of every row of every table, in one.
async fn everything(world: &World) -> String {
    let mut intruder = world.intruder().await;
    let tables = sqlx::query("SELECT name FROM sqlite_schema WHERE type = 'table'")
        .fetch_all(&mut intruder)
        .await
        .expect("a test value");
    let mut all = String::new();
    for table in tables {
        let table: String = table.get(0);
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT * FROM \"{table}\"")))
            .fetch_all(&mut intruder)
            .await
            .expect("a test value");
        for row in rows {
            for column in 0..row.len() {
                all.push_str(&row.try_get_unchecked::<String, _>(column).unwrap_or_default());
                all.push('\n');
            }
        }
    }
    intruder.close().await.expect("a test value");
    all
}

#[tokio::test]
async fn g38_what_names_an_erased_contact_is_gone_and_their_calls_are_not() {
    let world = World::new().await;
    let store = &world.store;
    let now = new_call(2).arrived_at;
    world.open_call(1).await;
    store.close_call(missed(call_id(1), Cause::CallerHungUp), vec![]).await.unwrap();
    let mut with_name = new_call(2);
    with_name.wacid = model::Wacid::new(format!("wacid.{NUMBER}.2")).unwrap();
    let wacid = with_name.wacid.clone();
    let erased = store.erase_contact(&acme(), &key(), now).await.unwrap();
    assert!(matches!(erased, Erasure::Erased(erased) if erased.calls == 1));
    assert!(!everything(&world).await.contains(NUMBER), "nothing names them");

    store.open_call(with_name.clone()).await.unwrap();
    let live = store.erase_contact(&acme(), &key(), now).await.unwrap();
    assert_eq!(live, Erasure::OnCall(call_id(2)), "not while they are on a call");
    store.append(call_id(2), event("ring_started", 1)).await.unwrap();
    store.close_call(talked(call_id(2)), vec![]).await.unwrap();
    let note = Annotation {
        agent: Some(ana()),
        note: Some(format!("call back on {NUMBER}")),
        outcome: None,
    };
    store.annotate(&acme(), call_id(2), note, noon(9)).await.unwrap();
    let recording = RecordingRow {
        id: RecordingId::from_uuid(Uuid::from_u128(7)),
        call: call_id(2),
        format: RecordingFormat::OggOpus,
        started_at: noon(1),
        duration_ms: 1_000,
        bytes: 9,
        sha256: "00".to_owned(),
        path: "a.ogg".to_owned(),
        recovered: false,
    };
    store.add_recording(recording).await.unwrap();
    assert_eq!(store.recordings_of_contact(&acme(), &key()).await.unwrap().len(), 1);
    let Erasure::Erased(erased) = store.erase_contact(&acme(), &key(), now).await.unwrap() else {
        panic!("not erased")
    };
    assert_eq!((erased.keys, erased.calls, erased.notes, erased.recordings), (1, 1, 1, 1));
    assert!(erased.events > 0, "{erased:?}");

    let call = store.call(&acme(), call_id(2)).await.unwrap().expect("the call stays");
    assert!(call.summary.end.is_some() && !call.timeline.is_empty(), "with CDR and journal");
    let held = everything(&world).await;
    let named: Vec<&str> = held.lines().filter(|line| line.contains(NUMBER)).collect();
    assert_eq!(named, [wacid.as_str()], "but for the tombstone, as long as Meta may send it again");
    let again = store.open_call(with_name).await.unwrap();
    assert_eq!(again, Opened::Known(call_id(2)), "b8: and then it neither rings nor is kept");
    let later = Timestamp::from_seconds(now.as_millis() / 1_000 + 10 * 24 * 3_600);
    let mut other = new_call(3);
    (other.party, other.arrived_at) = (model::Party::default(), later);
    store.open_call(other).await.unwrap();
    assert!(!everything(&world).await.contains(NUMBER), "and after nine days that is gone too");
    assert_eq!(store.erase_contact(&acme(), &key(), now).await.unwrap(), Erasure::Nobody);
}
