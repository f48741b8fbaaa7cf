//! What nobody without keys can do: be heard, move a leg, end it, or be answered.

use std::net::SocketAddr;

use super::net::{Net, OPUS};
use crate::event::LegDown;
use crate::turn::Via;

const STRANGER: ([u8; 4], u16) = ([10, 0, 9, 9], 666);

fn stranger() -> SocketAddr {
    SocketAddr::from(STRANGER)
}

#[test]
fn genuine_packets_from_an_unproven_address_are_not_heard() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    for leg in [whatsapp, agent] {
        let via = net.peer(leg).via;
        let packet = net.peer(leg).packet(OPUS, b"relayed by a stranger");
        net.inject(via, stranger(), &packet);
    }
    net.run(100);
    for leg in [whatsapp, agent] {
        assert_eq!(net.stats(leg).packets_in, 0);
        let relayed = b"relayed by a stranger";
        assert!(!net.peer(leg).heard.iter().any(|note| note.payload == relayed));
    }
}

#[test]
fn replayed_and_forged_packets_are_forwarded_to_nobody_and_lose_nothing() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let address = net.peer(agent).address;
    let first = net.peer(agent).packet(OPUS, b"once");
    for _ in 0..10 {
        net.inject(Via::Agents, address, &first);
    }
    for jump in 0..1_000u16 {
        let mut forged = first.clone();
        let sequence = 65_530u16.wrapping_add(jump * 32);
        forged[2..4].copy_from_slice(&sequence.to_be_bytes());
        net.inject(Via::Agents, address, &forged);
    }
    for _ in 0..10 {
        net.say(agent, OPUS, b"then");
        net.run(20);
    }
    let heard = &net.peer(whatsapp).heard;
    let count = |words: &[u8]| heard.iter().filter(|note| note.payload == words).count();
    assert_eq!((count(b"once"), count(b"then")), (1, 10));
    let stats = net.stats(agent);
    assert_eq!((stats.packets_in, stats.lost, stats.refused), (11, 0, 1_009));
}

#[test]
fn a_stranger_gets_no_answer_and_leaves_no_state() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    let known = net.shard.by_path.len();
    let refused = net.shard.totals.refused;
    net.run(5);
    let genuine = net.peer(agent).check();
    let mut wrong_password = genuine.clone();
    let tag = wrong_password.len() - 20;
    wrong_password[tag] ^= 1;
    let mut unknown_user = genuine.clone();
    unknown_user[24] ^= 1;
    let datagrams = [&wrong_password[..], &unknown_user, &genuine[..40], b"hello", &[]];
    for datagram in datagrams {
        net.inject(Via::Agents, stranger(), datagram);
    }
    assert!(net.air.sent.iter().all(|(_, to, _)| *to != stranger()));
    assert_eq!(net.shard.by_path.len(), known);
    assert_eq!(net.shard.totals.refused, refused + datagrams.len() as u64);
}

#[test]
fn plain_text_dtls_ends_nothing_and_an_authenticated_close_does() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let fatal_alert = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 99, 0, 2, 2, 40];
    let close_notify = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 100, 0, 2, 1, 0];
    let change_cipher = [20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 101, 0, 1, 1];
    for leg in [whatsapp, agent] {
        let (via, address) = (net.peer(leg).via, net.peer(leg).address);
        net.run(1_000);
        let sent = net.air.sent.len();
        for record in [&fatal_alert[..], &close_notify, &change_cipher, &[22; 3]] {
            net.inject(via, address, record);
        }
        assert_eq!(net.air.sent.len(), sent, "nothing is said to it");
        net.run(1_000);
        assert_eq!(net.down(leg), None);
        let now = net.now;
        for datagram in net.peer(leg).close(now) {
            net.inject(via, address, &datagram);
        }
        net.run(5);
        assert_eq!(net.down(leg), Some(LegDown::ClosedByPeer));
    }
}

#[test]
fn plain_text_alerts_during_the_handshake_do_not_spoil_it() {
    // A datagram is lost, so that the handshake pauses and the alerts hit the middle of it.
    for (browser, lost) in (4..10).flat_map(|lost| [(false, lost), (true, lost)]) {
        let mut net = Net::new();
        net.losing = Some(lost);
        let leg = net.open(browser, true);
        for step in 0..=255 {
            let (via, address) = (net.peer(leg).via, net.peer(leg).address);
            for (level, alert) in [(2, 40), (1, 0)] {
                let record = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, level, 1, step, 0, 2, level, alert];
                net.inject(via, address, &record);
            }
            net.run(10);
        }
        assert!(net.stats(leg).up && net.peer(leg).is_up(), "browser {browser}, datagram {lost}");
    }
}

