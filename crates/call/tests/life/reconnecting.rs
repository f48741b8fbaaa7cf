//! An agent who was lost comes back into the same call on any device, and never talks on two.

use call::{
    AfterGrace, Command, Event, Input, LeftWhy, Phase, Refusal, Response, Rules, Sound, Target,
};
use model::Cause;

use crate::stage::{Stage, target};

fn ana() -> Target {
    target("ana", 1)
}

/// The page that ana's reload made.
fn reloaded() -> Target {
    target("ana", 11)
}

fn lost(rules: Rules) -> Stage {
    let mut stage = Stage::talking(rules, &ana());
    stage.at(20.0, Input::AgentLegFailed { device: ana().device, why: "test" });
    stage
}

fn left(stage: &Stage) -> Vec<LeftWhy> {
    let left = stage.commands.iter();
    left.filter_map(|c| if let Command::LeaveCall { why, .. } = c { Some(*why) } else { None })
        .collect()
}

#[test]
fn d2_a_reload_goes_on_with_the_call_on_the_new_page() {
    let mut stage = Stage::talking(Rules::default(), &ana());
    stage.at(20.0, Input::DeviceGone { device: ana().device });
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Reconnecting, Some(Sound::Hold)));
    stage.at(22.0, Input::DevicesReady { targets: vec![reloaded()] });
    assert_eq!(stage.call.holder(), Some(&reloaded()));
    let at = |wanted: Command| stage.position(|c| *c == wanted).expect("commanded");
    assert!(at(Command::Resume(reloaded())) < at(Command::Bridge(reloaded())));
    assert_eq!(left(&stage), [], "the old page is no more");
    stage.at(22.3, Input::AgentHeard { device: reloaded().device });
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Bridged, Some(Sound::Silence)));
    assert_eq!(stage.call.talkers(), [ana().agent]);
    stage.wait_until(300.0);
    assert_eq!(stage.call.phase(), Phase::Bridged);
}

#[test]
fn d2_an_old_page_that_still_exists_is_fenced() {
    let mut stage = lost(Rules::default());
    stage.at(22.0, Input::DevicesReady { targets: vec![reloaded()] });
    assert_eq!(left(&stage), [LeftWhy::ResumedElsewhere]);
    stage.at(22.2, Input::AgentHeard { device: ana().device });
    assert_eq!(stage.call.phase(), Phase::Reconnecting, "the old leg's sound means nothing");
    let old = stage.at(23.0, Input::HangUp { device: ana().device });
    assert_eq!(old, Response::Refused(Refusal::NotYours));
    stage.at(23.1, Input::AgentHeard { device: reloaded().device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
}

#[test]
fn d4_a_late_packet_of_the_lost_leg_does_not_end_the_hold_music() {
    let mut stage = lost(Rules::default());
    stage.at(20.1, Input::AgentHeard { device: ana().device });
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Reconnecting, Some(Sound::Hold)));
}

#[test]
fn d4_a_new_leg_that_fails_too_is_parted_and_the_grace_goes_on() {
    let mut stage = lost(Rules::default());
    stage.at(22.0, Input::DevicesReady { targets: vec![ana()] });
    stage.at(23.0, Input::AgentLegFailed { device: ana().device, why: "again" });
    assert_eq!(stage.count(|c| *c == Command::Unbridge(ana())), 2);
    stage.at(23.1, Input::AgentHeard { device: ana().device });
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Reconnecting, Some(Sound::Hold)));
    stage.wait_until(45.0);
    assert_ne!(stage.call.phase(), Phase::Reconnecting);
}

#[test]
fn d4_after_the_grace_others_ring_while_the_caller_hears_ringback() {
    let mut stage = lost(Rules::default());
    stage.here = [target("ben", 2)].into();
    let epoch = stage.call.epoch();
    stage.wait_until(44.9);
    assert_eq!(stage.call.phase(), Phase::Reconnecting);
    stage.wait_until(45.0);
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Ringing, Some(Sound::Ringback)));
    assert_eq!(
        (stage.call.rung(), left(&stage)),
        (vec![target("ben", 2)], vec![LeftWhy::GraceOver])
    );
    assert!(stage.call.epoch() > epoch);
    stage.at(50.0, Input::Claim { target: target("ben", 2) });
    stage.at(50.1, Input::AgentHeard { device: target("ben", 2).device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.count(|c| *c == Command::Accept), 1);
    assert_eq!(stage.call.talkers(), [ana().agent, target("ben", 2).agent]);
}

