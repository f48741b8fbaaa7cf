//! A call rings step by step, never longer than allowed, and every ring of an agent has one outcome.

use std::time::Duration;

use call::{
    Command, Event, Input, Outcome, Phase, Refusal, Response, RingPlan, Rules, Step, Target, Wave,
    Whom,
};
use model::{AgentId, Cause, GroupId, Overflow, RingOutcome, RingPolicy, Strategy};

use crate::stage::{Stage, target};

fn group(name: &str, policy: RingPolicy) -> Step {
    Step {
        whom: Whom::Group(GroupId::new(name).expect("a valid id")),
        name: name.to_owned(),
        policy,
    }
}

fn rings(plan: &[Step], allowed: u64) -> Stage {
    let mut stage = Stage::new(Rules::default());
    stage.answers = false;
    let plan = RingPlan { steps: plan.to_vec(), allowed: Duration::from_secs(allowed) };
    stage.at(0.0, Input::Ring { plan });
    stage
}

fn wave(from: u64, until: Option<u64>, targets: &[Target]) -> Wave {
    let seconds = Duration::from_secs;
    Wave { from: seconds(from), until: until.map(seconds), targets: targets.to_vec() }
}

fn in_turn(names: &[(&str, u128)]) -> Vec<Wave> {
    let turn = |(n, (name, device)): (u64, &(&str, u128))| {
        wave(10 * n, Some(10 * n + 10), &[target(name, *device)])
    };
    (0..).zip(names).map(turn).collect()
}

fn answer(stage: &mut Stage, second: f64, waves: Vec<Wave>) {
    let round = stage.asked().expect("the call asked who is there");
    stage.at(second, Input::Chosen { round, waves });
}

fn rung(stage: &Stage) -> Vec<String> {
    stage.call.rung().iter().map(|target| target.agent.to_string()).collect()
}

fn outcomes(stage: &Stage) -> Vec<(String, RingOutcome)> {
    let ended = stage.events.iter().filter_map(|event| match event {
        Event::AgentsRingEnded { agents, outcome } => Some((agents, *outcome)),
        _ => None,
    });
    ended
        .flat_map(|(agents, outcome)| agents.iter().map(move |a| (a.to_string(), outcome)))
        .collect()
}

fn cause(stage: &Stage) -> Option<Cause> {
    stage.events.iter().find_map(|event| match event {
        Event::EndRequested { reason } => Some(reason.cause),
        _ => None,
    })
}

fn turns() -> RingPolicy {
    RingPolicy { strategy: Strategy::LongestIdle, ..RingPolicy::default() }
}

#[test]
fn meta_is_asked_after_the_devices_ring_and_not_at_all_when_nobody_does() {
    let mut stage = rings(&[group("sales", RingPolicy::default())], 28);
    assert_eq!(stage.count(|c| *c == Command::PreAccept), 0);
    answer(&mut stage, 0.0, vec![wave(0, None, &[target("ana", 1)])]);
    let at = |wanted: fn(&Command) -> bool| stage.position(wanted).expect("commanded");
    assert!(at(|c| matches!(c, Command::Ring(_))) < at(|c| *c == Command::PreAccept));
    let mut nobody = rings(&[group("sales", RingPolicy::default())], 28);
    answer(&mut nobody, 0.0, vec![]);
    assert_eq!(nobody.count(|c| *c == Command::PreAccept), 0);
    assert_eq!((nobody.call.phase(), cause(&nobody)), (Phase::Ending, Some(Cause::NobodyReady)));
}

#[test]
fn a6_one_agent_rings_after_the_other_and_a_decline_passes_the_turn_on_at_once() {
    let mut stage = rings(&[group("sales", turns())], 28);
    answer(&mut stage, 0.0, in_turn(&[("ana", 1), ("ben", 2), ("cleo", 3)]));
    stage.wait_until(9.9);
    assert_eq!(rung(&stage), ["ana"]);
    stage.wait_until(10.0);
    assert_eq!(rung(&stage), ["ben"]);
    stage.at(12.0, Input::Decline { agent: target("ben", 2).agent });
    assert_eq!(rung(&stage), ["cleo"], "nobody's phone rings for nothing");
    stage.wait_until(22.0);
    assert_eq!((stage.call.phase(), cause(&stage)), (Phase::Ending, Some(Cause::NoAnswer)));
    let expected = [
        ("ana".to_owned(), RingOutcome::Unanswered),
        ("ben".to_owned(), RingOutcome::Declined),
        ("cleo".to_owned(), RingOutcome::Unanswered),
    ];
    assert_eq!(outcomes(&stage), expected);
}

