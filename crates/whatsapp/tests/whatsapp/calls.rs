//! Connects, terminates and statuses carry what Meta said, joined to the right person.

use model::{Bsuid, Direction, Party, Phone, Timestamp};
use whatsapp::{CallStatus, Code, Connect, Event, SdpKind, Status, Terminate};

use crate::fixtures::{LINE, events, line, read, wacid};

const ANA: &str = "15550107001";
const ANA_ID: &str = "US.30010020030040050060";

fn connects(name: &str) -> Vec<Connect> {
    let found = events(name).into_iter().map(|event| match event {
        Event::Connect(connect) => connect,
        other => panic!("{other:?}"),
    });
    found.collect()
}

fn terminates(name: &str) -> Vec<Terminate> {
    let found = events(name).into_iter().map(|event| match event {
        Event::Terminate(terminate) => terminate,
        other => panic!("{other:?}"),
    });
    found.collect()
}

fn party(phone: Option<&str>, bsuid: Option<&str>, name: Option<&str>) -> Party {
    Party {
        phone: phone.map(|digits| Phone::new(digits).expect("digits")),
        bsuid: bsuid.map(|id| Bsuid(id.to_owned())),
        name: name.map(str::to_owned),
        username: None,
    }
}

#[test]
fn form_a_with_everything_meta_may_send() {
    let [connect] = connects("connect_form_a.json").try_into().unwrap();
    let (kind, sdp) = connect.sdp.unwrap();
    assert_eq!(kind, SdpKind::Offer);
    assert!(sdp.as_str().starts_with("v=0\r\n"));
    assert!(sdp.as_str().ends_with("label:audio#fixture\r\n"));
    assert_eq!(connect.line, line(LINE));
    assert_eq!(connect.wacid, wacid("QTE"));
    assert_eq!(connect.direction, Direction::UserInitiated);
    assert_eq!(connect.at, Some(Timestamp::from_seconds(1_790_000_001)));
    assert_eq!(connect.party.name.as_deref(), Some("Ana Limão"));
    assert_eq!(connect.party.username.as_deref(), Some("ana.example"));
    assert_eq!(connect.party.phone, Phone::new(ANA));
    assert_eq!(connect.party.bsuid, Some(Bsuid(ANA_ID.to_owned())));
    assert_eq!(connect.display_phone_number.as_deref(), Some("15550104000"));
    assert_eq!(connect.cta_payload.as_deref(), Some("order-4711"));
    assert_eq!(connect.deeplink_payload.as_deref(), Some("from-the-website"));
    assert_eq!(connect.biz_opaque_callback_data, None);
}

#[test]
fn form_b_as_production_sends_it() {
    let [connect] = connects("connect_form_b.json").try_into().unwrap();
    assert_eq!(connect.party, party(Some(ANA), None, Some("Ana")));
    let (kind, sdp) = connect.sdp.unwrap();
    assert_eq!(kind, SdpKind::Offer);
    assert!(sdp.as_str().contains("a=ice-pwd:Zml4dHVyZS9wd2QrMDAwMQ==\r\n"));
}

#[test]
fn the_legacy_description_counts_only_without_a_session() {
    let [connect] = connects("connect_legacy_connection.json").try_into().unwrap();
    let (kind, sdp) = connect.sdp.unwrap();
    assert_eq!(kind, SdpKind::Offer);
    assert!(sdp.as_str().contains("a=ice-ufrag:fixA+ufrag/01\r\n"));
    assert_eq!(connect.direction, Direction::UserInitiated);
    assert_eq!(connect.at, Some(Timestamp::from_seconds(1_790_000_201)));

    let [connect] = connects("connect_business_initiated.json").try_into().unwrap();
    let (kind, sdp) = connect.sdp.unwrap();
    assert_eq!(kind, SdpKind::Answer);
    assert!(sdp.as_str().contains("a=ice-ufrag:qW8/rTfixtureB01\r\n"));
    assert_eq!(connect.direction, Direction::BusinessInitiated);
    assert_eq!(connect.party.phone, Phone::new(ANA));
    assert_eq!(connect.party.username.as_deref(), Some("ana.example"));
    assert_eq!(connect.biz_opaque_callback_data.as_deref(), Some("call_0193"));
}

