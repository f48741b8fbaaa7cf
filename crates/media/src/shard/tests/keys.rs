//! Key presses: told once, and passed on as one press with numbers of our own.

use std::time::Duration;

use model::LegId;

use super::net::{EVENTS, Net, Note, OPUS};
use crate::command::Command;
use crate::event::MediaEvent;

fn told(net: &Net) -> Vec<(LegId, char, u32)> {
    let told = net.events.iter().filter_map(|event| match event {
        MediaEvent::Dtmf { leg, digit, duration_ms } => Some((*leg, *digit, *duration_ms)),
        MediaEvent::LegUp { .. }
        | MediaEvent::LegDown { .. }
        | MediaEvent::FirstRtp { .. }
        | MediaEvent::PlayEnded { .. }
        | MediaEvent::CallerSilent { .. }
        | MediaEvent::SilentCall { .. }
        | MediaEvent::SupervisionEnded { .. }
        | MediaEvent::Forwarded { .. } => None,
    });
    told.collect()
}

/// Presses a key for `updates` packets of 50 ms and its end, thrice; `lost` packets do not arrive.
fn press(net: &mut Net, leg: LegId, event: u8, updates: u16, lost: &[u16]) {
    let start = net.peer(leg).next as u32 * 960;
    for n in 1..=updates + 3 {
        let end = n > updates;
        let units = n.min(updates) * 400;
        let [high, low] = units.to_be_bytes();
        let payload = [event, if end { 0x8a } else { 10 }, high, low];
        let packet = net.peer(leg).packet_at(EVENTS, &payload, start);
        if !lost.contains(&n) {
            let (via, from) = (net.peer(leg).via, net.peer(leg).address);
            net.inject(via, from, &packet);
        }
        net.run(if end { 5 } else { 50 });
    }
}

/// The timestamps of heard key packets, each once, in order.
fn presses(heard: &[Note]) -> Vec<u32> {
    let mut times: Vec<_> = heard
        .iter()
        .filter(|note| note.payload_type == EVENTS)
        .map(|note| note.timestamp)
        .collect();
    times.dedup();
    times
}

#[test]
fn keys_of_both_sides_are_told_once_and_passed_on_as_one_press_each() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    for (from, to) in [(whatsapp, agent), (agent, whatsapp)] {
        let before = told(&net).len();
        let digits = [5, 11, 0, 0];
        for event in digits {
            for _ in 0..5 {
                net.say(from, OPUS, b"words");
                net.run(20);
            }
            press(&mut net, from, event, 4, &[]);
        }
        net.run(1_000);
        assert_eq!(
            told(&net)[before..],
            [(from, '5', 200), (from, '#', 200), (from, '0', 200), (from, '0', 200)]
        );
        let heard = &net.peer(to).heard;
        assert_eq!(presses(heard).len(), digits.len());
        for pair in heard.windows(2) {
            assert_eq!(pair[0].index + 1, pair[1].index);
        }
        let duration = |note: &Note| u16::from_be_bytes([note.payload[2], note.payload[3]]);
        let keys: Vec<_> = heard.iter().filter(|note| note.payload_type == EVENTS).collect();
        assert_eq!(keys.len(), digits.len() * 7);
        assert_eq!(keys.iter().map(|note| duration(note)).max(), Some(1_600), "8 kHz units stay");
    }
}

#[test]
fn losses_during_a_press_do_not_make_it_two() {
    // Between two of its packets silence is filled in towards the caller.
    for lost in [&[2][..], &[3, 4], &[1], &[5, 6], &[5, 6, 7]] {
        let mut net = Net::new();
        let (whatsapp, agent) = net.bridged();
        for _ in 0..5 {
            net.say(agent, OPUS, b"words");
            net.run(20);
        }
        press(&mut net, agent, 7, 4, lost);
        net.run(1_000);
        net.say(agent, OPUS, b"words");
        let told = told(&net);
        assert_eq!(told.len(), 1, "{lost:?}: {told:?}");
        assert_eq!((told[0].0, told[0].1), (agent, '7'));
        let heard = net.peer(whatsapp).heard.clone();
        assert_eq!(presses(&heard).len(), 1, "{lost:?}");
        assert_eq!(heard.iter().filter(|n| n.payload_type == EVENTS).count(), 7 - lost.len());
        for pair in heard.windows(2) {
            assert!(pair[1].index > pair[0].index);
        }
    }
}

#[test]
fn a_key_is_told_without_a_bridge_and_of_a_muted_leg_but_passed_on_by_neither() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.command(Command::Mute { leg: agent, muted: true });
    press(&mut net, agent, 1, 2, &[]);
    net.command(Command::Unbridge(whatsapp));
    press(&mut net, whatsapp, 2, 2, &[]);
    net.run(100);
    assert_eq!(told(&net), [(agent, '1', 100), (whatsapp, '2', 100)]);
    for leg in [whatsapp, agent] {
        assert!(presses(&net.peer(leg).heard).is_empty());
    }
}

#[test]
fn a_key_nobody_let_go_is_told_half_a_second_later() {
    let mut net = Net::new();
    let (whatsapp, _) = net.bridged();
    net.say(whatsapp, EVENTS, &[9, 10, 1, 64]);
    net.run(480);
    assert_eq!(told(&net), []);
    net.run(40);
    assert_eq!(told(&net), [(whatsapp, '9', 40)]);
    assert!(net.now.elapsed() < Duration::from_secs(60), "virtual time");
}
