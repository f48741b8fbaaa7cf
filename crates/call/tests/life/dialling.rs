//! A call that we place: what the dialling agent hears and pays for, and every way it ends.

use std::time::{Duration, Instant};

use call::{Command, Event, Farewell, Input, Phase, Response, RingPlan, Rules, Target};
use model::{Cause, Class, DialStage, Disposition, RecordingMode};

use crate::stage::{Stage, target};

/// Ana has dialled at second 0; her device is heard.
fn dialled() -> (Stage, Target) {
    dialled_by(Rules::default())
}

fn dialled_by(rules: Rules) -> (Stage, Target) {
    let ana = target("ana", 1);
    let mut stage = Stage::new(rules);
    let plan = RingPlan::everybody(Duration::from_secs(28));
    stage.here = [ana.clone(), target("ben", 2)].into();
    stage.at(0.0, Input::Dial { target: ana.clone(), plan });
    stage.at(0.2, Input::AgentHeard { device: ana.device });
    (stage, ana)
}

/// The contact picked up at second 5.
fn talking(rules: Rules) -> (Stage, Target) {
    let (mut stage, ana) = dialled_by(rules);
    stage.at(0.5, Input::DialTaken);
    stage.at(1.0, Input::DialDescribed);
    stage.at(1.3, Input::CarrierMediaUp);
    stage.at(2.0, Input::ContactRings);
    stage.at(5.0, Input::ContactPickedUp);
    (stage, ana)
}

fn ring_backs(stage: &Stage) -> Vec<bool> {
    let ring_back = |command: &Command| match command {
        Command::RingBack(_, on) => Some(*on),
        _ => None,
    };
    stage.commands.iter().filter_map(ring_back).collect()
}

fn seconds(stage: &Stage) -> u64 {
    stage.call.duration(Instant::now()).as_secs()
}

#[test]
fn the_contact_picks_up_and_the_meter_runs_from_there() {
    let (mut stage, ana) = dialled();
    assert_eq!(stage.call.dial_stage(), Some(DialStage::Calling));
    assert_eq!(stage.count(|command| *command == Command::Connect), 1);
    stage.at(0.5, Input::DialTaken);
    stage.at(1.0, Input::DialDescribed);
    stage.at(1.3, Input::CarrierMediaUp);
    assert_eq!(stage.call.phase(), Phase::Dialling, "media is up and nobody has picked up");
    stage.at(2.0, Input::ContactRings);
    assert_eq!(stage.call.dial_stage(), Some(DialStage::Ringing));
    assert_eq!(stage.count(|command| *command == Command::Speak), 0, "not a packet while it rings");
    assert_eq!(ring_backs(&stage), [true]);
    stage.at(5.0, Input::ContactPickedUp);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(ring_backs(&stage), [true, false]);
    assert_eq!(stage.call.dial_stage(), None);
    for wanted in [Command::Speak, Command::Bridge(ana.clone()), Command::Open(ana.clone())] {
        assert_eq!(stage.count(|command| *command == wanted), 1, "{wanted:?}");
    }
    stage.at(65.0, Input::HangUp { device: ana.device });
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(65.4, Input::FarewellAnswered { confirmed: true });
    let reason = stage.closed_with().expect("closed");
    assert_eq!((reason.cause, reason.class), (Cause::AgentHungUp, Class::Completed));
    assert_eq!(seconds(&stage), 60, "ringing is not paid for");
}

#[test]
fn picked_up_before_meta_described_its_side_is_paid_from_there_and_opens_when_it_does() {
    let (mut stage, _) = dialled();
    stage.at(1.0, Input::ContactPickedUp);
    assert_eq!(stage.call.dial_stage(), Some(DialStage::PickedUp));
    assert_eq!(stage.count(|command| *command == Command::Speak), 0, "nowhere to send to");
    stage.at(1.5, Input::DialTaken);
    stage.at(2.0, Input::DialDescribed);
    assert!(ring_backs(&stage).is_empty(), "the contact is on the line already");
    stage.at(2.5, Input::CarrierMediaUp);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    stage.at(11.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::CallerHungUp));
    assert_eq!(seconds(&stage), 10);
}

