//! By which plan a call rings: groups that overflow into each other, within one limit of time.

use std::time::Duration;

use model::{AgentId, GroupId, Overflow, RingPolicy};

/// Groups a call can pass through. More would each get a few seconds only.
pub const STEPS_MAX: usize = 4;

/// Whom a step rings.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Whom {
    /// Every agent of the house.
    Everybody,
    /// The members of a group.
    Group(GroupId),
    /// One agent.
    Agent(AgentId),
}

/// One step of a plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// Whom it rings.
    pub whom: Whom,
    /// The name for people; empty for everybody.
    pub name: String,
    /// How.
    pub policy: RingPolicy,
}

/// The steps a call rings through.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RingPlan {
    /// In this order. Each step but the last overflows into the next one; what the last one's
    /// policy says happens when nobody took the call.
    pub steps: Vec<Step>,
    /// How long all steps ring together before the call is accepted. Meta's own window is 30 to
    /// 60 s; staying below it means that we, not Meta, end an unanswered call.
    pub allowed: Duration,
}

impl RingPlan {
    /// Everybody rings at once, and then the call is rejected.
    pub fn everybody(allowed: Duration) -> Self {
        let policy = RingPolicy { ring_seconds: seconds_up(allowed), ..RingPolicy::default() };
        Self { steps: vec![Step { whom: Whom::Everybody, name: String::new(), policy }], allowed }
    }

    /// What happens when nobody took the call.
    pub(crate) fn overflow(&self) -> Overflow {
        self.steps.last().map(|step| step.policy.overflow.clone()).unwrap_or_default()
    }
}

/// Follows overflows from the first group on: at most [`STEPS_MAX`] groups, none of them twice.
/// Without a group, or with one that is unknown, everybody rings. `lookup` gives a group's name
/// and policy.
pub fn plan(
    first: Option<&GroupId>,
    allowed: Duration,
    lookup: impl Fn(&GroupId) -> Option<(String, RingPolicy)>,
) -> RingPlan {
    let mut steps: Vec<Step> = Vec::new();
    let mut next = first.cloned();
    while let Some(group) = next.take() {
        let whom = Whom::Group(group);
        if steps.len() == STEPS_MAX || steps.iter().any(|step| step.whom == whom) {
            break;
        }
        let Whom::Group(group) = &whom else { break };
        let Some((name, policy)) = lookup(group) else { break };
        if let Overflow::Group { group } = &policy.overflow {
            next = Some(group.clone());
        }
        steps.push(Step { whom, name, policy });
    }
    if steps.is_empty() { RingPlan::everybody(allowed) } else { RingPlan { steps, allowed } }
}

fn seconds_up(time: Duration) -> u32 {
    u32::try_from(time.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}
