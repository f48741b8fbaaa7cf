//! Whatever happens in whatever order: one holder, one end, one outcome per ring, and no claim is answered other than a small model says.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use call::{
    AfterGrace, Call, Command, Event, Input, Outcome, Output, Phase, Refusal, Response, RingPlan,
    Rules, Step, SupervisionWhy, Target, Wave, Whom,
};
use model::{
    AgentId, Cause, GroupId, Overflow, RecordingMode, RingPolicy, Strategy as Order,
    SupervisionMode, TransferMode,
};
use proptest::prelude::*;

use crate::auditor::Auditor;
use crate::stage::target;

const ALLOWED: Duration = Duration::from_secs(28);

/// Five agents with two devices each; a device is always the same agent's.
fn who() -> impl Strategy<Value = Target> {
    (0..10_u128).prop_map(|n| target(["ana", "ben", "cleo", "dan", "eve"][n as usize / 2], n))
}

/// Some of the agents, as the roster would say.
fn waves() -> impl Strategy<Value = Vec<Wave>> {
    let wave = (0..20_u64, proptest::option::of(1..15_u64), proptest::collection::vec(who(), 0..4));
    let wave = wave.prop_map(|(from, length, targets)| Wave {
        from: Duration::from_secs(from),
        until: length.map(|length| Duration::from_secs(from + length)),
        targets,
    });
    proptest::collection::vec(wave, 0..4)
}

#[derive(Clone, Debug)]
enum Move {
    Take(Input),
    /// Answers an earlier question, or the last one again.
    Answer(u32, Vec<Wave>),
}

fn act() -> impl Strategy<Value = Move> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Done), 1 => Just(Outcome::Refused), 1 => Just(Outcome::Unclear)
    ];
    let mode = prop_oneof![Just(TransferMode::Blind), Just(TransferMode::Warm)];
    let mute = any::<bool>();
    let supervise = prop_oneof![Just(SupervisionMode::Listen), Just(SupervisionMode::Barge)];
    let to = Step { whom: Whom::Everybody, name: String::new(), policy: RingPolicy::default() };
    let of_agents = prop_oneof![
        8 => who().prop_map(|target| Input::Claim { target }),
        2 => who().prop_map(|target| Input::Decline { agent: target.agent }),
        4 => who().prop_map(|target| Input::DevicesReady { targets: vec![target] }),
        2 => who().prop_map(|target| Input::DeviceGone { device: target.device }),
        1 => who().prop_map(|target| Input::AgentRemoved { agent: target.agent }),
        1 => who().prop_map(|target| Input::HangUp { device: target.device }),
        2 => who().prop_map(|t| Input::AgentLegFailed { device: t.device, why: "test" }),
        8 => who().prop_map(|target| Input::AgentHeard { device: target.device }),
        3 => (who(), mute).prop_map(|(t, on)| Input::Hold { device: t.device, on }),
        2 => (who(), any::<bool>()).prop_map(|(t, on)| Input::Mute { device: t.device, on }),
        5 => (who(), waves(), mode).prop_map(move |(t, waves, mode)| Input::Transfer {
            device: t.device, to: to.clone(), waves, mode,
        }),
        3 => who().prop_map(|t| Input::CompleteTransfer { device: t.device }),
        2 => who().prop_map(|t| Input::CancelTransfer { target: t }),
        3 => (who(), supervise).prop_map(|(supervisor, mode)| Input::Supervise { supervisor, mode }),
        1 => who().prop_map(|t| Input::StopSupervising { device: t.device }),
        1 => who().prop_map(|t| Input::SupervisionEnded { device: t.device, why: SupervisionWhy::Full }),
        2 => who().prop_map(|target| Input::TakeOver { target }),
        2 => (who(), any::<bool>()).prop_map(|(t, on)| Input::MuteAgent { supervisor: t.agent, on }),
    ];
    let of_meta = prop_oneof![
        4 => outcome.clone().prop_map(Input::PreAcceptAnswered),
        4 => outcome.prop_map(Input::AcceptAnswered),
        4 => Just(Input::CarrierMediaUp),
        2 => Just(Input::CallerHeard),
        1 => any::<bool>().prop_map(|media_failed| Input::CarrierTerminated { media_failed }),
        1 => Just(Input::CarrierMediaDown),
        1 => Just(Input::CarrierMediaClosed),
        1 => any::<bool>().prop_map(|confirmed| Input::FarewellAnswered { confirmed }),
        1 => Just(Input::End { cause: Cause::OperatorEnded }),
        1 => Just(Input::NoticeEnded),
        1 => Just(Input::RecordingFailed),
    ];
    prop_oneof![
        16 => of_agents.prop_map(Move::Take),
        4 => of_meta.prop_map(Move::Take),
        2 => (0..3_u32, waves()).prop_map(|(back, waves)| Move::Answer(back, waves)),
    ]
}

