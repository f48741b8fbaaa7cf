//! Webhook events: a call arrives, or Meta says it is over.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use call::{AfterGrace, Arrival, Call, Input, Rules, admit};
use model::{CallId, Cause, Direction, Party, RecordingMode, Timestamp};
use store::{Burial, LineRow, NewCall, Opened};
use tokio::sync::mpsc;
use uuid::Uuid;
use whatsapp::{Connect, Event, SdpKind, Terminate};
use wire::CallerView;
use wire::events::RingQuestion;

use crate::house::SwitchboardError;
use crate::meta;
use crate::moves::Moves;
use crate::owner::{ClaimTiming, Message, Owner};
use crate::placed::News;
use crate::registry::MAILBOX_MAX;
use crate::switchboard::{Inner, Switchboard};
use crate::till::Till;

impl Switchboard {
    /// Takes one event of this workspace's lines in; see [`crate::Exchange::receive`].
    pub(crate) async fn receive(&self, event: Event) -> Result<(), SwitchboardError> {
        let inner = self.inner.clone();
        // In a task of its own: a sender who hangs up meanwhile must not leave a call half opened.
        let taken_in = tokio::spawn(async move { inner.take_in(event).await });
        taken_in.await.unwrap_or(Err(SwitchboardError::Fault))
    }
}

impl Inner {
    async fn take_in(self: &Arc<Self>, event: Event) -> Result<(), SwitchboardError> {
        match event {
            Event::Connect(connect) => self.arrived(connect).await,
            Event::Terminate(terminate) => self.terminated(terminate).await,
            Event::Status(status) => {
                self.status(status).await;
                Ok(())
            }
            Event::LineError(error) => {
                let codes: Vec<i64> = error.errors.iter().map(|error| error.code).collect();
                tracing::warn!(line = %error.line, ?codes, "Meta reports a problem with a line");
                Ok(())
            }
            Event::PermissionReply(reply) => self.permission_replied(reply).await,
            Event::Message(message) => {
                self.contact_spoke(message.line, message.party, message.at).await
            }
        }
    }

    async fn arrived(self: &Arc<Self>, connect: Connect) -> Result<(), SwitchboardError> {
        if connect.direction == Direction::BusinessInitiated {
            return self.described(connect).await;
        }
        let Some(line) = self.line_of(&connect).await? else {
            tracing::debug!(line = %connect.line, "a call of a line that is not ours was ignored");
            return Ok(());
        };
        let (arrived, arrived_at) = (Instant::now(), Timestamp::now());
        let id = CallId::from_uuid(Uuid::now_v7());
        // The mailbox is there before the call is: a hang-up that comes while the gate still
        // thinks waits in it.
        let (mailbox, queue) = mpsc::channel(MAILBOX_MAX);
        let moves = self.calls.add(id, mailbox.clone());
        let (first, till) = match self.open(id, &line, &connect, arrived_at).await {
            Ok(Some(first)) => self.reserve(id, first, &connect).await,
            Ok(None) => {
                self.calls.remove(id);
                return Ok(());
            }
            Err(error) => {
                self.calls.remove(id);
                return Err(error);
            }
        };
        self.caller_spoke(&line, &connect.party, arrived_at);
        let sticky = if let Input::Ring { plan } = &first {
            self.sticky(plan, &connect.party).await
        } else {
            None
        };
        let question = self.question(&first, id, &line, &connect.party, arrived_at);
        let mut owner = self.owner(id, line, connect, (arrived, arrived_at), (mailbox, moves));
        owner.sticky = sticky;
        owner.till = till;
        self.spawn_owner(owner, first, question, queue);
        Ok(())
    }

    /// Reserves the first slice of a call that may ring, where it costs something.
    async fn reserve(&self, id: CallId, first: Input, connect: &Connect) -> (Input, Option<Till>) {
        if !matches!(first, Input::Ring { .. }) {
            return (first, None);
        }
        match self.first_slice(id, connect.party.phone.as_ref(), connect.direction).await {
            Ok(till) => (first, till),
            Err(why) => (Input::TurnAway { cause: why.cause(), tell_carrier: true }, None),
        }
    }

