//! What an agent does with a live call: mute, hold, and sending it on, with the caller never lost.

use std::time::Duration;

use call::{
    Command, Event, Input, LeftWhy, Phase, Refusal, Response, Rules, Sound, Step, StopWhy, Target,
    Wave, Whom,
};
use model::{AgentId, Cause, Class, RingOutcome, RingPolicy, TransferMode};

use crate::stage::{Stage, target};

fn ana() -> Target {
    target("ana", 1)
}

fn ben() -> Target {
    target("ben", 2)
}

fn talking() -> Stage {
    Stage::talking(Rules::default(), &ana())
}

fn to(agent: &str) -> Step {
    let whom = Whom::Agent(AgentId::new(agent).expect("a valid name"));
    Step { whom, name: agent.to_owned(), policy: RingPolicy::default() }
}

fn send(stage: &mut Stage, second: f64, mode: TransferMode, targets: &[Target]) -> Response {
    stage.here = targets.iter().cloned().collect();
    let waves = vec![Wave { from: Duration::ZERO, until: None, targets: targets.to_vec() }];
    let device = ana().device;
    stage.at(second, Input::Transfer { device, to: to("ben"), waves, mode })
}

fn blind() -> Stage {
    let mut stage = talking();
    assert_eq!(send(&mut stage, 10.0, TransferMode::Blind, &[ben()]), Response::Done);
    stage
}

fn asking() -> Stage {
    let mut stage = talking();
    assert_eq!(send(&mut stage, 10.0, TransferMode::Warm, &[ben()]), Response::Done);
    stage
}

fn consulting() -> Stage {
    let mut stage = asking();
    assert_eq!(stage.at(12.0, Input::Claim { target: ben() }), Response::Done);
    stage.at(12.2, Input::AgentHeard { device: ben().device });
    stage
}

fn left(stage: &Stage) -> Vec<(Target, LeftWhy)> {
    let left = stage.commands.iter().filter_map(|command| match command {
        Command::LeaveCall { target, why } => Some((target.clone(), *why)),
        _ => None,
    });
    left.collect()
}

fn holder(stage: &Stage) -> Option<Target> {
    stage.call.holder().cloned()
}

fn outcomes(stage: &Stage) -> Vec<RingOutcome> {
    let ended = stage.events.iter().filter_map(|event| match event {
        Event::AgentsRingEnded { agents, outcome } => Some(vec![*outcome; agents.len()]),
        _ => None,
    });
    ended.flatten().collect()
}

fn refused(refusal: Refusal) -> Response {
    Response::Refused(refusal)
}

#[test]
fn a_supervisors_mute_is_lifted_by_a_supervisor_only() {
    let (device, supervisor) = (ana().device, target("eve", 9).agent);
    let mut stage = talking();
    let muted = |stage: &Stage| (stage.call.muted(), stage.call.muted_by_supervisor());
    stage.at(5.0, Input::MuteAgent { supervisor: supervisor.clone(), on: true });
    assert_eq!(muted(&stage), (true, true));
    let own = stage.at(6.0, Input::Mute { device, on: false });
    assert_eq!((own, muted(&stage)), (refused(Refusal::NotAllowed), (true, true)));
    assert_eq!(stage.at(7.0, Input::Mute { device, on: true }), Response::Done);
    stage.at(8.0, Input::MuteAgent { supervisor, on: false });
    assert_eq!(muted(&stage), (true, false), "their own mute is their own");
    stage.at(9.0, Input::Mute { device, on: false });
    assert_eq!(muted(&stage), (false, false));
    let told: Vec<bool> = stage
        .commands
        .iter()
        .filter_map(|c| if let Command::Mute(_, on) = c { Some(*on) } else { None })
        .collect();
    assert_eq!(told, [true, false], "the bridge is told of changes only");
}

#[test]
fn a_held_caller_hears_music_until_they_are_taken_back() {
    let device = ana().device;
    let mut stage = talking();
    stage.at(5.0, Input::Hold { device, on: true });
    assert!(stage.call.held());
    assert_eq!(stage.count(|c| *c == Command::Unbridge(ana())), 1);
    assert_eq!(stage.sound(), Some(Sound::Hold));
    stage.at(6.0, Input::AgentHeard { device });
    assert_eq!(stage.sound(), Some(Sound::Hold), "the agent may talk to somebody else");
    stage.at(60.0, Input::Hold { device, on: false });
    assert_eq!((stage.call.held(), stage.sound()), (false, Some(Sound::Silence)));
    assert_eq!(stage.count(|c| *c == Command::Bridge(ana())), 2);
    assert_eq!(stage.call.phase(), Phase::Bridged);
}

