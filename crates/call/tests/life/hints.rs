//! Silence is explained to the agent, never punished; keys are told, and kept only where speech is kept.

use call::{Command, Event, Input, Outcome, Phase, Rules};
use model::{Hint, PhoneKey, RecordingMode, SilentCause};

use crate::stage::{Stage, target};

fn claimed() -> Stage {
    let mut stage = Stage::new(Rules { recording: RecordingMode::OnDemand, ..Rules::default() });
    stage.ring(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.2, Input::AcceptAnswered(Outcome::Done));
    stage
}

fn talking() -> Stage {
    let mut stage = claimed();
    stage.at(1.3, Input::AgentHeard { device: target("ana", 1).device });
    stage
}

fn updates(stage: &Stage) -> usize {
    stage.count(|c| matches!(c, Command::Update(_)))
}

fn keys(stage: &Stage) -> Vec<Option<PhoneKey>> {
    let events = stage.events.iter();
    events
        .filter_map(|e| if let Event::KeyPressed { key } = e { Some(*key) } else { None })
        .collect()
}

fn key(of: char) -> PhoneKey {
    PhoneKey::try_from(of).expect("a key")
}

#[test]
fn d10_what_the_agent_can_mend_is_shown_until_they_are_heard() {
    let mut stage = claimed();
    let cause = SilentCause::AgentSendsNothing;
    stage.at(6.2, Input::SilentCall { cause });
    assert!(stage.events.contains(&Event::SilentCall { cause }));
    assert_eq!((stage.call.hint(), updates(&stage)), (Some(Hint::NoSound), 1));
    stage.at(7.0, Input::AgentHeard { device: target("ana", 1).device });
    assert_eq!((stage.call.hint(), updates(&stage)), (None, 2));
    assert_eq!(stage.call.phase(), Phase::Bridged);
}

#[test]
fn a_muted_agent_is_told_so_until_they_unmute() {
    let device = target("ana", 1).device;
    let mut stage = talking();
    stage.at(2.0, Input::Mute { device, on: true });
    stage.at(6.3, Input::SilentCall { cause: SilentCause::AgentMuted });
    assert_eq!(stage.call.hint(), Some(Hint::Muted));
    stage.at(6.4, Input::AgentHeard { device });
    assert_eq!(
        stage.call.hint(),
        Some(Hint::Muted),
        "the browser is heard, the caller hears nothing"
    );
    stage.at(7.0, Input::Mute { device, on: false });
    assert_eq!(stage.call.hint(), None);
}

#[test]
fn what_the_agent_cannot_mend_is_only_written_down() {
    let mut stage = talking();
    stage.at(6.2, Input::SilentCall { cause: SilentCause::EgressBlocked });
    assert_eq!((stage.call.hint(), updates(&stage)), (None, 0));
    assert!(stage.events.contains(&Event::SilentCall { cause: SilentCause::EgressBlocked }));
}

#[test]
fn e1_a_silent_caller_is_a_hint_and_never_a_hang_up() {
    let mut stage = talking();
    stage.at(20.0, Input::CallerSilent);
    assert_eq!((stage.call.hint(), updates(&stage)), (Some(Hint::CallerSilent), 1));
    assert_eq!(stage.count(|c| *c == Command::ListenToCaller), 1);
    stage.wait_until(4_000.0);
    assert_eq!(stage.call.phase(), Phase::Bridged);
    stage.at(4_001.0, Input::CallerHeard);
    assert_eq!((stage.call.hint(), updates(&stage)), (None, 2));
    assert!(stage.events.contains(&Event::CallerBack {}));
}

#[test]
fn t17_while_the_recording_is_paused_only_that_keys_were_pressed_is_kept() {
    let device = target("ana", 1).device;
    let mut stage = talking();
    stage.at(2.0, Input::StartRecording { device });
    stage.at(3.0, Input::Key { key: key('1') });
    stage.at(4.0, Input::PauseRecording { device });
    stage.at(5.0, Input::Key { key: key('4') });
    stage.at(6.0, Input::ResumeRecording { device });
    stage.at(7.0, Input::Key { key: key('#') });
    stage.at(8.0, Input::RecordingFailed);
    stage.at(9.0, Input::Key { key: key('5') });
    assert_eq!(keys(&stage), [Some(key('1')), None, Some(key('#')), None], "unsure means no");
    assert_eq!(stage.count(|c| matches!(c, Command::TellKey(..))), 4, "the agent sees them all");
    let written = serde_json::to_string(&stage.events[stage.events.len() - 1]).expect("JSON");
    assert_eq!(written, r#"{"event":"key_pressed","detail":{}}"#);
    assert!(!format!("{:?}", Input::Key { key: key('5') }).contains('5'), "not in a log either");
}

#[test]
fn a_caller_who_leans_on_the_keys_does_not_fill_the_journal() {
    let mut stage = talking();
    for n in 0..1_000 {
        stage.at(2.0 + f64::from(n) / 10.0, Input::Key { key: key('1') });
    }
    assert_eq!(keys(&stage).len(), 256);
    assert_eq!(stage.count(|c| matches!(c, Command::TellKey(..))), 1_000);
}

#[test]
fn keys_of_a_call_that_is_over_mean_nothing() {
    let mut stage = talking();
    stage.at(3.0, Input::CarrierTerminated { media_failed: false });
    stage.at(3.1, Input::Key { key: key('1') });
    stage.at(3.1, Input::SilentCall { cause: SilentCause::AgentMuted });
    stage.at(3.1, Input::CallerSilent);
    assert_eq!(keys(&stage), []);
    assert_eq!(updates(&stage), 0);
}
