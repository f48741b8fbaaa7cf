//! Whatever happens on the agent's side, the caller's phone is never without a packet for long:
//! Meta's clients hang up on silence.

use std::time::{Duration, Instant};

use model::LegId;

use super::net::{EVENTS, Net, OPUS};
use crate::command::Command;
use crate::event::{LegDown, MediaEvent};
use crate::source::{Clip, Source};

/// What the caller's phone may be left without. Two seconds would be an alarm; ours is the pause
/// after which the leg's own source takes over, and a step of this network.
const GAP_MAX: Duration = Duration::from_millis(205);

/// The longest the phone was without RTP since `from`, until now.
fn longest_gap(net: &mut Net, whatsapp: LegId, from: Instant) -> Duration {
    let now = net.now;
    let heard = net.peer(whatsapp).heard.iter().map(|note| note.at);
    let times: Vec<_> =
        [from].into_iter().chain(heard.filter(|at| *at >= from)).chain([now]).collect();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}

/// No number twice and none left out, time that only moves on.
fn assert_one_stream(net: &mut Net, whatsapp: LegId) {
    for pair in net.peer(whatsapp).heard.windows(2) {
        assert_eq!(pair[0].index + 1, pair[1].index);
        if pair.iter().all(|note| note.payload_type == OPUS) {
            let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
            assert!((960..48_000 * 3).contains(&step), "{step}");
        }
    }
}

/// A call in full flow, and when it began.
fn call(net: &mut Net) -> (LegId, LegId, Instant) {
    let (whatsapp, agent) = net.bridged();
    for _ in 0..25 {
        net.say(agent, OPUS, b"agent");
        net.run(20);
    }
    let from = net.now - Duration::from_millis(200);
    (whatsapp, agent, from)
}

#[test]
fn an_agent_who_stops_stalls_or_disappears_leaves_no_gap() {
    type Fault = fn(&mut Net, LegId, LegId);
    let faults: [(&str, Fault); 7] = [
        ("stops sending", |_, _, _| ()),
        ("goes off the network", |net, _, agent| net.peer(agent).deaf = true),
        ("closes", |net, _, agent| net.command(Command::Close(agent))),
        ("hangs up by DTLS", |net, _, agent| {
            let now = net.now;
            let (via, from) = (net.peer(agent).via, net.peer(agent).address);
            for bytes in net.peer(agent).close(now) {
                net.inject(via, from, &bytes);
            }
        }),
        ("meets a fault of ours", |net, _, agent| {
            net.shard.legs.get_mut(&agent).unwrap().rigged = true;
            net.say(agent, OPUS, b"boom");
        }),
        ("is muted", |net, _, agent| net.command(Command::Mute { leg: agent, muted: true })),
        ("is parted", |net, whatsapp, _| net.command(Command::Unbridge(whatsapp))),
    ];
    for (name, fault) in faults {
        for source in
            [Source::Silence, Source::Loop(Clip::from_frames(vec![[7].into(); 9]).unwrap())]
        {
            let mut net = Net::new();
            let (whatsapp, agent, from) = call(&mut net);
            net.command(Command::Play { leg: whatsapp, source });
            fault(&mut net, whatsapp, agent);
            net.run(12_000);
            let gap = longest_gap(&mut net, whatsapp, from);
            assert!(gap <= GAP_MAX, "the agent {name}: {gap:?}");
            assert_one_stream(&mut net, whatsapp);
            assert_eq!(net.down(whatsapp), None);
        }
    }
}

#[test]
fn storms_of_commands_leave_no_gap() {
    let mut net = Net::new();
    let (whatsapp, one, from) = call(&mut net);
    let two = net.open(true, true);
    net.run(200);
    for step in 0..3_000u64 {
        net.command(match step % 7 {
            0 => Command::Bridge { whatsapp, agent: one },
            1 | 4 => Command::Unbridge(whatsapp),
            2 => Command::Mute { leg: one, muted: step % 2 == 0 },
            3 => Command::Bridge { whatsapp, agent: two },
            5 => Command::Play { leg: whatsapp, source: Source::Silence },
            _ => Command::Speak(whatsapp),
        });
        if step % 4 == 0 {
            net.say(one, OPUS, b"one");
            net.say(two, OPUS, b"two");
        }
        if step % 3 == 0 {
            net.run(5);
        }
    }
    let gap = longest_gap(&mut net, whatsapp, from);
    assert!(gap <= GAP_MAX, "{gap:?}");
    assert_one_stream(&mut net, whatsapp);
}

#[test]
fn an_agent_who_sends_what_cannot_be_forwarded_leaves_no_gap() {
    let oversized = vec![1; 1_990];
    let habits: [(&str, u8, &[u8]); 5] = [
        ("a frame too large for Opus", OPUS, &[1; 1_300]),
        ("a frame too large to be sealed", OPUS, &oversized),
        ("nothing in its packets", OPUS, &[]),
        ("an unknown codec", 0, b"what is this"),
        ("a 48 kHz key press", 110, &[5, 10, 0, 160]),
    ];
    for (name, payload_type, payload) in habits {
        let mut net = Net::new();
        let (whatsapp, agent, from) = call(&mut net);
        let count = net.peer(whatsapp).heard.len();
        for _ in 0..150 {
            net.say(agent, payload_type, payload);
            net.run(20);
        }
        let gap = longest_gap(&mut net, whatsapp, from);
        assert!(gap <= GAP_MAX, "the agent sends {name}: {gap:?}");
        let heard = &net.peer(whatsapp).heard[count + 1..];
        assert!(heard.iter().all(|note| note.payload == [0xf8, 0xff, 0xfe]), "{name}");
        assert!(!net.events.iter().any(|event| matches!(event, MediaEvent::Dtmf { .. })));
    }
}

