//! What people read of calls is whole, in order, and of their own workspace only.

use model::{
    AgentId, CallId, Cause, Direction, Disposition, EndReason, Micros, MissedReason, Party, Phone,
    RecordingFormat, RecordingId, Timestamp, WorkspaceId,
};
use store::{Cdr, NewCall, RecordingRow, StoreError};
use uuid::Uuid;
use wire::CallerView;
use wire::rest::{CallState, CallSummary};

use crate::world::{
    NUMBER, World, acme, ana, call_id, event, line_id, missed, new_call, noon, settlement, talked,
};

fn other() -> WorkspaceId {
    WorkspaceId::new("other").expect("a plain word is a workspace id")
}

fn recording(call: CallId) -> RecordingRow {
    RecordingRow {
        id: RecordingId::from_uuid(Uuid::from_u128(77)),
        call,
        format: RecordingFormat::OggOpus,
        started_at: noon(4_000),
        duration_ms: 56_000,
        bytes: 412_000,
        sha256: "ab".repeat(32),
        path: "2026/01/01/call.ogg".to_owned(),
        recovered: false,
    }
}

#[tokio::test]
async fn a_live_call_is_listed_without_what_is_not_known_yet() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    let page = world.store.calls(&acme(), 10, None).await.unwrap();
    let live = CallSummary {
        id: call,
        direction: Direction::UserInitiated,
        line: line_id(),
        from: CallerView { display: "Carla".to_owned(), phone: Phone::new(NUMBER) },
        state: CallState::Offered,
        arrived_at: noon(1),
        disposition: None,
        claimed_by: None,
        talkers: vec![],
        ring_ms: None,
        claim_to_audio_ms: None,
        duration_ms: None,
        billed_micros: None,
        missed: None,
        end: None,
        quality: None,
        recording: None,
        note: None,
        outcome: None,
    };
    assert_eq!(page.items, [live]);
    assert_eq!(page.next_cursor, None);
}

#[tokio::test]
async fn an_ended_call_shows_its_cdr_journal_money_and_recording() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.append(call, event("ring_started", 10)).await.unwrap();
    store.append(call, event("accepted", 4_000)).await.unwrap();
    store.add_recording(recording(call)).await.unwrap();
    let cdr =
        Cdr { billed: Micros::new(54_000), recording: Some(recording(call).id), ..talked(call) };
    store.close_call(cdr, vec![settlement(call, 54_000)]).await.unwrap();
    let detail = store.call(&acme(), call).await.unwrap().unwrap();
    let summary = &detail.summary;
    assert_eq!(summary.state, CallState::Ended);
    assert_eq!(summary.disposition, Some(Disposition::Answered));
    assert_eq!(summary.claimed_by, Some(ana()));
    assert_eq!(summary.ring_ms, Some(3_200));
    assert_eq!(summary.claim_to_audio_ms, Some(140));
    assert_eq!(summary.duration_ms, Some(56_000));
    assert_eq!(summary.billed_micros, Some(Micros::new(54_000)));
    assert_eq!(summary.missed, None);
    assert_eq!(summary.end, Some(EndReason::of(Cause::CallerHungUp, true)));
    assert_eq!(summary.recording, Some(recording(call).id));
    let timeline: Vec<_> = detail
        .timeline
        .iter()
        .map(|event| (event.seq, event.offset_ms, event.event.as_str()))
        .collect();
    assert_eq!(timeline, [(1, 10, "ring_started"), (2, 4_000, "accepted")]);
    assert_eq!(detail.timeline[0].at, noon(10));
    assert_eq!(detail.timeline[0].detail, serde_json::json!({ "devices": 3 }));
    assert_eq!(detail.ledger.len(), 2);
    assert_eq!(detail.ledger[0].at, noon(60_000));
    assert!(detail.ledger[0].memo.contains("10 pulses"));
    assert_eq!(detail.recordings.len(), 1);
    assert_eq!(
        detail.recordings[0].download,
        format!("/v1/recordings/{}/audio", recording(call).id)
    );
}

#[tokio::test]
async fn a_recording_found_after_a_crash_replaces_what_was_known() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.add_recording(recording(call)).await.unwrap();
    let repaired = RecordingRow {
        format: RecordingFormat::Wav,
        bytes: 99,
        recovered: true,
        ..recording(call)
    };
    store.add_recording(repaired).await.unwrap();
    // The CDR of a crashed call names no recording; the list shows it nevertheless.
    store.close_call(missed(call, Cause::Restarted), vec![]).await.unwrap();
    let id = recording(call).id;
    let view = store.recording(&acme(), id).await.unwrap().unwrap();
    assert_eq!((view.call, view.bytes, view.recovered), (call, 99, true));
    assert_eq!(view.format, RecordingFormat::Wav);
    let page = store.calls(&acme(), 1, None).await.unwrap();
    assert_eq!(page.items[0].recording, Some(id));
    let stray = store.add_recording(recording(call_id(404))).await;
    assert!(matches!(stray, Err(StoreError::Dangling { .. })));
}

