//! Behind 1:1 NAT the public address is told and the bound one is used, and calls work.

use media::{MediaConfig, MediaEvent};
use model::SdpText;

use crate::far::{Far, Part};
use crate::stage::{Stage, talk};

/// The address that a router in front of the daemon would have (RFC 5737).
const PUBLIC: &str = "203.0.113.9";

/// What arrives at the far end once the router has sent on what is for the public address.
fn routed(answer: &SdpText) -> SdpText {
    let answer = answer.as_str();
    let candidates = answer.lines().filter(|line| line.starts_with("a=candidate"));
    let told: Vec<_> = candidates.filter_map(|line| line.split(' ').nth(4)).collect();
    assert!(!told.is_empty() && told.iter().all(|ip| *ip == PUBLIC), "{told:?}");
    assert!(!answer.contains("c=IN IP4 127.0.0.1"), "{answer}");
    SdpText::new(answer.replace(PUBLIC, "127.0.0.1"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_through_a_router_that_changes_addresses() {
    let mut stage = Stage::with(MediaConfig {
        advertise: vec![PUBLIC.parse().expect("an address")],
        agent_tcp_port: Some(0),
        ..MediaConfig::default()
    });
    let (caller, browser) = (Far::new(Part::Meta).await, Far::new(Part::Browser).await);
    let whatsapp = stage.opened_for(&caller, Part::Meta).await;
    let agent = stage.opened_for(&browser, Part::Browser).await;
    caller.answered(&routed(&whatsapp.answer)).await;
    browser.answered(&routed(&agent.answer)).await;
    for leg in [whatsapp.leg, agent.leg] {
        stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
    }
    stage.plane.speak(whatsapp.leg).await;
    stage.plane.bridge(whatsapp.leg, agent.leg).await;
    talk(&caller, &browser, b"caller").await;
    talk(&browser, &caller, b"agent").await;
}