#[test]
fn d12_a_storm_of_holds_mutes_and_transfers_ends_in_the_last_state_without_a_leak() {
    let device = ana().device;
    let mut stage = talking();
    for n in 0..200_u32 {
        let second = 5.0 + f64::from(n) / 20.0;
        let on = n % 2 == 0;
        stage.at(second, Input::Hold { device, on });
        stage.at(second, Input::Mute { device, on });
        if n % 5 == 0 {
            send(&mut stage, second, TransferMode::Warm, &[ben()]);
            stage.at(second, Input::CancelTransfer { target: ana() });
        }
    }
    assert!(!stage.call.held() && !stage.call.muted());
    assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ana())));
    let bridged = stage.count(|c| *c == Command::Bridge(ana()));
    assert_eq!(bridged, stage.count(|c| *c == Command::Unbridge(ana())) + 1);
    assert_eq!(stage.call.poll_timeout(), None);
    assert_eq!(outcomes(&stage).len(), stage.rung_agents(), "every ring has its outcome");
}

#[test]
fn a8_a_blind_transfer_frees_the_first_agent_and_the_call_goes_on_with_the_second() {
    let mut stage = blind();
    assert_eq!(left(&stage), [(ana(), LeftWhy::Transferred)]);
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Ringing, Some(Sound::Ringback)));
    assert_eq!(stage.call.rung(), [ben()]);
    stage.at(13.0, Input::Claim { target: ben() });
    stage.at(13.2, Input::AgentHeard { device: ben().device });
    assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ben())));
    assert_eq!((stage.call.transfer(), stage.sound()), (None, Some(Sound::Silence)));
    assert_eq!(stage.call.talkers(), [ana().agent, ben().agent]);
    assert_eq!(stage.call.talker(), Some(&ben().agent));
    stage.at(20.0, Input::HangUp { device: ana().device });
    assert_eq!(stage.call.phase(), Phase::Bridged, "who has gone has no say");
    assert_eq!(stage.count(|c| *c == Command::Accept), 1);
    assert_eq!(stage.count(|c| matches!(c, Command::StopRecording | Command::CloseBooks(_))), 0);
}

#[test]
fn a8_a_caller_who_hangs_up_during_a_transfer_leaves_nobody_ringing() {
    let mut stage = blind();
    stage.at(13.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.call.phase(), Phase::Ended);
    assert_eq!(outcomes(&stage).last(), Some(&RingOutcome::CallerHungUp));
    let late = stage.at(13.1, Input::Claim { target: ben() });
    assert_eq!(late, refused(Refusal::Over));
}

#[test]
fn a8_a_transfer_nobody_takes_comes_back_and_then_ends_as_a_call_that_was_talked_on() {
    for declines in [true, false] {
        let mut stage = blind();
        stage.here = [ana()].into();
        if declines {
            stage.at(12.0, Input::Decline { agent: ben().agent });
        } else {
            stage.wait_until(30.0);
        }
        assert_eq!(stage.call.rung(), [ana()]);
        assert!(stage.call.transfer().is_some_and(|transfer| transfer.returned));
        let mut back = stage;
        back.wait_until(31.0);
        back.at(31.0, Input::Claim { target: ana() });
        back.at(31.1, Input::AgentHeard { device: ana().device });
        assert_eq!((back.call.phase(), holder(&back)), (Phase::Bridged, Some(ana())));
        assert_eq!(back.call.talkers(), [ana().agent], "nobody else talked in between");
    }
    let mut stage = blind();
    stage.here = [ana()].into();
    stage.wait_until(49.9);
    assert_eq!(stage.call.phase(), Phase::Ringing);
    stage.wait_until(50.0);
    stage.at(50.1, Input::FarewellAnswered { confirmed: true });
    let ended = stage.closed_with().map(|reason| (reason.cause, reason.class));
    assert_eq!(ended, Some((Cause::NoAnswer, Class::Completed)));
}