#[test]
fn a_missing_direction_is_told_from_the_description() {
    let body = |kind: &str| {
        format!(
            r#"{{"entry":[{{"changes":[{{"field":"Calls","value":{{"metadata":{{"phone_number_id":"1"}},
            "calls":[{{"id":"wacid.a","event":"Connect","session":{{"sdp_type":"{kind}","sdp":"v=0"}}}}]}}}}]}}]}}"#
        )
    };
    for (kind, direction) in
        [("offer", Direction::UserInitiated), ("ANSWER", Direction::BusinessInitiated)]
    {
        let webhook = whatsapp::parse(body(kind).as_bytes()).unwrap();
        let [Event::Connect(connect)] = webhook.events.as_slice() else {
            panic!("{webhook:?}");
        };
        assert_eq!(connect.direction, direction);
    }
}

#[test]
fn relays_spell_the_direction_their_own_way() {
    for (word, direction) in [
        ("incoming", Some(Direction::UserInitiated)),
        ("User-Initiated", Some(Direction::UserInitiated)),
        ("OUTGOING", Some(Direction::BusinessInitiated)),
        ("business_initiated", Some(Direction::BusinessInitiated)),
        ("sideways", None),
    ] {
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"calls","value":{{"metadata":{{"phone_number_id":"1"}},
            "calls":[{{"id":"wacid.a","event":"TERMINATE","direction":"{word}"}}]}}}}]}}]}}"#
        );
        let webhook = whatsapp::parse(body.as_bytes()).unwrap();
        let [Event::Terminate(terminate)] = webhook.events.as_slice() else {
            panic!("{webhook:?}");
        };
        assert_eq!(terminate.direction, direction, "{word}");
    }
}

#[test]
fn a_user_without_a_number_is_known_by_the_business_scoped_id() {
    let [connect] = connects("connect_bsuid_only.json").try_into().unwrap();
    assert_eq!(connect.party.phone, None);
    assert_eq!(connect.party.bsuid, Some(Bsuid("BR.51525354555657585960".to_owned())));
    assert_eq!(connect.party.username.as_deref(), Some("cleo"));
    assert!(connect.sdp.is_some());
}

#[test]
fn contacts_are_joined_by_id_or_number_never_by_place() {
    let [first, second, third] = connects("connect_contacts_misaligned.json").try_into().unwrap();
    assert_eq!(first.party, party(Some(ANA), None, Some("Ana")));
    let ben = party(Some("491555010702"), Some("DE.70080090010020030040"), Some("Ben"));
    assert_eq!(second.party, ben);
    assert_eq!(third.party, party(Some("15550108888"), None, None));
}

#[test]
fn an_only_contact_belongs_to_an_only_call_unless_they_contradict() {
    let names = |calls: &str| -> Vec<Option<String>> {
        let body = format!(
            r#"{{"entry":[{{"changes":[{{"field":"calls","value":{{"metadata":{{"phone_number_id":"1"}},
            "contacts":[{{"profile":{{"name":"Ana"}},"wa_id":"{ANA}"}}],"calls":[{calls}]}}}}]}}]}}"#
        );
        let webhook = whatsapp::parse(body.as_bytes()).unwrap();
        let parties = webhook.events.into_iter().map(|event| match event {
            Event::Terminate(terminate) => terminate.party.name,
            other => panic!("{other:?}"),
        });
        parties.collect()
    };
    let nameless = r#"{"id":"wacid.a","event":"terminate"}"#;
    let stranger = r#"{"id":"wacid.b","event":"terminate","from":"15550108888"}"#;
    assert_eq!(names(nameless), [Some("Ana".to_owned())]);
    assert_eq!(names(stranger), [None]);
    assert_eq!(names(&format!("{nameless},{stranger}")), [None, None]);
}

