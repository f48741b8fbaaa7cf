//! Calls that we place, as their task sees them: Meta is asked over HTTP, and tells of the call by
//! webhook, in any order. What comes before the call has a name waits for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use call::{Early, Input, Target};
use media::{MediaError, Source};
use model::{CallId, Cause, Direction, SdpText, Timestamp, Wacid};
use parking_lot::Mutex;
use store::Named;
use whatsapp::{CallStatus, Connect, GraphError, SdpKind, Status};

use crate::board::LegOwner;
use crate::codes::cause_of;
use crate::house::SwitchboardError;
use crate::meta::{HangUp, Verb};
use crate::owner::{ClaimTiming, Message, Owner};
use crate::permits::CallOutcome;
use crate::switchboard::Inner;

/// Attempts to write down what Meta calls a call, and the pause between them: a minute of a broken
/// database.
const NAME_ATTEMPTS: u32 = 60;
const NAME_PAUSE: Duration = Duration::from_secs(1);

/// What only a call that we place has.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    /// Meta is to end it as soon as we know what it calls it.
    farewell_waits: bool,
    /// The contact's phone has rung.
    rang: bool,
}

/// What Meta tells of a call that we place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum News {
    /// Its description; `None` for one that is none.
    Described(Option<SdpText>),
    /// The phone rings, was answered, or the contact declined.
    Status(CallStatus),
    /// It is over.
    Over {
        /// Meta's own count of talked seconds.
        duration_s: Option<u32>,
        /// Meta names a failure of the media path as the reason.
        media_failed: bool,
    },
}

/// Which live call each of Meta's ids is, of those that we place; and news of ids that none has.
/// One lock over both, so that nothing falls between.
#[derive(Default)]
pub(crate) struct Names(Mutex<NamesState>);

#[derive(Default)]
struct NamesState {
    calls: HashMap<Wacid, CallId>,
    early: Early<Wacid, News>,
}

impl Names {
    fn of(&self, wacid: &Wacid) -> Option<CallId> {
        self.0.lock().calls.get(wacid).copied()
    }

    /// Whose the news are; kept when nobody's.
    fn find_or_keep(&self, wacid: &Wacid, news: &News) -> Option<CallId> {
        let mut state = self.0.lock();
        let known = state.calls.get(wacid).copied();
        if known.is_none() {
            state.early.keep(wacid.clone(), news.clone(), Instant::now());
        }
        known
    }

    /// A call has this id from now on: what was told of it before. `None` when the id is another
    /// call's.
    fn join(&self, wacid: &Wacid, call: CallId) -> Option<Vec<News>> {
        let mut state = self.0.lock();
        if *state.calls.entry(wacid.clone()).or_insert(call) != call {
            return None;
        }
        Some(state.early.take(wacid, Instant::now()))
    }

    /// A call is over.
    pub(crate) fn forget(&self, call: CallId) {
        self.0.lock().calls.retain(|_, known| *known != call);
    }
}

impl Inner {
    /// The live call that we place and that is meant: by Meta's id, or by what we gave Meta to give
    /// back.
    pub(crate) fn placed_call(&self, wacid: &Wacid, opaque: Option<&str>) -> Option<CallId> {
        let given_back = || opaque.and_then(|text| text.parse::<CallId>().ok());
        self.placed.of(wacid).or_else(given_back).filter(|call| self.calls.mailbox(*call).is_some())
    }

    /// Takes Meta's description of a call that we place.
    pub(crate) async fn described(
        self: &Arc<Self>,
        connect: Connect,
    ) -> Result<(), SwitchboardError> {
        let opaque = connect.biz_opaque_callback_data.as_deref();
        let sdp = connect.sdp.and_then(|(kind, sdp)| match kind {
            SdpKind::Answer => Some(sdp),
            SdpKind::Offer => None,
        });
        let is_ours = self.bring(&connect.wacid, opaque, News::Described(sdp));
        let given_back = opaque.and_then(|text| text.parse::<CallId>().ok());
        if let (false, Some(call)) = (is_ours, given_back) {
            // A call that is over here. Either Meta tells of its beginning again, or it has placed
            // it although we had given up, or had crashed, before it said so.
            let direction = Some(Direction::BusinessInitiated);
            let known = self.doors.store.call_of(&connect.wacid, direction).await?;
            let is_stray = known.is_none()
                && self.doors.store.call(&self.house.workspace.id, call).await?.is_some();
            if is_stray {
                tracing::warn!(%call, "Meta placed a call that is over here; it is ended");
                self.end_stray(HangUp { call, line: connect.line, wacid: connect.wacid });
            }
        }
        Ok(())
    }