#[test]
fn a_blind_transfer_is_taken_back_by_who_sent_it_while_it_rings() {
    let mut stage = blind();
    assert!(stage.call.is_sent_on_by(&ana().agent));
    let stranger = stage.at(11.0, Input::CancelTransfer { target: target("eve", 9) });
    assert_ne!(stranger, Response::Done, "it is not theirs");
    let elsewhere = target("ana", 8);
    assert_eq!(stage.at(12.0, Input::CancelTransfer { target: elsewhere.clone() }), Response::Done);
    assert_eq!(holder(&stage), Some(elsewhere.clone()), "on the device that asked");
    assert_eq!((stage.call.rung(), stage.call.transfer()), (vec![], None));
    let told = |c: &Command| {
        matches!(c, Command::StopRinging { devices, why: StopWhy::Claimed { winner, .. } }
            if *devices == [ben().device] && *winner == ana().agent)
    };
    assert_eq!(stage.count(told), 1, "who was rung learns who has it");
    stage.at(12.3, Input::AgentHeard { device: elsewhere.device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.count(|c| matches!(c, Command::Accept)), 1);
    let late = stage.at(12.4, Input::Claim { target: ben() });
    assert_eq!(late, refused(Refusal::Taken { winner: ana().agent }));
}

#[test]
fn a_transfer_that_somebody_took_is_not_taken_back() {
    let mut stage = blind();
    stage.at(12.0, Input::Claim { target: ben() });
    let late = stage.at(12.1, Input::CancelTransfer { target: ana() });
    assert_eq!((late, holder(&stage)), (refused(Refusal::NotYours), Some(ben())));
}

#[test]
fn the_consulted_agent_mutes_themselves_and_stays_muted_when_the_caller_comes() {
    let mut stage = consulting();
    let device = ben().device;
    assert_eq!(stage.at(20.0, Input::Mute { device, on: true }), Response::Done);
    assert_eq!((stage.call.consulted_muted(), stage.call.muted()), (true, false));
    assert_eq!(stage.count(|c| *c == Command::Mute(ben(), true)), 1);
    stage.at(20.1, Input::Mute { device, on: true });
    assert_eq!(stage.count(|c| *c == Command::Mute(ben(), true)), 1, "told of changes only");
    stage.at(21.0, Input::CompleteTransfer { device: ana().device });
    assert_eq!((holder(&stage), stage.call.muted()), (Some(ben()), true));
    assert_eq!(stage.at(22.0, Input::Mute { device, on: false }), Response::Done);
    assert!(!stage.call.muted());
}

#[test]
fn a_transfer_to_nobody_is_refused_and_changes_nothing() {
    for mode in [TransferMode::Blind, TransferMode::Warm] {
        for nobody in [vec![], vec![target("ana", 7)]] {
            let mut stage = talking();
            let before = stage.commands.len();
            let answer = send(&mut stage, 10.0, mode, &nobody);
            assert_eq!(answer, refused(Refusal::NobodyThere));
            assert_eq!(stage.commands.len(), before);
            assert_eq!((stage.call.phase(), stage.call.held()), (Phase::Bridged, false));
        }
    }
}

#[test]
fn a8_a_consulted_agent_gets_the_caller_when_the_transfer_is_completed() {
    let mut stage = consulting();
    assert_eq!(stage.sound(), Some(Sound::Hold));
    assert_eq!(stage.count(|c| *c == Command::Consult { first: ana(), second: ben() }), 1);
    assert_eq!((holder(&stage), stage.call.consulted().cloned()), (Some(ana()), Some(ben())));
    assert!(stage.call.transfer().is_some_and(|transfer| transfer.consulting));
    let done = stage.at(20.0, Input::CompleteTransfer { device: ana().device });
    assert_eq!(done, Response::Done);
    assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ben())));
    assert_eq!(left(&stage), [(ana(), LeftWhy::Transferred)]);
    assert_eq!(stage.sound(), Some(Sound::Silence));
    assert_eq!(stage.count(|c| *c == Command::Bridge(ben())), 1);
    assert_eq!(stage.call.talkers(), [ana().agent, ben().agent]);
    assert_eq!(stage.count(|c| *c == Command::Accept), 1);
}

#[test]
fn a8_whatever_ends_a_consultation_the_first_agent_has_the_caller_back() {
    let by_first = Input::CancelTransfer { target: ana() };
    let by_second = Input::HangUp { device: ben().device };
    let failed = Input::AgentLegFailed { device: ben().device, why: "test" };
    let gone = Input::DeviceGone { device: ben().device };
    let removed = Input::AgentRemoved { agent: ben().agent };
    for over in [by_first, by_second, failed, gone, removed] {
        let mut stage = consulting();
        stage.at(20.0, over.clone());
        assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ana())), "{over:?}");
        assert_eq!(left(&stage), [(ben(), LeftWhy::ConsultationOver)]);
        assert_eq!((stage.call.held(), stage.sound()), (false, Some(Sound::Silence)));
        assert_eq!(stage.count(|c| matches!(c, Command::Unconsult { .. })), 1);
        assert_eq!(stage.count(|c| *c == Command::Bridge(ana())), 2);
        assert_eq!(stage.call.transfer(), None);
    }
    let mut declined = asking();
    declined.at(11.0, Input::Decline { agent: ben().agent });
    let mut unanswered = asking();
    unanswered.wait_until(30.0);
    let mut never_heard = asking();
    never_heard.at(12.0, Input::Claim { target: ben() });
    never_heard.wait_until(20.0);
    for stage in [declined, unanswered, never_heard] {
        assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ana())));
        assert!(!stage.call.held() && stage.call.transfer().is_none());
        assert_eq!(stage.call.poll_timeout(), None);
    }
}

