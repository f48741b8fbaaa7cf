//! Whoever claims first has the call; everybody else is told who it is.

use call::{Command, Event, Input, Outcome, Phase, Refusal, Response, StopWhy};

use crate::stage::{Stage, target};

fn answered() -> Stage {
    let mut stage = Stage::ringing(&[target("ana", 1), target("ben", 2), target("ana", 3)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage
}

#[test]
fn a1_the_first_claim_wins_and_the_second_learns_who_won() {
    let mut stage = answered();
    assert_eq!(stage.at(1.0, Input::Claim { target: target("ana", 1) }), Response::Done);
    let late = stage.at(1.0, Input::Claim { target: target("ben", 2) });
    assert_eq!(late, Response::Refused(Refusal::Taken { winner: target("ana", 1).agent }));
    assert_eq!(stage.count(|c| matches!(c, Command::Accept)), 1);
    assert!(stage.commands.iter().any(|c| matches!(c, Command::StopRinging { devices, why: StopWhy::Claimed { .. } } if devices.len() == 2)));
}

#[test]
fn a1_losers_are_told_before_the_journal_is_waited_for() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    let told =
        stage.position(|c| matches!(c, Command::StopRinging { why: StopWhy::Claimed { .. }, .. }));
    // What is written down before Meta is asked may take a quarter of a second.
    let asked = stage.position(|c| matches!(c, Command::Accept));
    assert!(told.is_some() && told < asked, "{told:?} {asked:?}");
}

#[test]
fn a2_a_second_tab_of_the_winner_is_told_it_is_their_own() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    let other_tab = stage.at(1.0, Input::Claim { target: target("ana", 3) });
    assert_eq!(other_tab, Response::Refused(Refusal::TakenByYou));
}

#[test]
fn a3_a_claim_after_the_caller_hung_up_asks_nothing_of_meta() {
    let mut stage = answered();
    stage.at(1.0, Input::CarrierTerminated { media_failed: false });
    let late = stage.at(1.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(late, Response::Refused(Refusal::Over));
    assert_eq!(stage.count(|c| matches!(c, Command::Accept | Command::Farewell(_))), 0);
}

#[test]
fn a3_an_accept_that_succeeds_after_the_hang_up_is_followed_by_terminate() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::CarrierTerminated { media_failed: false });
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 0);
    stage.at(1.2, Input::AcceptAnswered(Outcome::Done));
    assert_eq!(stage.count(|c| matches!(c, Command::Farewell(_))), 1);
    assert_eq!(stage.count(|c| matches!(c, Command::CloseBooks(_))), 1);
}

#[test]
fn a4_a_decline_silences_only_its_agent() {
    let mut stage = answered();
    assert_eq!(stage.at(1.0, Input::Decline { agent: target("ana", 1).agent }), Response::Done);
    assert_eq!(stage.call.rung(), vec![target("ben", 2)]);
    assert_eq!(stage.call.phase(), Phase::Ringing);
    assert_eq!(stage.at(2.0, Input::Claim { target: target("ben", 2) }), Response::Done);
}

#[test]
fn a5_a_winner_who_is_never_heard_gives_the_call_back_to_the_others() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.1, Input::AcceptAnswered(Outcome::Done));
    stage.wait_until(9.5);
    assert!(stage.events.iter().any(|e| matches!(e, Event::ClaimReleased { .. })));
    assert_eq!(stage.call.rung(), vec![target("ben", 2)], "both of ana's tabs stay silent");
    stage.at(10.0, Input::Claim { target: target("ben", 2) });
    stage.at(10.1, Input::AgentHeard { device: target("ben", 2).device });
    assert_eq!(stage.call.phase(), Phase::Bridged);
    assert_eq!(stage.count(|c| matches!(c, Command::Accept)), 1, "Meta is asked to accept once");
}

#[test]
fn a5_who_became_ready_during_a_claim_rings_when_it_is_given_back() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(2.0, Input::DevicesReady { targets: vec![target("ben", 2)] });
    assert_eq!(stage.count(|c| matches!(c, Command::Ring(_))), 1, "no ring while it is claimed");
    stage.at(3.0, Input::AgentLegFailed { device: target("ana", 1).device, why: "test" });
    assert_eq!(stage.call.phase(), Phase::Ringing);
    assert_eq!(stage.count(|c| *c == Command::Ring(vec![target("ben", 2)])), 1);
}

#[test]
fn a5_the_silent_tabs_of_a_failed_winner_are_not_told_twice() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.wait_until(9.5);
    let other_tab = target("ana", 3).device;
    let stops = stage.count(
        |c| matches!(c, Command::StopRinging { devices, .. } if devices.contains(&other_tab)),
    );
    assert_eq!(stops, 1);
}

#[test]
fn a9_a_double_click_asks_meta_once() {
    let mut stage = answered();
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(stage.at(1.0, Input::Claim { target: target("ana", 1) }), Response::Done);
    assert_eq!(stage.count(|c| matches!(c, Command::Accept)), 1);
}

#[test]
fn accept_waits_for_pre_accept() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(stage.position(|c| matches!(c, Command::Accept)), None);
    stage.at(0.3, Input::PreAcceptAnswered(Outcome::Done));
    assert!(stage.position(|c| matches!(c, Command::Accept)).is_some());
}

#[test]
fn c4_an_unclear_pre_accept_still_lets_an_agent_answer() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.3, Input::PreAcceptAnswered(Outcome::Unclear));
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    assert_eq!(stage.count(|c| matches!(c, Command::Accept)), 1);
}
