//! Another process takes live legs over, and the peers notice a short pause at most.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use model::{LegId, Track};
use tokio::sync::oneshot;

use super::super::Shard;
use super::air::Air;
use super::net::{EVENTS, Net, OPUS};
use crate::command::Command;
use crate::event::{LegDown, MediaEvent, Tap};
use crate::hand_over::Resumed;
use crate::identity::Identity;
use crate::quality::Verdict;
use crate::source::{Clip, Source};
use crate::tap::TapReader;

const GAP: Duration = Duration::from_millis(150);

impl Net {
    /// Another process takes the legs over, through the bytes that cross, and nobody had them for
    /// `gap`. Returns the legs that were lost.
    fn hand_over(&mut self, gap: Duration) -> Vec<LegId> {
        let (bytes, mut dropped) = self.let_go();
        dropped.extend(self.take_over(&bytes, gap));
        dropped
    }

    /// The bytes that cross, and the legs that do not.
    fn let_go(&mut self) -> (Vec<u8>, Vec<LegId>) {
        self.deliver();
        let (state, dropped) = self.shard.hand_over(self.now);
        self.shard.timeout(self.now, &mut self.air);
        assert!(self.air.sent.is_empty(), "no word to the peers");
        (serde_json::to_vec(&state).unwrap(), dropped)
    }

    fn take_over(&mut self, bytes: &[u8], gap: Duration) -> Vec<LegId> {
        let pem = self.shard.identity.state().unwrap();
        let identity = Arc::new(Identity::restore(&pem).unwrap());
        self.taps = TapReader::new(self.now);
        let writer = self.taps.add_ring();
        self.air = Air::default();
        self.now += gap;
        let place = self.shard.place.clone();
        self.shard = Shard::new(identity, place, writer, self.now, SystemTime::now());
        let resumed = Resumed { now: self.now, gap };
        self.shard.take_over(resumed, serde_json::from_slice(bytes).unwrap(), &mut self.air)
    }
}

/// Both talk for so many frames.
fn talk(net: &mut Net, (whatsapp, agent): (LegId, LegId), frames: u32) {
    for _ in 0..frames {
        net.say(whatsapp, OPUS, b"caller");
        net.say(agent, OPUS, b"agent");
        net.run(20);
    }
}

/// How often a peer heard these words.
fn times(net: &mut Net, leg: LegId, words: &[u8]) -> usize {
    net.peer(leg).heard.iter().filter(|note| note.payload == words).count()
}

/// No number twice, none missing, and time moves by whole frames.
fn assert_one_stream(net: &mut Net, leg: LegId) {
    let heard = &net.peer(leg).heard;
    for pair in heard.windows(2) {
        assert_eq!(pair[0].index + 1, pair[1].index);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((960..960 * 20).contains(&step) && step % 960 == 0, "{step}");
    }
}

#[test]
fn two_people_go_on_talking_on_the_same_streams() {
    let mut net = Net::new();
    let call = net.bridged();
    talk(&mut net, call, 50);
    for round in 1..=3 {
        assert_eq!(net.hand_over(GAP), []);
        // At once: no check has been answered yet.
        let checked = net.air.sent.len();
        net.say(call.1, OPUS, b"agent");
        assert!(net.air.sent.len() > checked, "round {round}");
        talk(&mut net, call, 50);
    }
    for (leg, words) in [(call.0, &b"agent"[..]), (call.1, b"caller")] {
        assert!(times(&mut net, leg, words) >= 200);
        assert_one_stream(&mut net, leg);
        let stats = net.stats(leg);
        assert!(stats.up && stats.packets_in >= 200 && stats.packets_out >= 200, "{stats:?}");
        assert_eq!((stats.lost, stats.refused), (0, 0));
    }
    let silences = net.peer(call.0).heard.iter().filter(|note| note.payload.len() == 3).count();
    assert!(silences <= 1, "nothing cut in: {silences}");
}

#[test]
fn what_is_taken_over_is_what_was_handed_over() {
    let mut net = Net::new();
    let call = net.bridged();
    net.open(false, false);
    net.run(300);
    talk(&mut net, call, 120);
    net.report(call.0, None, None);
    let sorted = |bytes: &[u8]| {
        let mut state: serde_json::Value = serde_json::from_slice(bytes).unwrap();
        let legs = state["legs"].as_array_mut().unwrap();
        legs.sort_by_key(|leg| leg["id"].as_u64());
        assert_eq!(legs.len(), 3);
        state
    };
    let (bytes, _) = net.let_go();
    assert_eq!(net.take_over(&bytes, Duration::ZERO), []);
    let (again, _) = net.let_go();
    assert_eq!(sorted(&bytes), sorted(&again));
}

