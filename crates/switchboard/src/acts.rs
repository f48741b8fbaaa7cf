//! What agents and supervisors do with a live call.

use call::{Input, Step, Target, Whom};
use model::{
    CallId, DeviceId, Presence, RingPolicy, SupervisionMode, Timestamp, TransferMode,
    TransferTarget,
};
use store::StoreError;
use wire::agent::{ErrorCode, ServerEvent};
use wire::rest::Annotation;
use wire::{ColleagueView, GroupBrief};

use crate::owner::{self, Message};
use crate::refusal::Refusal;
use crate::switchboard::Switchboard;

impl Switchboard {
    /// The agent puts the caller on hold, or takes them back.
    ///
    /// # Errors
    /// When the device does not have the call, or nobody talks on it.
    pub async fn hold(&self, device: DeviceId, call: CallId, on: bool) -> Result<(), Refusal> {
        self.ask(call, Input::Hold { device, on }).await
    }

    /// The agent sends the call on.
    ///
    /// # Errors
    /// When nobody there can be rung, or the device does not have the call.
    pub async fn transfer(
        &self,
        device: DeviceId,
        call: CallId,
        to: TransferTarget,
        mode: TransferMode,
    ) -> Result<(), Refusal> {
        let to = self.step_to(to)?;
        let waves = self.inner.waves(&to, None, false);
        self.ask(call, Input::Transfer { device, to, waves, mode }).await
    }

    fn step_to(&self, to: TransferTarget) -> Result<Step, Refusal> {
        match to {
            TransferTarget::Agent(agent) => {
                let name = self.inner.board.lock().name_of(&agent);
                Ok(Step { whom: Whom::Agent(agent), name, policy: RingPolicy::default() })
            }
            TransferTarget::Group(group) => {
                let group = self.group(&group).ok_or_else(Refusal::nobody_there)?;
                let (name, policy) = (group.name.clone(), group.policy.clone());
                Ok(Step { whom: Whom::Group(group.id.clone()), name, policy })
            }
        }
    }

    /// The consulted agent takes the caller.
    ///
    /// # Errors
    /// When the device does not have the call, or nobody is consulted.
    pub async fn complete_transfer(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        self.ask(call, Input::CompleteTransfer { device }).await
    }

    /// The caller comes back to the agent: from whoever is consulted, or from the ringing of a call
    /// that they sent on.
    ///
    /// # Errors
    /// When the call is not theirs, or somebody has taken it.
    pub async fn cancel_transfer(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        let target = self.target(device)?;
        let is_sent_on = self
            .inner
            .board
            .lock()
            .sent_on
            .get(&target.agent)
            .is_some_and(|sent| sent.call == call);
        if !is_sent_on {
            return self.ask(call, Input::CancelTransfer { target }).await;
        }
        let mailbox = self.inner.calls.mailbox(call).ok_or_else(Refusal::no_such_call)?;
        let answer = owner::take_back(&mailbox, target).await;
        answer.unwrap_or_else(|| Err(Refusal::no_such_call()))
    }

    /// Who a call can be sent to, as the answer to frame `to`.
    pub fn colleagues(&self, device: DeviceId, to: u64) -> ServerEvent {
        // Never both locks: whoever changes groups waits for readers.
        let groups: Vec<_> = self.inner.groups.read().all().cloned().collect();
        let board = self.inner.board.lock();
        let own = board.roster.agent_of(device);
        let is_ready = |agent: &model::AgentId| board.roster.presence(agent) == Presence::Ready;
        let agents = board
            .roster
            .connected()
            .filter(|agent| Some(*agent) != own)
            .map(|agent| ColleagueView {
                agent: agent.clone(),
                name: board.name_of(agent),
                presence: board.roster.presence(agent),
            })
            .collect();
        let groups = groups
            .iter()
            .map(|group| GroupBrief {
                group: group.id.clone(),
                name: group.name.clone(),
                ready: u32::try_from(
                    group.members.iter().filter(|member| is_ready(&member.agent)).count(),
                )
                .unwrap_or(u32::MAX),
            })
            .collect();
        ServerEvent::Colleagues { to, agents, groups }
    }

