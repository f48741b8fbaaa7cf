//! Every way a call ends closes its books once, with the right reason.

use std::time::{Duration, Instant};

use call::{
    Arrival, Command, Event, Farewell, Input, Outcome, Phase, Recording, Response, Rules, admit,
};
use model::{Cause, Class, EndReason, RecordingMode};

use crate::stage::{Stage, target};

fn closed_with(stage: &Stage) -> Option<EndReason> {
    stage.commands.iter().find_map(|command| {
        if let Command::CloseBooks(reason) = command { Some(*reason) } else { None }
    })
}

fn bridged(rules: Rules) -> Stage {
    let mut stage = Stage::new(rules);
    stage.ring(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(3.0, Input::Claim { target: target("ana", 1) });
    stage.at(3.1, Input::AgentHeard { device: target("ana", 1).device });
    stage.at(3.2, Input::AcceptAnswered(Outcome::Done));
    stage
}

#[test]
fn a6_nobody_answers_within_the_ring_time() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.wait_until(27.9);
    assert_eq!(stage.call.phase(), Phase::Ringing);
    stage.wait_until(28.0);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Reject)), 1);
    let rang_until = stage.call.ended_at();
    stage.at(33.0, Input::FarewellAnswered { confirmed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::NoAnswer));
    assert_eq!(stage.call.ended_at(), rang_until, "waiting for Meta is not ringing");
}

#[test]
fn a7_the_last_ringing_device_leaves() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(2.0, Input::DeviceGone { device: target("ana", 1).device });
    assert_eq!(stage.call.phase(), Phase::Ending);
    stage.at(2.1, Input::FarewellAnswered { confirmed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::NobodyReady));
}

#[test]
fn everybody_declines() {
    let mut stage = Stage::ringing(&[target("ana", 1), target("ben", 2)]);
    stage.at(1.0, Input::Decline { agent: target("ana", 1).agent });
    stage.at(2.0, Input::Decline { agent: target("ben", 2).agent });
    stage.at(2.1, Input::FarewellAnswered { confirmed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::DeclinedByAll));
    assert_eq!(stage.call.duration(Instant::now()), Duration::ZERO);
}

#[test]
fn the_agent_hangs_up_and_the_meter_stops_there() {
    let mut stage = bridged(Rules::default());
    assert_eq!(stage.call.phase(), Phase::Bridged);
    stage.at(63.2, Input::HangUp { device: target("ana", 1).device });
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(65.0, Input::FarewellAnswered { confirmed: true });
    let reason = closed_with(&stage);
    assert_eq!(reason.map(|r| (r.cause, r.class)), Some((Cause::AgentHungUp, Class::Completed)));
    assert_eq!(stage.call.duration(Instant::now()), Duration::from_secs(60));
}

#[test]
fn the_caller_hangs_up_and_meta_is_not_told_what_it_told_us() {
    let mut stage = bridged(Rules::default());
    stage.at(13.2, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0);
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::CallerHungUp));
    assert_eq!(stage.call.phase(), Phase::Ended);
    stage.at(14.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.count(|c| matches!(c, Command::CloseBooks(_))), 1);
}

#[test]
fn b4_a_lost_path_to_meta_ends_the_call_without_a_webhook() {
    let mut stage = bridged(Rules::default());
    stage.at(40.0, Input::CarrierMediaDown);
    stage.wait_until(60.0);
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::MediaLost));
}

#[test]
fn a_hang_up_that_media_tells_first_counts_as_a_hang_up() {
    let mut stage = bridged(Rules::default());
    stage.at(10.2, Input::CarrierMediaClosed);
    stage.at(11.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::CallerHungUp));
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0);
    assert_eq!(
        stage.call.duration(Instant::now()),
        Duration::from_secs(7),
        "the meter stopped with the media"
    );
}

#[test]
fn b4_a_hang_up_whose_webhook_is_lost_is_ended_at_meta_by_us() {
    let mut stage = bridged(Rules::default());
    stage.at(10.2, Input::CarrierMediaClosed);
    stage.wait_until(13.2);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    stage.at(13.4, Input::FarewellAnswered { confirmed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::CallerHungUp));
}

#[test]
fn c1_an_unclear_accept_becomes_accepted_when_the_caller_is_heard() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::AgentHeard { device: target("ana", 1).device });
    stage.at(6.9, Input::CallerHeard);
    stage.at(7.0, Input::AcceptAnswered(Outcome::Unclear));
    assert_eq!(stage.call.phase(), Phase::Accepting, "sound from before proves nothing");
    let (spoken, listened) = (
        stage.position(|c| *c == Command::Speak),
        stage.position(|c| *c == Command::ListenToCaller),
    );
    assert!(spoken.is_some() && spoken < listened, "the phone answers sound with sound");
    stage.at(7.3, Input::CallerHeard);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.count(|c| *c == Command::Speak), 1);
}