#[test]
fn picked_up_and_never_described_is_given_up() {
    let (mut stage, _) = dialled();
    stage.at(1.0, Input::ContactPickedUp);
    stage.wait_until(16.5);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(17.0, Input::FarewellAnswered { confirmed: true });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::MediaNeverUp));
}

#[test]
fn b5_status_and_description_in_any_order_and_twice_open_the_call_once() {
    let inputs = [
        Input::DialTaken,
        Input::DialDescribed,
        Input::CarrierMediaUp,
        Input::ContactRings,
        Input::ContactPickedUp,
    ];
    for order in orders(inputs.len()) {
        let (mut stage, ana) = dialled();
        for (at, which) in order.iter().chain(&order).enumerate() {
            stage.at(1.0 + at as f64 / 10.0, inputs[*which].clone());
        }
        assert_eq!(stage.call.phase(), Phase::Bridged, "{order:?}");
        let accepted = stage.events.iter().filter(|event| **event == Event::Accepted {}).count();
        assert_eq!(accepted, 1, "{order:?}");
        assert_eq!(stage.count(|command| *command == Command::Speak), 1, "{order:?}");
        assert_eq!(stage.count(|c| *c == Command::Open(ana.clone())), 1, "{order:?}");
        assert!(ring_backs(&stage).last() != Some(&true), "{order:?}: it rings on");
    }
}

/// Every order of so many things.
fn orders(count: usize) -> Vec<Vec<usize>> {
    let mut all = vec![vec![]];
    for next in 0..count {
        let longer = |order: Vec<usize>| {
            (0..=order.len()).map(move |at| {
                let mut longer = order.clone();
                longer.insert(at, next);
                longer
            })
        };
        all = all.into_iter().flat_map(longer).collect();
    }
    all
}

#[test]
fn c11_a_second_answer_to_connect_changes_nothing() {
    let (mut stage, _) = talking(Rules::default());
    let before = stage.commands.len();
    stage.at(6.0, Input::DialTaken);
    stage.at(6.1, Input::DialDescribed);
    stage.at(6.2, Input::DialRefused { cause: Cause::ContactBusy });
    stage.at(6.3, Input::DialUnclear);
    stage.at(6.4, Input::ContactDeclined);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.commands.len(), before, "{:?}", &stage.commands[before..]);
}

#[test]
fn nobody_picks_up_and_meta_ends_it() {
    let (mut stage, _) = dialled();
    stage.at(0.5, Input::DialTaken);
    stage.at(1.0, Input::DialDescribed);
    stage.at(2.0, Input::ContactRings);
    stage.at(50.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0, "Meta told us");
    let reason = stage.closed_with().expect("closed");
    assert_eq!((reason.cause, reason.class), (Cause::NoAnswer, Class::Missed));
    assert_eq!(Disposition::of(reason, false), Disposition::Missed);
    assert_eq!(seconds(&stage), 0);
    assert_eq!(ring_backs(&stage), [true, false]);
}

#[test]
fn nobody_picks_up_and_meta_says_nothing() {
    let (mut stage, _) = dialled();
    stage.at(0.5, Input::DialTaken);
    stage.at(2.0, Input::ContactRings);
    stage.wait_until(59.9);
    assert_eq!(stage.call.phase(), Phase::Dialling);
    stage.wait_until(60.0);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(60.5, Input::FarewellAnswered { confirmed: true });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::NoAnswer));
}

#[test]
fn the_agent_cancels_while_it_rings() {
    let (mut stage, ana) = dialled();
    stage.at(0.5, Input::DialTaken);
    stage.at(2.0, Input::ContactRings);
    assert_eq!(stage.at(9.0, Input::HangUp { device: ana.device }), Response::Done);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    assert_eq!(ring_backs(&stage), [true, false]);
    stage.at(9.1, Input::ContactPickedUp);
    stage.at(9.3, Input::CarrierTerminated { media_failed: false });
    let reason = stage.closed_with().expect("closed");
    assert_eq!((reason.cause, reason.class), (Cause::AgentHungUp, Class::Missed));
    assert_eq!(seconds(&stage), 0, "picked up after it was cancelled");
}

