//! One simulated call: what the phone shows, and what happened when.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use model::Wacid;
use parking_lot::Mutex;
use tokio::sync::watch;

use super::record::{EndCause, Log, PhoneState, SimEnd, ViolationKind};
use super::webhook;
use super::world::World;
use super::{Answers, CallPlan};
use crate::SimError;
use crate::listen::Heard;
use crate::peer::Peer;

/// A call has a dozen events; a hundred times that is a loop.
const TIMELINE_MAX: usize = 1_000;

/// A call and its phone.
pub(crate) struct Call {
    pub(crate) wacid: Wacid,
    /// A name that does not reveal the number.
    pub(crate) short: String,
    pub(crate) plan: CallPlan,
    pub(crate) display_phone_number: String,
    /// Meta's description, as it is sent: an offer, or the answer to the business's.
    pub(crate) description: String,
    pub(crate) peer: Peer,
    /// When the phone started to call.
    pub(crate) started: Instant,
    /// When ringing ends.
    pub(crate) ring_until: Instant,
    /// What the phone does with a call that a business placed.
    pub(crate) answers: Option<Answers>,
    /// Graph actions on a call are carried out one after the other.
    pub(crate) acting: tokio::sync::Mutex<()>,
    /// The phone sends nothing at all, as some do when their user mutes.
    pub(crate) hushed: AtomicBool,
    state: watch::Sender<PhoneState>,
    notes: Mutex<Notes>,
}

struct Notes {
    timeline: Log<(Instant, String)>,
    violated: BTreeSet<ViolationKind>,
    answer: Option<String>,
    accepted: Option<Accepted>,
    opaque: Option<String>,
}

#[derive(Clone, Copy)]
struct Accepted {
    at: Instant,
    wall: SystemTime,
}

/// What a call is made of.
pub(crate) struct Beginning {
    pub(crate) wacid: Wacid,
    pub(crate) short: String,
    pub(crate) plan: CallPlan,
    pub(crate) display_phone_number: String,
    pub(crate) description: String,
    pub(crate) peer: Peer,
    pub(crate) rings_for: Duration,
    /// A business placed the call, and its user does so.
    pub(crate) answers: Option<Answers>,
    /// What the business gave Meta to be given back.
    pub(crate) opaque: Option<String>,
}

impl Call {
    /// A call that begins now.
    pub(crate) fn begin(beginning: Beginning) -> Arc<Self> {
        let started = Instant::now();
        let call = Self {
            wacid: beginning.wacid,
            short: beginning.short,
            plan: beginning.plan,
            display_phone_number: beginning.display_phone_number,
            description: beginning.description,
            answers: beginning.answers,
            peer: beginning.peer,
            started,
            ring_until: started + beginning.rings_for,
            acting: tokio::sync::Mutex::new(()),
            hushed: AtomicBool::new(false),
            state: watch::Sender::new(PhoneState::Calling),
            notes: Mutex::new(Notes {
                timeline: Log::new(TIMELINE_MAX),
                violated: BTreeSet::new(),
                answer: None,
                accepted: None,
                opaque: beginning.opaque,
            }),
        };
        call.note("calling");
        Arc::new(call)
    }

    /// A business placed it.
    pub(crate) const fn is_placed(&self) -> bool {
        self.answers.is_some()
    }

    /// What is given back to the business.
    pub(crate) fn opaque(&self) -> Option<String> {
        let hidden = self.answers.as_ref().is_some_and(|answers| answers.without_opaque);
        self.notes.lock().opaque.clone().filter(|_| !hidden)
    }

