//! Programs read a contact's timeline, follow missed calls up and note outcomes, in their own
//! workspace only.

use model::{
    CallId, Cause, Direction, Disposition, EndReason, LineId, Micros, MissedReason, Party, Phone,
    Timestamp, Wacid,
};
use reqwest::Method;
use serde_json::{Value, json};
use store::{Cdr, NewCall};
use uuid::Uuid;

use crate::house::{House, LINE, OTHER_KEY, document, problem, workspace};

const NUMBER: &str = "15550002222";

/// A call that the caller gave up after 12 s, as the switchboard books it.
async fn add_missed(house: &House, number: u128) -> CallId {
    let call = CallId::from_uuid(Uuid::from_u128(number));
    let at = i64::try_from(number).expect("small");
    let new = NewCall {
        id: call,
        workspace: workspace(),
        line: LineId::new(LINE).expect("a line id"),
        wacid: Wacid::new(format!("wacid.{number}")).expect("a wacid"),
        direction: Direction::UserInitiated,
        party: Party { phone: Phone::new(NUMBER), ..Party::default() },
        arrived_at: Timestamp::from_millis(at),
    };
    house.store.open_call(new).await.expect("a kept call");
    let end = EndReason::of(Cause::CallerHungUp, false);
    let cdr = Cdr {
        call,
        ended_at: Timestamp::from_millis(at + 12_000),
        disposition: Disposition::of(end, false),
        end,
        missed: MissedReason::of(Cause::CallerHungUp, false),
        claimed_by: None,
        ring_ms: 12_000,
        claim_to_audio_ms: None,
        duration_ms: 0,
        talked_s: 0,
        pulses: 0,
        billed: Micros::ZERO,
        recording: None,
        meta_duration_s: None,
        quality: None,
        volume_tier: None,
        clock_jump_ms: 0,
    };
    house.store.close_call(cdr, vec![]).await.expect("a closed call");
    call
}

#[tokio::test]
async fn a_contacts_timeline_is_read_page_by_page_by_any_spelling_of_its_number() {
    let house = House::open().await;
    for number in 1..=3 {
        add_missed(&house, number).await;
    }
    let path = format!("/v1/contacts/phone:{NUMBER}/timeline?limit=2");
    let page = house.get(&path).await;
    assert_eq!(page["items"].as_array().map(Vec::len), Some(2));
    assert_eq!(page["items"][0]["missed"], "caller_gave_up");
    assert_eq!(page["items"][0]["missed_in_words"], "The caller gave up after 12 s.");
    let cursor = page["next_cursor"].as_str().expect("one more page");
    let rest = house.get(&format!("{path}&cursor={cursor}")).await;
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(rest["next_cursor"], Value::Null);
    for key in [format!("phone:{NUMBER}"), format!("phone:+{NUMBER}"), format!("phone%3A{NUMBER}")]
    {
        let contact = house.get(&format!("/v1/contacts/{key}")).await;
        assert_eq!(contact["calls"], 3, "{key}");
        assert_eq!(contact["missed"], 3);
        assert_eq!(contact["keys"], json!([format!("phone:{NUMBER}")]));
    }
}

#[tokio::test]
async fn a_key_or_cursor_that_cannot_be_is_a_bad_request_and_an_unknown_one_is_not_found() {
    let house = House::open().await;
    add_missed(&house, 1).await;
    for key in ["nobody", "phone:", "phone:call-me", "user:", "user:a%20b", "mail:a@example.com"] {
        for path in [format!("/v1/contacts/{key}"), format!("/v1/contacts/{key}/timeline")] {
            let refused = problem(house.keyed(Method::GET, &path)).await;
            assert_eq!(refused, (400, "invalid".to_owned()), "{path}");
        }
    }
    let timeline = format!("/v1/contacts/phone:{NUMBER}/timeline");
    for (path, refusal) in [
        (format!("{timeline}?cursor=nonsense"), (400, "bad_cursor")),
        (format!("{timeline}?limit=many"), (400, "invalid")),
        ("/v1/missed?cursor=nonsense".to_owned(), (400, "bad_cursor")),
        ("/v1/follow-ups?cursor=7.call_1".to_owned(), (400, "bad_cursor")),
        ("/v1/follow-ups?state=lost".to_owned(), (400, "invalid")),
        ("/v1/contacts/phone:15559999999".to_owned(), (404, "not_found")),
        ("/v1/contacts/user:US.9/timeline".to_owned(), (404, "not_found")),
    ] {
        let refused = problem(house.keyed(Method::GET, &path)).await;
        assert_eq!(refused, (refusal.0, refusal.1.to_owned()), "{path}");
    }
}

