//! The question to the operator's program between the gate and the ring.
//!
//! The WhatsApp leg is prepared meanwhile, and the answer is waited for at most
//! [`deliver::HOOK_TIME_MAX`]. Whatever goes wrong, the call rings as configured.

use std::time::Instant;

use call::Input;
use model::{AgentId, CallId, Cause, GroupId, Party, Timestamp};
use serde_json::json;
use store::{LineRow, NewEvent};
use wire::events::{RingAnswer, RingQuestion, VERSION};

use crate::board::LegOwner;
use crate::owner::Owner;
use crate::switchboard::Inner;

/// Whom the hook wants to be rung, for the ring plan.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct RingWish {
    /// This group instead of the line's.
    pub(crate) group: Option<GroupId>,
    /// This agent before the others.
    pub(crate) agent: Option<AgentId>,
}

impl Inner {
    /// What the hook is to be asked; `None` without a hook, or when the call will not ring anyway.
    pub(crate) fn question(
        &self,
        first: &Input,
        call: CallId,
        line: &LineRow,
        caller: &Party,
        arrived_at: Timestamp,
    ) -> Option<RingQuestion> {
        self.doors.hook.as_ref()?;
        matches!(first, Input::Ring { .. }).then(|| RingQuestion {
            v: VERSION,
            workspace: self.house.workspace.id.clone(),
            call,
            line: line.id.clone(),
            line_name: line.name.clone(),
            from: wire::CallerView { display: caller.display(), phone: caller.phone.clone() },
            user_id: caller.bsuid.clone(),
            arrived_at,
        })
    }
}

impl Owner {
    /// Asks the hook, and says how the call begins.
    pub(crate) async fn ask_before_ringing(
        &mut self,
        ring: Input,
        question: &RingQuestion,
    ) -> Input {
        let inner = self.inner.clone();
        let Some(hook) = &inner.doors.hook else { return ring };
        let asked = Instant::now();
        let (answer, ()) =
            tokio::join!(hook.before_ringing(question, Timestamp::now()), self.prepare_leg());
        let took_ms = asked.elapsed().as_millis();
        let outcome = match &answer {
            Ok(RingAnswer::Ring { .. }) => "ring",
            Ok(RingAnswer::Reject {}) => "reject",
            Err(failure) => failure.word(),
        };
        inner.counts.hook(outcome);
        if let Err(error) = &answer {
            tracing::warn!(call = %self.id, %error, "the hook before ringing failed: the call rings as configured");
        }
        let wish = match answer {
            Ok(RingAnswer::Ring { group, contact_name, agent }) => {
                if let Some(name) = contact_name {
                    self.caller.display = name;
                }
                RingWish { group, agent }
            }
            Ok(RingAnswer::Reject {}) => {
                self.note_hook(outcome, took_ms, &RingWish::default());
                if let Some(leg) = self.carrier_leg.take() {
                    self.inner.board.lock().remove_leg(leg);
                    self.inner.doors.plane.close(leg).await;
                }
                let cause = Cause::HookRejected;
                return Input::TurnAway { cause, tell_carrier: true };
            }
            Err(_) => RingWish::default(),
        };
        self.note_hook(outcome, took_ms, &wish);
        self.grant(ring, wish)
    }

    /// Rings as the hook wishes: its group, as far as there is one, and its agent before the others.
    fn grant(&mut self, ring: Input, wish: RingWish) -> Input {
        let Input::Ring { plan } = ring else { return ring };
        let known = wish.group.filter(|group| self.inner.groups.read().group(group).is_some());
        let mut plan = match known {
            Some(group) => self.inner.plan_from(Some(&group)),
            None => plan,
        };
        if let Some(agent) = wish.agent {
            for step in &mut plan.steps {
                if step.policy.sticky_seconds == 0 {
                    step.policy.sticky_seconds = step.policy.turn_seconds;
                }
            }
            self.sticky = Some(agent);
        }
        Input::Ring { plan }
    }

    /// Answers Meta's offer, so that only Meta need be told when the call rings. If it cannot be
    /// answered, the rules find that out when they want it.
    async fn prepare_leg(&mut self) {
        let Some(offer) = &self.offer else { return };
        if let Ok(opened) = self.inner.doors.plane.open_whatsapp_leg(offer).await {
            self.inner.board.lock().add_leg(opened.leg, LegOwner::Call(self.id));
            self.carrier_leg = Some(opened.leg);
            self.answer = Some(opened.answer);
        }
    }

    fn note_hook(&self, outcome: &str, took_ms: u128, wish: &RingWish) {
        let offset_ms = i64::try_from(self.arrived.elapsed().as_millis()).unwrap_or(i64::MAX);
        let detail = json!({
            "outcome": outcome,
            "took_ms": u64::try_from(took_ms).unwrap_or(u64::MAX),
            "group": wish.group,
            "agent": wish.agent,
        });
        let event = "hook_asked".to_owned();
        self.inner.books.note(self.id, NewEvent { at: Timestamp::now(), offset_ms, event, detail });
    }
}