    /// Takes a step of a call that we place.
    pub(crate) fn status(self: &Arc<Self>, status: Status) -> std::future::Ready<()> {
        let opaque = status.biz_opaque_callback_data.as_deref();
        self.bring(&status.wacid, opaque, News::Status(status.status.clone()));
        std::future::ready(())
    }

    /// Ends a call at Meta that nobody here has.
    fn end_stray(self: &Arc<Self>, hang_up: HangUp) {
        let inner = self.clone();
        self.tasks.spawn(async move { inner.see_to_the_end(&hang_up, true).await });
    }

    /// Brings news to their call; says whether it lives.
    fn bring(&self, wacid: &Wacid, opaque: Option<&str>, news: News) -> bool {
        let call = match self.placed_call(wacid, opaque) {
            Some(call) => Some(call),
            None => self.placed.find_or_keep(wacid, &news),
        };
        if let Some(call) = call {
            self.calls.post(call, Message::News(wacid.clone(), news));
        }
        call.is_some()
    }

    /// Writes down what Meta calls a call. A hang-up that came first reaches the call by that.
    fn write_name(self: &Arc<Self>, call: CallId, wacid: Wacid) {
        let inner = self.clone();
        self.tasks.spawn(async move {
            for _ in 0..NAME_ATTEMPTS {
                match inner.doors.store.name_call(call, &wacid, Timestamp::now()).await {
                    Ok(Named::New | Named::Known) => return,
                    Ok(Named::Buried) => {
                        let over = Message::Terminated { duration_s: None, media_failed: false };
                        return inner.calls.post(call, over);
                    }
                    Ok(Named::Otherwise | Named::Taken(_)) => {
                        tracing::error!(%call, "Meta has one name for two calls; please report it");
                        return;
                    }
                    Err(error) => {
                        tracing::error!(%call, %error, "a call's name at Meta cannot be written");
                        tokio::time::sleep(NAME_PAUSE).await;
                    }
                }
            }
        });
    }
}

impl Owner {
    /// Makes an offer and has Meta call the contact.
    pub(crate) async fn connect(&mut self) {
        let offered = match self.inner.doors.plane.offer_whatsapp_leg().await {
            Ok(offered) => offered,
            Err(error) => {
                tracing::error!(call = %self.id, %error, "no media leg for a call to be placed");
                self.follow_ups.push(Input::DialRefused { cause: Cause::InternalFault });
                return;
            }
        };
        self.inner.board.lock().add_leg(offered.leg, LegOwner::Call(self.id));
        self.carrier_leg = Some(offered.leg);
        let (inner, line, id) = (self.inner.clone(), self.line.id.clone(), self.id);
        let (to, mailbox) = (self.party.clone(), self.mailbox.clone());
        self.inner.tasks.spawn(async move {
            let graph = &inner.doors.graph;
            let result = graph.connect(&line, &to, &offered.offer, &id.to_string()).await;
            inner.note_outcome(&line, &result);
            if let Err(error) = &result {
                tracing::warn!(call = %id, %error, "Meta did not call the contact");
            }
            let taken = result.as_ref().ok().cloned();
            let too_late = mailbox.send(Message::ConnectAnswered(result)).await.is_err();
            if let (true, Some(wacid)) = (too_late, taken) {
                // It was given up here, and Meta has placed it after all.
                inner.end_stray(HangUp { call: id, line, wacid });
            }
        });
    }

    pub(crate) async fn connect_answered(&mut self, result: Result<Wacid, GraphError>) {
        let input = match result {
            Ok(wacid) => {
                self.learn(wacid).await;
                Input::DialTaken
            }
            // Its webhook came first and has said more than Graph could.
            Err(_) if self.wacid.is_some() => Input::DialTaken,
            Err(GraphError::Ambiguous { .. }) => Input::DialUnclear,
            Err(GraphError::Refused { code, .. }) => Input::DialRefused { cause: cause_of(code) },
            Err(GraphError::Unreachable { .. } | GraphError::Setup { .. }) => {
                Input::DialRefused { cause: Cause::CarrierDown }
            }
        };
        self.take(input).await;
    }

    pub(crate) async fn news(&mut self, wacid: Wacid, news: News) {
        let ends_another =
            matches!(news, News::Over { .. }) && self.wacid.as_ref().is_some_and(|it| *it != wacid);
        if ends_another || !self.learn(wacid).await {
            return;
        }
        self.apply(news).await;
    }

