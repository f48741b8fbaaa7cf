//! Every list is read by an index and from a cursor: no query grows with the size of a table.

use sqlx::Row;

use crate::{Store, contacts, follow_ups, lists, names, notes, story, timeline};

/// The steps SQLite takes for a query.
async fn plan(store: &Store, query: &str) -> Vec<String> {
    let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
    let rows = sqlx::query(explain).fetch_all(store.readers()).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>("detail")).collect()
}

/// A step that reads a whole table. What a JSON list in the query holds is no table.
fn reads_a_table(step: &str) -> bool {
    step.starts_with("SCAN") && !step.contains("VIRTUAL TABLE") && !step.contains("CONSTANT ROW")
}

#[tokio::test]
async fn no_list_reads_a_whole_table_or_sorts() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_in(directory.path()).await.unwrap();
    for (name, query, index) in [
        ("calls", lists::CALLS, "call_by_age"),
        ("missed calls", lists::MISSED, "call_missed"),
        ("open follow-ups", follow_ups::OPEN_FOLLOW_UPS, "follow_up_open_by_age"),
        ("done follow-ups", follow_ups::DONE_FOLLOW_UPS, "follow_up_done_by_age"),
        ("a contact's calls", timeline::CALLS_OF_CONTACT, "call_by_contact"),
        ("a call's notes", notes::NOTES_OF_CALL, "call_note_by_call"),
        ("outcomes", notes::OUTCOMES, "PRIMARY KEY"),
    ] {
        let steps = plan(&store, query).await;
        assert!(!steps.iter().any(|step| reads_a_table(step)), "{name}: {steps:#?}");
        assert!(steps.iter().any(|step| step.contains(index)), "{name}: {steps:#?}");
        assert!(!steps.iter().any(|step| step.contains("TEMP B-TREE")), "{name}: {steps:#?}");
    }
}

#[tokio::test]
async fn no_look_up_reads_a_whole_table() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_in(directory.path()).await.unwrap();
    for query in [
        contacts::LAST_AGENT,
        contacts::CONTACT_OF_KEY,
        timeline::CONTACT_COUNTS,
        follow_ups::ONE_FOLLOW_UP,
        lists::ONE_CALL,
        lists::ONE_MISSED,
        lists::CDRS,
        lists::RUNG,
        names::NAMES,
        story::STORY_EVENTS,
    ] {
        let steps = plan(&store, query).await;
        assert!(!steps.iter().any(|step| reads_a_table(step)), "{query}: {steps:#?}");
    }
}

#[test]
fn a_scan_is_recognised() {
    assert!(reads_a_table("SCAN call"));
    assert!(reads_a_table("SCAN call USING INDEX call_by_age"));
    assert!(!reads_a_table("SCAN json_each VIRTUAL TABLE INDEX 1:"));
    assert!(!reads_a_table("SEARCH call USING INDEX call_by_age (workspace=?)"));
}
