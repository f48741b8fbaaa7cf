//! No body makes the parser panic, and what it yields is bounded by what it was given.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use whatsapp::parse;

/// Member names and words that reach deep into the parser.
const WORDS: [&str; 34] = [
    "object",
    "entry",
    "changes",
    "field",
    "value",
    "metadata",
    "phone_number_id",
    "calls",
    "statuses",
    "messages",
    "contacts",
    "errors",
    "id",
    "event",
    "direction",
    "session",
    "sdp",
    "sdp_type",
    "connection",
    "webrtc",
    "from",
    "to",
    "from_user_id",
    "wa_id",
    "user_id",
    "profile",
    "name",
    "code",
    "timestamp",
    "interactive",
    "call_permission_reply",
    "response",
    "connect",
    "terminate",
];

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        proptest::sample::select(&WORDS[..]).prop_map(Value::from),
        Just(Value::from("15550107001")),
    ]
}

fn tree() -> impl Strategy<Value = Value> {
    leaf().prop_recursive(6, 64, 6, |inner| {
        let key = prop_oneof![
            9 => proptest::sample::select(&WORDS[..]).prop_map(str::to_owned),
            1 => ".{0,6}",
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_do_not_panic(raw in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&raw);
    }

    #[test]
    fn arbitrary_json_does_not_panic(tree in tree()) {
        let parsed = parse(tree.to_string().as_bytes());
        prop_assert_eq!(parsed.is_ok(), tree.is_object());
    }

    #[test]
    fn arbitrary_values_behind_a_valid_start_do_not_panic(
        tree in tree(),
        field in prop_oneof![Just("calls"), Just("messages")],
        list in prop_oneof![Just("calls"), Just("statuses"), Just("messages"), Just("errors"), Just("contacts")],
    ) {
        let mut value = json!({
            "metadata": {"phone_number_id": "1", "display_phone_number": "15550107001"},
            "calls": [{"id": "wacid.a", "event": "connect", "session": tree.clone(), "from": tree.clone()}],
            "contacts": [tree.clone()],
        });
        value[list] = json!([tree.clone(), tree]);
        let body = json!({"entry": [{"changes": [{"field": field, "value": value}]}]});
        let webhook = parse(body.to_string().as_bytes()).expect("an object");
        prop_assert!(webhook.events.len() <= 4);
    }

    #[test]
    fn every_prefix_of_a_real_body_is_refused_or_read(cut in 0usize..2_000) {
        let raw = include_bytes!("../../../../tests/fixtures/webhooks/statuses.json");
        let cut = cut.min(raw.len());
        let whole = cut >= raw.len() - 1;
        prop_assert_eq!(parse(&raw[..cut]).is_ok(), whole);
    }
}