    /// The line a call arrived on; `None` when it is not ours. Where every line is, it is set up
    /// when it is first heard of.
    async fn line_of(&self, connect: &Connect) -> Result<Option<LineRow>, SwitchboardError> {
        if let Some(line) = self.house.lines.get(&connect.line) {
            return Ok(Some(line.clone()));
        }
        if !self.house.any_line {
            return Ok(None);
        }
        let number = connect.display_phone_number.as_ref().map(|number| format!("+{number}"));
        let line = LineRow {
            id: connect.line.clone(),
            workspace: self.house.workspace.id.clone(),
            name: number.unwrap_or_else(|| connect.line.to_string()),
            inbound: true,
            recording: RecordingMode::Off,
            group: None,
        };
        self.doors.store.ensure_line(&line).await?;
        Ok(Some(line))
    }

    /// Stores the call and asks the gate; `None` when Meta sent it before.
    async fn open(
        &self,
        id: CallId,
        line: &LineRow,
        connect: &Connect,
        arrived_at: Timestamp,
    ) -> Result<Option<Input>, SwitchboardError> {
        let new = NewCall {
            id,
            workspace: self.house.workspace.id.clone(),
            line: line.id.clone(),
            wacid: connect.wacid.clone(),
            direction: connect.direction,
            party: connect.party.clone(),
            arrived_at,
        };
        Ok(match self.doors.store.open_call(new).await? {
            Opened::Known(known) => {
                tracing::debug!(call = %known, "a connect was delivered again and ignored");
                self.counts.repeated_connect();
                None
            }
            Opened::Buried => {
                let cause = Cause::TerminatedBeforeConnect;
                Some(Input::TurnAway { cause, tell_carrier: false })
            }
            Opened::New => Some(self.gate(line, connect.at, arrived_at).await),
        })
    }

    /// The gate: ring, or why not.
    async fn gate(&self, line: &LineRow, sent_at: Option<Timestamp>, now: Timestamp) -> Input {
        if self.draining.load(Ordering::Relaxed) {
            return Input::TurnAway { cause: Cause::ShutDown, tell_carrier: true };
        }
        let plan = self.plan_of(&line.id);
        let arrival = Arrival {
            // Both on Meta's clock: ours may be wrong.
            age: sent_at.map(|sent| age(sent, now.plus_millis(self.doors.graph.clock_ahead_ms()))),
            age_max: self.house.connect_age_max,
            line_open: line.inbound,
            outage: self.outage_of(&line.id),
            balance_open: self.balance().await.is_some_and(|balance| !balance.top_up_required),
            // This call has its mailbox already.
            live_calls: self.calls.everywhere().saturating_sub(1),
            live_calls_max: self.house.live_calls_max,
            devices: self.reach(&plan),
        };
        match admit(&arrival) {
            Ok(()) => Input::Ring { plan },
            Err(cause) => Input::TurnAway { cause, tell_carrier: cause != Cause::StaleConnect },
        }
    }

    fn owner(
        self: &Arc<Self>,
        id: CallId,
        line: LineRow,
        connect: Connect,
        (arrived, arrived_at): (Instant, Timestamp),
        (mailbox, moves): (mpsc::Sender<Message>, Arc<Moves>),
    ) -> Owner {
        let offer = connect.sdp.and_then(|(kind, sdp)| match kind {
            SdpKind::Offer => Some(sdp),
            SdpKind::Answer => None,
        });
        let times = (arrived, arrived_at);
        let owner = self.new_owner(id, line, connect.party, times, (mailbox, moves));
        Owner { wacid: Some(connect.wacid), offer, ..owner }
    }

