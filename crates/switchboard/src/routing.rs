//! Whom a call rings: its line's group, the groups that overflow into, and who of them is there.

use std::time::Duration;

use call::{Input, RingPlan, Step, Target, Wave, Whom, choose, choose_newcomers, plan};
use model::{AgentId, GroupId, LineId, Member, Overflow, Party, Strategy};

use crate::owner::Owner;
use crate::switchboard::Inner;

/// How long the ring may wait to learn who spoke with the contact last. It is a look-up by index;
/// without an answer the call rings as if nobody had.
const STICKY_WAIT: Duration = Duration::from_millis(50);

impl Inner {
    /// The plan of a line's calls.
    pub(crate) fn plan_of(&self, line: &LineId) -> RingPlan {
        let first = self.groups.read().group_of(line).map(|group| group.id.clone());
        self.plan_from(first.as_ref())
    }

    /// The plan that begins with a group; without one everybody rings.
    pub(crate) fn plan_from(&self, first: Option<&GroupId>) -> RingPlan {
        let groups = self.groups.read();
        plan(first, self.house.ring_time, |id| {
            groups.group(id).map(|group| (group.name.clone(), group.policy.clone()))
        })
    }

    /// Devices that the plan could ring now. A plan that ends with a queue or a notice has use for
    /// a call that nobody can take yet.
    pub(crate) fn reach(&self, plan: &RingPlan) -> usize {
        let waits = plan.steps.last().is_some_and(|step| match step.policy.overflow {
            Overflow::Queue { .. } | Overflow::Notice => true,
            Overflow::Reject | Overflow::Group { .. } => false,
        });
        // Groups before the board, and never both: whoever changes groups waits for readers.
        let whom: Vec<_> = plan.steps.iter().map(|step| self.members(&step.whom)).collect();
        let board = self.board.lock();
        let devices: usize = whom
            .iter()
            .map(|members| match members {
                None => board.roster.targets().len(),
                Some(members) => {
                    members.iter().map(|one| board.roster.targets_of(&one.agent).len()).sum()
                }
            })
            .sum();
        devices.max(usize::from(waits))
    }

    /// Whom a step means; `None` is everybody.
    pub(crate) fn members(&self, whom: &Whom) -> Option<Vec<Member>> {
        match whom {
            Whom::Everybody => None,
            // A group that was removed meanwhile has nobody.
            Whom::Group(group) => {
                let groups = self.groups.read();
                Some(groups.group(group).map(|group| group.members.clone()).unwrap_or_default())
            }
            Whom::Agent(agent) => Some(vec![Member { agent: agent.clone(), tier: 0 }]),
        }
    }

    /// Who of a step rings when. The `first` question of a step takes round-robin's turn.
    pub(crate) fn waves(&self, step: &Step, sticky: Option<&AgentId>, first: bool) -> Vec<Wave> {
        let members = self.members(&step.whom);
        let mut board = self.board.lock();
        let group = match &step.whom {
            Whom::Group(group) => Some(group.clone()),
            Whom::Everybody | Whom::Agent(_) => None,
        };
        let last_first = board.turns.get(&group);
        let waves = choose(&board.roster, members.as_deref(), &step.policy, sticky, last_first);
        if first
            && step.policy.strategy == Strategy::RoundRobin
            && let Some(first) = waves.first().and_then(|wave| wave.targets.first())
        {
            let agent = first.agent.clone();
            board.turns.insert(group, agent);
        }
        waves
    }

    /// Where those of a step ring who have just become ready.
    fn waves_of_newcomers(
        &self,
        step: &Step,
        sticky: Option<&AgentId>,
        newcomers: &[Target],
    ) -> Vec<Wave> {
        let members = self.members(&step.whom);
        let board = self.board.lock();
        choose_newcomers(&board.roster, members.as_deref(), &step.policy, sticky, newcomers)
    }

    /// Who spoke with a contact last, if the plan asks for them.
    pub(crate) async fn sticky(&self, plan: &RingPlan, party: &Party) -> Option<AgentId> {
        if plan.steps.iter().all(|step| step.policy.sticky_seconds == 0) {
            return None;
        }
        let asked = self.doors.store.last_agent_of(&self.house.workspace.id, party);
        match tokio::time::timeout(STICKY_WAIT, asked).await {
            Ok(Ok(agent)) => agent,
            Ok(Err(error)) => {
                tracing::error!(%error, "who spoke with a contact last cannot be looked up");
                None
            }
            Err(_) => {
                tracing::warn!("the database is slow: a call rings without its sticky agent");
                None
            }
        }
    }
}

impl Owner {
    /// Says who is there to be rung.
    pub(crate) fn choose_targets(&mut self, round: u32, step: &Step, newcomers: &[Target]) {
        let first = self.round.replace(round) != Some(round);
        let sticky = self.sticky.as_ref();
        let waves = if newcomers.is_empty() {
            self.inner.waves(step, sticky, first)
        } else {
            self.inner.waves_of_newcomers(step, sticky, newcomers)
        };
        self.follow_ups.push(Input::Chosen { round, waves });
    }
}