    async fn apply(&mut self, news: News) {
        match news {
            News::Described(sdp) => self.take_description(sdp).await,
            News::Status(CallStatus::Ringing) => self.take(Input::ContactRings).await,
            News::Status(CallStatus::Accepted) => self.take(Input::ContactPickedUp).await,
            News::Status(CallStatus::Rejected) => self.take(Input::ContactDeclined).await,
            News::Over { duration_s, media_failed } => {
                self.meta_duration_s = self.meta_duration_s.or(duration_s);
                self.take(Input::CarrierTerminated { media_failed }).await;
            }
            News::Status(CallStatus::Other(word)) => {
                tracing::debug!(call = %self.id, word, "Meta told a step that is not known here");
            }
        }
    }

    async fn take_description(&mut self, sdp: Option<SdpText>) {
        let (Some(leg), Some(sdp)) = (self.carrier_leg, sdp) else {
            return self.take(Input::DialUndescribed).await;
        };
        let input = match self.inner.doors.plane.answered(leg, &sdp).await {
            Ok(()) => Input::DialDescribed,
            // It came twice, or the call is over.
            Err(MediaError::NotOffered { .. }) => return,
            Err(error) => {
                tracing::warn!(call = %self.id, %error, "Meta's answer is of no use");
                Input::DialUndescribed
            }
        };
        self.take(input).await;
    }

    /// Meta calls this call so; what was told of it before follows. `false` when it is not this
    /// call's name.
    async fn learn(&mut self, wacid: Wacid) -> bool {
        if self.wacid.as_ref() == Some(&wacid) {
            return true;
        }
        let joined = match &self.wacid {
            Some(_) => None,
            None => self.inner.placed.join(&wacid, self.id),
        };
        let Some(early) = joined else {
            self.end_second(wacid);
            return false;
        };
        self.wacid = Some(wacid.clone());
        self.inner.write_name(self.id, wacid);
        if self.placed.as_ref().is_some_and(|placed| placed.farewell_waits) {
            self.ask_meta(Verb::Terminate);
        }
        for news in early {
            Box::pin(self.apply(news)).await;
        }
        true
    }

    /// Meta has two calls for our one. This one has its contact; the other rings for nobody, unless
    /// it is another call of ours.
    fn end_second(&self, wacid: Wacid) {
        if self.inner.placed.of(&wacid).is_some() {
            return;
        }
        tracing::warn!(call = %self.id, "Meta placed a call twice; the second is ended");
        let (call, line) = (self.id, self.line.id.clone());
        self.inner.end_stray(HangUp { call, line, wacid });
    }

    /// Has Meta end the call; when it has no name yet, as soon as it has.
    pub(crate) fn terminate(&mut self) {
        match &mut self.placed {
            Some(placed) if self.wacid.is_none() => placed.farewell_waits = true,
            Some(_) | None => self.ask_meta(Verb::Terminate),
        }
    }

    /// What is remembered of the steps of a call that we place.
    pub(crate) fn follow_dialling(&mut self, event: &call::Event) {
        let Some(placed) = &mut self.placed else { return };
        if *event == (call::Event::ContactRings {}) {
            placed.rang = true;
        } else if *event == (call::Event::Accepted {}) {
            let now = Instant::now();
            self.ring_ended = Some(now);
            self.timing = ClaimTiming { arrived: Some(now), ..ClaimTiming::default() };
        }
    }

    /// What the call means for the contact's permission; `None` for nothing.
    pub(crate) fn outcome_for_permit(&self, cause: Cause) -> Option<CallOutcome> {
        if self.call.accepted_at().is_some() {
            return Some(CallOutcome::Connected);
        }
        let placed = self.placed.as_ref()?;
        if cause == Cause::NotPermitted {
            return Some(CallOutcome::NotPermitted);
        }
        // A phone that rang for nothing counts with WhatsApp, whyever it stopped.
        let counts = placed.rang || matches!(cause, Cause::NoAnswer | Cause::ContactDeclined);
        counts.then_some(CallOutcome::NotAnswered)
    }

    pub(crate) async fn ring_back(&self, target: &Target, on: bool) {
        let leg = self.inner.board.lock().agent_leg(target.device);
        if let Some(leg) = leg {
            let ringing = || self.inner.house.sounds.source(&self.line.id, call::Sound::Ringback);
            let source = if on { ringing() } else { Source::Nothing };
            self.inner.doors.plane.play(leg, source).await;
        }
    }
}
