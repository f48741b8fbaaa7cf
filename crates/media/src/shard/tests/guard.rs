//! An accepted call on which nothing is heard says why, within five seconds and once.

use super::net::{Net, OPUS};
use crate::command::Command;
use model::SilentCause;

use crate::event::MediaEvent;

type Fault = fn(&mut Net);

fn causes(net: &Net) -> Vec<SilentCause> {
    let causes = net.events.iter().filter_map(|event| match event {
        MediaEvent::SilentCall { cause, .. } => Some(*cause),
        MediaEvent::LegUp { .. }
        | MediaEvent::LegDown { .. }
        | MediaEvent::FirstRtp { .. }
        | MediaEvent::PlayEnded { .. }
        | MediaEvent::SupervisionEnded { .. }
        | MediaEvent::Dtmf { .. }
        | MediaEvent::CallerSilent { .. }
        | MediaEvent::Forwarded { .. } => None,
    });
    causes.collect()
}

#[test]
fn a_caller_who_is_not_heard_is_explained() {
    let faults: [(SilentCause, Fault); 3] = [
        (SilentCause::EgressBlocked, |net| {
            net.peers.values_mut().for_each(|peer| peer.deaf = true)
        }),
        (SilentCause::DtlsNotStarted, |net| {
            net.peers.values_mut().for_each(|peer| peer.without_dtls = true);
        }),
        (SilentCause::CallerSendsNothing, |_| ()),
    ];
    for (cause, fault) in faults {
        let mut net = Net::new();
        let whatsapp = net.open(false, true);
        fault(&mut net);
        net.run(1_000);
        net.command(Command::Speak(whatsapp));
        net.run(4_900);
        assert_eq!(causes(&net), [], "{cause:?}");
        net.run(200);
        assert_eq!(causes(&net), [cause]);
        net.run(8_000);
        assert_eq!(causes(&net), [cause], "said once");
    }
}

#[test]
fn an_agent_who_is_not_heard_is_explained() {
    let faults: [(SilentCause, Fault); 5] = [
        (SilentCause::AgentIce, |net| net.peers.values_mut().last().unwrap().deaf = true),
        (SilentCause::AgentDtls, |net| {
            net.peers.values_mut().last().unwrap().without_dtls = true;
        }),
        (SilentCause::AgentSendsNothing, |net| net.run(300)),
        (SilentCause::AgentMuted, |net| {
            net.run(300);
            let leg = net.peers.values().last().unwrap().leg;
            net.command(Command::Mute { leg, muted: true });
        }),
        // The browser was there and has gone; the leg is not yet given up.
        (SilentCause::AgentIce, |net| {
            net.run(300);
            net.peers.values_mut().last().unwrap().deaf = true;
            net.run(100);
        }),
    ];
    for (cause, fault) in faults {
        let mut net = Net::new();
        let whatsapp = net.open(false, true);
        net.run(300);
        net.command(Command::Speak(whatsapp));
        net.say(whatsapp, OPUS, b"caller");
        let agent = net.open(true, true);
        fault(&mut net);
        net.command(Command::Bridge { whatsapp, agent });
        net.say(whatsapp, OPUS, b"caller");
        net.run(4_800);
        assert_eq!(causes(&net), [], "{cause:?}");
        net.run(300);
        assert_eq!(causes(&net), [cause]);
    }
}

#[test]
fn a_call_on_which_both_are_heard_is_not_mentioned_nor_is_one_without_an_agent() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    net.say(whatsapp, OPUS, b"caller");
    net.say(agent, OPUS, b"agent");
    net.run(8_000);
    net.command(Command::Unbridge(whatsapp));
    net.run(8_000);
    assert_eq!(causes(&net), []);
    // Bridged with somebody else, and parted before the time is up.
    let other = net.open(true, true);
    net.run(300);
    net.command(Command::Bridge { whatsapp, agent: other });
    net.run(3_000);
    net.command(Command::Unbridge(whatsapp));
    net.run(8_000);
    assert_eq!(causes(&net), []);
    // Before it is accepted a call may be as silent as it likes.
    let ringing = net.open(false, true);
    net.command(Command::Bridge { whatsapp: ringing, agent: other });
    net.run(8_000);
    assert_eq!(causes(&net), []);
}