#[tokio::test]
async fn pages_show_every_call_once_newest_first() {
    let world = World::new().await;
    let store = &world.store;
    for number in 1..=7 {
        // Three calls of the same millisecond fall across a page's edge.
        let arrived_at =
            noon(if (3..=5).contains(&number) { 3 } else { i64::try_from(number).unwrap() });
        let new = NewCall { arrived_at, ..new_call(number) };
        store.open_call(new).await.unwrap();
    }
    let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, None);
    loop {
        let page = store.calls(&acme(), 2, cursor.as_deref()).await.unwrap();
        seen.extend(page.items.iter().map(|call| call.id));
        pages += 1;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let wanted: Vec<_> = [7, 6, 5, 4, 3, 2, 1].into_iter().map(call_id).collect();
    assert_eq!(seen, wanted);
    assert_eq!(pages, 4);
    let whole = store.calls(&acme(), 7, None).await.unwrap();
    assert_eq!((whole.items.len(), whole.next_cursor), (7, None));
    assert_eq!(store.calls(&acme(), 0, None).await.unwrap().items.len(), 1);
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused() {
    let world = World::new().await;
    for cursor in ["", "7", "x.call_00", "7.call_xyz", "7.dev_00000000000000000000000000000007"] {
        let refused = world.store.calls(&acme(), 5, Some(cursor)).await;
        assert!(matches!(refused, Err(StoreError::Cursor)), "{cursor}");
    }
}

#[tokio::test]
async fn missed_calls_are_listed_with_their_reason() {
    let world = World::new().await;
    let store = &world.store;
    for (number, cause) in [(1, Some(Cause::NoAnswer)), (2, None), (3, Some(Cause::BalanceTooLow))]
    {
        let call = world.open_call(number).await;
        let cdr = cause.map_or_else(|| talked(call), |cause| missed(call, cause));
        store.close_call(cdr, vec![]).await.unwrap();
    }
    world.open_call(4).await;
    let list = store.missed(&acme(), 10).await.unwrap();
    let shown: Vec<_> = list.iter().map(|call| (call.call, call.reason)).collect();
    assert_eq!(
        shown,
        [(call_id(3), MissedReason::Balance), (call_id(1), MissedReason::NobodyAnswered)]
    );
    assert_eq!(list[1].from.display, "Carla");
    assert_eq!(list[1].at, noon(1));
    assert_eq!(list[1].rang_ms, 20_000);
    assert_eq!(store.missed(&acme(), 1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn periods_that_touch_share_no_cdr_and_lose_none() {
    let world = World::new().await;
    let store = &world.store;
    for (number, ended_at) in [(1, 100), (2, 200), (3, 299), (4, 300)] {
        let call = world.open_call(number).await;
        let cdr = Cdr { ended_at: noon(ended_at), ..talked(call) };
        store.close_call(cdr, vec![]).await.unwrap();
    }
    world.open_call(5).await;
    let ids = async |from: Timestamp, to: Timestamp| -> Vec<CallId> {
        let cdrs = store.cdrs(&acme(), from, to).await.unwrap();
        cdrs.iter().map(|cdr| cdr.id).collect()
    };
    assert_eq!(ids(noon(100), noon(200)).await, [call_id(1)]);
    assert_eq!(ids(noon(200), noon(300)).await, [call_id(2), call_id(3)]);
    assert_eq!(ids(noon(300), noon(400)).await, [call_id(4)]);
    assert_eq!(ids(noon(300), noon(300)).await, []);
    assert_eq!(store.cdrs(&other(), noon(0), noon(999)).await.unwrap(), []);
}

#[tokio::test]
async fn another_workspace_sees_nothing() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.add_recording(recording(call)).await.unwrap();
    store.close_call(missed(call, Cause::NoAnswer), vec![]).await.unwrap();
    assert_eq!(store.calls(&other(), 10, None).await.unwrap().items, []);
    assert_eq!(store.call(&other(), call).await.unwrap(), None);
    assert_eq!(store.missed(&other(), 10).await.unwrap(), []);
    let id = recording(call).id;
    assert_eq!(store.recording(&other(), id).await.unwrap(), None);
    assert!(store.recording(&acme(), id).await.unwrap().is_some());
    assert_eq!(store.call(&acme(), call_id(404)).await.unwrap(), None);
}

#[tokio::test]
async fn a_caller_without_number_and_name_is_still_shown() {
    let world = World::new().await;
    let hidden = NewCall { party: Party::default(), ..new_call(1) };
    world.store.open_call(hidden).await.unwrap();
    let bo = AgentId::new("bo").unwrap();
    let cdr = Cdr { claimed_by: Some(bo.clone()), ..talked(call_id(1)) };
    world.store.close_call(cdr, vec![]).await.unwrap();
    let page = world.store.calls(&acme(), 1, None).await.unwrap();
    assert_eq!(page.items[0].from.display, "WhatsApp user");
    assert_eq!(page.items[0].from.phone, None);
    assert_eq!(page.items[0].claimed_by, Some(bo));
}
