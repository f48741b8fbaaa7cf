//! A call on a stage: inputs at chosen seconds, outputs collected.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use call::{
    Call, Command, Event, Input, Outcome, Output, Response, RingPlan, Rules, Sound, Target, Wave,
};
use model::{AgentId, DeviceId, EndReason};
use uuid::Uuid;

pub(crate) struct Stage {
    pub(crate) call: Call,
    start: Instant,
    pub(crate) commands: Vec<Command>,
    pub(crate) events: Vec<Event>,
    /// Who is there when the call asks.
    pub(crate) here: BTreeSet<Target>,
    /// Whether that is answered without a test's doing.
    pub(crate) answers: bool,
    /// Devices looked at for the call's questions.
    pub(crate) weighed: usize,
}

pub(crate) fn target(agent: &str, device: u128) -> Target {
    Target {
        agent: AgentId::new(agent).expect("a valid name"),
        device: DeviceId::from_uuid(Uuid::from_u128(device)),
    }
}

impl Stage {
    pub(crate) fn new(rules: Rules) -> Self {
        Self {
            call: Call::new(rules),
            start: Instant::now(),
            commands: vec![],
            events: vec![],
            here: BTreeSet::new(),
            answers: true,
            weighed: 0,
        }
    }

    /// A call that rings the given devices.
    pub(crate) fn ringing(targets: &[Target]) -> Self {
        let mut stage = Self::new(Rules::default());
        stage.ring(targets);
        stage
    }

    /// Rings these devices by the simplest plan.
    pub(crate) fn ring(&mut self, targets: &[Target]) {
        self.here = targets.iter().cloned().collect();
        self.at(0.0, Input::Ring { plan: RingPlan::everybody(Duration::from_secs(28)) });
    }

    pub(crate) fn at(&mut self, second: f64, input: Input) -> Response {
        let now = self.start + Duration::from_secs_f64(second);
        match &input {
            Input::DevicesReady { targets } => {
                self.here.extend(targets.iter().cloned());
            }
            Input::DeviceGone { device } => self.here.retain(|target| target.device != *device),
            Input::AgentLegFailed { device, .. } => {
                self.here.retain(|target| target.device != *device);
            }
            _ => {}
        }
        let response = self.call.handle(input, now);
        self.drain(now);
        response
    }

    /// Lets time pass: every timer that is due by then fires at its own time.
    pub(crate) fn wait_until(&mut self, second: f64) {
        let until = self.start + Duration::from_secs_f64(second);
        while let Some((due, _)) = self.call.poll_timeout() {
            if due > until {
                break;
            }
            self.call.handle_timeout(due);
            self.drain(due);
        }
    }

    fn drain(&mut self, now: Instant) {
        let mut asked = Vec::new();
        while let Some(output) = self.call.poll_output() {
            match output {
                Output::Command(command) => {
                    if let Command::ChooseTargets { round, newcomers, .. } = &command {
                        asked.push((*round, newcomers.clone()));
                    }
                    self.commands.push(command);
                }
                Output::Event(event) => self.events.push(event),
            }
        }
        if !self.answers {
            return;
        }
        for (round, newcomers) in asked {
            let targets =
                if newcomers.is_empty() { self.here.iter().cloned().collect() } else { newcomers };
            self.weighed += targets.len();
            let waves = vec![Wave { from: Duration::ZERO, until: None, targets }];
            self.call.handle(Input::Chosen { round, waves }, now);
            self.drain(now);
        }
    }

    /// A call on which this device and the caller have talked since second 1.
    pub(crate) fn talking(rules: Rules, on: &Target) -> Self {
        let mut stage = Self::new(rules);
        stage.ring(std::slice::from_ref(on));
        stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
        stage.at(0.2, Input::CarrierMediaUp);
        stage.at(0.5, Input::Claim { target: on.clone() });
        stage.at(0.8, Input::AcceptAnswered(Outcome::Done));
        stage.at(1.0, Input::AgentHeard { device: on.device });
        stage
    }

    /// What the caller hears while no bridged sound flows; `None` before anything was played.
    pub(crate) fn sound(&self) -> Option<Sound> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::Play(sound) => Some(*sound),
            _ => None,
        })
    }

    /// How many rings of agents there were.
    pub(crate) fn rung_agents(&self) -> usize {
        let rung = self.events.iter().filter_map(|event| match event {
            Event::AgentsRung { agents } => Some(agents.len()),
            _ => None,
        });
        rung.sum()
    }

    pub(crate) fn closed_with(&self) -> Option<EndReason> {
        self.commands.iter().find_map(|command| match command {
            Command::CloseBooks(reason) => Some(*reason),
            _ => None,
        })
    }

    /// The number of the last question who is there.
    pub(crate) fn asked(&self) -> Option<u32> {
        self.commands.iter().rev().find_map(|command| match command {
            Command::ChooseTargets { round, .. } => Some(*round),
            _ => None,
        })
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Command) -> bool) -> usize {
        self.commands.iter().filter(|command| wanted(command)).count()
    }

    pub(crate) fn position(&self, wanted: impl Fn(&Command) -> bool) -> Option<usize> {
        self.commands.iter().position(wanted)
    }
}
