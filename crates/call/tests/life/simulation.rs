//! Thousands of calls in a house of fifty agents, under virtual time, with messages lost, doubled and out of order.
//!
//! `RINGDOWN_SIM_SEED` repeats a run, `RINGDOWN_SIM_CALLS` makes it longer.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::time::{Duration, Instant};

use call::{
    Call, Command, Event, Habits, Input, LeftWhy, Outcome, Output, Phase, Response, RingPlan,
    Roster, Rules, Step, Target, Whom, choose, choose_newcomers,
};
use model::{
    AgentId, CallId, Overflow, Presence, RingPolicy, Strategy, SupervisionMode, TransferMode,
};
use uuid::Uuid;

use crate::auditor::Auditor;
use crate::stage::target;

const AGENTS: u128 = 50;
const CALLS: usize = 2_000;
const ALLOWED: Duration = Duration::from_secs(28);

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.roll() % n
    }

    fn percent(&mut self, chance: u64) -> bool {
        self.below(100) < chance
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }
}

struct Live {
    call: Call,
    auditor: Auditor,
    plan: RingPlan,
}

struct House {
    dice: Dice,
    now: Instant,
    roster: Roster,
    calls: BTreeMap<usize, Live>,
    /// What will reach a call: when, in which order, which, what.
    post: BinaryHeap<Reverse<(Instant, u64)>>,
    letters: BTreeMap<u64, (usize, Input)>,
    posted: u64,
    bridged: u64,
    ended: usize,
    transferred: u64,
}

fn id(n: usize) -> CallId {
    CallId::from_uuid(Uuid::from_u128(n as u128 + 1))
}

/// Every agent has a desk; every fifth one two of them.
fn desks() -> Vec<Target> {
    let desk = |n: u128| target(&format!("agent{n}"), n);
    (0..AGENTS)
        .map(desk)
        .chain((0..AGENTS / 5).map(|n| target(&format!("agent{n}"), 100 + n)))
        .collect()
}

impl House {
    fn open(seed: u64) -> Self {
        let habits = Habits { wrap_up: Duration::from_secs(5), missed_max: 50 };
        let mut roster = Roster::new(habits);
        for desk in desks() {
            roster.join(desk.agent, desk.device);
            roster.want_calls(desk.device, true);
            roster.leg_is(desk.device, true);
        }
        Self {
            dice: Dice(seed),
            now: Instant::now(),
            roster,
            calls: BTreeMap::new(),
            post: BinaryHeap::new(),
            letters: BTreeMap::new(),
            posted: 0,
            bridged: 0,
            ended: 0,
            transferred: 0,
        }
    }

    /// Posts a letter that may be late, be lost, or arrive twice.
    fn mail(&mut self, call: usize, after: Duration, input: Input) {
        let copies = match self.dice.below(100) {
            0..5 => 0,
            5..15 => 2,
            _ => 1,
        };
        for _ in 0..copies {
            let late = self.dice.millis(0, 800);
            self.deliver(call, after + late, input.clone());
        }
    }

    /// Posts a letter that arrives.
    fn deliver(&mut self, call: usize, after: Duration, input: Input) {
        self.posted += 1;
        self.post.push(Reverse((self.now + after, self.posted)));
        self.letters.insert(self.posted, (call, input));
    }

    fn plan(&mut self) -> RingPlan {
        let strategy = match self.dice.below(4) {
            0 => Strategy::LongestIdle,
            1 => Strategy::RoundRobin,
            2 => Strategy::Tiers,
            _ => Strategy::All,
        };
        let overflow = match self.dice.below(3) {
            0 => Overflow::Queue { max_wait_seconds: 60 },
            1 => Overflow::Notice,
            _ => Overflow::Reject,
        };
        let sticky_seconds = if self.dice.percent(30) { 5 } else { 0 };
        let policy = RingPolicy { strategy, overflow, sticky_seconds, ..RingPolicy::default() };
        let step = Step { whom: Whom::Everybody, name: String::new(), policy };
        RingPlan { steps: vec![step; 1 + self.dice.below(2) as usize], allowed: ALLOWED }
    }

    fn arrive(&mut self, n: usize) {
        let rules = Rules { notice: self.dice.percent(50), ..Rules::default() };
        let plan = self.plan();
        let live = Live { call: Call::new(rules), auditor: Auditor::default(), plan: plan.clone() };
        self.calls.insert(n, live);
        self.give(n, Input::Ring { plan });
        let patience = self.dice.millis(20_000, 120_000);
        self.deliver(n, patience, Input::CarrierTerminated { media_failed: false });
        self.mail(n, Duration::from_millis(300), Input::CarrierMediaUp);
    }

