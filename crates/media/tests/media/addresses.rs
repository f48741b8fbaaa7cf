//! Sound flows over IPv6 as over IPv4, and behind 1:1 NAT what SDP says is not what is bound.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use media::{MediaConfig, MediaEvent};
use model::{LegId, SdpText};

use crate::far::{Far, Part};
use crate::stage::{Stage, talk};

/// The address that a router in front of the daemon would have (RFC 5737).
const PUBLIC: &str = "203.0.113.9";

/// Opens a leg for a far end; `routed` is what the way there does to the answer's addresses.
async fn connected(
    stage: &mut Stage,
    far: &Far,
    part: Part,
    routed: impl Fn(&str) -> String,
) -> LegId {
    let offer = far.offer().await;
    let opened = match part {
        Part::Meta => stage.plane.open_whatsapp_leg(&offer).await,
        Part::Browser => stage.plane.open_agent_leg(&offer).await,
    };
    let opened = opened.expect("an offer that can be answered");
    far.answered(&SdpText::new(routed(opened.answer.as_str()))).await;
    let leg = opened.leg;
    stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
    leg
}

async fn a_call(stage: &mut Stage, address: IpAddr, routed: impl Fn(&str) -> String) {
    let caller = Far::on(Part::Meta, address).await;
    let browser = Far::on(Part::Browser, address).await;
    let whatsapp = connected(stage, &caller, Part::Meta, &routed).await;
    let agent = connected(stage, &browser, Part::Browser, &routed).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    talk(&caller, &browser, b"caller").await;
    talk(&browser, &caller, b"agent").await;
    caller.close().await;
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_sides_of_a_call_may_be_ipv6() {
    let bind = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let mut stage = Stage::with(MediaConfig { bind, ..MediaConfig::default() });
    a_call(&mut stage, bind, |answer| {
        assert!(answer.contains(" ::1 ") && answer.contains("c=IN IP6 ::1"), "{answer}");
        assert!(!answer.contains(" 127.0.0.1 "), "{answer}");
        answer.to_owned()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nat_the_advertised_address_is_told_and_the_bound_one_is_used() {
    let bind = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let advertise = vec![PUBLIC.parse().expect("an address")];
    let mut stage = Stage::with(MediaConfig { bind, advertise, ..MediaConfig::default() });
    a_call(&mut stage, bind, |answer| {
        let candidates = answer.lines().filter(|line| line.starts_with("a=candidate"));
        let told: Vec<_> = candidates.filter_map(|line| line.split(' ').nth(4)).collect();
        assert_eq!(told, [PUBLIC]);
        assert!(answer.contains(&format!("c=IN IP4 {PUBLIC}")), "{answer}");
        // The router sends on what is for the public address.
        answer.replace(PUBLIC, "127.0.0.1")
    })
    .await;
}