#[test]
fn an_agent_whose_numbers_jump_does_not_make_the_phone_lose_count() {
    let mut net = Net::new();
    let (whatsapp, agent, from) = call(&mut net);
    for step in 0..200u64 {
        // Each jump is as far as SRTP follows.
        net.peer(agent).next += if step % 2 == 0 { 0x7000 } else { 0 };
        net.say(agent, OPUS, b"jumping");
        net.run(20);
    }
    let gap = longest_gap(&mut net, whatsapp, from);
    assert!(gap <= GAP_MAX, "{gap:?}");
    assert_one_stream(&mut net, whatsapp);
}

#[test]
fn who_is_parted_or_muted_leaves_no_pause_but_a_frame() {
    for command in [Command::Unbridge as fn(LegId) -> Command, muted] {
        let mut net = Net::new();
        let (whatsapp, agent, from) = call(&mut net);
        for _ in 0..10 {
            net.say(agent, OPUS, b"word");
            net.run(20);
        }
        net.command(command(agent));
        net.run(500);
        let gap = longest_gap(&mut net, whatsapp, from);
        assert!(gap <= Duration::from_millis(65), "{gap:?}");
        assert_one_stream(&mut net, whatsapp);
    }
}

fn muted(leg: LegId) -> Command {
    Command::Mute { leg, muted: true }
}

#[test]
fn a_shard_that_was_busy_sends_at_once_what_is_due() {
    for stall in [50, 120, 900, 1_900] {
        let mut net = Net::new();
        let (whatsapp, _, from) = call(&mut net);
        net.run(200);
        net.now += Duration::from_millis(stall);
        net.run(5);
        net.run(1_000);
        let gap = longest_gap(&mut net, whatsapp, from);
        let due = Duration::from_millis(stall + 25).max(GAP_MAX);
        assert!(gap <= due, "{stall} ms: {gap:?}");
        assert!(gap <= Duration::from_secs(2));
        assert_one_stream(&mut net, whatsapp);
    }
}

#[test]
fn an_agent_holding_a_key_for_a_minute_leaves_no_gap() {
    let mut net = Net::new();
    let (whatsapp, agent, from) = call(&mut net);
    for step in 1..=3_000u32 {
        // Every fifth packet is lost: the pause is still too short for silence.
        if step % 5 != 0 {
            let units = (step * 160).min(0xffff) as u16;
            let [high, low] = units.to_be_bytes();
            net.say(agent, EVENTS, &[1, 10, high, low]);
        } else {
            net.peer(agent).next += 1;
        }
        net.run(20);
    }
    let gap = longest_gap(&mut net, whatsapp, from);
    assert!(gap <= GAP_MAX, "{gap:?}");
}

#[test]
fn a_silent_caller_is_a_hint_and_a_dead_path_is_an_end() {
    let hints = |net: &Net, leg| {
        let hint = |event: &&MediaEvent| **event == MediaEvent::CallerSilent { leg };
        net.events.iter().filter(hint).count()
    };
    let mut net = Net::new();
    let (whatsapp, _) = net.bridged();
    for _ in 0..50 {
        net.say(whatsapp, OPUS, b"caller");
        net.run(20);
    }
    net.run(9_900);
    assert_eq!(hints(&net, whatsapp), 0);
    net.run(200);
    assert_eq!(hints(&net, whatsapp), 1);
    // Two minutes of a muted caller whose path is fine: one hint, no hang-up.
    net.run(120_000);
    assert_eq!((hints(&net, whatsapp), net.down(whatsapp)), (1, None));
    net.say(whatsapp, OPUS, b"caller");
    net.run(9_900);
    assert_eq!(hints(&net, whatsapp), 1);
    net.run(200);
    assert_eq!(hints(&net, whatsapp), 2, "each silence has its own");
    // A dead path is no silent caller.
    net.say(whatsapp, OPUS, b"caller");
    net.peer(whatsapp).deaf = true;
    net.run(31_000);
    assert_eq!(hints(&net, whatsapp), 2);
    assert_eq!(net.down(whatsapp), Some(LegDown::ConsentLost));
}

#[test]
fn a_caller_who_never_said_anything_is_hinted_at_and_one_who_may_not_be_heard_yet_is_not() {
    let mut net = Net::new();
    let whatsapp = net.open(false, true);
    net.run(30_000);
    assert!(!net.events.contains(&MediaEvent::CallerSilent { leg: whatsapp }));
    net.command(Command::Speak(whatsapp));
    net.run(9_900);
    assert!(!net.events.contains(&MediaEvent::CallerSilent { leg: whatsapp }));
    net.run(200);
    assert!(net.events.contains(&MediaEvent::CallerSilent { leg: whatsapp }));
}