#[test]
fn quality_is_judged_over_the_whole_leg() {
    let mut net = Net::new();
    let call = net.bridged();
    talk(&mut net, call, 200);
    net.hand_over(GAP);
    talk(&mut net, call, 200);
    let (reply, mut summary) = oneshot::channel();
    net.command(Command::Summary { leg: call.0, reply });
    let summary = summary.try_recv().unwrap().unwrap();
    assert!(summary.seconds >= 6, "{summary:?}");
    assert_eq!(summary.verdict, Some(Verdict::Good));
    assert_eq!(summary.inbound.map(|hearing| hearing.loss), Some(0.0));
}

#[test]
fn a_value_that_is_odd_costs_the_odd_legs_only() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let (second, _) = net.bridged();
    let (bytes, _) = net.let_go();
    let mut state: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let legs = state["legs"].as_array_mut().unwrap();
    let leg = legs.iter_mut().find(|leg| leg["id"] == whatsapp.0).unwrap();
    leg["stream"]["next"] = u64::MAX.into();
    let twin = legs.iter().find(|leg| leg["id"] == second.0).unwrap().clone();
    legs.push(twin);
    let odd = serde_json::to_vec(&state).unwrap();
    assert_eq!(net.take_over(&odd, GAP), [whatsapp]);
    net.run(500);
    assert!(net.stats(second).up, "a second one of the same name changes nothing");
    assert!(net.stats(agent).up);
    assert!(!net.air.open.contains(&whatsapp), "its socket is closed again");
}

#[test]
fn consent_goes_on_long_after_and_ends_a_leg_whose_peer_has_gone() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(5_000);
    let path = net.air.connected.clone();
    assert_eq!(net.hand_over(GAP), []);
    assert_eq!(net.air.connected, path, "the socket hears its peer only, from the start");
    net.run(45_000);
    assert_eq!((net.down(whatsapp), net.down(agent)), (None, None));
    assert_eq!(net.air.connected, path);
    assert!(net.peer(whatsapp).reports.len() > 40);
    net.peer(whatsapp).deaf = true;
    net.peer(agent).deaf = true;
    net.run(8_000);
    assert_eq!((net.down(whatsapp), net.down(agent)), (None, Some(LegDown::ConsentLost)));
    net.run(25_000);
    assert_eq!(net.down(whatsapp), Some(LegDown::ConsentLost));
}

#[test]
fn a_long_gap_is_not_the_peers_silence() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    talk(&mut net, (whatsapp, agent), 10);
    assert_eq!(net.hand_over(Duration::from_secs(60)), []);
    net.run(2_000);
    assert_eq!((net.down(whatsapp), net.down(agent)), (None, None));
    talk(&mut net, (whatsapp, agent), 10);
    assert!(times(&mut net, whatsapp, b"agent") >= 20);
    let heard = &net.peer(whatsapp).heard;
    let passed = heard.last().unwrap().timestamp.wrapping_sub(heard[0].timestamp);
    assert!(passed / 48 > 62_000, "the timestamps know of the gap: {passed}");
}

#[test]
fn a_packet_that_was_heard_before_is_refused_after() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    talk(&mut net, (whatsapp, agent), 20);
    let mut captured = Vec::new();
    for leg in [whatsapp, agent] {
        for _ in 0..5 {
            let sound = net.peer(leg).packet(OPUS, b"again");
            captured.push((leg, sound));
        }
        captured.push((leg, net.peer(leg).report(None, None)));
    }
    let replay = |net: &mut Net| {
        for (leg, packet) in &captured {
            let (via, from) = (net.peer(*leg).via, net.peer(*leg).address);
            net.inject(via, from, packet);
        }
        net.run(5);
    };
    replay(&mut net);
    net.hand_over(GAP);
    let before = [whatsapp, agent].map(|leg| net.stats(leg));
    replay(&mut net);
    for (leg, before) in [whatsapp, agent].into_iter().zip(before) {
        let after = net.stats(leg);
        assert_eq!((before.refused, after.refused), (0, 6));
        assert_eq!((before.packets_in, before.rtcp_in), (after.packets_in, after.rtcp_in));
        assert_eq!(times(&mut net, leg, b"again"), 5);
    }
}

