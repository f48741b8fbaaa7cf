//! Missed calls, told to those whom they concern: who was rung, who belongs to the call's groups,
//! and who supervises. Calls missed shortly after each other are one frame per device.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use call::Whom;
use model::{AgentId, DeviceId, Right};
use wire::MissedCall;
use wire::agent::ServerEvent;

use crate::owner::Owner;
use crate::switchboard::Inner;

/// How long the news of a missed call waits for others: nobody acts on it within the second, and a
/// closed gate can turn hundreds of calls away in one.
const GATHER: Duration = Duration::from_millis(200);
/// Missed calls in one frame: as many as a snapshot shows. The older ones are in the list that the
/// desk can ask for.
const FRAME_MAX: usize = 50;

/// Whom a missed call concerns, beside those who were rung and those who supervise.
#[derive(Clone, Debug)]
pub(crate) enum Concerned {
    /// No group was meant: everybody.
    Everybody,
    /// The members of the call's groups.
    Agents(BTreeSet<AgentId>),
}

impl Owner {
    /// Whom it concerns that this call was missed. A call that was turned away would have rung by
    /// its line's plan.
    pub(crate) fn concerned(&self) -> Concerned {
        let steps = self.call.steps();
        if steps.is_empty() {
            return self.inner.concerned(&self.inner.plan_of(&self.line.id).steps);
        }
        self.inner.concerned(steps)
    }
}

impl Inner {
    fn concerned(&self, steps: &[call::Step]) -> Concerned {
        let mut agents = BTreeSet::new();
        for step in steps {
            if step.whom == Whom::Everybody {
                return Concerned::Everybody;
            }
            let members = self.members(&step.whom).unwrap_or_default();
            agents.extend(members.into_iter().map(|member| member.agent));
        }
        Concerned::Agents(agents)
    }

    /// Tells of a missed call, soon.
    pub(crate) fn tell_missed(self: &Arc<Self>, missed: MissedCall, concerned: Concerned) {
        let is_first = {
            let mut waiting = self.missed.lock();
            waiting.push((missed, concerned));
            waiting.len() == 1
        };
        if is_first {
            let inner = Arc::clone(self);
            tokio::spawn(async move {
                tokio::time::sleep(GATHER).await;
                let gathered = std::mem::take(&mut *inner.missed.lock());
                inner.tell_of(&gathered);
            });
        }
    }

    fn tell_of(&self, gathered: &[(MissedCall, Concerned)]) {
        // Those who are told of the same calls are told the same.
        let mut told: BTreeMap<Vec<usize>, Vec<DeviceId>> = BTreeMap::new();
        {
            let board = self.board.lock();
            for agent in board.roster.connected() {
                let supervises = board.roster.may(agent, Right::Supervise);
                let theirs = |(missed, concerned): &(MissedCall, Concerned)| {
                    supervises
                        || concerned.is(agent)
                        || missed.rung.iter().any(|one| one.agent == *agent)
                };
                let calls: Vec<usize> =
                    (0..).zip(gathered).filter(|(_, one)| theirs(one)).map(|(n, _)| n).collect();
                if !calls.is_empty() {
                    told.entry(calls).or_default().extend(board.roster.devices_of(agent));
                }
            }
        }
        for (calls, devices) in told {
            let latest = calls.len().saturating_sub(FRAME_MAX);
            let missed = calls[latest..].iter().map(|n| gathered[*n].0.clone()).collect();
            self.tell_all(&devices, ServerEvent::Missed { missed });
        }
    }
}

impl Concerned {
    fn is(&self, agent: &AgentId) -> bool {
        match self {
            Self::Everybody => true,
            Self::Agents(agents) => agents.contains(agent),
        }
    }
}
