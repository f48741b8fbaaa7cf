//! Reports both ways, and what they and the packets say about a leg.

use std::time::Duration;

use model::LegId;
use tokio::sync::oneshot;

use super::net::{Net, OPUS, SSRC};
use crate::command::Command;
use crate::quality::{LegQuality, LegSummary, Network, Verdict};
use crate::rtcp::{Block, Sent};

fn quality(net: &mut Net, leg: LegId) -> LegQuality {
    let (reply, mut quality) = oneshot::channel();
    net.command(Command::Quality { leg, reply });
    quality.try_recv().unwrap().expect("the leg has been up for a second")
}

fn summary(net: &mut Net, leg: LegId) -> LegSummary {
    let (reply, mut summary) = oneshot::channel();
    net.command(Command::Summary { leg, reply });
    summary.try_recv().unwrap().expect("the leg is known")
}

/// The peer says `frames` frames of 20 ms, every `lost`-th of which does not arrive.
fn talk(net: &mut Net, leg: LegId, frames: u64, lost: u64) {
    for frame in 1..=frames {
        if lost > 0 && frame.is_multiple_of(lost) {
            net.peer(leg).next += 1;
        } else {
            let clock = net.now.duration_since(net.began).as_micros() * 48 / 1_000;
            let words = b"forty bytes of sound, or nearly so many.";
            let packet = net.peer(leg).packet_at(OPUS, words, clock as u32);
            let (via, from) = (net.peer(leg).via, net.peer(leg).address);
            net.inject(via, from, &packet);
        }
        net.run(20);
    }
}

const NOTHING: Block = Block {
    ssrc: 0,
    fraction_lost: 0,
    lost: 0,
    highest: 0,
    jitter: 0,
    last_report: 0,
    since_report: 0,
};

#[test]
fn our_reports_answer_the_peers_and_say_what_was_lost() {
    let mut net = Net::new();
    let (whatsapp, _) = net.bridged();
    talk(&mut net, whatsapp, 10, 0);
    let sent = Sent { ntp: 0x0102_0304_0506_0708, timestamp: 0, packets: 0, octets: 0 };
    net.report(whatsapp, Some(sent), None);
    let count = net.peer(whatsapp).told.len();
    talk(&mut net, whatsapp, 100, 5);
    let told = net.peer(whatsapp).told[count..].to_vec();
    let block = told.last().unwrap().about_us.unwrap();
    assert_eq!(block.ssrc, SSRC);
    assert_eq!(block.last_report, 0x0304_0506, "LSR");
    let since = Duration::from_micros(u64::from(block.since_report) * 1_000_000 / 65_536);
    assert!((900..=2_100).contains(&since.as_millis()), "DLSR {since:?}");
    assert!((48..=56).contains(&block.fraction_lost), "a fifth: {}", block.fraction_lost);
    assert!((15..=20).contains(&block.lost));
    assert!(told.iter().all(|told| told.sent.is_some()), "a sender reports as a sender");
}

#[test]
fn the_peers_reports_show_the_round_trip_and_what_it_hears() {
    for browser in [false, true] {
        let mut net = Net::new();
        let (whatsapp, agent) = net.bridged();
        let leg = if browser { agent } else { whatsapp };
        talk(&mut net, if browser { whatsapp } else { agent }, 300, 0);
        let ours = net.shard.legs[&leg].ssrc();
        let (_, middle) = net.peer(leg).told.last().unwrap().sent.unwrap();
        let since = net.now - *net.peer(leg).reports.last().unwrap();
        // The report lies 100 ms with the peer and 60 ms on the way.
        net.run(100);
        let since_report = (since + Duration::from_millis(100)).as_micros() * 65_536 / 1_000_000;
        let block = Block {
            ssrc: ours,
            fraction_lost: 26,
            jitter: 960,
            last_report: middle,
            since_report: since_report as u32,
            ..NOTHING
        };
        net.run(60);
        net.report(leg, None, Some(block));
        net.run(1_000);
        let quality = quality(&mut net, leg);
        let trip = quality.round_trip.unwrap();
        assert!(trip.abs_diff(Duration::from_millis(60)) < Duration::from_millis(2), "{trip:?}");
        let outbound = quality.outbound.unwrap();
        assert!((outbound.loss - 0.1).abs() < 0.01);
        assert_eq!(outbound.jitter, Duration::from_millis(20));
        assert!(outbound.mos < 3.2, "{}", outbound.mos);
        let summary = summary(&mut net, leg);
        assert_eq!(summary.network, Some(Network::Ours));
    }
}

#[test]
fn a_clean_leg_is_good_a_lossy_one_names_its_network_and_silence_is_seen() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    for _ in 0..10 {
        talk(&mut net, whatsapp, 25, 0);
        talk(&mut net, agent, 25, 3);
    }
    let clean = summary(&mut net, whatsapp);
    assert_eq!((clean.verdict, clean.network), (Some(Verdict::Good), None));
    assert!(clean.inbound.unwrap().mos > 4.0 && clean.seconds >= 9);
    assert!((0.4..0.6).contains(&clean.silent), "half a second each: {}", clean.silent);
    let lossy = summary(&mut net, agent);
    assert_eq!((lossy.verdict, lossy.network), (Some(Verdict::Poor), Some(Network::Theirs)));
    assert!((0.25..0.4).contains(&lossy.inbound.unwrap().loss));
    assert_eq!(net.stats(agent).lost, 80);
    // Gone, and still to be asked until it is forgotten.
    net.peer(agent).deaf = true;
    net.run(8_000);
    assert!(net.down(agent).is_some());
    assert_eq!(summary(&mut net, agent).verdict, Some(Verdict::Poor));
}

#[test]
fn a_leg_that_was_never_heard_has_no_verdict() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    net.run(3_000);
    assert_eq!(summary(&mut net, agent).verdict, None);
    let second = quality(&mut net, agent);
    assert_eq!((second.inbound, second.silent), (None, 1.0));
}
