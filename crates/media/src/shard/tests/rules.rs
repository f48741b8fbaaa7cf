//! What a leg does over its life: coming up, speaking, being lost, failing alone.

use std::time::Duration;

use super::net::{EVENTS, Net, OPUS};
use crate::command::Command;
use crate::event::{LegDown, MediaEvent};

const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

#[test]
fn silence_is_fifty_frames_a_second_and_reports_come_every_second() {
    let mut net = Net::new();
    let whatsapp = net.open(false, true);
    net.run(1_000);
    assert!(net.peer(whatsapp).heard.is_empty());
    assert!(net.peer(whatsapp).reports.is_empty());
    net.command(Command::Speak(whatsapp));
    net.run(10_000);
    let peer = net.peer(whatsapp);
    assert!((499..=501).contains(&peer.heard.len()), "{} frames", peer.heard.len());
    assert!((10..=11).contains(&peer.reports.len()), "{} reports", peer.reports.len());
    for pair in peer.heard.windows(2) {
        assert_eq!(pair[0].index + 1, pair[1].index);
        assert_eq!(pair[1].timestamp.wrapping_sub(pair[0].timestamp), 960);
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(25));
    }
    assert!(peer.heard.iter().all(|note| note.payload == SILENCE));
    assert_eq!(peer.heard.iter().filter(|note| note.marker).count(), 1);
}

#[test]
fn the_caller_never_waits_longer_than_two_hundred_milliseconds_for_a_packet() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    // Talks, stops for 300 ms, talks again, is muted, is gone.
    for step in 0..200 {
        if step == 120 {
            net.command(Command::Mute { leg: agent, muted: true });
        }
        if step % 40 < 25 {
            net.say(agent, OPUS, if step < 120 { b"words" } else { b"muted" });
        }
        if step == 25 {
            let heard = &net.peer(whatsapp).heard;
            let first = heard.iter().position(|note| note.payload == b"words").unwrap();
            let talk = &heard[first..];
            assert!(talk.len() == 25 && talk.iter().all(|note| note.payload == b"words"));
        }
        if step == 160 {
            net.command(Command::Close(agent));
            net.peers.remove(&agent.0);
            break;
        }
        net.run(20);
    }
    net.run(500);
    let heard = &net.peer(whatsapp).heard;
    assert!(!heard.iter().any(|note| note.payload == b"muted"));
    for pair in heard.windows(2) {
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(205));
        assert_eq!(pair[0].index + 1, pair[1].index);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((960..=960 * 20).contains(&step) && step % 960 == 0, "{step}");
    }
}

#[test]
fn a_call_in_full_flow_is_looked_at_a_few_times_a_second_only() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let step = Duration::from_millis(5);
    let mut looks = 0;
    for quarter in 0..4 * 200 {
        if quarter % 4 == 0 {
            net.say(agent, OPUS, b"agent");
            net.say(whatsapp, OPUS, b"caller");
        }
        looks += u32::from(net.shard.next_timeout().is_some_and(|at| at <= net.now + step));
        net.run(5);
    }
    // Four seconds: the pause that is put off, consent, reports and quality of two legs.
    assert!((4..=4 * 16).contains(&looks), "{looks} looks");
}

#[test]
fn key_presses_pass_to_a_leg_that_knows_them_and_are_not_recorded() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let deaf_to_keys = net.open(true, false);
    net.run(200);
    let tap = crate::Tap {
        recording: "rec_000000000000000000000000000000aa".parse().unwrap(),
        track: model::Track::Caller,
    };
    net.command(Command::Tap { leg: whatsapp, tap: Some(tap) });
    let key = [5, 10, 0, 160];
    net.say(whatsapp, EVENTS, &key);
    net.say(whatsapp, OPUS, b"words");
    net.say(whatsapp, 99, b"unknown");
    net.run(5);
    let heard: Vec<_> =
        net.peer(agent).heard.iter().map(|n| (n.payload_type, n.payload.clone())).collect();
    assert_eq!(heard, [(EVENTS, key.to_vec()), (OPUS, b"words".to_vec())]);
    net.command(Command::Bridge { whatsapp, agent: deaf_to_keys });
    net.say(whatsapp, EVENTS, &key);
    net.say(whatsapp, OPUS, b"words");
    net.run(5);
    let heard: Vec<_> = net.peer(deaf_to_keys).heard.iter().map(|n| n.payload_type).collect();
    assert_eq!(heard, [OPUS]);
    let mut recorded = 0;
    net.taps.drain(&mut |frame| {
        assert_eq!(frame.payload, b"words");
        recorded += 1;
    });
    assert_eq!(recorded, 2);
}

#[test]
fn a_peer_that_answers_checks_only_after_ten_seconds_still_comes_up() {
    let mut net = Net::new();
    let whatsapp = net.open(false, true);
    net.peer(whatsapp).deaf = true;
    net.run(10_000);
    assert_eq!(net.down(whatsapp), None);
    net.peer(whatsapp).deaf = false;
    net.run(200);
    assert!(net.events.contains(&MediaEvent::LegUp { leg: whatsapp }));
}

