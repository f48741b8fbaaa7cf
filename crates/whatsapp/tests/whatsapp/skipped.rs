//! What cannot be used is counted, and never costs its neighbours.

use std::collections::BTreeMap;

use model::Direction;
use whatsapp::{Event, Webhook, WebhookError, parse};

use crate::fixtures::{line, read, wacid};

fn counts(webhook: &Webhook) -> BTreeMap<&'static str, u32> {
    let mut counts = BTreeMap::new();
    for entry in &webhook.ignored {
        *counts.entry(entry.reason.label()).or_default() += entry.count;
    }
    counts
}

fn malformed() -> Vec<Webhook> {
    let path = "../../tests/fixtures/webhooks/malformed.array.json";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    let raw = std::fs::read(path).expect("the fixture exists");
    let bodies: Vec<serde_json::Value> = serde_json::from_slice(&raw).expect("an array");
    let parsed = bodies.iter().map(|body| parse(body.to_string().as_bytes()).expect("an object"));
    parsed.collect()
}

#[test]
fn a_batch_is_read_item_by_item() {
    let webhook = read("batch_two_entries_three_calls.json");
    let [Event::Connect(one), Event::Terminate(two), Event::Connect(three)] =
        webhook.events.as_slice()
    else {
        panic!("{webhook:?}");
    };
    assert_eq!(one.wacid, wacid("QTE"));
    assert_eq!(one.party.name.as_deref(), Some("Ana"));
    assert_eq!(two.wacid, wacid("QTI"));
    assert_eq!(two.party.name, None, "Ana's name is not Ben's");
    assert_eq!(three.wacid, wacid("QTM"));
    assert_eq!(three.line, line("200300400500601"));
    let expected = [("malformed_change", 1), ("unknown_event", 1), ("unknown_field", 1)];
    assert_eq!(counts(&webhook), BTreeMap::from(expected));
    let names: Vec<_> = webhook.ignored.iter().filter_map(|entry| entry.name.as_deref()).collect();
    assert_eq!(names, ["account_update", "call_recording_available"]);
}

#[test]
fn malformed_bodies_have_no_effect_but_a_count() {
    let webhooks = malformed();
    let expected: [&[(&str, u32)]; 8] = [
        &[("malformed_entry", 1)],
        &[("malformed_entry", 1)],
        &[("malformed_entry", 5)],
        &[("malformed_change", 5)],
        &[("missing_line", 4)],
        &[("empty_value", 1), ("malformed_call", 1), ("malformed_status", 1)],
        &[("malformed_call", 7), ("malformed_error", 2), ("malformed_status", 3)],
        &[("foreign_object", 1)],
    ];
    for (index, expected) in expected.into_iter().enumerate() {
        let webhook = &webhooks[index];
        assert_eq!(webhook.events, [], "body {index}");
        let expected: BTreeMap<_, _> = expected.iter().copied().collect();
        assert_eq!(counts(webhook), expected, "body {index}");
    }
    assert_eq!(webhooks.len(), 9, "the last one is another test's");
}

#[test]
fn a_connect_without_a_usable_description_is_delivered_to_be_ended() {
    let webhooks = malformed();
    let last = webhooks.last().unwrap();
    let calls: Vec<(&str, Direction, bool)> = last
        .events
        .iter()
        .map(|event| match event {
            Event::Connect(connect) => {
                (connect.wacid.as_str(), connect.direction, connect.sdp.is_some())
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        calls,
        [
            ("wacid.s1", Direction::UserInitiated, false),
            ("wacid.s2", Direction::BusinessInitiated, false),
            ("wacid.s3", Direction::UserInitiated, false),
            ("wacid.s4", Direction::UserInitiated, false),
            ("wacid.s5", Direction::BusinessInitiated, false),
        ]
    );
    assert_eq!(counts(last), BTreeMap::from([("malformed_session", 5)]));
}

#[test]
fn only_what_is_no_json_object_is_an_error() {
    assert_eq!(parse(b"{\n  oops"), Err(WebhookError::NotJson { line: 2, column: 3 }));
    assert!(matches!(parse(b""), Err(WebhookError::NotJson { .. })));
    assert!(matches!(parse(b"\xff\xfe{}"), Err(WebhookError::NotJson { .. })));
    let deep = "[".repeat(100_000);
    assert!(matches!(parse(deep.as_bytes()), Err(WebhookError::NotJson { .. })));
    assert_eq!(parse(b"[]"), Err(WebhookError::NotAnObject));
    assert_eq!(parse(b"null"), Err(WebhookError::NotAnObject));
    assert!(parse(b"{}").is_ok());
}

#[test]
fn debug_output_of_events_hides_ids_and_numbers() {
    let shown =
        format!("{:?}", (read("connect_form_b.json").events, read("permission_replies.json")));
    for secret in ["15550107001", "wacid.HB", "wamid.R", "Zml4dHVyZS9wd2Q", "US.3001"] {
        assert!(!shown.contains(secret), "{secret} is shown in {shown}");
    }
}