#[test]
fn cancelled_before_meta_answered_is_over_when_meta_refuses() {
    let (mut stage, ana) = dialled();
    stage.at(0.3, Input::HangUp { device: ana.device });
    assert_eq!(stage.call.phase(), Phase::Ending);
    stage.at(0.5, Input::DialRefused { cause: Cause::NotPermitted });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::AgentHungUp));
}

#[test]
fn the_contact_declines_or_is_busy_or_may_not_be_called() {
    for (input, cause) in [
        (Input::ContactDeclined, Cause::ContactDeclined),
        (Input::DialRefused { cause: Cause::ContactBusy }, Cause::ContactBusy),
        (Input::DialRefused { cause: Cause::NotPermitted }, Cause::NotPermitted),
    ] {
        let (mut stage, ana) = dialled();
        stage.at(3.0, input);
        assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(cause));
        assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0, "nothing to end at Meta");
        let dismissed = |c: &Command| matches!(c, Command::Dismiss(who, _) if *who == ana);
        assert_eq!(stage.count(dismissed), 1);
        assert_eq!(stage.call.phase(), Phase::Ended);
    }
}

#[test]
fn an_unclear_connect_is_given_up_without_a_sign_and_goes_on_with_one() {
    let (mut stage, _) = dialled();
    stage.at(6.0, Input::DialUnclear);
    stage.wait_until(15.9);
    assert_eq!(stage.call.phase(), Phase::Dialling);
    stage.wait_until(16.0);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.wait_until(30.0);
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::DialUnresolved));

    for sign in [Input::DialDescribed, Input::ContactRings, Input::ContactPickedUp] {
        for first in [true, false] {
            let (mut stage, _) = dialled();
            if first {
                stage.at(2.0, sign.clone());
            }
            stage.at(6.0, Input::DialUnclear);
            if !first {
                stage.at(9.0, sign.clone());
            }
            stage.wait_until(16.5);
            assert_eq!(stage.call.phase(), Phase::Dialling, "{sign:?} {first}");
        }
    }
}

#[test]
fn an_agent_who_is_not_heard_does_not_let_a_phone_ring_for_nothing() {
    let ana = target("ana", 1);
    let mut stage = Stage::new(Rules::default());
    let plan = RingPlan::everybody(Duration::from_secs(28));
    stage.at(0.0, Input::Dial { target: ana.clone(), plan });
    stage.at(0.5, Input::DialTaken);
    stage.wait_until(8.0);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(8.2, Input::FarewellAnswered { confirmed: true });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::AgentLegFailed));

    let (mut stage, ana) = dialled();
    stage.at(3.0, Input::DeviceGone { device: ana.device });
    assert_eq!(stage.call.phase(), Phase::Ending, "nobody else has anything to say");
}

#[test]
fn live_acts_work_as_for_calls_that_came_in() {
    let rules = Rules { recording: RecordingMode::OnDemand, ..Rules::default() };
    let (mut stage, ana) = talking(rules);
    let device = ana.device;
    for act in [
        Input::Mute { device, on: true },
        Input::Hold { device, on: true },
        Input::Hold { device, on: false },
        Input::StartRecording { device },
        Input::PauseRecording { device },
    ] {
        assert_eq!(stage.at(6.0, act.clone()), Response::Done, "{act:?}");
    }
    stage.at(10.0, Input::AgentLegFailed { device, why: "the media path was lost" });
    assert_eq!(stage.call.phase(), Phase::Reconnecting, "the contact is kept on the line");
    stage.wait_until(35.0);
    assert_eq!(stage.call.phase(), Phase::Ringing, "and others ring after the grace");
    stage.at(36.0, Input::Claim { target: target("ben", 2) });
    stage.at(36.3, Input::AgentHeard { device: target("ben", 2).device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
}

#[test]
fn nothing_but_a_hang_up_and_muting_means_anything_before_the_contact_picks_up() {
    let (mut stage, ana) = dialled();
    let device = ana.device;
    for act in [Input::Hold { device, on: true }, Input::StartRecording { device }] {
        assert!(matches!(stage.at(1.0, act.clone()), Response::Refused(_)), "{act:?}");
    }
    assert_eq!(stage.at(1.0, Input::Mute { device, on: true }), Response::Done);
    let others = Input::Claim { target: target("ben", 2) };
    assert!(matches!(stage.at(1.0, others), Response::Refused(_)));
}