#[test]
fn addresses_that_check_a_whatsapp_leg_are_bounded() {
    let mut net = Net::new();
    let (whatsapp, _) = net.bridged();
    net.air.sent.clear();
    let check = net.peer(whatsapp).plain_check();
    for port in 1_000..1_100 {
        let from = SocketAddr::from(([10, 0, 3, 3], port));
        net.inject(Via::WhatsApp(whatsapp), from, &check);
    }
    let answered = net.air.sent.iter().filter(|(_, to, _)| to.ip().to_string() == "10.0.3.3");
    // Twenty candidates, one of which is the peer itself.
    assert_eq!(answered.count(), 19);
}

#[test]
fn a_browser_that_changes_its_address_is_followed_once_it_checked_and_was_heard_there() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.say(whatsapp, OPUS, b"before");
    net.run(20);
    let moved = SocketAddr::from(([10, 0, 2, 2], 6_000));
    net.peer(agent).address = moved;
    net.say(agent, OPUS, b"not proven yet");
    assert_eq!(net.stats(agent).packets_in, 0);
    net.run(200);
    net.say(agent, OPUS, b"proven");
    net.run(20);
    net.say(whatsapp, OPUS, b"after");
    net.run(20);
    assert!(net.peer(agent).heard.iter().any(|note| note.payload == b"after"));
    assert!(net.peer(whatsapp).heard.iter().any(|note| note.payload == b"proven"));
}

#[test]
fn a_recorded_check_sent_again_from_elsewhere_moves_no_sound_and_keeps_nobody_alive() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let recorded = net.peer(agent).check();
    for round in 0..20 {
        // More addresses than a leg keeps, so that the true one would have to give way.
        let from = SocketAddr::from(([10, 0, 3, 3], 1_000 + round));
        net.inject(Via::Agents, from, &recorded);
        net.air.sent.clear();
        net.say(whatsapp, OPUS, b"for the agent only");
        let astray = net.air.sent.iter().filter(|(_, to, _)| to.ip() == from.ip()).count();
        assert_eq!(astray, 0, "round {round}");
        net.run(5);
        net.say(agent, OPUS, b"still here");
        net.run(15);
    }
    let heard = |net: &mut Net, leg, words: &[u8]| {
        net.peer(leg).heard.iter().filter(|note| note.payload == words).count()
    };
    assert_eq!(heard(&mut net, agent, b"for the agent only"), 20);
    assert_eq!(heard(&mut net, whatsapp, b"still here"), 20);
    net.peer(agent).deaf = true;
    for round in 0..9 {
        net.inject(Via::Agents, SocketAddr::from(([10, 0, 3, 3], 2_000 + round)), &recorded);
        net.run(1_000);
    }
    assert_eq!(net.down(agent), Some(LegDown::ConsentLost));
}

#[test]
fn an_agent_cannot_take_the_address_another_one_is_using() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let thief = net.open(true, true);
    net.run(200);
    let used = net.peer(agent).address;
    let check = net.peer(thief).check();
    net.inject(Via::Agents, used, &check);
    net.say(agent, OPUS, b"still mine");
    net.run(20);
    assert!(net.peer(whatsapp).heard.iter().any(|note| note.payload == b"still mine"));
}

#[test]
fn addresses_bound_by_one_leg_are_bounded() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    net.run(200);
    for port in 1_000..1_100 {
        let check = net.peer(agent).check();
        net.inject(Via::Agents, SocketAddr::from(([10, 0, 3, 3], port)), &check);
    }
    net.air.sent.clear();
    assert_eq!(net.shard.by_path.len(), 8);
}

#[test]
fn forged_answers_to_checks_do_not_keep_a_lost_caller_alive() {
    let mut net = Net::new();
    let (whatsapp, _) = net.bridged();
    net.peer(whatsapp).deaf = true;
    let (via, address) = (net.peer(whatsapp).via, net.peer(whatsapp).address);
    let mut forged = net.peer(whatsapp).check();
    forged[0] = 1;
    for _ in 0..31 {
        net.inject(via, address, &forged);
        net.run(1_000);
    }
    assert_eq!(net.down(whatsapp), Some(LegDown::ConsentLost));
}

#[test]
fn a_flood_of_dtls_is_cut_off_at_five_datagrams_a_second() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(2_000);
    for leg in [whatsapp, agent] {
        let (via, address) = (net.peer(leg).via, net.peer(leg).address);
        let refused = net.stats(leg).refused;
        for step in 0..100 {
            let record = [23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 1, step, 0, 4, 1, 2, 3, 4];
            net.inject(via, address, &record);
        }
        assert_eq!(net.stats(leg).refused - refused, 95);
        assert!(net.stats(leg).up);
    }
}
