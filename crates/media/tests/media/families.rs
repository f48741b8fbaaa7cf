//! IPv6 and IPv4 meet in one call: the caller comes by one, the agent by the other.

use std::net::IpAddr;

use media::{MediaConfig, MediaEvent};

use crate::far::{Far, Part};
use crate::stage::{Stage, assert_one_stream, eventually, talk};

const V4: &str = "127.0.0.1:0";
const V6: &str = "[::1]:0";

/// A plane that listens on `bind` and is reached at `advertise`.
fn stage(bind: &str, advertise: &[&str]) -> Stage {
    let address = |ip: &&str| ip.parse::<IpAddr>().expect("an address");
    Stage::with(MediaConfig {
        bind: address(&bind),
        advertise: advertise.iter().map(address).collect(),
        allow_private_remotes: true,
        ..MediaConfig::default()
    })
}

async fn a_call_between(stage: &mut Stage, caller: &str, agent: &str) {
    let (meta, browser) = (Far::at(Part::Meta, caller).await, Far::at(Part::Browser, agent).await);
    let whatsapp = stage.opened_for(&meta, Part::Meta).await;
    let opened = stage.opened_for(&browser, Part::Browser).await;
    meta.answered(&whatsapp.answer).await;
    browser.answered(&opened.answer).await;
    for leg in [whatsapp.leg, opened.leg] {
        stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
    }
    stage.plane.speak(whatsapp.leg).await;
    stage.plane.bridge(whatsapp.leg, opened.leg).await;
    talk(&meta, &browser, b"caller").await;
    talk(&browser, &meta, b"agent").await;
    eventually("reports flow", async || meta.rtcp_heard() > 0).await;
    assert_one_stream(&meta.heard());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ipv6_alone_carries_a_call() {
    a_call_between(&mut stage("::1", &[]), V6, V6).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_plane_serves_both_families_at_once() {
    let mut stage = stage("::", &["127.0.0.1", "::1"]);
    for (caller, agent) in [(V4, V6), (V6, V4), (V4, V4)] {
        a_call_between(&mut stage, caller, agent).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sdp_names_the_advertised_addresses_and_not_the_bound_one() {
    let stage = stage("::", &["203.0.113.9", "2001:db8::9"]);
    for part in [Part::Meta, Part::Browser] {
        let (_far, opened) = stage.opened(part).await;
        let sdp = opened.answer.as_str();
        let candidates: Vec<_> = sdp
            .lines()
            .filter_map(|line| line.strip_prefix("a=candidate:")?.split(' ').nth(4))
            .collect();
        assert_eq!(candidates, ["203.0.113.9", "2001:db8::9"]);
        assert!(sdp.contains("c=IN IP4 203.0.113.9"), "{sdp}");
    }
}