#[test]
fn what_was_decided_about_a_leg_still_holds() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let quiet = net.open(false, true);
    net.run(300);
    let tap = Tap {
        recording: "rec_000000000000000000000000000000aa".parse().unwrap(),
        track: Track::Caller,
    };
    net.command(Command::Tap { leg: whatsapp, tap: Some(tap) });
    net.command(Command::Mute { leg: agent, muted: true });
    // A key that is held across the hand-over.
    net.say(whatsapp, EVENTS, &[9, 10, 1, 64]);
    assert_eq!(net.hand_over(GAP), []);
    talk(&mut net, (whatsapp, agent), 10);
    net.run(1_000);
    let mut recorded = 0;
    net.taps.drain(&mut |frame| {
        assert_eq!((frame.recording, frame.track), (tap.recording, tap.track));
        recorded += 1;
    });
    assert_eq!(recorded, 10);
    assert_eq!(times(&mut net, whatsapp, b"agent"), 0, "muted");
    assert_eq!(times(&mut net, agent, b"caller"), 10);
    assert_eq!(net.peer(quiet).heard, [], "may not speak yet");
    let key = MediaEvent::Dtmf { leg: whatsapp, digit: '9', duration_ms: 40 };
    assert_eq!(net.events.iter().filter(|event| **event == key).count(), 1);
    let ups = net.events.iter().filter(|event| matches!(event, MediaEvent::LegUp { .. }));
    assert_eq!(ups.count(), 3, "nothing comes up again");
}

#[test]
fn legs_that_are_not_up_are_named_and_their_bridges_undone() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    let (ended, other) = net.bridged();
    net.peer(other).deaf = true;
    net.run(8_000);
    assert_eq!(net.down(other), Some(LegDown::ConsentLost));
    let young = net.open(true, true);
    net.command(Command::Bridge { whatsapp: ended, agent: young });
    let mut lost = net.hand_over(GAP);
    lost.sort();
    assert_eq!(lost, [other, young]);
    let bridged = |leg: &LegId| net.shard.legs[leg].route.bridged;
    assert_eq!(
        [ended, whatsapp, agent].map(|leg| bridged(&leg)),
        [None, Some(agent), Some(whatsapp)]
    );
    let count = net.peer(ended).heard.len();
    net.run(500);
    assert!(net.peer(ended).heard.len() >= count + 24, "silence goes on");
    talk(&mut net, (whatsapp, agent), 10);
    assert_eq!(times(&mut net, agent, b"caller"), 10);
}

#[test]
fn clips_stay_behind_and_the_caller_hears_silence_until_another_is_chosen() {
    let mut net = Net::new();
    let whatsapp = net.open(false, true);
    net.run(300);
    net.command(Command::Speak(whatsapp));
    let music = || Clip::from_frames(vec![(*b"music").into()]).unwrap();
    net.command(Command::Play { leg: whatsapp, source: Source::Loop(music()) });
    net.run(500);
    net.hand_over(GAP);
    let count = times(&mut net, whatsapp, b"music");
    assert!(count > 20);
    net.run(500);
    assert_eq!(times(&mut net, whatsapp, b"music"), count);
    net.command(Command::Play { leg: whatsapp, source: Source::Loop(music()) });
    net.run(500);
    assert!(times(&mut net, whatsapp, b"music") > count + 20);
    assert_one_stream(&mut net, whatsapp);
}

#[test]
fn dtls_is_over_with_the_process_that_spoke_it() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.hand_over(GAP);
    let now = net.now;
    let (via, from) = (net.peer(agent).via, net.peer(agent).address);
    for message in net.peer(agent).close(now) {
        net.inject(via, from, &message);
    }
    net.run(500);
    assert_eq!(net.down(agent), None, "the close_notify is not understood");
    assert!(net.stats(agent).refused > 0);
    let reports = net.peer(whatsapp).reports.len();
    net.command(Command::Close(whatsapp));
    net.run(5);
    assert_eq!(net.peer(whatsapp).reports.len(), reports + 1, "a BYE can still be said");
    assert_eq!(net.air.open, []);
}
