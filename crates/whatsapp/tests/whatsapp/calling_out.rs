//! What is asked of Meta to call a contact: byte for byte, how its answers are read, and what is
//! never asked twice.

use model::{Bsuid, Party, Phone, SdpText, Timestamp};
use whatsapp::{GraphError, PermissionStatus};

use crate::fixtures::{LINE, line};
use crate::meta::{Meta, Reply};

fn party() -> Party {
    Party { phone: Phone::new("15550002222"), ..Party::default() }
}

fn only_an_id() -> Party {
    Party { bsuid: Some(Bsuid("US.1".to_owned())), ..Party::default() }
}

fn placed(id: &str) -> Reply {
    Reply::Body(200, format!(r#"{{"messaging_product":"whatsapp","calls":[{{"id":"{id}"}}]}}"#))
}

fn body(meta: &Meta, number: usize) -> serde_json::Value {
    serde_json::from_slice(&meta.seen()[number].body).expect("JSON")
}

#[tokio::test]
async fn connect_names_the_contact_and_carries_our_offer_and_our_own_words() {
    let meta = Meta::start([placed("wacid.QUJD/+Q=="), placed("wacid.QUJE")]).await;
    let sdp = SdpText::new("v=0\r\na=x:\"é\"\r\n");
    let graph = meta.graph();
    let id = graph.connect(&line(LINE), &party(), &sdp, "call_1").await.unwrap();
    assert_eq!(id.as_str(), "wacid.QUJD/+Q==");
    graph.connect(&line(LINE), &only_an_id(), &sdp, &"x".repeat(600)).await.unwrap();
    let expected = serde_json::json!({
        "messaging_product": "whatsapp", "to": "15550002222", "action": "connect",
        "session": { "sdp_type": "offer", "sdp": "v=0\r\na=x:\"é\"\r\n" },
        "biz_opaque_callback_data": "call_1",
    });
    assert_eq!(body(&meta, 0), expected);
    let second = body(&meta, 1);
    assert_eq!(second["recipient"], "US.1");
    assert!(second.get("to").is_none());
    assert_eq!(second["biz_opaque_callback_data"].as_str().map(str::len), Some(512));
    for request in meta.seen() {
        assert_eq!(request.method, "POST");
        assert_eq!(request.uri, "/v23.0/200300400500600/calls");
    }
}

#[tokio::test]
async fn c11_connect_is_asked_once_when_nobody_knows_whether_it_was_done() {
    let unclear = [
        Reply::Silence,
        Reply::Body(500, "oops".to_owned()),
        Reply::Body(200, r#"{"success":true}"#.to_owned()),
        Reply::Body(200, r#"{"calls":[{"id":""}]}"#.to_owned()),
        Reply::Body(200, r#"{"calls":["wacid.QUJD"]}"#.to_owned()),
    ];
    for reply in unclear {
        let meta = Meta::start([reply, placed("wacid.QUJD")]).await;
        let graph = meta.graph();
        let result = graph.connect(&line(LINE), &party(), &SdpText::new("v=0\r\n"), "c").await;
        assert!(matches!(result, Err(GraphError::Ambiguous { .. })), "{result:?}");
        assert_eq!(meta.seen().len(), 1, "two calls would ring one phone");
    }
}

#[tokio::test]
async fn c6_connect_obeys_a_throttle_and_tries_no_more_than_thrice() {
    let throttled = || Reply::Header(429, "retry-after", "1", crate::meta::envelope(138_002, "x"));
    let meta = Meta::start(std::iter::repeat_with(throttled).take(5)).await;
    let graph = meta.graph();
    let result = graph.connect(&line(LINE), &party(), &SdpText::new("v=0\r\n"), "c").await;
    assert!(matches!(result, Err(GraphError::Refused { status: 429, .. })), "{result:?}");
    assert!(meta.seen().len() <= 3, "{}", meta.seen().len());
}

#[tokio::test]
async fn a_contact_without_a_name_is_refused_before_any_request() {
    let meta = Meta::start([]).await;
    let graph = meta.graph();
    let nobody = Party::default();
    let refused = [
        graph.connect(&line(LINE), &nobody, &SdpText::new(""), "").await.err(),
        graph.permission(&line(LINE), &nobody).await.err(),
        graph.ask_permission(&line(LINE), &nobody, "").await.err(),
    ];
    assert!(refused.iter().all(|error| matches!(error, Some(GraphError::Setup { .. }))));
    assert!(meta.seen().is_empty());
}

#[tokio::test]
async fn both_dialects_of_call_permissions_are_read() {
    for (name, value) in [("expiration_time", "1767830500"), ("expiration", "\"1767830500\"")] {
        let answer = format!(
            r#"{{"messaging_product":"whatsapp",
            "permission":{{"status":"temporary","{name}":{value}}},
            "actions":[
              {{"action_name":"send_call_permission_request","can_perform_action":true,"limits":[
                {{"time_period":"PT24H","max_allowed":1,"current_usage":0}},
                {{"time_period":"P7D","max_allowed":2,"current_usage":1}}]}},
              {{"action_name":"start_call","can_perform_action":false,"limits":[
                {{"time_period":"PT24H","max_allowed":100,"current_usage":100,
                  "limit_expiration_time":1767312000}}]}}]}}"#
        );
        let meta = Meta::start([Reply::Body(200, answer)]).await;
        let found = meta.graph().permission(&line(LINE), &party()).await.unwrap();
        let until = Some(Timestamp::from_seconds(1_767_830_500));
        assert_eq!(found.status, PermissionStatus::Temporary(until), "{name}");
        assert!(found.may_ask && !found.may_call);
        assert_eq!(found.ask_limits.len(), 2);
        let [limit] = found.call_limits.as_slice() else { panic!("{found:?}") };
        assert!(limit.is_used_up());
        assert_eq!(limit.room_at, Some(Timestamp::from_seconds(1_767_312_000)));
        let request = &meta.seen()[0];
        assert_eq!(request.method, "GET");
        let uri = "/v23.0/200300400500600/call_permissions?user_wa_id=15550002222";
        assert_eq!(request.uri, uri);
    }
}

#[tokio::test]
async fn every_word_about_a_permission_is_kept_and_a_contact_may_be_named_by_id() {
    let cases = [
        ("no_permission", PermissionStatus::None),
        ("permanent", PermissionStatus::Permanent),
        ("temporary", PermissionStatus::Temporary(None)),
        ("weekly", PermissionStatus::Other("weekly".to_owned())),
    ];
    for (word, status) in cases {
        let answer = format!(r#"{{"permission":{{"status":"{word}"}}}}"#);
        let meta = Meta::start([Reply::Body(200, answer)]).await;
        let found = meta.graph().permission(&line(LINE), &only_an_id()).await.unwrap();
        assert_eq!(found.status, status);
        let uri = "/v23.0/200300400500600/call_permissions?recipient=US.1";
        assert_eq!(meta.seen()[0].uri, uri);
    }
    // Asking changes nothing, so it is tried again.
    let answer = r#"{"permission":{"status":"permanent"}}"#.to_owned();
    let meta = Meta::start([Reply::Body(500, String::new()), Reply::Body(200, answer)]).await;
    assert!(meta.graph().permission(&line(LINE), &party()).await.is_ok());
}

#[tokio::test]
async fn a_request_for_permission_is_sent_freely_or_by_template_and_never_twice() {
    let sent = || Reply::Body(200, r#"{"messages":[{"id":"wamid.A"}]}"#.to_owned());
    let meta = Meta::start([sent(), sent(), Reply::Silence, sent()]).await;
    let graph = meta.graph();
    graph.ask_permission(&line(LINE), &party(), "May we call?").await.unwrap();
    let by_template = graph.ask_permission_by_template(&line(LINE), &party(), "ask", "en").await;
    assert_eq!(by_template.unwrap().as_str(), "wamid.A");
    let lost = graph.ask_permission(&line(LINE), &party(), "").await;
    assert!(matches!(lost, Err(GraphError::Ambiguous { .. })));
    assert_eq!(meta.seen().len(), 3, "one person is asked once");
    let free = serde_json::json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "15550002222",
        "type": "interactive",
        "interactive": { "type": "call_permission_request",
            "action": { "name": "call_permission_request" },
            "body": { "text": "May we call?" } },
    });
    assert_eq!(body(&meta, 0), free);
    let template = serde_json::json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": "15550002222",
        "type": "template", "template": { "name": "ask", "language": { "code": "en" } },
    });
    assert_eq!(body(&meta, 1), template);
    assert!(body(&meta, 2)["interactive"].get("body").is_none());
    assert_eq!(meta.seen()[0].uri, "/v23.0/200300400500600/messages");
}