#[test]
fn any_one_datagram_of_the_set_up_may_be_lost() {
    for browser in [false, true] {
        for lost in 0..14 {
            let mut net = Net::new();
            net.losing = Some(lost);
            let leg = net.open(browser, true);
            net.run(3_000);
            assert!(net.stats(leg).up, "leg {browser}, datagram {lost}");
            assert!(net.peer(leg).is_up(), "peer {browser}, datagram {lost}");
        }
    }
}

#[test]
fn a_leg_that_never_comes_up_says_how_far_it_got() {
    let mut net = Net::new();
    let (silent, agent, half) =
        (net.open(false, true), net.open(true, true), net.open(false, true));
    net.peer(silent).deaf = true;
    net.peer(agent).deaf = true;
    net.peer(half).without_dtls = true;
    net.run(14_900);
    assert_eq!(net.down(silent), None);
    net.run(200);
    assert_eq!(net.down(silent), Some(LegDown::IceFailed));
    assert_eq!(net.down(agent), Some(LegDown::IceFailed));
    assert_eq!(net.down(half), Some(LegDown::DtlsFailed));
    assert_eq!(net.air.open, [], "the sockets are free again");
    net.run(5_000);
    assert_eq!(net.events.len(), 3, "said once each");
}

#[test]
fn a_leg_whose_peer_falls_silent_is_lost_after_its_own_time() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(1_000);
    net.say(whatsapp, OPUS, b"last words");
    net.peer(whatsapp).deaf = true;
    net.peer(agent).deaf = true;
    net.run(6_800);
    assert_eq!(net.down(agent), None);
    net.run(400);
    assert_eq!(net.down(agent), Some(LegDown::ConsentLost));
    net.run(22_500);
    assert_eq!(net.down(whatsapp), None);
    net.run(1_000);
    assert_eq!(net.down(whatsapp), Some(LegDown::ConsentLost));
}

#[test]
fn a_caller_who_only_answers_checks_is_not_lost() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(120_000);
    assert_eq!((net.down(whatsapp), net.down(agent)), (None, None));
}

#[test]
fn a_fault_ends_one_leg_and_the_shard_goes_on() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let (caller, other) = net.bridged();
    net.shard.legs.get_mut(&agent).unwrap().rigged = true;
    net.say(agent, OPUS, b"boom");
    net.run(5);
    assert_eq!(net.down(agent), Some(LegDown::Fault));
    assert_eq!(net.shard.totals.faults, 1);
    assert_eq!(net.shard.legs[&whatsapp].route.bridged, None);
    net.say(other, OPUS, b"unharmed");
    net.run(200);
    assert!(net.peer(caller).heard.iter().any(|note| note.payload == b"unharmed"));
    assert_eq!(net.down(whatsapp), None);
    let last = net.peer(whatsapp).heard.last().unwrap().payload.clone();
    assert_eq!(last, SILENCE, "the caller of the lost agent hears silence");
}

#[test]
fn forwarding_is_announced_once_per_bridge_and_direction() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let forwards = |net: &Net| {
        let forwarded = |event: &&MediaEvent| matches!(event, MediaEvent::Forwarded { .. });
        net.events.iter().filter(forwarded).count()
    };
    for expected in [2, 4] {
        for _ in 0..5 {
            net.say(agent, OPUS, b"a");
            net.say(whatsapp, OPUS, b"w");
            net.run(20);
        }
        assert_eq!(forwards(&net), expected);
        net.command(Command::Bridge { whatsapp, agent });
    }
}

#[test]
fn closing_says_good_bye_and_forgets() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(100);
    let reports = net.peer(whatsapp).reports.len();
    net.command(Command::Close(whatsapp));
    net.command(Command::Close(agent));
    net.run(5);
    assert_eq!(net.peer(whatsapp).reports.len(), reports + 1, "the BYE");
    assert!(net.peer(whatsapp).closed && net.peer(agent).closed, "the close_notify");
    assert!(net.shard.legs.is_empty());
    assert!(net.shard.by_ufrag.is_empty() && net.shard.by_path.is_empty());
    assert_eq!(net.air.open, []);
    assert_eq!((net.down(whatsapp), net.down(agent)), (None, None), "nobody needs to be told");
}

#[test]
fn a_leg_whose_asker_has_gone_is_not_kept() {
    let mut net = Net::new();
    let _ = net.open(true, true);
    let before = net.shard.legs.len();
    let offer = {
        let peer = net.peers.values().next().unwrap();
        let mut offer = crate::sdp::Offer::parse(
            include_str!("../../sdp/tests/chrome.sdp"),
            crate::sdp::Reach { v4: true, v6: false, private: true },
        )
        .unwrap();
        offer.ufrag = format!("other{}", peer.leg.0);
        Box::new(offer)
    };
    let (answer, asker) = tokio::sync::oneshot::channel();
    drop(asker);
    net.command(Command::OpenAgent { leg: model::LegId(99), offer, answer });
    assert_eq!(net.shard.legs.len(), before);
    assert_eq!(net.shard.by_ufrag.len(), 1);
}