#[tokio::test]
async fn missed_calls_come_with_their_reason_and_name_the_next_page() {
    let house = House::open().await;
    for number in 1..=3 {
        add_missed(&house, number).await;
    }
    let response = house.keyed(Method::GET, "/v1/missed?limit=2").send().await.unwrap();
    let link = response.headers()["link"].to_str().unwrap().to_owned();
    let first: Value = response.json().await.unwrap();
    assert_eq!(first[0]["gave_up_after_ms"], 12_000);
    assert_eq!(first[0]["in_words"], "The caller gave up after 12 s.");
    let next = link.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap();
    assert_eq!(next.1, "; rel=\"next\"");
    let response = house.keyed(Method::GET, next.0).send().await.unwrap();
    assert!(!response.headers().contains_key("link"), "the last page");
    let rest: Value = response.json().await.unwrap();
    assert_eq!(rest.as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_follow_up_is_marked_done_and_opened_again() {
    let house = House::open().await;
    add_missed(&house, 1).await;
    let call = add_missed(&house, 2).await;
    house.token("ana").await;
    let open = house.get("/v1/follow-ups").await;
    let entry = &open["items"][0];
    assert_eq!(open["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(entry["missed"], 2);
    assert_eq!(entry["last_call"], call.to_string());
    let honest = json!({"possible": false, "why_not": "calling_out_not_available"});
    assert_eq!(entry["call_back"], honest);
    let id = entry["id"].as_str().unwrap();

    let done = format!("/v1/follow-ups/{id}/done");
    let post = |path: &str, body: Value| house.keyed(Method::POST, path).json(&body);
    let long = json!({"note": "x".repeat(4_001)});
    for (body, refusal) in [
        (json!({"agent": "nobody"}), (404, "not_found")),
        (long, (422, "text_too_long")),
        (json!({"by": "ana"}), (400, "invalid")),
        (json!("done"), (400, "invalid")),
    ] {
        let refused = problem(post(&done, body)).await;
        assert_eq!(refused, (refusal.0, refusal.1.to_owned()));
    }
    let marked = document(post(&done, json!({"agent": "ana", "note": "wrote to them"}))).await;
    assert_eq!(marked["state"], "done");
    assert_eq!(marked["done"]["how"], "by_hand");
    assert_eq!(marked["done"]["agent"], "ana");
    assert_eq!(house.get("/v1/follow-ups?state=open").await["items"], json!([]));
    assert_eq!(house.get("/v1/follow-ups?state=done").await["items"][0], marked);
    let reopened = document(post(&format!("/v1/follow-ups/{id}/reopen"), json!({}))).await;
    assert_eq!(reopened, *entry);

    document(post(&done, json!({}))).await;
    add_missed(&house, 3).await;
    let refused = problem(post(&format!("/v1/follow-ups/{id}/reopen"), json!({}))).await;
    assert_eq!(refused, (409, "follow_up_open".to_owned()));
    let unknown = "/v1/follow-ups/fup_00000000000000000000000000000404/done";
    assert_eq!(problem(post(unknown, json!({}))).await, (404, "not_found".to_owned()));
    assert_eq!(problem(post("/v1/follow-ups/1/done", json!({}))).await.0, 400);
}

#[tokio::test]
async fn notes_and_outcomes_are_kept_with_the_call() {
    let house = House::open().await;
    let call = add_missed(&house, 1).await;
    house.token("ana").await;
    let put = |body: Value| house.keyed(Method::PUT, "/v1/outcomes").json(&body);
    let annotate =
        |body: Value| house.keyed(Method::POST, &format!("/v1/calls/{call}/notes")).json(&body);
    assert_eq!(house.get("/v1/outcomes").await, json!({"outcomes": []}));
    let words = json!({"outcomes": ["sold", "call again"]});
    assert_eq!(document(put(words.clone())).await, words);
    let many: Vec<String> = (0..51).map(|n| n.to_string()).collect();
    for bad in [json!(many), json!(["a", "a"]), json!([""]), json!(["x".repeat(65)])] {
        let refused = problem(put(json!({ "outcomes": bad }))).await;
        assert_eq!(refused, (422, "bad_outcomes".to_owned()));
    }
    assert_eq!(house.get("/v1/outcomes").await, words);

    let note = json!({"agent": "ana", "note": "asks for a quote", "outcome": "sold"});
    document(annotate(note)).await;
    for (body, refusal) in [
        (json!({"note": "x".repeat(4_001)}), (422, "text_too_long")),
        (json!({"outcome": "x".repeat(65)}), (422, "text_too_long")),
        (json!({"outcome": "lost"}), (422, "unknown_outcome")),
        (json!({"agent": "nobody", "note": "x"}), (404, "not_found")),
        (json!({"text": "x"}), (400, "invalid")),
    ] {
        let refused = problem(annotate(body)).await;
        assert_eq!(refused, (refusal.0, refusal.1.to_owned()));
    }
    let detail = house.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(detail["note"], "asks for a quote");
    assert_eq!(detail["outcome"], "sold");
    assert_eq!(detail["notes"][0]["agent"], "ana");
    let listed = house.get("/v1/calls").await;
    assert_eq!(listed["items"][0]["outcome"], "sold");
}

#[tokio::test]
async fn another_workspace_finds_nothing_of_all_this() {
    let house = House::open().await;
    let call = add_missed(&house, 1).await;
    let follow_up = house.get("/v1/follow-ups").await["items"][0]["id"].clone();
    let follow_up = follow_up.as_str().unwrap();
    let words = json!({"outcomes": ["sold"]});
    document(house.keyed(Method::PUT, "/v1/outcomes").json(&words)).await;
    let theirs = |method: Method, path: &str| house.request(method, path).bearer_auth(OTHER_KEY);
    for (method, path) in [
        (Method::GET, format!("/v1/contacts/phone:{NUMBER}")),
        (Method::GET, format!("/v1/contacts/phone:{NUMBER}/timeline")),
        (Method::POST, format!("/v1/follow-ups/{follow_up}/done")),
        (Method::POST, format!("/v1/follow-ups/{follow_up}/reopen")),
        (Method::POST, format!("/v1/calls/{call}/notes")),
    ] {
        let refused = problem(theirs(method, &path).json(&json!({}))).await;
        assert_eq!(refused, (404, "not_found".to_owned()), "{path}");
    }
    let list = document(theirs(Method::GET, "/v1/follow-ups")).await;
    assert_eq!(list["items"], json!([]));
    assert_eq!(document(theirs(Method::GET, "/v1/outcomes")).await, json!({"outcomes": []}));
    let own = house.get("/v1/follow-ups").await;
    assert_eq!(own["items"][0]["state"], "open");
}

#[tokio::test]
async fn g38_an_erased_contact_is_found_no_more_and_the_answer_says_what_went() {
    let house = House::open().await;
    let call = add_missed(&house, 1).await;
    let path = format!("/v1/contacts/phone:{NUMBER}");
    let theirs = house.request(Method::DELETE, &path).bearer_auth(OTHER_KEY);
    assert_eq!(problem(theirs).await, (404, "not_found".to_owned()), "another workspace's contact");
    let erased = document(house.keyed(Method::DELETE, &path)).await;
    assert_eq!((&erased["keys"], &erased["calls"]), (&json!(1), &json!(1)), "{erased}");
    assert_eq!(erased["follow_ups"], 1, "{erased}");
    assert_eq!(problem(house.keyed(Method::GET, &path)).await.0, 404);
    assert_eq!(problem(house.keyed(Method::DELETE, &path)).await.0, 404);
    let kept = house.get(&format!("/v1/calls/{call}")).await;
    assert_eq!(kept["missed"], "caller_gave_up", "{kept}");
    assert!(!kept.to_string().contains(NUMBER), "{kept}");
    assert!(!house.get("/v1/missed").await.to_string().contains(NUMBER));
    let bad = problem(house.keyed(Method::DELETE, "/v1/contacts/nobody")).await;
    assert_eq!(bad, (400, "invalid".to_owned()));
}
