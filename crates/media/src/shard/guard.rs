//! Why nothing is heard on an accepted call, said while there is still time to act.

use std::time::Instant;

use model::{LegId, SilentCause};

use super::Shard;
use crate::event::MediaEvent;
use crate::leg::GUARD;

impl Shard {
    /// Looks at a leg whose sound, or whose agent's, was due by now.
    pub(super) fn guard(&mut self, now: Instant, id: LegId) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        let (caller_due, agent_due) = leg.take_overdue(now);
        let caller = caller_due.then(|| leg.why_unheard()).flatten();
        // While our own half is missing, the agent cannot be blamed.
        let agent = (agent_due && leg.may_send()).then_some(leg.route.bridged).flatten();
        let agent = agent.and_then(|agent| self.why_agent_unheard(now, agent));
        for cause in caller.into_iter().chain(agent) {
            tracing::debug!(leg = %id, cause = cause.as_str(), "an accepted call is silent");
            self.outbox.push_back(MediaEvent::SilentCall { leg: id, cause });
        }
    }

    fn why_agent_unheard(&self, now: Instant, id: LegId) -> Option<SilentCause> {
        let agent = self.legs.get(&id)?;
        // Still to be announced: nothing was forwarded since the bridge was made.
        if !agent.route.announce_forward {
            return None;
        }
        Some(if agent.path().is_none() {
            SilentCause::AgentIce
        } else if !agent.is_up() {
            SilentCause::AgentDtls
        } else if !agent.heard_within(now, GUARD) {
            SilentCause::AgentIce
        } else if agent.route.muted {
            SilentCause::AgentMuted
        } else {
            SilentCause::AgentSendsNothing
        })
    }
}