#[test]
fn c2_an_unclear_accept_without_evidence_is_terminated() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::AgentHeard { device: target("ana", 1).device });
    stage.at(7.0, Input::AcceptAnswered(Outcome::Unclear));
    stage.wait_until(9.0);
    assert_eq!(stage.count(|c| *c == Command::Farewell(Farewell::Terminate)), 1);
    assert_eq!(stage.count(|c| matches!(c, Command::Dismiss(..))), 1, "told within 8 s");
    stage.wait_until(30.0);
    assert!(stage.events.contains(&Event::FarewellUnconfirmed {}), "c9: the journal notes it");
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::AcceptUnresolved));
}

#[test]
fn e3_media_that_never_comes_up_ends_the_call_after_15_s() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::AgentHeard { device: target("ana", 1).device });
    stage.at(2.0, Input::AcceptAnswered(Outcome::Done));
    stage.wait_until(16.9);
    assert_eq!(stage.call.phase(), Phase::Accepting, "no sound flows, so nobody is told so");
    stage.wait_until(17.1);
    stage.at(17.2, Input::FarewellAnswered { confirmed: true });
    let reason = closed_with(&stage);
    assert_eq!(reason.map(|r| (r.cause, r.class)), Some((Cause::MediaNeverUp, Class::OurFault)));
    assert!(!stage.call.was_bridged(), "a call without sound is not an answered call");
}

#[test]
fn a_call_opens_when_the_last_of_accept_agent_and_media_is_there() {
    let device = target("ana", 1).device;
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::AgentHeard { device });
    stage.at(2.0, Input::AcceptAnswered(Outcome::Done));
    assert_eq!(stage.count(|c| matches!(c, Command::Open(_))), 0);
    stage.at(2.5, Input::CarrierMediaUp);
    assert_eq!(stage.count(|c| matches!(c, Command::Open(_))), 1);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    stage.wait_until(60.0);
    assert_eq!(stage.call.phase(), Phase::Bridged, "nothing is overdue any more");
}

#[test]
fn a_terminate_that_names_failed_media_is_no_hang_up() {
    let mut stage = bridged(Rules::default());
    stage.at(23.2, Input::CarrierTerminated { media_failed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::MediaLost));
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(23.2, Input::CarrierTerminated { media_failed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::MediaNeverUp));
}

#[test]
fn a_gate_that_is_closed_rejects_at_once() {
    let mut stage = Stage::new(Rules::default());
    stage.at(0.0, Input::TurnAway { cause: Cause::BalanceTooLow, tell_carrier: true });
    assert_eq!(stage.commands.first(), Some(&Command::Farewell(Farewell::Reject)));
    stage.at(0.1, Input::FarewellAnswered { confirmed: true });
    assert_eq!(closed_with(&stage).map(|r| r.cause), Some(Cause::BalanceTooLow));
}

#[test]
fn b7_a_stale_connect_asks_nothing_of_meta() {
    let mut stage = Stage::new(Rules::default());
    stage.at(0.0, Input::TurnAway { cause: Cause::StaleConnect, tell_carrier: false });
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0);
    assert!(closed_with(&stage).is_some());
}

#[test]
fn the_gate_names_the_first_rule_that_closes_it() {
    let open = Arrival {
        age: Some(Duration::from_secs(1)),
        age_max: Duration::from_secs(90),
        line_open: true,
        outage: None,
        balance_open: true,
        live_calls: 0,
        live_calls_max: 1,
        devices: 1,
    };
    assert_eq!(admit(&open), Ok(()));
    let stale = Arrival { age: Some(Duration::from_secs(91)), line_open: false, ..open.clone() };
    assert_eq!(admit(&stale), Err(Cause::StaleConnect));
    assert_eq!(admit(&Arrival { line_open: false, ..open.clone() }), Err(Cause::LineClosed));
    let down = Arrival { outage: Some(Cause::CarrierDown), balance_open: false, ..open.clone() };
    assert_eq!(admit(&down), Err(Cause::CarrierDown));
    assert_eq!(admit(&Arrival { balance_open: false, ..open.clone() }), Err(Cause::BalanceTooLow));
    assert_eq!(admit(&Arrival { live_calls: 1, ..open.clone() }), Err(Cause::AtCapacity));
    assert_eq!(admit(&Arrival { devices: 0, ..open }), Err(Cause::NobodyReady));
}

#[test]
fn recording_follows_the_lines_rule() {
    let device = target("ana", 1).device;
    let mut off = bridged(Rules { recording: RecordingMode::Off, ..Rules::default() });
    assert!(matches!(off.at(5.0, Input::StartRecording { device }), Response::Refused(_)));

    let mut wanted = bridged(Rules { recording: RecordingMode::OnDemand, ..Rules::default() });
    assert_eq!(wanted.call.recording(), Recording::Off);
    assert_eq!(wanted.at(5.0, Input::StartRecording { device }), Response::Done);
    assert_eq!(wanted.at(6.0, Input::PauseRecording { device }), Response::Done);
    assert_eq!(wanted.call.recording(), Recording::Paused);
    assert_eq!(wanted.at(7.0, Input::StopRecording { device }), Response::Done);

    let mut always = bridged(Rules { recording: RecordingMode::Always, ..Rules::default() });
    assert_eq!(always.call.recording(), Recording::On);
    assert!(matches!(always.at(5.0, Input::StopRecording { device }), Response::Refused(_)));
    always.at(9.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(always.count(|c| *c == Command::StopRecording), 1);
}
