//! Whatever order inputs arrive in, a call has one winner, is accepted once and closes its books once.

use std::collections::BTreeSet;

use call::{Command, Input, Outcome, Phase, Response, Rules};
use model::{Cause, DeviceId, PhoneKey, RecordingMode, SilentCause, Verdict};
use proptest::prelude::*;

use crate::stage::{Stage, target};

fn any_input() -> impl Strategy<Value = Input> {
    let who = (0_usize..4, 1_u128..6)
        .prop_map(|(agent, device)| target(["ana", "ben", "cleo", "dan"][agent], device));
    let outcome = prop_oneof![Just(Outcome::Done), Just(Outcome::Refused), Just(Outcome::Unclear)];
    prop_oneof![
        4 => who.clone().prop_map(|target| Input::Claim { target }),
        1 => who.clone().prop_map(|target| Input::Decline { agent: target.agent }),
        1 => who.clone().prop_map(|target| Input::DevicesReady { targets: vec![target] }),
        1 => who.clone().prop_map(|target| Input::DeviceGone { device: target.device }),
        1 => who.clone().prop_map(|target| Input::HangUp { device: target.device }),
        1 => who.clone().prop_map(|target| Input::AgentLegFailed { device: target.device, why: "test" }),
        3 => who.clone().prop_map(|target| Input::AgentHeard { device: target.device }),
        1 => (who.clone(), any::<bool>()).prop_map(|(target, on)| Input::Mute { device: target.device, on }),
        1 => who.clone().prop_map(|target| Input::StartRecording { device: target.device }),
        1 => who.prop_map(|target| Input::PauseRecording { device: target.device }),
        2 => outcome.clone().prop_map(Input::PreAcceptAnswered),
        2 => outcome.prop_map(Input::AcceptAnswered),
        1 => any::<bool>().prop_map(|media_failed| Input::CarrierTerminated { media_failed }),
        1 => Just(Input::CarrierMediaUp),
        1 => Just(Input::CarrierMediaDown),
        1 => Just(Input::CarrierMediaClosed),
        1 => Just(Input::CallerHeard),
        1 => any::<bool>().prop_map(|confirmed| Input::FarewellAnswered { confirmed }),
        1 => Just(Input::End { cause: Cause::OperatorEnded }),
        1 => Just(Input::RecordingFailed),
        1 => Just(Input::CallerSilent),
        1 => Just(Input::SilentCall { cause: SilentCause::AgentSendsNothing }),
        1 => Just(Input::SilentCall { cause: SilentCause::AgentMuted }),
        1 => Just(Input::Key { key: PhoneKey::try_from('5').expect("a key") }),
        1 => Just(Input::QualityNow { verdict: Verdict::Fair, network: None }),
    ]
}

/// Devices that were told to ring and never to stop.
fn still_rung(commands: &[Command]) -> BTreeSet<DeviceId> {
    let mut rung = BTreeSet::new();
    for command in commands {
        match command {
            Command::Ring(targets) => rung.extend(targets.iter().map(|target| target.device)),
            Command::StopRinging { devices, .. } => rung.retain(|device| !devices.contains(device)),
            Command::Confirm(target) => {
                rung.remove(&target.device);
            }
            _ => {}
        }
    }
    rung
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn one_winner_one_accept_one_closing(script in proptest::collection::vec((any_input(), 0.0_f64..6.0), 1..40)) {
        let mut stage = Stage::new(Rules { recording: RecordingMode::OnDemand, ..Rules::default() });
        stage.ring(&(1..4).map(|n| target(["ana", "ben", "cleo"][n - 1], n as u128)).collect::<Vec<_>>());
        let mut second = 0.0;
        for (input, pause) in script {
            second += pause;
            stage.wait_until(second);
            let held_before = stage.call.holder().cloned();
            let over_before = stage.call.phase() == Phase::Ended;
            let commands_before = stage.commands.len();
            let claimer = if let Input::Claim { target } = &input { Some(target.clone()) } else { None };
            let response = stage.at(second, input);
            if let (Some(claimer), Some(holder)) = (claimer, held_before)
                && claimer.agent != holder.agent && claimer.device != holder.device {
                prop_assert!(matches!(response, Response::Refused(_)), "a held call was given away");
            }
            if over_before {
                let only_farewells = stage.commands[commands_before..].iter().all(|c| matches!(c, Command::Farewell(_)));
                prop_assert!(only_farewells, "an ended call acted");
            }
        }
        stage.wait_until(second + 200.0);
        if matches!(stage.call.phase(), Phase::Bridged) {
            stage.at(second + 200.0, Input::CarrierTerminated { media_failed: false });
        }
        prop_assert_eq!(stage.call.phase(), Phase::Ended, "every wait has a deadline");
        prop_assert!(stage.count(|c| matches!(c, Command::Accept)) <= 1);
        prop_assert!(stage.count(|c| matches!(c, Command::PreAccept)) <= 1);
        prop_assert_eq!(stage.count(|c| matches!(c, Command::CloseBooks(_))), 1);
        let started = stage.count(|c| matches!(c, Command::StartRecording));
        let stopped = stage.count(|c| matches!(c, Command::StopRecording));
        prop_assert!(stopped <= started);
        prop_assert!(still_rung(&stage.commands).is_empty(), "a device rings for a dead call");
        let won = stage.count(|c| matches!(c, Command::Confirm(_)));
        let given_back = stage.count(|c| matches!(c, Command::Release { .. } | Command::Dismiss(..)));
        prop_assert_eq!(won, given_back, "an agent was left on a dead call");
    }
}