    /// The agent writes down what the call was about: the one they are on, or their last one.
    ///
    /// # Errors
    /// When it is neither, the words are too many, or the outcome is not one of the workspace's.
    pub async fn annotate(
        &self,
        device: DeviceId,
        call: CallId,
        note: Option<String>,
        outcome: Option<String>,
    ) -> Result<(), Refusal> {
        let agent = self.agent_of(device)?;
        let theirs = {
            let board = self.inner.board.lock();
            board.roster.on_call(&agent) == Some(call)
                || board.last_calls.get(&agent) == Some(&call)
        };
        if !theirs {
            return Err(Refusal::no_such_call());
        }
        let annotation = Annotation { agent: Some(agent), note, outcome };
        let workspace = &self.inner.house.workspace.id;
        let kept =
            self.inner.doors.store.annotate(workspace, call, annotation, Timestamp::now()).await;
        kept.map(|_| ()).map_err(|error| {
            if matches!(error, StoreError::Database { .. }) {
                tracing::error!(%call, %error, "a note was not kept");
                return Refusal::internal("the note was not kept");
            }
            Refusal::new(ErrorCode::NotAllowed, error.to_string(), "change the note")
        })
    }

    /// A supervisor is told of live calls, or no longer.
    pub fn watch_calls(&self, device: DeviceId, on: bool) {
        // Told under the lock: what changes meanwhile is told after.
        let mut board = self.inner.board.lock();
        if on && board.roster.agent_of(device).is_some() {
            board.watchers.insert(device);
            let calls = board.live.values().cloned().collect();
            self.inner.tell(device, ServerEvent::LiveCalls { calls });
        } else {
            board.watchers.remove(&device);
        }
    }

    /// A device's page begins anew with a snapshot: it knows nothing of what it watched and
    /// supervised.
    pub fn device_starts_over(&self, device: DeviceId) {
        let supervised = {
            let mut board = self.inner.board.lock();
            board.watchers.remove(&device);
            board.supervised_on(device)
        };
        if let Some(call) = supervised {
            self.inner.calls.post(call, Message::Input(Input::StopSupervising { device }));
        }
    }

    /// A supervisor takes part in a call, or changes how.
    ///
    /// # Errors
    /// When nobody talks on it, it is on hold, or somebody else supervises it.
    pub async fn supervise(
        &self,
        device: DeviceId,
        call: CallId,
        mode: SupervisionMode,
    ) -> Result<(), Refusal> {
        let supervisor = self.target(device)?;
        if self.inner.board.lock().agent_leg(device).is_none() {
            return Err(Refusal::not_ready());
        }
        if self.inner.board.lock().active.contains_key(&device) {
            return Err(Refusal::on_call());
        }
        self.inner.leave_other_supervision(device, call);
        self.ask(call, Input::Supervise { supervisor, mode }).await
    }

    /// The supervisor leaves the call.
    ///
    /// # Errors
    /// When they do not take part in it.
    pub async fn stop_supervising(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        self.ask(call, Input::StopSupervising { device }).await
    }

    /// The supervisor becomes the call's agent.
    ///
    /// # Errors
    /// When their device is not ready, or they are on a call.
    pub async fn take_over(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        let target = self.target(device)?;
        let mailbox = self.inner.calls.mailbox(call).ok_or_else(Refusal::no_such_call)?;
        let answer = owner::take_over(&mailbox, target).await;
        answer.unwrap_or_else(|| Err(Refusal::no_such_call()))
    }

    /// A supervisor mutes or unmutes the call's agent.
    ///
    /// # Errors
    /// When nobody talks on it.
    pub async fn mute_agent(
        &self,
        device: DeviceId,
        call: CallId,
        on: bool,
    ) -> Result<(), Refusal> {
        let supervisor = self.agent_of(device)?;
        self.ask(call, Input::MuteAgent { supervisor, on }).await
    }

    /// A supervisor ends the call.
    ///
    /// # Errors
    /// When it is over.
    pub async fn end_by_supervisor(&self, device: DeviceId, call: CallId) -> Result<(), Refusal> {
        let supervisor = self.agent_of(device)?;
        self.ask(call, Input::EndBySupervisor { supervisor }).await
    }

    fn target(&self, device: DeviceId) -> Result<Target, Refusal> {
        Ok(Target { agent: self.agent_of(device)?, device })
    }
}