    pub(crate) fn state(&self) -> PhoneState {
        *self.state.borrow()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<PhoneState> {
        self.state.subscribe()
    }

    pub(crate) fn ended(&self) -> Option<SimEnd> {
        self.state().end()
    }

    /// Adds to the timeline.
    pub(crate) fn note(&self, what: impl Into<String>) {
        let what = what.into();
        tracing::debug!(call = %self.short, %what, "simulated call");
        self.notes.lock().timeline.push((Instant::now(), what));
    }

    pub(crate) fn timeline(&self) -> Vec<(Instant, String)> {
        self.notes.lock().timeline.to_vec()
    }

    /// Whether this kind of violation is new on this call.
    pub(crate) fn is_first(&self, kind: ViolationKind) -> bool {
        self.notes.lock().violated.insert(kind)
    }

    pub(crate) fn violated(&self) -> Vec<ViolationKind> {
        self.notes.lock().violated.iter().copied().collect()
    }

    /// The answer of `pre_accept` or `accept`.
    pub(crate) fn answer(&self) -> Option<String> {
        self.notes.lock().answer.clone()
    }

    pub(crate) fn set_answer(&self, sdp: &str) {
        self.notes.lock().answer = Some(sdp.to_owned());
    }

    pub(crate) fn accepted_at(&self) -> Option<Instant> {
        self.notes.lock().accepted.map(|accepted| accepted.at)
    }

    /// `pre_accept` was carried out. False when the call is past that.
    pub(crate) fn ring(&self) -> bool {
        let rings = self.state.send_if_modified(|state| {
            let calling = *state == PhoneState::Calling;
            if calling {
                *state = PhoneState::Ringing;
            }
            calling
        });
        if rings {
            self.note("ringing");
        }
        rings
    }

    /// `accept` was carried out: sound is expected from now on. False when the call is over.
    pub(crate) fn talk(&self, opaque: Option<String>) -> bool {
        let talks = self.state.send_if_modified(|state| {
            let waits = matches!(state, PhoneState::Calling | PhoneState::Ringing);
            if waits {
                self.peer.hearing(|ear| ear.expects_sound = true);
                let mut notes = self.notes.lock();
                notes.opaque = opaque;
                notes.accepted = Some(Accepted { at: Instant::now(), wall: SystemTime::now() });
                *state = PhoneState::Talking;
            }
            waits
        });
        if talks {
            self.note("talking");
        }
        talks
    }

    /// The user picked up a business's call. False when it is over.
    pub(crate) fn talk_on(&self) -> bool {
        let opaque = self.notes.lock().opaque.clone();
        self.talk(opaque)
    }

    /// Ends the call. `None` when it was over already.
    pub(crate) fn finish(&self, cause: EndCause) -> Option<SimEnd> {
        let (status, error_code) = cause.verdict();
        let mut finished = None;
        self.state.send_if_modified(|state| {
            if state.end().is_some() {
                return false;
            }
            let end = SimEnd {
                status,
                duration_s: self.accepted_at().map(|at| at.elapsed().as_secs()),
                error_code,
            };
            *state = PhoneState::Ended(end);
            finished = Some(end);
            true
        });
        if finished.is_some() {
            self.note(format!("ended: {cause:?}"));
        }
        finished
    }

    /// The terminate webhook.
    pub(crate) fn terminate_body(&self, end: SimEnd) -> Vec<u8> {
        let talked = self.notes.lock().accepted.map(|it| it.wall);
        webhook::terminate(self, end, talked, self.opaque())
    }
}

/// A simulated user's call, as the one who scripts it holds it.
#[derive(Clone)]
pub struct SimCall {
    pub(crate) world: Arc<World>,
    pub(crate) call: Arc<Call>,
}

impl SimCall {
    /// Meta's id of the call.
    pub fn wacid(&self) -> &Wacid {
        &self.call.wacid
    }

    /// A short name for logs and the control API; does not reveal the number.
    pub fn name(&self) -> &str {
        &self.call.short
    }

    /// What the phone shows.
    pub fn state(&self) -> PhoneState {
        self.call.state()
    }

    /// Waits until the phone's state fulfils `is_it`, and gives that state.
    ///
    /// # Errors
    /// [`SimError::TimedOut`] with the timeline.
    pub async fn wait_for(
        &self,
        is_it: impl Fn(&PhoneState) -> bool,
        timeout: Duration,
    ) -> Result<PhoneState, SimError> {
        let mut states = self.call.watch();
        let reached = tokio::time::timeout(timeout, states.wait_for(&is_it)).await;
        match reached {
            Ok(Ok(state)) => Ok(*state),
            Ok(Err(_)) | Err(_) => Err(SimError::TimedOut {
                what: "a state of the phone".to_owned(),
                waited: timeout,
                last: format!("{:?}, after {}", self.state(), self.story()),
            }),
        }
    }

    /// The user hangs up, whatever the phone shows.
    pub async fn hang_up(&self) {
        // Graph actions under way are finished first, as at Meta's edge.
        let _acting = self.call.acting.lock().await;
        self.world.end(&self.call, EndCause::UserHungUp);
    }

    /// The phone stops sending sound, or sends it again.
    pub fn hush(&self, on: bool) {
        self.call.hushed.store(on, Ordering::Relaxed);
    }

    /// The user presses a key of the phone: `0` to `9`, `*`, `#`, `A` to `D`. Others do nothing.
    ///
    /// # Errors
    /// [`SimError::Media`] when the packets cannot be sent.
    pub async fn press(&self, key: char) -> Result<(), SimError> {
        const KEYS: &str = "0123456789*#ABCD";
        match KEYS.find(key).and_then(|at| u8::try_from(at).ok()) {
            Some(event) => self.call.peer.press(event).await,
            None => Ok(()),
        }
    }

    /// What the phone has heard so far.
    pub fn heard(&self) -> Heard {
        self.call.peer.heard()
    }

    /// What happened, oldest first.
    pub fn timeline(&self) -> Vec<(Instant, String)> {
        self.call.timeline()
    }

    /// How the call ended, if it did.
    pub fn ended(&self) -> Option<SimEnd> {
        self.call.ended()
    }

    fn story(&self) -> String {
        let steps: Vec<String> = self
            .timeline()
            .into_iter()
            .map(|(at, what)| {
                let since = at.saturating_duration_since(self.call.started);
                format!("{} ms {what}", since.as_millis())
            })
            .collect();
        steps.join("; ")
    }
}
