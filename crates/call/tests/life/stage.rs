//! A call on a stage: inputs at chosen seconds, outputs collected.

use std::time::{Duration, Instant};

use call::{Call, Command, Event, Input, Output, Response, Rules, Target};
use model::{AgentId, DeviceId};
use uuid::Uuid;

pub(crate) struct Stage {
    pub(crate) call: Call,
    start: Instant,
    pub(crate) commands: Vec<Command>,
    pub(crate) events: Vec<Event>,
}

pub(crate) fn target(agent: &str, device: u128) -> Target {
    Target {
        agent: AgentId::new(agent).expect("a valid name"),
        device: DeviceId::from_uuid(Uuid::from_u128(device)),
    }
}

impl Stage {
    pub(crate) fn new(rules: Rules) -> Self {
        Self { call: Call::new(rules), start: Instant::now(), commands: vec![], events: vec![] }
    }

    /// A call that rings the given devices.
    pub(crate) fn ringing(targets: &[Target]) -> Self {
        let mut stage = Self::new(Rules::default());
        stage.at(0.0, Input::Ring { targets: targets.to_vec() });
        stage
    }

    pub(crate) fn at(&mut self, second: f64, input: Input) -> Response {
        let now = self.start + Duration::from_secs_f64(second);
        let response = self.call.handle(input, now);
        self.drain();
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
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.call.poll_output() {
            match output {
                Output::Command(command) => self.commands.push(command),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    pub(crate) fn count(&self, wanted: impl Fn(&Command) -> bool) -> usize {
        self.commands.iter().filter(|command| wanted(command)).count()
    }

    pub(crate) fn position(&self, wanted: impl Fn(&Command) -> bool) -> Option<usize> {
        self.commands.iter().position(wanted)
    }
}