#[test]
fn the_lines_own_number_is_never_the_user() {
    let [connect] = connects("connect_ends_swapped.json").try_into().unwrap();
    assert_eq!(connect.party, party(Some(ANA), None, Some("Ana")));
    assert_eq!(connect.direction, Direction::UserInitiated);
}

#[test]
fn a_terminate_of_an_answered_call_has_times_in_any_spelling() {
    let [terminate] = terminates("terminate_answered.json").try_into().unwrap();
    assert_eq!(
        terminate,
        Terminate {
            line: line(LINE),
            wacid: wacid("QjE"),
            direction: Some(Direction::UserInitiated),
            party: party(Some(ANA), None, Some("Ana")),
            at: Some(Timestamp::from_seconds(1_790_000_190)),
            status: Some("COMPLETED".to_owned()),
            start_time: Some(Timestamp::from_seconds(1_790_000_106)),
            end_time: Some(Timestamp::from_seconds(1_790_000_190)),
            duration_s: Some(84),
            errors: vec![],
            display_phone_number: Some("15550104000".to_owned()),
            biz_opaque_callback_data: Some("kept".to_owned()),
            cta_payload: Some("order-4711".to_owned()),
            deeplink_payload: Some("from-the-website".to_owned()),
        }
    );
    assert!(terminate.was_picked_up());
}

#[test]
fn a_terminate_of_an_unanswered_call_is_completed_without_times() {
    let [terminate] = terminates("terminate_unanswered.json").try_into().unwrap();
    assert_eq!(terminate.status.as_deref(), Some("COMPLETED"));
    assert_eq!(terminate.start_time, None);
    assert_eq!(terminate.duration_s, None);
    assert!(!terminate.was_picked_up());
}

#[test]
fn errors_of_both_levels_are_merged_by_code() {
    let [terminate] = terminates("terminate_failed_138021.json").try_into().unwrap();
    assert_eq!(terminate.status.as_deref(), Some("FAILED"));
    let [silent, lost] = terminate.errors.as_slice() else {
        panic!("{:?}", terminate.errors);
    };
    assert_eq!(silent.kind(), Code::PhoneReceivedNoMedia);
    assert_eq!(silent.title.as_deref(), Some("No media"));
    assert_eq!(silent.details.as_deref(), Some("No packets arrived for 20 seconds"));
    assert_eq!(silent.href.as_deref(), Some("https://developers.example/138021"));
    assert_eq!(lost.code, 138_023);
}

#[test]
fn an_error_without_a_call_concerns_the_line() {
    let events = events("line_error_131044.json");
    let [Event::LineError(error)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(error.line, line(LINE));
    assert_eq!(error.errors[0].kind(), Code::PaymentMissing);
    assert_eq!(error.errors.len(), 1);
}

#[test]
fn statuses_tell_how_far_an_outbound_call_is() {
    let webhook = read("statuses.json");
    let statuses: Vec<&Status> = webhook
        .events
        .iter()
        .map(|event| match event {
            Event::Status(status) => status,
            other => panic!("{other:?}"),
        })
        .collect();
    let words: Vec<CallStatus> = statuses.iter().map(|item| item.status.clone()).collect();
    assert_eq!(
        words,
        [
            CallStatus::Ringing,
            CallStatus::Accepted,
            CallStatus::Rejected,
            CallStatus::Other("PARKED".to_owned())
        ]
    );
    assert_eq!(statuses[0].party, party(Some(ANA), Some(ANA_ID), None));
    assert_eq!(statuses[0].biz_opaque_callback_data.as_deref(), Some("call_0193"));
    assert_eq!(statuses[1].at, Some(Timestamp::from_seconds(1_790_000_309)));
    assert_eq!(statuses[1].party, party(None, Some(ANA_ID), None));
    assert_eq!(statuses[3].at, None);
}