fn plan() -> impl Strategy<Value = RingPlan> {
    let overflow = prop_oneof![
        Just(Overflow::Reject),
        Just(Overflow::Notice),
        (0..60_u32).prop_map(|max_wait_seconds| Overflow::Queue { max_wait_seconds }),
    ];
    let order = prop_oneof![Just(Order::All), Just(Order::LongestIdle), Just(Order::Tiers)];
    let step = (0..20_u32, order, overflow).prop_map(|(ring_seconds, strategy, overflow)| Step {
        whom: Whom::Group(GroupId::new("g").expect("a valid id")),
        name: "g".to_owned(),
        policy: RingPolicy { ring_seconds, strategy, overflow, ..RingPolicy::default() },
    });
    proptest::collection::vec(step, 0..5).prop_map(|steps| RingPlan { steps, allowed: ALLOWED })
}

fn rules() -> impl Strategy<Value = Rules> {
    (any::<bool>(), any::<bool>(), 0..2_u64).prop_map(|(notice, ends, grace)| Rules {
        notice,
        after_grace: if ends { AfterGrace::End } else { AfterGrace::Ring },
        agent_grace: Duration::from_secs(25 * grace),
        recording: RecordingMode::Always,
        ..Rules::default()
    })
}

/// A call with its auditor, and a model of who may have it.
struct Trial {
    call: Call,
    auditor: Auditor,
    now: Instant,
    round: u32,
    /// Who may take the call while it rings: they were rung and have not said no.
    invited: BTreeSet<AgentId>,
}

impl Trial {
    fn drain(&mut self, answers: &[Wave]) {
        let mut asked = None;
        while let Some(output) = self.call.poll_output() {
            self.auditor.see(&output, self.now);
            match output {
                Output::Command(Command::ChooseTargets { round, .. }) => {
                    (self.round, asked) = (round, Some(round));
                }
                Output::Event(Event::AgentsRung { agents }) => self.invited.extend(agents),
                Output::Event(Event::Declined { agent } | Event::ClaimReleased { agent, .. }) => {
                    self.invited.remove(&agent);
                }
                // Whom it rang for the sender is nothing to those who ring then.
                Output::Event(Event::TransferStarted { .. } | Event::TransferReturned { .. })
                | Output::Event(Event::GraceOver { .. } | Event::TransferCompleted { .. })
                | Output::Event(Event::TakenOver { from: Some(_), .. }) => {
                    self.invited.clear();
                }
                Output::Command(_) | Output::Event(_) => {}
            }
        }
        if let Some(round) = asked {
            self.call.handle(Input::Chosen { round, waves: answers.to_vec() }, self.now);
            self.drain(answers);
        }
    }

    /// Goes on as most calls do, so that much of what follows meets a call that is talked on.
    fn talk(&mut self) {
        let ana = target("ana", 0);
        let rings = [Wave { from: Duration::ZERO, until: None, targets: vec![ana.clone()] }];
        self.drain(&rings);
        let device = ana.device;
        for input in [
            Input::PreAcceptAnswered(Outcome::Done),
            Input::CarrierMediaUp,
            Input::Claim { target: ana },
            Input::AcceptAnswered(Outcome::Done),
            Input::AgentHeard { device },
        ] {
            self.call.handle(input, self.now);
            self.drain(&rings);
        }
    }