#[test]
fn who_becomes_free_while_others_ring_in_turn_comes_at_the_end() {
    let mut stage = rings(&[group("sales", turns())], 28);
    answer(&mut stage, 0.0, in_turn(&[("ana", 1), ("ben", 2)]));
    stage.at(3.0, Input::DevicesReady { targets: vec![target("cleo", 3)] });
    answer(&mut stage, 3.0, in_turn(&[("cleo", 3), ("ana", 1), ("ben", 2)]));
    assert_eq!(rung(&stage), ["ana"]);
    stage.wait_until(19.0);
    assert_eq!(rung(&stage), ["ben"]);
    stage.wait_until(20.0);
    assert_eq!(rung(&stage), ["cleo"]);
    stage.wait_until(28.0);
    assert_eq!(stage.call.phase(), Phase::Ending, "never longer than the step");
}

#[test]
fn a_second_device_of_a_ringing_agent_joins_and_their_ring_stays_one() {
    let mut stage = rings(&[group("sales", RingPolicy::default())], 28);
    answer(&mut stage, 0.0, vec![wave(0, None, &[target("ana", 1)])]);
    stage.at(1.0, Input::DevicesReady { targets: vec![target("ana", 2)] });
    answer(&mut stage, 1.0, vec![wave(0, None, &[target("ana", 1), target("ana", 2)])]);
    assert_eq!(stage.call.rung().len(), 2);
    assert_eq!(stage.count(|c| *c == Command::Ring(vec![target("ana", 2)])), 1);
    stage.at(2.0, Input::DeviceGone { device: target("ana", 1).device });
    assert_eq!(outcomes(&stage), [], "she still rings");
    stage.at(3.0, Input::CarrierTerminated { media_failed: false });
    assert_eq!(outcomes(&stage), [("ana".to_owned(), RingOutcome::CallerHungUp)]);
    let begun = stage.events.iter().filter(|e| matches!(e, Event::AgentsRung { .. })).count();
    assert_eq!(begun, 1);
}

#[test]
fn a_second_device_of_an_agent_whose_turn_comes_later_waits_for_that_turn() {
    let mut stage = rings(&[group("sales", turns())], 28);
    answer(&mut stage, 0.0, in_turn(&[("ana", 1), ("ben", 2), ("cleo", 3)]));
    stage.at(1.0, Input::DevicesReady { targets: vec![target("ben", 22)] });
    answer(&mut stage, 1.0, in_turn(&[("ana", 1), ("ben", 2), ("ben", 22), ("cleo", 3)]));
    assert_eq!(rung(&stage), ["ana"]);
    stage.wait_until(10.0);
    assert_eq!(rung(&stage), ["ben", "ben"]);
    stage.wait_until(20.0);
    assert_eq!(rung(&stage), ["cleo"], "and their turn is over on both");
    assert_eq!(stage.rung_agents(), 3);
}

#[test]
fn a7_an_empty_group_overflows_at_once_and_all_groups_share_the_allowed_time() {
    let to = |name| Overflow::Group { group: GroupId::new(name).expect("a valid id") };
    let first = RingPolicy { overflow: to("b"), ..RingPolicy::default() };
    let second = RingPolicy { ring_seconds: 10, overflow: to("c"), ..RingPolicy::default() };
    let steps = [group("a", first), group("b", second), group("c", RingPolicy::default())];
    let mut stage = rings(&steps, 28);
    answer(&mut stage, 0.0, vec![]);
    assert_eq!(stage.call.ringing_step().map(|step| step.name.as_str()), Some("b"));
    answer(&mut stage, 0.0, vec![wave(0, None, &[target("ana", 1)])]);
    stage.wait_until(10.0);
    assert_eq!(outcomes(&stage), [("ana".to_owned(), RingOutcome::Unanswered)]);
    assert_eq!(stage.call.ringing_step().map(|step| step.name.as_str()), Some("c"));
    answer(&mut stage, 10.0, vec![wave(0, None, &[target("ben", 2)])]);
    stage.wait_until(27.9);
    assert_eq!(stage.call.phase(), Phase::Ringing);
    stage.wait_until(28.0);
    assert_eq!((stage.call.phase(), cause(&stage)), (Phase::Ending, Some(Cause::NoAnswer)));
    assert_eq!(stage.count(|c| *c == Command::PreAccept), 1);
}

