//! Graph refuses what Meta refuses, and every end of a call is told.

use std::time::Duration;

use serde_json::{Value, json};
use sim::meta::{Fault, PhoneState};

use super::business::Business;
use super::world::{LINE, PATIENCE, World, action, ana, call_of};

fn assert_refused(answer: (u16, Value), http: u16, code: u32) {
    let (status, body) = answer;
    assert_eq!(status, http, "{body}");
    let error = &body["error"];
    assert_eq!(error["code"], code, "{body}");
    assert_eq!(error["type"], "OAuthException");
    assert_eq!(error["error_data"]["messaging_product"], "whatsapp");
    assert!(error["error_data"]["details"].is_string());
    let text = |key: &str| error[key].as_str().expect("it is text").to_owned();
    assert!(text("message").starts_with("(#"));
    assert!(text("fbtrace_id").starts_with('A'));
    assert!(error.get("error_subcode").is_none(), "not sent since version 16");
}

#[tokio::test]
async fn an_accept_that_differs_from_the_pre_accept_is_refused() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    let pre_accept = action("pre_accept", call.wacid(), Some(&answer));
    assert_eq!(world.graph(pre_accept).await.0, 200);
    let other = answer.replace("a=sendrecv\r\n", "a=sendrecv\r\na=x-other\r\n");
    assert_ne!(other, answer);
    let differs = action("accept", call.wacid(), Some(&other));
    assert_refused(world.graph(differs).await, 400, 100);
    assert_eq!(call.state(), PhoneState::Ringing);
    let accept = action("accept", call.wacid(), Some(&answer));
    assert_eq!(world.graph(accept.clone()).await.0, 200);
    assert_refused(world.graph(accept).await, 400, 100);
    let reject = action("reject", call.wacid(), None);
    assert_refused(world.graph(reject).await, 400, 100);
    let sdps = world.meta.requests();
    let statuses: Vec<u16> = sdps.iter().map(|request| request.status).collect();
    assert_eq!(statuses, [200, 400, 200, 400, 400]);
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn tokens_versions_lines_calls_and_types_are_checked() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let reject = action("reject", call.wacid(), None);
    let wrong = |version, token, line| world.graph_at(version, token, line, reject.clone());
    assert_refused(wrong("v23.0", "other", LINE).await, 401, 190);
    assert_refused(wrong("v16.0", "EAAG-token", LINE).await, 400, 100);
    assert_refused(wrong("v23.0", "EAAG-token", "1").await, 400, 33);
    let stranger = json!({
        "messaging_product": "whatsapp", "call_id": "wacid.none", "action": "reject",
    });
    assert_refused(world.graph(stranger).await, 400, 100);
    let dance = action("dance", call.wacid(), None);
    assert_refused(world.graph(dance).await, 400, 100);
    let mut wrong_type = action("accept", call.wacid(), Some("v=0\r\n"));
    wrong_type["session"]["sdp_type"] = json!("offer");
    assert_refused(world.graph(wrong_type).await, 400, 100);
    assert_eq!(call.state(), PhoneState::Calling);
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_call_that_nobody_answers_rings_out_without_a_duration() {
    let soon = Duration::from_millis(300);
    let world = World::start(|config| config.ring_timeout = soon..=soon).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let webhook = world.webhook("terminate", 0).await;
    let ended = call_of(&webhook.json);
    assert_eq!(ended["status"], "COMPLETED");
    for key in ["start_time", "end_time", "duration"] {
        assert!(ended.get(key).is_none(), "{key}");
    }
    assert_eq!(call.ended().unwrap().duration_s, None);
    let late = action("terminate", call.wacid(), None);
    assert_refused(world.graph(late).await, 400, 100);
    world.meta.shut_down().await;
}

#[tokio::test]
async fn rejecting_terminating_and_giving_up_are_all_told() {
    let world = World::start(|_| {}).await;
    for (nth, verb) in ["reject", "terminate"].into_iter().enumerate() {
        let call = world.meta.ring(ana()).await.unwrap();
        let ending = action(verb, call.wacid(), None);
        assert_eq!(world.graph(ending.clone()).await.0, 200);
        let webhook = world.webhook("terminate", nth).await;
        assert_eq!(call_of(&webhook.json)["id"], call.wacid().as_str());
        assert_refused(world.graph(ending).await, 400, 100);
    }
    let mut plan = ana();
    plan.gives_up_after = Some(Duration::from_millis(100));
    let call = world.meta.ring(plan).await.unwrap();
    let webhook = world.webhook("terminate", 2).await;
    assert_eq!(call_of(&webhook.json)["id"], call.wacid().as_str());
    world.meta.shut_down().await;
}

#[tokio::test]
async fn an_answered_call_tells_times_as_text_and_the_duration_as_a_number() {
    let world = World::start(|_| {}).await;
    let mut plan = ana();
    plan.hang_up_after_answer = Some(Duration::from_millis(1_100));
    let call = world.meta.ring(plan).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    let mut accept = action("accept", call.wacid(), Some(&answer));
    accept["biz_opaque_callback_data"] = json!("ticket 7");
    accept["to"] = json!("15550002222");
    assert_eq!(world.graph(accept).await.0, 200);
    call.wait_for(|state| state.end().is_some(), PATIENCE).await.unwrap();
    let webhook = world.webhook("terminate", 0).await;
    let ended = call_of(&webhook.json);
    assert!(ended["duration"].as_u64().unwrap() >= 1);
    assert!(ended["start_time"].is_string());
    assert!(ended["end_time"].is_string());
    assert!(ended["timestamp"].is_string());
    assert_eq!(ended["biz_opaque_callback_data"], "ticket 7");
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn scripted_faults_happen_once_each_in_order() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    world.meta.fail_next("reject", Fault::Error(131_000, 500));
    world.meta.fail_next("reject", Fault::Status(503));
    world.meta.fail_next("reject", Fault::Garbage);
    world.meta.fail_next("reject", Fault::TimeOutButSucceed);
    let reject = action("reject", call.wacid(), None);
    assert_refused(world.graph(reject.clone()).await, 500, 131_000);
    assert_eq!(world.graph(reject.clone()).await.0, 503);
    assert_eq!(world.graph(reject.clone()).await, (200, Value::Null));
    assert_eq!(call.state(), PhoneState::Calling, "nothing was done so far");
    let url = format!("{}/v23.0/{LINE}/calls", world.meta.graph_url());
    let held = world.http.post(url).bearer_auth("EAAG-token").json(&reject);
    let held = held.timeout(Duration::from_millis(500)).send().await;
    assert!(held.unwrap_err().is_timeout());
    assert!(call.ended().is_some(), "it was done all the same");
    world.meta.shut_down().await;
}