#[test]
fn a_first_agent_who_goes_while_consulting_leaves_the_caller_to_the_second() {
    let hung_up = Input::HangUp { device: ana().device };
    let lost = Input::AgentLegFailed { device: ana().device, why: "test" };
    let gone = Input::DeviceGone { device: ana().device };
    for goes in [hung_up, lost, gone] {
        let mut stage = consulting();
        stage.at(20.0, goes);
        assert_eq!((stage.call.phase(), holder(&stage)), (Phase::Bridged, Some(ben())));
        assert_eq!(left(&stage), [(ana(), LeftWhy::Transferred)]);
    }
    let mut alone = asking();
    alone.at(11.0, Input::AgentLegFailed { device: ana().device, why: "test" });
    assert_eq!((alone.call.phase(), alone.call.rung()), (Phase::Reconnecting, vec![]));
    assert_eq!(outcomes(&alone).last(), Some(&RingOutcome::CallEnded));
}

#[test]
fn a8_a_caller_who_hangs_up_on_hold_dismisses_both_agents() {
    let mut stage = consulting();
    stage.at(20.0, Input::CarrierTerminated { media_failed: false });
    for agent in [ana(), ben()] {
        let told = |c: &Command| matches!(c, Command::Dismiss(target, _) if *target == agent);
        assert_eq!(stage.count(told), 1);
    }
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::CallerHungUp));
}

#[test]
fn only_who_is_consulted_takes_a_consultation_and_only_the_first_agent_steers_it() {
    let mut stage = asking();
    let other = stage.at(11.0, Input::Claim { target: target("cleo", 3) });
    assert_eq!(other, refused(Refusal::Taken { winner: ana().agent }));
    let early = stage.at(11.0, Input::CompleteTransfer { device: ana().device });
    assert_eq!(early, refused(Refusal::NotAllowed), "nobody is there yet");
    let held = stage.at(11.0, Input::Hold { device: ana().device, on: false });
    assert_eq!(held, refused(Refusal::NotAllowed));
    stage.at(12.0, Input::Claim { target: ben() });
    assert_eq!(stage.at(12.1, Input::Claim { target: ben() }), Response::Done, "a double click");
    assert_eq!(stage.count(|c| matches!(c, Command::Consult { .. })), 1);
    stage.at(12.2, Input::AgentHeard { device: ben().device });
    let by_second = stage.at(13.0, Input::CompleteTransfer { device: ben().device });
    assert_eq!(by_second, refused(Refusal::NotYours));
}

#[test]
fn d11_a_wish_that_arrives_twice_is_done_once() {
    let device = ana().device;
    let mut stage = talking();
    for wish in [Input::Hold { device, on: true }, Input::Mute { device, on: true }] {
        stage.at(5.0, wish.clone());
        let (events, commands) = (stage.events.len(), stage.commands.len());
        assert_eq!(stage.at(5.0, wish), Response::Done);
        assert_eq!(stage.events.len(), events);
        assert_eq!(stage.commands[commands..], [Command::Update(ana())], "the page may ask again");
    }
    let mut twice = consulting();
    assert_eq!(send(&mut twice, 13.0, TransferMode::Warm, &[ben()]), refused(Refusal::NotAllowed));
    twice.at(14.0, Input::CompleteTransfer { device });
    let again = twice.at(14.0, Input::CompleteTransfer { device });
    assert_eq!(again, refused(Refusal::NotYours));
    assert_eq!(left(&twice).len(), 1);
}

#[test]
fn a8_a_transfer_that_nobody_takes_goes_where_unanswered_calls_of_the_line_go() {
    let policy = RingPolicy {
        overflow: model::Overflow::Queue { max_wait_seconds: 60 },
        ..RingPolicy::default()
    };
    let steps = vec![Step { whom: Whom::Everybody, name: String::new(), policy }];
    let mut stage = Stage::new(Rules::default());
    stage.here = [ana()].into();
    let allowed = Duration::from_secs(28);
    stage.at(0.0, Input::Ring { plan: call::RingPlan { steps, allowed } });
    stage.at(0.1, Input::PreAcceptAnswered(call::Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(0.5, Input::Claim { target: ana() });
    stage.at(0.8, Input::AcceptAnswered(call::Outcome::Done));
    stage.at(1.0, Input::AgentHeard { device: ana().device });
    send(&mut stage, 10.0, TransferMode::Blind, &[ben()]);
    stage.here = [].into();
    stage.wait_until(30.0);
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Queued, Some(Sound::Hold)));
    stage.at(40.0, Input::DevicesReady { targets: vec![target("cleo", 3)] });
    assert_eq!(stage.call.rung(), [target("cleo", 3)]);
}
