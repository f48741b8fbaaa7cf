//! A supervisor listens, whispers, barges in, takes over and ends calls, and the journal says who did.

use call::{
    Command, Event, Input, LeftWhy, Phase, Refusal, Response, Rules, SupervisionWhy, Target,
};
use model::{Cause, RecordingMode, SupervisionMode};

use crate::stage::{Stage, target};

fn ana() -> Target {
    target("ana", 1)
}

fn eve() -> Target {
    target("eve", 9)
}

fn supervised(mode: SupervisionMode) -> Stage {
    let rules = Rules { recording: RecordingMode::Always, ..Rules::default() };
    let mut stage = Stage::talking(rules, &ana());
    assert_eq!(stage.at(5.0, Input::Supervise { supervisor: eve(), mode }), Response::Done);
    stage
}

fn ended(stage: &Stage) -> Vec<SupervisionWhy> {
    let ended = stage.commands.iter();
    ended
        .filter_map(|c| if let Command::Unsupervise(_, why) = c { Some(*why) } else { None })
        .collect()
}

#[test]
fn one_supervisor_at_a_time_changes_how_they_take_part_and_leaves() {
    let mut stage = supervised(SupervisionMode::Listen);
    let mode = SupervisionMode::Barge;
    stage.at(6.0, Input::Supervise { supervisor: eve(), mode });
    stage.at(6.1, Input::Supervise { supervisor: eve(), mode });
    assert_eq!(stage.call.supervision(), Some((&eve(), mode)));
    assert_eq!(stage.count(|c| matches!(c, Command::Supervise(..))), 2, "asking twice is once");
    let second = stage.at(7.0, Input::Supervise { supervisor: target("zoe", 8), mode });
    let own = stage.at(7.0, Input::Supervise { supervisor: target("ana", 5), mode });
    assert_eq!(
        (second, own),
        (Response::Refused(Refusal::NotAllowed), Response::Refused(Refusal::NotAllowed))
    );
    let other = stage.at(8.0, Input::StopSupervising { device: target("zoe", 8).device });
    assert_eq!(other, Response::Refused(Refusal::NotYours));
    stage.at(9.0, Input::StopSupervising { device: eve().device });
    assert_eq!((stage.call.supervision(), ended(&stage)), (None, vec![SupervisionWhy::Left]));
    let journal = [
        Event::Supervised { supervisor: eve().agent, mode: SupervisionMode::Listen },
        Event::Supervised { supervisor: eve().agent, mode },
        Event::SupervisionEnded { supervisor: eve().agent, why: SupervisionWhy::Left },
    ];
    assert!(journal.iter().all(|event| stage.events.contains(event)));
}

#[test]
fn supervision_ends_when_caller_and_agent_are_parted_and_with_the_call() {
    let device = ana().device;
    for (input, why) in [
        (Input::Hold { device, on: true }, SupervisionWhy::Parted),
        (Input::AgentLegFailed { device, why: "test" }, SupervisionWhy::Parted),
        (Input::AgentLegFailed { device: eve().device, why: "test" }, SupervisionWhy::MediaFailed),
        (
            Input::SupervisionEnded { device: eve().device, why: SupervisionWhy::Full },
            SupervisionWhy::Full,
        ),
        (Input::AgentRemoved { agent: eve().agent }, SupervisionWhy::Left),
        (Input::CarrierTerminated { media_failed: false }, SupervisionWhy::CallEnded),
    ] {
        let mut stage = supervised(SupervisionMode::Whisper);
        stage.at(10.0, input);
        assert_eq!((stage.call.supervision(), ended(&stage)), (None, vec![why]));
    }
    let mut held = Stage::talking(Rules::default(), &ana());
    held.at(5.0, Input::Hold { device, on: true });
    let mode = SupervisionMode::Listen;
    let answer = held.at(6.0, Input::Supervise { supervisor: eve(), mode });
    assert_eq!(answer, Response::Refused(Refusal::NotAllowed));
}

#[test]
fn a_supervisor_who_takes_over_goes_on_with_the_same_call_and_recording() {
    let mut stage = supervised(SupervisionMode::Barge);
    assert_eq!(stage.at(10.0, Input::TakeOver { target: eve() }), Response::Done);
    assert_eq!(ended(&stage), [SupervisionWhy::TookOver]);
    let left = Command::LeaveCall { target: ana(), why: LeftWhy::TakenOver };
    assert_eq!(stage.count(|c| *c == left), 1);
    stage.at(10.2, Input::AgentHeard { device: eve().device });
    assert_eq!((stage.call.phase(), stage.call.holder()), (Phase::Bridged, Some(&eve())));
    assert_eq!(stage.count(|c| *c == Command::StartRecording), 1);
    assert_eq!(
        stage.count(|c| matches!(c, Command::StopRecording | Command::Accept)),
        1,
        "one accept"
    );
    assert_eq!(stage.call.talkers(), [ana().agent, eve().agent]);
    let told = Event::TakenOver { supervisor: eve().agent, from: Some(ana().agent) };
    assert!(stage.events.contains(&told));
}

#[test]
fn a5_a_supervisor_who_takes_over_and_is_never_heard_gives_the_call_to_others() {
    let mut stage = supervised(SupervisionMode::Listen);
    stage.here = [ana(), eve()].into();
    stage.at(10.0, Input::TakeOver { target: eve() });
    stage.wait_until(18.0);
    assert_eq!((stage.call.phase(), stage.call.rung()), (Phase::Ringing, vec![ana()]));
}

#[test]
fn a_supervisor_takes_a_ringing_call_although_it_rings_others() {
    let mut stage = Stage::ringing(&[ana()]);
    assert_eq!(stage.at(2.0, Input::TakeOver { target: eve() }), Response::Done);
    assert_eq!((stage.call.holder(), stage.call.rung()), (Some(&eve()), vec![]));
}

#[test]
fn a_supervisor_ends_a_call_and_the_journal_says_so() {
    let mut stage = supervised(SupervisionMode::Listen);
    stage.at(10.0, Input::EndBySupervisor { supervisor: eve().agent });
    stage.at(10.1, Input::FarewellAnswered { confirmed: true });
    assert_eq!(stage.closed_with().map(|reason| reason.cause), Some(Cause::SupervisorEnded));
    assert!(stage.events.contains(&Event::EndedBySupervisor { supervisor: eve().agent }));
    let late = stage.at(11.0, Input::EndBySupervisor { supervisor: eve().agent });
    assert_eq!(late, Response::Refused(Refusal::Over));
}