    /// Gives a call an input, as its task does.
    fn give(&mut self, n: usize, input: Input) {
        let Some(live) = self.calls.get_mut(&n) else { return };
        let wants = match &input {
            Input::Claim { target } | Input::TakeOver { target } => Some(target.agent.clone()),
            // Who takes a call back is on it again; who has it is on it already.
            Input::CancelTransfer { target } if live.call.is_sent_on_by(&target.agent) => {
                self.roster.end_wrap_up(&target.agent);
                Some(target.agent.clone())
            }
            _ => None,
        };
        let newly = match &wants {
            Some(agent) => match self.roster.occupy(agent, id(n)) {
                Ok(newly) => newly,
                Err(_) => return,
            },
            None => false,
        };
        let response = live.call.handle(input, self.now);
        if let (Some(agent), Response::Refused(_), true) = (wants, response, newly) {
            self.roster.free(&agent, id(n));
        }
        self.carry_out(n);
    }

    fn carry_out(&mut self, n: usize) {
        while let Some(live) = self.calls.get_mut(&n) {
            let Some(output) = live.call.poll_output() else { break };
            live.auditor.see(&output, self.now);
            match output {
                Output::Command(command) => self.command(n, command),
                Output::Event(event) => self.event(event),
            }
        }
        let Some(live) = self.calls.get(&n) else { return };
        live.auditor.check(&live.call, ALLOWED);
        if live.call.phase() == Phase::Ended {
            assert!(live.auditor.on_call.is_empty(), "an agent was left on a dead call");
            self.calls.remove(&n);
            self.ended += 1;
        }
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::AgentsRingEnded { agents, outcome } => {
                for agent in agents {
                    self.roster.ring_ended(&agent, outcome);
                }
            }
            Event::Bridged { .. } => self.bridged += 1,
            Event::TransferCompleted { .. } => self.transferred += 1,
            Event::TransferReturned { to } => {
                self.roster.end_wrap_up(&to);
            }
            _ => {}
        }
    }

    fn command(&mut self, n: usize, command: Command) {
        match command {
            Command::ChooseTargets { round, step, newcomers } => {
                let members = match &step.whom {
                    Whom::Agent(agent) => {
                        Some(vec![model::Member { agent: agent.clone(), tier: 0 }])
                    }
                    Whom::Everybody | Whom::Group(_) => None,
                };
                let (roster, members) = (&self.roster, members.as_deref());
                let waves = if newcomers.is_empty() {
                    choose(roster, members, &step.policy, None, None)
                } else {
                    choose_newcomers(roster, members, &step.policy, None, &newcomers)
                };
                self.deliver(n, Duration::ZERO, Input::Chosen { round, waves });
            }
            Command::PreAccept => {
                let outcome = self.outcome();
                self.mail(n, Duration::from_millis(200), Input::PreAcceptAnswered(outcome));
            }
            Command::Accept => {
                let outcome = self.outcome();
                self.mail(n, Duration::from_millis(200), Input::AcceptAnswered(outcome));
                self.mail(n, Duration::from_millis(900), Input::CallerHeard);
            }
            Command::Farewell(_) => {
                let input = Input::FarewellAnswered { confirmed: true };
                self.mail(n, Duration::from_millis(200), input);
            }
            Command::Ring(targets) => {
                for target in targets {
                    self.react(n, target);
                }
            }
            Command::Confirm(target) | Command::ListenToAgent(target) => {
                let device = target.device;
                self.mail(n, Duration::from_millis(50), Input::AgentHeard { device });
            }
            Command::Release { target, .. } => {
                self.roster.free(&target.agent, id(n));
            }
            Command::LeaveCall { why: LeftWhy::ResumedElsewhere, .. } => {}
            Command::LeaveCall { target, .. } | Command::Dismiss(target, _) => {
                let was_on_it = self.roster.finish(&target.agent, id(n), self.now);
                assert!(was_on_it, "{target:?} leaves a call they were not on");
            }
            Command::PlayNotice => self.mail(n, Duration::from_secs(6), Input::NoticeEnded),
            Command::Open(target) => self.live_it_up(n, &target),
            _ => {}
        }
    }

    fn outcome(&mut self) -> Outcome {
        match self.dice.below(20) {
            0 => Outcome::Refused,
            1 | 2 => Outcome::Unclear,
            _ => Outcome::Done,
        }
    }

    /// What an agent does with a ring.
    fn react(&mut self, n: usize, target: Target) {
        let after = self.dice.millis(300, 20_000);
        match self.dice.below(100) {
            0..20 => self.mail(n, after, Input::Claim { target }),
            20..30 => self.mail(n, after, Input::Decline { agent: target.agent }),
            30..33 => self.mail(n, after, Input::DeviceGone { device: target.device }),
            _ => {}
        }
    }

    /// What happens on a call that is talked on.
    fn live_it_up(&mut self, n: usize, target: &Target) {
        let device = target.device;
        for _ in 0..self.dice.below(5) {
            let after = self.dice.millis(500, 40_000);
            let colleague = self.somebody();
            let to = Step {
                whom: Whom::Agent(colleague.agent.clone()),
                name: String::new(),
                policy: RingPolicy::default(),
            };
            let members = [model::Member { agent: colleague.agent.clone(), tier: 0 }];
            let waves = choose(&self.roster, Some(&members), &to.policy, None, None);
            let mode = if self.dice.percent(50) { TransferMode::Blind } else { TransferMode::Warm };
            let on = self.dice.percent(50);
            let input = match self.dice.below(12) {
                0 => Input::Hold { device, on },
                1 => Input::Mute { device, on },
                2 | 3 => Input::Transfer { device, to, waves, mode },
                4 | 5 => Input::CompleteTransfer { device },
                6 => Input::CancelTransfer { target: target.clone() },
                7 => Input::HangUp { device },
                8 => Input::AgentLegFailed { device, why: "the simulation" },
                9 => Input::Supervise { supervisor: colleague, mode: SupervisionMode::Listen },
                10 => Input::TakeOver { target: colleague },
                _ => Input::DevicesReady { targets: vec![target.clone()] },
            };
            // Else few consultations would come to anything.
            if matches!(input, Input::Transfer { .. }) && self.dice.percent(60) {
                let then = after + self.dice.millis(4_000, 20_000);
                self.mail(n, then, Input::CompleteTransfer { device });
            }
            self.mail(n, after, input);
        }
    }

    fn somebody(&mut self) -> Target {
        let desks = desks();
        desks[self.dice.below(desks.len() as u64) as usize].clone()
    }

    /// The next thing that is due anywhere.
    fn step(&mut self) -> bool {
        let letter = self.post.peek().map(|Reverse((at, _))| *at);
        let timers = self
            .calls
            .iter()
            .filter_map(|(n, live)| live.call.poll_timeout().map(|(due, _)| (due, *n)));
        let timer = timers.min();
        let wrap_up = self.roster.poll_timeout();
        let Some(next) = [letter, timer.map(|(due, _)| due), wrap_up].into_iter().flatten().min()
        else {
            return false;
        };
        self.now = self.now.max(next);
        if wrap_up == Some(next) {
            for agent in self.roster.handle_timeout(self.now) {
                self.is_free(&agent);
            }
        } else if letter == Some(next) {
            let Some(Reverse((_, number))) = self.post.pop() else { return false };
            if let Some((n, input)) = self.letters.remove(&number) {
                self.give(n, input);
            }
        } else if let Some((_, n)) = timer
            && let Some(live) = self.calls.get_mut(&n)
        {
            live.call.handle_timeout(self.now);
            self.carry_out(n);
        }
        true
    }

    fn is_free(&mut self, agent: &AgentId) {
        let ringing: Vec<usize> = self.calls.keys().copied().collect();
        for target in self.roster.targets_of(agent) {
            for n in &ringing {
                self.give(*n, Input::DevicesReady { targets: vec![target.clone()] });
            }
        }
    }

    /// No agent is on two calls, and whoever a call has is on it.
    fn check(&self) {
        let mut seen = BTreeSet::new();
        for (n, live) in &self.calls {
            for agent in live.auditor.on_call.keys() {
                assert!(seen.insert(agent.clone()), "{agent} talks on two calls");
                assert_eq!(self.roster.on_call(agent), Some(id(*n)));
            }
            assert!(live.plan.allowed == ALLOWED);
        }
    }
}

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().expect("a number"))
}

#[test]
fn a_house_full_of_faults_loses_no_call_and_no_agent() {
    let seed =
        from_environment("RINGDOWN_SIM_SEED").unwrap_or_else(|| Uuid::now_v7().as_u64_pair().1);
    let calls = from_environment("RINGDOWN_SIM_CALLS").map_or(CALLS, |n| n as usize);
    println!("RINGDOWN_SIM_SEED={seed} RINGDOWN_SIM_CALLS={calls}");
    let mut house = House::open(seed);
    for n in 0..calls {
        house.arrive(n);
        let next = house.now + house.dice.millis(0, 6_000);
        while house.now < next && house.step() {}
        house.check();
    }
    while house.step() {}
    assert!(house.calls.is_empty(), "calls that never ended: {:?}", house.calls.keys());
    assert_eq!(house.ended, calls);
    for desk in desks() {
        assert_ne!(house.roster.presence(&desk.agent), Presence::Busy, "{desk:?}");
    }
    // A simulation in which nothing happens proves nothing.
    assert!(house.bridged as usize > calls / 4, "{} of {calls} were talked on", house.bridged);
    println!("transferred: {}", house.transferred);
    assert!(calls < 1_000 || house.transferred > 0);
}
