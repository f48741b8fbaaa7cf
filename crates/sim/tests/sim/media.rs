//! A phone and a business that follow the rules hear each other; one that does not is found out.

use std::time::Duration;

use sim::Says;
use sim::meta::{EndStatus, OfferForm, PhoneState, ViolationKind};

use super::business::Business;
use super::world::{PATIENCE, World, action, ana, eventually};

const LATELY: Duration = Duration::from_millis(500);

#[tokio::test]
async fn both_sides_hear_each_other_after_pre_accept_and_accept() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().to_owned();
    let world = World::start(|config| config.folder = Some(saved)).await;
    let mut plan = ana();
    plan.says = Says::Tone(440.0);
    let call = world.meta.ring(plan).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;

    let (status, body) = world.graph(action("pre_accept", call.wacid(), Some(&answer))).await;
    assert_eq!((status, &body["success"]), (200, &true.into()), "{body}");
    assert_eq!(call.state(), PhoneState::Ringing);
    business.connected().await;

    let (status, _) = world.graph(action("accept", call.wacid(), Some(&answer))).await;
    assert_eq!(status, 200);
    assert_eq!(call.state(), PhoneState::Talking);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(business.heard().packets, 0, "Meta waits for our first Opus");

    business.speak(true);
    eventually("the phone to hear 880 Hz", || call.heard().hears(880.0, LATELY)).await;
    eventually("the business to hear 440 Hz", || business.heard().hears(440.0, LATELY)).await;
    assert!(!call.heard().hears(440.0, LATELY), "no echo");
    assert_eq!(call.heard().ssrcs.len(), 1);
    assert_eq!(business.heard().ssrcs.len(), 1);

    call.hang_up().await;
    let end = call.ended().unwrap();
    assert_eq!(end.status, EndStatus::Completed);
    assert!(end.duration_s.is_some());
    let violations = world.meta.violations();
    assert!(violations.is_empty(), "{violations:?}");
    let wav = folder.path().join(format!("phone-{}.wav", call.name()));
    eventually("the WAV file", || {
        hound::WavReader::open(&wav).is_ok_and(|file| file.duration() > 0)
    })
    .await;
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn form_a_works_without_pre_accept_for_a_phone_that_speaks_first() {
    let world = World::start(|_| {}).await;
    let mut plan = ana();
    plan.says = Says::Tone(440.0);
    plan.sends_first = true;
    plan.offer_form = OfferForm::A;
    let call = world.meta.ring(plan).await.unwrap();
    let offer = world.offer().await;
    assert_eq!(offer.matches("a=extmap:").count(), 3);
    let (business, answer) = Business::answering(&offer, 880.0).await;
    let (status, _) = world.graph(action("accept", call.wacid(), Some(&answer))).await;
    assert_eq!(status, 200);
    eventually("the business to hear 440 Hz", || business.heard().hears(440.0, LATELY)).await;
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn nothing_is_answered_on_the_media_port_before_the_answer_is_known() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!business.is_checked(), "checks must be dropped");
    let (status, _) = world.graph(action("pre_accept", call.wacid(), Some(&answer))).await;
    assert_eq!(status, 200);
    business.connected().await;
    assert!(business.is_checked());
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn media_before_accept_is_a_violation() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    business.speak(true);
    let (status, _) = world.graph(action("pre_accept", call.wacid(), Some(&answer))).await;
    assert_eq!(status, 200);
    eventually("the violation", || !world.meta.violations().is_empty()).await;
    let violations = world.meta.violations();
    assert_eq!(violations[0].kind, ViolationKind::MediaTooEarly);
    assert_eq!(violations[0].call_id, *call.wacid());
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_phone_without_media_gives_up_with_138021() {
    let patience = Duration::from_millis(600);
    let world = World::start(|config| config.no_media_kill = patience).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    let (status, _) = world.graph(action("accept", call.wacid(), Some(&answer))).await;
    assert_eq!(status, 200);
    call.wait_for(|state| state.end().is_some(), PATIENCE).await.unwrap();
    let end = call.ended().unwrap();
    assert_eq!(end.status, EndStatus::Failed);
    assert_eq!(end.error_code, Some(138_021));
    let webhook = world.webhook("terminate", 0).await;
    let value = &webhook.json["entry"][0]["changes"][0]["value"];
    assert_eq!(value["errors"][0]["code"], 138_021);
    assert_eq!(value["calls"][0]["status"], "FAILED");
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_phone_that_stops_hearing_mid_call_gives_up_with_138021() {
    let patience = Duration::from_millis(600);
    let world = World::start(|config| config.no_media_kill = patience).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    business.speak(true);
    let accept = action("accept", call.wacid(), Some(&answer));
    assert_eq!(world.graph(accept).await.0, 200);
    eventually("sound", || call.heard().packets > 5).await;
    business.close().await;
    call.wait_for(|state| state.end().is_some(), PATIENCE).await.unwrap();
    assert_eq!(call.ended().unwrap().error_code, Some(138_021));
    world.meta.shut_down().await;
}

#[tokio::test]
async fn an_answer_that_takes_the_passive_role_stalls() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let (business, answer) = Business::answering(&world.offer().await, 880.0).await;
    let passive = answer.replace("a=setup:active", "a=setup:passive");
    assert_ne!(passive, answer);
    let (status, _) = world.graph(action("pre_accept", call.wacid(), Some(&passive))).await;
    assert_eq!(status, 200);
    assert_eq!(world.meta.violations()[0].kind, ViolationKind::DtlsRole);
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(!business.is_checked());
    business.close().await;
    world.meta.shut_down().await;
}

#[tokio::test]
async fn a_check_in_the_controlled_role_is_a_violation() {
    let world = World::start(|_| {}).await;
    let call = world.meta.ring(ana()).await.unwrap();
    let offer = world.offer().await;
    let (business, answer) = Business::answering(&offer, 880.0).await;
    let pre_accept = action("pre_accept", call.wacid(), Some(&answer));
    assert_eq!(world.graph(pre_accept).await.0, 200);
    let port = offer.split("m=audio ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    let mut check = vec![0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    check.extend_from_slice(&[7; 12]);
    check.extend_from_slice(&[0x80, 0x29, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = format!("127.0.0.1:{port}");
    socket.send_to(&check, to).unwrap();
    eventually("the violation", || !world.meta.violations().is_empty()).await;
    assert_eq!(world.meta.violations()[0].kind, ViolationKind::IceRole);
    business.connected().await;
    business.close().await;
    world.meta.shut_down().await;
}