#[test]
fn d4_a_house_may_end_the_call_after_the_grace() {
    let mut stage = lost(Rules { after_grace: AfterGrace::End, ..Rules::default() });
    stage.here = [target("ben", 2)].into();
    stage.wait_until(45.0);
    stage.at(45.1, Input::FarewellAnswered { confirmed: true });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::AgentLegFailed));
    assert_eq!(stage.count(|c| matches!(c, Command::Dismiss(..))), 1);
}

#[test]
fn d5_a_laptop_that_wakes_after_the_grace_has_no_call_any_more() {
    let mut stage = lost(Rules::default());
    stage.here = [target("ben", 2)].into();
    stage.wait_until(45.0);
    stage.at(50.0, Input::Claim { target: target("ben", 2) });
    stage.at(50.1, Input::AgentHeard { device: target("ben", 2).device });
    let before = stage.commands.len();
    stage.at(600.0, Input::DevicesReady { targets: vec![ana()] });
    stage.at(600.1, Input::AgentHeard { device: ana().device });
    for wish in [
        Input::HangUp { device: ana().device },
        Input::Mute { device: ana().device, on: true },
        Input::Hold { device: ana().device, on: true },
    ] {
        assert_eq!(stage.at(600.2, wish), Response::Refused(Refusal::NotYours));
    }
    let claim = stage.at(600.3, Input::Claim { target: ana() });
    let winner = target("ben", 2).agent;
    assert_eq!(claim, Response::Refused(Refusal::Taken { winner }));
    assert_eq!(stage.commands.len(), before, "no zombie audio");
}

#[test]
fn d6_a_deliberate_claim_on_a_second_device_moves_the_call_there() {
    let mut stage = Stage::talking(Rules::default(), &ana());
    let hasty = stage.at(3.0, Input::Claim { target: reloaded() });
    assert_eq!(hasty, Response::Refused(Refusal::TakenByYou), "a2: two tabs that answer one ring");
    assert_eq!(stage.at(30.0, Input::Claim { target: reloaded() }), Response::Done);
    let at = |wanted: Command| stage.position(|c| *c == wanted).expect("commanded");
    assert!(at(Command::Unbridge(ana())) < at(Command::Resume(reloaded())), "never both");
    assert_eq!(left(&stage), [LeftWhy::ResumedElsewhere]);
    stage.at(30.2, Input::AgentHeard { device: reloaded().device });
    assert_eq!((stage.call.phase(), stage.call.holder()), (Phase::Bridged, Some(&reloaded())));
    assert_eq!(stage.at(31.0, Input::Claim { target: reloaded() }), Response::Done);
    assert_eq!(left(&stage).len(), 1);
}

#[test]
fn a10_an_agent_who_signs_out_rings_no_more_and_their_call_is_waited_for_and_rings_others() {
    let mut ringing = Stage::ringing(&[ana(), target("ben", 2)]);
    ringing.at(1.0, Input::AgentRemoved { agent: ana().agent });
    assert_eq!(ringing.call.rung(), [target("ben", 2)]);
    let back = ringing.at(2.0, Input::Claim { target: ana() });
    assert_eq!(back, Response::Refused(Refusal::NotAllowed));
    let mut stage = Stage::talking(Rules::default(), &ana());
    stage.at(20.0, Input::AgentRemoved { agent: ana().agent });
    assert_eq!((stage.call.phase(), stage.sound()), (Phase::Reconnecting, Some(Sound::Hold)));
    stage.here = [target("ben", 2)].into();
    stage.wait_until(45.0);
    assert_eq!(stage.call.rung(), [target("ben", 2)]);
    let mut claimed = Stage::ringing(&[ana(), target("ben", 2)]);
    claimed.at(1.0, Input::Claim { target: ana() });
    claimed.here = [target("ben", 2)].into();
    claimed.at(2.0, Input::AgentRemoved { agent: ana().agent });
    assert_eq!(claimed.call.rung(), [target("ben", 2)]);
    assert!(claimed.events.iter().any(|event| matches!(event, Event::ClaimReleased { .. })));
}
