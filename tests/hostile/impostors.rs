//! T6: a certificate that was not promised ends the leg before any sound.

use std::time::Duration;

use sim::meta::PhoneState;
use wire::agent::ServerEvent;

use crate::house::{House, PATIENCE, Setup};
use crate::middle::Deeds;
use crate::packets::Kind;

#[tokio::test(flavor = "multi_thread")]
async fn t6_a_caller_with_another_certificate_is_never_talked_to() {
    let deeds = Deeds { spoils_caller: true, ..Deeds::default() };
    let house = House::with(Setup { deeds, ..Setup::default() }).await;
    let mut robot = house.ready("ana").await;
    let phone = house.ring().await;
    let rings = |event: &ServerEvent| matches!(event, ServerEvent::Ring { .. });
    if let Ok(ServerEvent::Ring { ringing }) =
        robot.wait_for("a ring", rings, Duration::from_secs(2)).await
    {
        robot.claim(ringing.call).await.expect("the claim is sent");
    }
    phone.wait_for(|state| state.end().is_some(), PATIENCE).await.expect("the call ends");
    let ended = house.newest_ended().await;
    assert_eq!(ended["end"]["cause"], "media_never_up", "{ended:#}");
    assert_eq!(ended["billed_micros"], 0, "{ended:#}");
    assert_eq!(phone.heard().packets, 0, "no sound for an impostor");
    let relay = house.middle.caller(phone.wacid().as_str());
    assert_eq!(relay.sent_by_daemon(Kind::Rtp), 0, "not even sealed");
    assert!(relay.sent_by_daemon(Kind::Dtls) > 0, "the handshake did begin");
    assert_ne!(phone.state(), PhoneState::Talking);
}

#[tokio::test(flavor = "multi_thread")]
async fn t6_an_agent_with_another_certificate_never_gets_ready() {
    let deeds = Deeds { spoils_agent: true, ..Deeds::default() };
    let house = House::with(Setup { deeds, ..Setup::default() }).await;
    let mut robot = house.signed_in("ana").await;
    assert!(robot.go_ready().await.is_err(), "the leg must not come up");
    let is_down = |event: &ServerEvent| matches!(event, ServerEvent::MediaState { up: false, .. });
    robot.wait_for("the refusal", is_down, PATIENCE).await.expect("the agent is told");
    let relay = house.middle.agent();
    assert_eq!(relay.sent_by_daemon(Kind::Rtp) + relay.sent_by_daemon(Kind::Rtcp), 0);
    assert_eq!(robot.heard().packets, 0);
}
