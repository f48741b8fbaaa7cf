//! T10: an offer cannot make the daemon knock at doors of its attacker's choice.

use std::net::SocketAddr;
use std::time::Duration;

use sim::meta::PhoneState;

use crate::house::{House, PATIENCE, Setup, answer};
use crate::middle::Deeds;
use crate::ports::Strangers;
use crate::tell;

/// What an attacker would like to have probed, with a port where somebody listens.
const DOORS: [&str; 16] = [
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "0.0.0.1",
    "169.254.169.254",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::ffff:127.0.0.1",
    "fd00:ec2::254",
    "localhost",
    "metadata.google.internal",
];

fn line(number: usize, host: &str, port: u16, kind: &str) -> String {
    format!("a=candidate:{number} 1 udp {} {host} {port} typ {kind}", 2_122_260_223 - number)
}

/// `count` candidates that lead everywhere they should not.
fn forbidden(count: usize, listeners: &Strangers) -> Vec<String> {
    let ports: Vec<u16> = listeners.addresses().iter().map(SocketAddr::port).collect();
    let kinds = ["host", "srflx", "relay", "prflx"];
    let candidate = |at: usize| {
        line(at, DOORS[at % DOORS.len()], ports[at / DOORS.len() % ports.len()], kinds[at % 4])
    };
    (0..count).map(candidate).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_ten_thousand_forbidden_candidates_make_no_packet_leave() {
    // As many as fit into an offer that is read, and as many as the attacker pleases.
    for count in [900, 10_000] {
        let listeners = Strangers::new(20);
        let deeds = Deeds { candidates: Some(forbidden(count, &listeners)), ..Deeds::default() };
        let house = House::with(Setup { deeds, private_remotes: false }).await;
        let _robot = house.ready("ana").await;
        let sockets = house.udp_sockets();
        assert!(sockets > 0, "the agents' socket is there");
        let phone = house.ring().await;
        phone.wait_for(|state| state.end().is_some(), PATIENCE).await.expect("it is refused");
        tokio::time::sleep(Duration::from_secs(1)).await;
        listeners.assert_got_nothing();
        let ended = house.newest_ended().await;
        assert_eq!(ended["end"]["cause"], "bad_offer", "{ended:#}");
        assert_eq!(house.udp_sockets(), sockets, "no socket that could send was kept");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn d9_t10_an_agents_candidates_are_never_sent_to() {
    let listeners = Strangers::new(20);
    // As many as fit into a frame of the agent socket.
    let agent_candidates = forbidden(500, &listeners);
    let deeds = Deeds { agent_candidates, ..Deeds::default() };
    // Even where they would be allowed: a browser comes to the daemon, never the other way.
    let talk = House::talk(Setup { deeds, ..Setup::default() }).await;
    talk.stands_unharmed().await;
    listeners.assert_got_nothing();
}

#[tokio::test(flavor = "multi_thread")]
async fn t10_where_private_addresses_are_allowed_twenty_are_probed_and_slowly() {
    let listeners = Strangers::new(60);
    let candidates = listeners.addresses().into_iter().enumerate();
    let candidates =
        candidates.map(|(at, to)| line(at, &to.ip().to_string(), to.port(), "host")).collect();
    let deeds = Deeds { candidates: Some(candidates), ..Deeds::default() };
    let house = House::with(Setup { deeds, ..Setup::default() }).await;
    let _robot = house.ready("ana").await;
    let phone = house.ring().await;
    let rings = |state: &PhoneState| *state == PhoneState::Ringing;
    phone.wait_for(rings, PATIENCE).await.expect("the phone rings");
    tokio::time::sleep(Duration::from_secs(3)).await;
    phone.hang_up().await;
    let received = listeners.received();
    let probed = received.iter().filter(|count| **count > 0).count();
    let total: usize = received.iter().sum();
    tell(&format!("{probed} of {} addresses probed, {total} checks in 3 s", received.len()));
    assert!((1..=20).contains(&probed), "{probed} addresses were probed");
    assert!(total <= 600, "{total} checks: a hammer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_whose_router_shows_port_5353_is_talked_to() {
    // The port of multicast DNS, which an ICE stack may take for that.
    let host = 2 + rand::random::<u8>() % 250;
    let caller_address = Some(SocketAddr::from(([127, 0, 53, host], 5_353)));
    let deeds = Deeds { caller_address, ..Deeds::default() };
    let house = House::with(Setup { deeds, ..Setup::default() }).await;
    let mut robot = house.ready("ana").await;
    let phone = house.ring().await;
    answer(&mut robot).await;
    let talks = |state: &PhoneState| *state == PhoneState::Talking;
    phone.wait_for(talks, PATIENCE).await.expect("the phone talks");
    let hears = async || {
        while phone.heard().packets < 50 || robot.heard().packets < 50 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, hears()).await.expect("sound flows both ways");
}