    /// The task of a call, before anything happens to it.
    pub(crate) fn new_owner(
        self: &Arc<Self>,
        id: CallId,
        line: LineRow,
        party: Party,
        (arrived, arrived_at): (Instant, Timestamp),
        (mailbox, moves): (mpsc::Sender<Message>, Arc<Moves>),
    ) -> Owner {
        let rules = Rules {
            claim_lease: self.house.claim_lease,
            agent_grace: self.house.agent_grace,
            recording: line.recording,
            notice: self.house.sounds.notice(&line.id).is_some(),
            after_grace: if self.house.rings_after_grace {
                AfterGrace::Ring
            } else {
                AfterGrace::End
            },
            transfer_ring: self.house.transfer_ring,
            transfer_return: self.house.transfer_ring,
            ..Rules::default()
        };
        Owner {
            inner: self.clone(),
            id,
            line,
            wacid: None,
            placed: None,
            direction: Direction::UserInitiated,
            caller: CallerView { display: party.display(), phone: party.phone.clone() },
            party,
            offer: None,
            answer: None,
            carrier_leg: None,
            call: Call::new(rules),
            arrived,
            arrived_at,
            ring_ended: None,
            bridged_at: None,
            timing: ClaimTiming::default(),
            recording: None,
            last_recording: None,
            meta_duration_s: None,
            look_due: None,
            carrier_summary: None,
            agent_summary: None,
            quality: None,
            noted: None,
            follow_ups: Vec::new(),
            mailbox,
            moves,
            sticky: None,
            round: None,
            waits: false,
            sent_by: None,
            till: None,
        }
    }

    /// Runs a call's task. A panic in it ends that call only, with books closed as our fault.
    pub(crate) fn spawn_owner(
        self: &Arc<Self>,
        owner: Owner,
        first: Input,
        question: Option<RingQuestion>,
        queue: mpsc::Receiver<Message>,
    ) {
        let keeper = self.clone();
        self.tasks.spawn(async move {
            let id = owner.id;
            let remains = Remains { wacid: owner.wacid.clone(), line: owner.line.id.clone() };
            let task = tokio::spawn(async move {
                let (mut owner, mut queue) = (owner, queue);
                let first = match question {
                    Some(question) => owner.ask_before_ringing(first, &question).await,
                    None => first,
                };
                owner.run(first, &mut queue).await;
            });
            if let Err(error) = task.await
                && error.is_panic()
            {
                keeper.bury_the_fault(id, &remains).await;
            }
        });
    }

    async fn terminated(&self, terminate: Terminate) -> Result<(), SwitchboardError> {
        if !self.house.any_line && !self.house.lines.contains_key(&terminate.line) {
            return Ok(());
        }
        let (wacid, direction) = (&terminate.wacid, terminate.direction);
        let placed = self.placed_call(wacid, terminate.biz_opaque_callback_data.as_deref());
        let placed = placed.filter(|_| direction != Some(Direction::UserInitiated));
        let media_failed = meta::media_failed(&terminate);
        if let Some(call) = placed {
            let duration_s = terminate.duration_s;
            let news = News::Over { duration_s, media_failed };
            self.calls.post(call, Message::News(wacid.clone(), news));
            return Ok(());
        }
        let known = match self.doors.store.call_of(wacid, direction).await? {
            Some(call) => Some(call),
            None => match self.doors.store.bury(wacid, direction, Timestamp::now()).await? {
                Burial::Buried => None,
                Burial::Known(call) => Some(call),
            },
        };
        let mailbox = known.and_then(|call| self.calls.mailbox(call));
        if mailbox.is_none()
            && let (Some(call), Some(duration_s)) = (known, terminate.duration_s)
        {
            self.compare_closed(call, duration_s).await;
        }
        if let Some(mailbox) = mailbox {
            // A call that ended meanwhile needs no news.
            let _ = mailbox
                .send(Message::Terminated { duration_s: terminate.duration_s, media_failed })
                .await;
        }
        Ok(())
    }
}

/// What is needed to end a call at Meta when its task is gone.
pub(crate) struct Remains {
    pub(crate) wacid: Option<model::Wacid>,
    pub(crate) line: model::LineId,
}

fn age(sent: Timestamp, now: Timestamp) -> Duration {
    Duration::from_millis(u64::try_from(now.millis_since(sent)).unwrap_or(0))
}
