//! A browser restarts ICE, and nobody hears it: same keys, same stream, new names.

use std::net::SocketAddr;

use super::net::{Net, OPUS};
use crate::error::{MediaError, RestartError};
use crate::event::LegDown;
use crate::sdp::SdpError;
use crate::turn::Via;

fn line<'a>(sdp: &'a str, start: &str) -> &'a str {
    sdp.lines().find(|line| line.starts_with(start)).expect("the line is there")
}

/// How often the shard answered somebody at this address.
fn answers(net: &Net, to: SocketAddr) -> usize {
    let stun = |bytes: &[u8]| bytes[..2] == [1, 1];
    net.air.sent.iter().filter(|(_, at, bytes)| *at == to && stun(bytes)).count()
}

#[test]
fn sound_goes_on_through_a_restart_as_the_same_stream() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.say(agent, OPUS, b"before");
    net.run(20);
    let first = net.restart(agent, "again1");
    let second = net.restart(agent, "again2");
    for _ in 0..10 {
        net.say(agent, OPUS, b"after");
        net.say(whatsapp, OPUS, b"for the agent");
        net.run(20);
    }
    let count = |net: &mut Net, leg, words: &[u8]| {
        net.peer(leg).heard.iter().filter(|note| note.payload == words).count()
    };
    assert_eq!(count(&mut net, whatsapp, b"before"), 1);
    assert_eq!(count(&mut net, whatsapp, b"after"), 10);
    assert_eq!(count(&mut net, agent, b"for the agent"), 10);
    let (first, second) = (first.as_str(), second.as_str());
    for same in ["a=fingerprint", "a=ssrc", "a=setup", "m=audio", "a=candidate"] {
        assert_eq!(line(first, same), line(second, same));
    }
    for other in ["a=ice-ufrag", "a=ice-pwd", "o="] {
        assert_ne!(line(first, other), line(second, other));
    }
    assert_eq!(net.stats(agent).refused, 0);
    assert_eq!(net.down(agent), None);
}

#[test]
fn old_names_hold_until_the_first_genuine_check_with_the_new() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    let (address, old) = (net.peer(agent).address, net.peer(agent).check());
    net.restart(agent, "again");
    let new = net.peer(agent).check();
    let known = net.shard.by_ufrag.len();
    net.air.sent.clear();
    net.inject(Via::Agents, address, &old);
    assert_eq!(answers(&net, address), 1, "the browser may not have the answer yet");
    let mut forged = new.clone();
    let tag = forged.len() - 20;
    forged[tag] ^= 1;
    net.inject(Via::Agents, address, &forged);
    net.inject(Via::Agents, address, &old);
    assert_eq!(answers(&net, address), 2, "a forged check ends nothing");
    net.inject(Via::Agents, address, &new);
    assert_eq!(answers(&net, address), 3);
    net.inject(Via::Agents, address, &old);
    assert_eq!(answers(&net, address), 3, "forgotten");
    assert_eq!(net.shard.by_ufrag.len(), known - 1);
}

#[test]
fn restarts_that_are_never_taken_up_leave_nothing_behind() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    net.run(200);
    let known = net.shard.by_ufrag.len();
    let (address, in_use) = (net.peer(agent).address, net.peer(agent).check());
    for round in 0..20 {
        net.restart(agent, &format!("again{round}"));
        assert_eq!(net.shard.by_ufrag.len(), known + 1);
        net.air.sent.clear();
        net.inject(Via::Agents, address, &in_use);
        assert_eq!(answers(&net, address), 1, "round {round}");
    }
    net.command(crate::command::Command::Close(agent));
    assert!(net.shard.by_ufrag.is_empty());
}

#[test]
fn d3_a_browser_that_restarts_on_another_network_is_followed() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.peer(agent).address = SocketAddr::from(([10, 0, 2, 2], 6_000));
    net.restart(agent, "mobile");
    net.run(200);
    net.say(agent, OPUS, b"from the train");
    net.run(20);
    net.say(whatsapp, OPUS, b"to the train");
    net.run(20);
    assert!(net.peer(agent).heard.iter().any(|note| note.payload == b"to the train"));
    assert!(net.peer(whatsapp).heard.iter().any(|note| note.payload == b"from the train"));
}

#[test]
fn a_restart_gives_a_quiet_leg_its_patience_anew_and_no_more() {
    let mut net = Net::new();
    let (_, agent) = net.bridged();
    net.peer(agent).deaf = true;
    net.run(5_000);
    net.restart(agent, "again");
    net.run(5_000);
    assert_eq!(net.down(agent), None);
    net.run(3_000);
    assert_eq!(net.down(agent), Some(LegDown::ConsentLost));
}

#[test]
fn an_offer_that_does_not_fit_the_leg_is_refused_and_changes_nothing() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.run(200);
    let (address, pwd) = (net.peer(agent).address, "anotherpasswordpassword1");
    let fitting = net.offer(address, "again", pwd, "111 126");
    let print = line(&fitting, "a=fingerprint").to_owned();
    let (mut other, last) = (print.clone(), print.len() - 1);
    other.replace_range(last.., if print.ends_with('0') { "1" } else { "0" });
    let in_use = format!("a=ice-ufrag:peer{}", agent.0);
    let known = net.shard.by_ufrag.len();
    let mut refusal = |offer: &str, leg| net.ask_restart(leg, offer).unwrap_err();
    let restart = |error| match error {
        MediaError::Restart(why) => why,
        other => panic!("{other}"),
    };
    let why = refusal(&fitting.replace(&print, &other), agent);
    assert_eq!(restart(why), RestartError::Fingerprint);
    let why = refusal(
        &fitting.replace("opus/48000/2", "x/1").replace("telephone-event/8000", "opus/48000/2"),
        agent,
    );
    assert_eq!(restart(why), RestartError::Codec);
    let why = refusal(&fitting.replace("a=ice-ufrag:again", &in_use), agent);
    assert_eq!(restart(why), RestartError::SameUfrag);
    assert_eq!(restart(refusal(&fitting, whatsapp)), RestartError::NotAnAgent);
    assert_eq!(restart(refusal(&fitting, model::LegId(99))), RestartError::NoSuchLeg);
    let why = refusal(&fitting.replace("actpass", "passive"), agent);
    assert!(matches!(why, MediaError::Sdp(SdpError::Setup { offered: "passive" })), "{why}");
    assert_eq!(net.shard.by_ufrag.len(), known);
    net.say(agent, OPUS, b"as ever");
    net.run(20);
    assert!(net.peer(whatsapp).heard.iter().any(|note| note.payload == b"as ever"));
}
