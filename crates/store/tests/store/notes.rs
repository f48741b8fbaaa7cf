//! What agents note is kept in every form, within bounds, and in the workspace's own words.

use model::{AgentId, WorkspaceId};
use sqlx::Executor;
use store::{NOTE_LENGTH_MAX, NOTES_PER_CALL_MAX, OUTCOME_LENGTH_MAX, OUTCOMES_MAX, StoreError};
use wire::rest::Annotation;

use crate::world::{World, acme, ana, call_id, noon};

fn note(text: &str) -> Annotation {
    Annotation { agent: Some(ana()), note: Some(text.to_owned()), outcome: None }
}

fn outcome(word: &str) -> Annotation {
    Annotation { agent: None, note: None, outcome: Some(word.to_owned()) }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn the_latest_form_counts_and_every_form_is_kept() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.annotate(&acme(), call, note("calls about an invoice"), noon(1)).await.unwrap();
    let both = store.annotate(&acme(), call, outcome("solved"), noon(2)).await.unwrap();
    assert_eq!(both.note.as_deref(), Some("calls about an invoice"), "left out: stays");
    let same = store.annotate(&acme(), call, outcome("solved"), noon(3)).await.unwrap();
    assert_eq!(same, both, "a double click is one note");
    store.annotate(&acme(), call, note(""), noon(4)).await.unwrap();
    let detail = store.call(&acme(), call).await.unwrap().unwrap();
    assert_eq!((detail.summary.note, detail.summary.outcome), (None, Some("solved".to_owned())));
    let history: Vec<_> = detail
        .notes
        .iter()
        .map(|form| (form.at, form.agent.as_ref().map(AgentId::as_str), form.note.as_deref()))
        .collect();
    let invoice = Some("calls about an invoice");
    assert_eq!(
        history,
        [(noon(1), Some("ana"), invoice), (noon(2), None, invoice), (noon(4), Some("ana"), None)]
    );
    let page = store.calls(&acme(), 10, None).await.unwrap();
    assert_eq!(page.items[0].outcome.as_deref(), Some("solved"));
}

#[tokio::test]
async fn what_is_too_long_is_refused_by_its_characters_not_its_bytes() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    let longest = "ß".repeat(NOTE_LENGTH_MAX);
    store.annotate(&acme(), call, note(&longest), noon(1)).await.unwrap();
    let refused = store.annotate(&acme(), call, note(&format!("{longest}s")), noon(2)).await;
    assert!(matches!(refused, Err(StoreError::TextTooLong { what: "note", .. })));
    let long = outcome(&"x".repeat(OUTCOME_LENGTH_MAX + 1));
    let refused = store.annotate(&acme(), call, long, noon(2)).await;
    assert!(matches!(refused, Err(StoreError::TextTooLong { what: "outcome", .. })));
}

#[tokio::test]
async fn an_outcome_is_one_of_the_workspaces_words_when_it_has_any() {
    let world = World::new().await;
    let store = &world.store;
    let call = world.open_call(1).await;
    store.annotate(&acme(), call, outcome("anything"), noon(1)).await.unwrap();
    let list = words(&["sold", "call again"]);
    store.set_outcomes(&acme(), &list).await.unwrap();
    assert_eq!(store.outcomes(&acme()).await.unwrap(), list);
    let refused = store.annotate(&acme(), call, outcome("nothing"), noon(2)).await;
    assert!(matches!(refused, Err(StoreError::UnknownOutcome)));
    store.annotate(&acme(), call, outcome("call again"), noon(2)).await.unwrap();
    // A note alone does not trip over the word that was taken off the list.
    store.set_outcomes(&acme(), &words(&["sold"])).await.unwrap();
    let kept = store.annotate(&acme(), call, note("on Monday"), noon(3)).await.unwrap();
    assert_eq!(kept.outcome.as_deref(), Some("call again"));
    store.annotate(&acme(), call, outcome(""), noon(4)).await.unwrap();
}

#[tokio::test]
async fn words_that_cannot_be_are_refused_and_the_list_stays() {
    let world = World::new().await;
    let store = &world.store;
    let list = words(&["sold"]);
    store.set_outcomes(&acme(), &list).await.unwrap();
    let many: Vec<String> = (0..=OUTCOMES_MAX).map(|n| format!("word {n}")).collect();
    let long = "x".repeat(OUTCOME_LENGTH_MAX + 1);
    for bad in [
        many.clone(),
        words(&[""]),
        words(&[" sold"]),
        words(&["a", "a"]),
        words(&["a\u{7}"]),
        words(&[&long]),
    ] {
        let refused = store.set_outcomes(&acme(), &bad).await;
        assert!(matches!(refused, Err(StoreError::Outcomes { .. })), "{bad:?}");
    }
    assert_eq!(store.outcomes(&acme()).await.unwrap(), list);
    store.set_outcomes(&acme(), &many[..OUTCOMES_MAX]).await.unwrap();
    store.set_outcomes(&acme(), &[]).await.unwrap();
    assert_eq!(store.outcomes(&acme()).await.unwrap(), words(&[]));
}

#[tokio::test]
async fn another_workspace_cannot_note_anything_about_the_call() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    let other = WorkspaceId::new("other").unwrap();
    for (workspace, call) in [(&other, call), (&acme(), call_id(404))] {
        let refused = world.store.annotate(workspace, call, note("x"), noon(1)).await;
        assert!(matches!(refused, Err(StoreError::UnknownCall { .. })));
    }
    assert_eq!(world.store.outcomes(&other).await.unwrap(), words(&[]));
    let detail = world.store.call(&acme(), call).await.unwrap().unwrap();
    assert_eq!(detail.notes, []);
}

#[tokio::test]
async fn a_program_that_writes_in_a_loop_is_stopped() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    for number in 0..NOTES_PER_CALL_MAX {
        let form = note(&number.to_string());
        world.store.annotate(&acme(), call, form, noon(1)).await.unwrap();
    }
    let refused = world.store.annotate(&acme(), call, note("one more"), noon(1)).await;
    assert!(matches!(refused, Err(StoreError::TooManyNotes { .. })));
}

#[tokio::test]
async fn a_note_is_never_changed_behind_our_back() {
    let world = World::new().await;
    let call = world.open_call(1).await;
    world.store.annotate(&acme(), call, note("x"), noon(1)).await.unwrap();
    let mut intruder = world.intruder().await;
    let refused = intruder.execute("UPDATE call_note SET note = 'y'").await.unwrap_err();
    assert!(refused.to_string().contains("append-only"), "{refused}");
}
