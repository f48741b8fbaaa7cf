//! Whatever moment the power goes, the file opens and every call has a CDR or is listed as unfinished.

use wire::rest::CallState;

use crate::world::{
    World, acme, ends_told, event, new_call, noon, settlement, talked, top_up, wacid,
};

/// The steps of one call, in the order the house takes them.
const STEPS: usize = 7;

async fn step(world: &World, number: usize) {
    let store = &world.store;
    let call = new_call(1).id;
    match number {
        0 => drop(store.open_call(new_call(1)).await.expect("new")),
        1 => drop(store.append(call, event("ring_started", 10)).await.expect("open")),
        2 => store.set_state(call, CallState::Ringing).await.expect("open"),
        3 => drop(store.append(call, event("accepted", 4_000)).await.expect("open")),
        4 => store.set_state(call, CallState::Bridged).await.expect("open"),
        5 => drop(store.append(call, event("hung_up", 60_000)).await.expect("open")),
        _ => drop(
            store.close_call(talked(call), vec![settlement(call, 54_000)]).await.expect("open"),
        ),
    }
}

#[tokio::test]
async fn every_prefix_of_a_call_is_a_legal_state_after_a_crash() {
    let world = World::new().await;
    world.store.post(&top_up(20_000_000, "start")).await.unwrap();
    for done in 0..=STEPS {
        let (store, _directory) = world.after_a_crash().await;
        let unfinished = store.unfinished_calls().await.unwrap();
        let closed = done == STEPS;
        assert_eq!(unfinished.len(), usize::from((1..STEPS).contains(&done)));
        if let Some(call) = unfinished.first() {
            assert_eq!(call.wacid, Some(wacid(1)));
            assert_eq!(call.workspace, acme());
            assert_eq!(call.arrived_at, noon(1));
            assert_eq!(call.accepted_at, (done >= 4).then(|| noon(4_000)));
            let last = [1, 10, 10, 4_000, 4_000, 60_000][done - 1];
            assert_eq!(call.last_event_at, noon(last));
            let state = match done {
                1 | 2 => CallState::Offered,
                3 | 4 => CallState::Ringing,
                _ => CallState::Bridged,
            };
            assert_eq!(call.state, state);
        }
        let balance = store.balance(&acme()).await.unwrap().available_micros.get();
        assert_eq!(balance, if closed { 19_946_000 } else { 20_000_000 });
        assert_eq!(ends_told(&store).await.len(), usize::from(closed));
        let report = store.verify_ledger().await.unwrap();
        assert!(report.is_sound(), "{report:?}");
        // And the copy can be written to: a restart closes what it found.
        for call in unfinished {
            store.close_call(talked(call.id), vec![]).await.unwrap();
        }
        assert_eq!(store.unfinished_calls().await.unwrap(), []);
        if done < STEPS {
            step(&world, done).await;
        }
    }
}

#[tokio::test]
async fn a_write_torn_by_a_crash_is_gone_as_a_whole() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    // Fold everything so far into the main file, so that the log holds the close alone.
    let mut intruder = world.intruder().await;
    sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut intruder).await.unwrap();
    world.store.close_call(talked(call), vec![settlement(call, 54_000)]).await.unwrap();
    let log = std::fs::read(world.directory.path().join("ringdown.db-wal")).unwrap();
    let file = std::fs::read(world.file()).unwrap();
    assert!(log.len() > 4_096, "the close is in the log");
    let mut seen = [false; 2];
    for cut in (0..log.len()).step_by(1_999).chain([log.len()]) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("ringdown.db"), &file).unwrap();
        std::fs::write(directory.path().join("ringdown.db-wal"), &log[..cut]).unwrap();
        let store = crate::world::open(directory.path()).await;
        let closed = store.unfinished_calls().await.unwrap().is_empty();
        assert_eq!(store.ledger_of(call).await.unwrap().len(), if closed { 2 } else { 0 });
        assert_eq!(ends_told(&store).await.len(), usize::from(closed));
        assert!(store.verify_ledger().await.unwrap().is_sound());
        store.close().await;
        seen[usize::from(closed)] = true;
    }
    assert_eq!(seen, [true, true], "some cuts lose the close, the whole log keeps it");
}