#[test]
fn who_was_not_rung_cannot_take_the_call() {
    let mut stage = rings(&[group("sales", RingPolicy::default())], 28);
    answer(&mut stage, 0.0, vec![wave(0, None, &[target("ana", 1), target("cleo", 3)])]);
    let other = stage.at(1.0, Input::Claim { target: target("ben", 2) });
    assert_eq!(other, Response::Refused(Refusal::NotAllowed));
    stage.at(2.0, Input::Decline { agent: target("ana", 1).agent });
    let declined = stage.at(3.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(declined, Response::Refused(Refusal::NotAllowed));
    assert_eq!(stage.at(4.0, Input::Claim { target: target("cleo", 3) }), Response::Done);
}

#[test]
fn an_answer_to_an_earlier_question_means_nothing() {
    let to = Overflow::Group { group: GroupId::new("b").expect("a valid id") };
    let first = RingPolicy { ring_seconds: 5, overflow: to, ..RingPolicy::default() };
    let mut stage = rings(&[group("a", first), group("b", RingPolicy::default())], 28);
    let old = stage.asked().expect("asked");
    stage.wait_until(5.0);
    let waves = vec![wave(0, None, &[target("ana", 1)])];
    stage.at(5.1, Input::Chosen { round: old, waves });
    assert_eq!(stage.call.rung(), []);
    answer(&mut stage, 5.2, vec![wave(0, None, &[target("ben", 2)])]);
    assert_eq!(rung(&stage), ["ben"]);
}

fn queueing(max_wait_seconds: u32, notice: bool) -> Stage {
    let policy = RingPolicy {
        ring_seconds: 10,
        overflow: Overflow::Queue { max_wait_seconds },
        ..RingPolicy::default()
    };
    let mut stage = Stage::new(Rules { notice, ..Rules::default() });
    let steps = vec![group("sales", policy)];
    stage.here = [target("ana", 1)].into();
    stage.at(0.0, Input::Ring { plan: RingPlan { steps, allowed: Duration::from_secs(28) } });
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.wait_until(10.0);
    stage
}

#[test]
fn a6_a_queued_caller_is_accepted_hears_hold_music_and_is_taken_without_another_accept() {
    let mut stage = queueing(300, false);
    assert_eq!(stage.call.phase(), Phase::Queued);
    assert_eq!(stage.count(|c| *c == Command::Accept), 1);
    stage.at(10.2, Input::AcceptAnswered(Outcome::Done));
    assert_eq!(stage.count(|c| *c == Command::Play(call::Sound::Hold)), 1);
    stage.at(20.0, Input::DevicesReady { targets: vec![target("ben", 2)] });
    assert_eq!(rung(&stage), ["ana", "ben"]);
    stage.at(100.0, Input::Claim { target: target("ben", 2) });
    stage.at(100.1, Input::AgentHeard { device: target("ben", 2).device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.count(|c| *c == Command::Accept), 1);
    stage.wait_until(400.0);
    assert_eq!(stage.call.phase(), Phase::Bridged, "the wait is over and forgotten");
}

#[test]
fn a5_who_fails_in_a_queue_gives_the_caller_back_to_it() {
    let mut stage = queueing(300, false);
    stage.at(10.2, Input::AcceptAnswered(Outcome::Done));
    stage.at(15.0, Input::DevicesReady { targets: vec![target("ben", 2)] });
    stage.at(20.0, Input::Claim { target: target("ana", 1) });
    stage.wait_until(28.0);
    assert_eq!((stage.call.phase(), rung(&stage)), (Phase::Queued, vec!["ben".to_owned()]));
    stage.at(29.0, Input::DeviceGone { device: target("ben", 2).device });
    assert_eq!(stage.call.phase(), Phase::Queued, "somebody may come");
    stage.wait_until(310.0);
    assert_eq!(cause(&stage), Some(Cause::QueueTimedOut));
}

#[test]
fn after_the_longest_wait_there_is_the_notice_and_then_the_end() {
    let mut stage = queueing(30, true);
    stage.at(10.2, Input::AcceptAnswered(Outcome::Done));
    stage.wait_until(40.0);
    assert_eq!(stage.call.phase(), Phase::Noticing);
    assert_eq!(stage.count(|c| *c == Command::PlayNotice), 1);
    let late = stage.at(41.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(late, Response::Refused(Refusal::NotAllowed));
    stage.at(45.0, Input::NoticeEnded);
    assert_eq!((stage.call.phase(), cause(&stage)), (Phase::Ending, Some(Cause::QueueTimedOut)));
    assert!(!stage.call.was_bridged());
}

#[test]
fn a6_a_notice_is_heard_from_its_first_word_and_a_lost_end_of_it_ends_the_call_too() {
    let policy = RingPolicy { overflow: Overflow::Notice, ..RingPolicy::default() };
    let start = |notice| {
        let mut stage = Stage::new(Rules { notice, ..Rules::default() });
        let steps = vec![group("sales", policy.clone())];
        stage.at(0.0, Input::Ring { plan: RingPlan { steps, allowed: Duration::from_secs(28) } });
        stage
    };
    let mut stage = start(true);
    assert_eq!(stage.call.phase(), Phase::Noticing, "nobody is ready");
    stage.at(0.2, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.4, Input::AcceptAnswered(Outcome::Done));
    assert_eq!(stage.count(|c| *c == Command::PlayNotice), 0, "nobody would hear it yet");
    stage.at(0.6, Input::CarrierMediaUp);
    assert_eq!(stage.count(|c| *c == Command::PlayNotice), 1);
    stage.wait_until(60.5);
    assert_eq!(stage.call.phase(), Phase::Noticing);
    stage.wait_until(60.6);
    assert_eq!((stage.call.phase(), cause(&stage)), (Phase::Ending, Some(Cause::NobodyReady)));
    let mut without = start(false);
    assert_eq!(without.call.phase(), Phase::Ending, "a line without a notice rejects");
    assert_eq!(without.at(1.0, Input::NoticeEnded), Response::Done);
}

#[test]
fn c2_an_unclear_accept_of_a_queued_caller_ends_without_evidence_and_goes_on_with_it() {
    let mut stage = queueing(300, false);
    stage.at(16.0, Input::AcceptAnswered(Outcome::Unclear));
    stage.at(16.5, Input::CallerHeard);
    assert_eq!(stage.call.phase(), Phase::Queued);
    let mut stage = queueing(300, false);
    stage.at(16.0, Input::AcceptAnswered(Outcome::Unclear));
    stage.wait_until(18.0);
    assert_eq!(cause(&stage), Some(Cause::AcceptUnresolved));
}

#[test]
fn who_was_rung_and_what_each_did_is_in_the_journal_in_one_line_each() {
    let mut stage = Stage::ringing(&[target("ana", 1), target("ben", 2), target("cleo", 3)]);
    stage.at(1.0, Input::Decline { agent: target("ana", 1).agent });
    stage.at(2.0, Input::Claim { target: target("cleo", 3) });
    let expected = [
        ("ana".to_owned(), RingOutcome::Declined),
        ("cleo".to_owned(), RingOutcome::Claimed),
        ("ben".to_owned(), RingOutcome::TakenByOther),
    ];
    assert_eq!(outcomes(&stage), expected);
    let who = |name| AgentId::new(name).expect("a valid name");
    let rung = Event::AgentsRung { agents: vec![who("ana"), who("ben"), who("cleo")] };
    assert!(stage.events.contains(&rung));
}