    fn wait(&mut self, pause: Duration, answers: &[Wave]) {
        let until = self.now + pause;
        let mut turns = 0;
        while let Some((due, timer)) = self.call.poll_timeout().filter(|(due, _)| *due <= until) {
            self.now = self.now.max(due);
            self.call.handle_timeout(self.now);
            self.drain(answers);
            self.auditor.check(&self.call, ALLOWED);
            turns += 1;
            assert!(turns < 1_000, "{timer:?} is due for ever");
        }
        self.now = until;
    }

    /// What a claim must be answered.
    fn expected(&self, target: &Target) -> Option<Response> {
        let refused = |refusal| Some(Response::Refused(refusal));
        let is_invited = self.invited.contains(&target.agent);
        match (self.call.holder(), self.call.phase()) {
            (_, Phase::Ending | Phase::Ended) => refused(Refusal::Over),
            (None, Phase::Ringing | Phase::Queued) if is_invited => Some(Response::Done),
            (None, Phase::Ringing | Phase::Queued) => refused(Refusal::NotAllowed),
            (Some(holder), _) if holder == target => Some(Response::Done),
            // Moving is for scripts to say; another agent's call is not given away.
            (Some(holder), _) if holder.agent == target.agent => None,
            (Some(_), _) if self.call.transfer().is_some() => None,
            (Some(holder), _) => refused(Refusal::Taken { winner: holder.agent.clone() }),
            (None, _) => refused(Refusal::NotAllowed),
        }
    }
}

/// `PROPTEST_CASES` makes it longer.
fn length() -> ProptestConfig {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => ProptestConfig::default(),
        None => ProptestConfig::with_cases(1_500),
    }
}

proptest! {
    #![proptest_config(length())]

    #[test]
    fn every_law_holds_in_any_order_of_inputs(
        plan in plan(),
        rules in rules(),
        here in waves(),
        talks in any::<bool>(),
        script in proptest::collection::vec((act(), 0..6_000_u64), 1..60),
    ) {
        let call = Call::new(rules);
        let mut trial = Trial {
            call, auditor: Auditor::default(), now: Instant::now(), round: 0,
            invited: BTreeSet::new(),
        };
        trial.call.handle(Input::Ring { plan }, trial.now);
        if talks {
            trial.talk();
        }
        trial.drain(&here);
        for (act, pause) in script {
            trial.wait(Duration::from_millis(pause), &here);
            let input = match act {
                Move::Take(input) => input,
                Move::Answer(back, waves) => {
                    Input::Chosen { round: trial.round.saturating_sub(back), waves }
                }
            };
            let expected = match &input {
                Input::Claim { target } => trial.expected(target),
                _ => None,
            };
            if let Input::AgentRemoved { agent } = &input {
                trial.invited.remove(agent);
            }
            let response = trial.call.handle(input.clone(), trial.now);
            if let Some(expected) = expected {
                prop_assert_eq!(response, expected, "{:?}", input);
            }
            trial.drain(&here);
            trial.auditor.check(&trial.call, ALLOWED);
        }
        trial.wait(Duration::from_secs(600), &here);
        if trial.call.phase() == Phase::Bridged {
            trial.call.handle(Input::CarrierTerminated { media_failed: false }, trial.now);
            trial.drain(&here);
        }
        trial.wait(Duration::from_secs(600), &here);
        trial.auditor.check(&trial.call, ALLOWED);
        prop_assert_eq!(trial.call.phase(), Phase::Ended, "every wait has a deadline");
        prop_assert_eq!(trial.auditor.ends, 1);
        prop_assert!(trial.auditor.on_call.is_empty(), "an agent was left on a dead call");
    }
}
