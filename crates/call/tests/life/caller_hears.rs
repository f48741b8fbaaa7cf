//! A caller who was accepted never sits in silence: it rings again, or there is hold music, until an agent is heard.

use std::time::Duration;

use call::{Command, Event, Input, Outcome, Phase, Response, Rules, Sound};
use model::Cause;

use crate::stage::{Stage, target};

fn claimed() -> Stage {
    let mut stage = Stage::ringing(&[target("ana", 1), target("ben", 2)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.2, Input::AcceptAnswered(Outcome::Done));
    stage
}

fn talking(rules: Rules) -> Stage {
    let mut stage = Stage::new(rules);
    stage.ring(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.2, Input::AcceptAnswered(Outcome::Done));
    stage.at(1.3, Input::AgentHeard { device: target("ana", 1).device });
    stage
}

fn lost(rules: Rules) -> Stage {
    let mut stage = talking(rules);
    stage.at(20.0, Input::AgentLegFailed { device: target("ana", 1).device, why: "test" });
    stage
}

fn sounds(stage: &Stage) -> Vec<Sound> {
    let played = stage.commands.iter();
    played.filter_map(|c| if let Command::Play(sound) = c { Some(*sound) } else { None }).collect()
}

#[test]
fn a_winner_who_is_heard_at_once_is_not_preceded_by_a_blip() {
    let mut stage = claimed();
    stage.at(1.4, Input::AgentHeard { device: target("ana", 1).device });
    stage.wait_until(20.0);
    assert_eq!(sounds(&stage), []);
}

#[test]
fn a5_the_caller_hears_ringback_until_the_second_winner_is_heard() {
    let mut stage = claimed();
    stage.wait_until(2.1);
    assert_eq!(sounds(&stage), []);
    stage.wait_until(2.2);
    assert_eq!(sounds(&stage), [Sound::Ringback], "within 2 s of accept");
    stage.wait_until(9.5);
    assert_eq!(stage.call.phase(), Phase::Ringing);
    stage.at(10.0, Input::Claim { target: target("ben", 2) });
    assert_eq!(sounds(&stage), [Sound::Ringback], "it goes on without a break");
    stage.at(10.3, Input::AgentHeard { device: target("ben", 2).device });
    assert_eq!(sounds(&stage), [Sound::Ringback, Sound::Silence]);
}

#[test]
fn d4_a_lost_agent_leg_is_waited_for_with_hold_music_and_comes_back() {
    let mut stage = lost(Rules::default());
    assert_eq!(stage.call.phase(), Phase::Reconnecting);
    assert_eq!(sounds(&stage), [Sound::Hold]);
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_) | Command::Dismiss(..))), 0);
    let device = target("ana", 1).device;
    stage.at(24.0, Input::DevicesReady { targets: vec![target("ana", 1)] });
    assert_eq!(stage.count(|c| matches!(c, Command::Bridge(_))), 2);
    assert_eq!(stage.call.phase(), Phase::Reconnecting, "a leg is not yet a voice");
    stage.at(24.2, Input::AgentHeard { device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(sounds(&stage), [Sound::Hold, Sound::Silence]);
    assert!(stage.events.contains(&Event::AgentBack { agent: target("ana", 1).agent }));
    stage.wait_until(120.0);
    assert_eq!(stage.call.phase(), Phase::Bridged, "the grace is over and forgotten");
}

#[test]
fn d4_a_lost_agent_who_does_not_come_back_ends_the_call_after_the_grace() {
    let mut stage = lost(Rules::default());
    stage.at(30.0, Input::AgentLegFailed { device: target("ana", 1).device, why: "again" });
    stage.wait_until(44.9);
    assert_eq!(stage.call.phase(), Phase::Reconnecting);
    stage.wait_until(45.0);
    assert_eq!(stage.call.phase(), Phase::Ending);
    let ended = stage.events.iter().find_map(|event| match event {
        Event::EndRequested { reason } => Some(reason.cause),
        _ => None,
    });
    assert_eq!(ended, Some(Cause::AgentLegFailed));
}

#[test]
fn an_agent_whose_device_left_for_good_is_waited_for_all_the_same() {
    let mut stage = lost(Rules::default());
    stage.at(21.0, Input::DeviceGone { device: target("ana", 1).device });
    assert_eq!(stage.call.phase(), Phase::Reconnecting, "they may come back on another one");
    let without = lost(Rules { agent_grace: Duration::ZERO, ..Rules::default() });
    assert_eq!(without.call.phase(), Phase::Ending, "an operator may want no grace");
}

#[test]
fn while_an_agent_is_lost_the_call_stays_theirs() {
    let mut stage = lost(Rules::default());
    let other = stage.at(21.0, Input::Claim { target: target("ben", 2) });
    assert!(matches!(other, Response::Refused(_)));
    stage.at(21.0, Input::DevicesReady { targets: vec![target("ben", 2)] });
    assert_eq!(stage.count(|c| matches!(c, Command::Bridge(_))), 1, "another's leg is not theirs");
    assert_eq!(stage.at(22.0, Input::HangUp { device: target("ana", 1).device }), Response::Done);
    assert_eq!(stage.call.phase(), Phase::Ending);
}

#[test]
fn e1_a_caller_who_hangs_up_on_hold_music_is_a_hang_up() {
    let mut stage = lost(Rules::default());
    stage.at(23.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.call.phase(), Phase::Ended);
    assert_eq!(stage.count(|c| *c == Command::Judge), 1);
    assert_eq!(stage.count(|c| matches!(c, Command::Dismiss(..))), 1);
}
