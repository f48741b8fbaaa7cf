//! What Meta is asked, beside the call's task; the outcome comes back as an input.

use std::sync::Arc;
use std::time::Duration;

use call::{Input, Outcome};
use model::{CallId, LineId, Wacid};
use whatsapp::{Code, GraphError, Terminate};

use crate::line_health::PROBE_EVERY;
use crate::owner::{Message, Owner};
use crate::switchboard::Inner;

/// Pauses before Meta is asked once more to end a call, when it did not answer: a minute in all.
/// After that its own rule ends a call without media.
const TERMINATE_AGAIN_AFTER: [Duration; 4] = [
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(25),
];

/// How long a hang-up that Meta did not answer is kept. It outlives every outage in which somebody
/// still waits for it: Meta ends a call without sound by itself within a minute.
pub(crate) const HANG_UP_KEPT_FOR: Duration = Duration::from_secs(60 * 60);

#[derive(Clone, Copy)]
pub(crate) enum Verb {
    PreAccept,
    Accept,
    Reject,
    Terminate,
}

impl Owner {
    /// Sends a verb to Meta.
    pub(crate) fn ask_meta(&self, verb: Verb) {
        let graph = self.inner.doors.graph.clone();
        let Some(wacid) = self.wacid.clone() else { return };
        let (line, id) = (self.line.id.clone(), self.id);
        let (answer, mailbox) = (self.answer.clone(), self.mailbox.clone());
        let inner = self.inner.clone();
        self.inner.tasks.spawn(async move {
            let result = match (verb, &answer) {
                (Verb::PreAccept, Some(sdp)) => graph.pre_accept(&line, &wacid, sdp).await,
                (Verb::Accept, Some(sdp)) => graph.accept(&line, &wacid, sdp).await,
                (Verb::Reject, _) => graph.reject(&line, &wacid).await,
                (Verb::Terminate, _) => graph.terminate(&line, &wacid).await,
                // Without an answer the call has been ended already.
                (Verb::PreAccept | Verb::Accept, None) => return,
            };
            inner.note_outcome(&line, &result);
            let outcome = outcome_of(&result);
            if let Err(error) = &result {
                tracing::warn!(call = %id, %error, verb = verb.word(), "Meta did not do as asked");
            }
            let input = match verb {
                Verb::PreAccept => Input::PreAcceptAnswered(outcome),
                Verb::Accept => Input::AcceptAnswered(outcome),
                Verb::Reject | Verb::Terminate => Input::FarewellAnswered {
                    confirmed: result.as_ref().err().is_none_or(GraphError::is_already_done),
                },
            };
            let hang_up = HangUp { call: id, line, wacid };
            let is_open = matches!(verb, Verb::Terminate) && !inner.is_settled(&hang_up, &result);
            if is_open {
                // Before the news: the call's books must not be closed without it.
                inner.books.keep_hang_up(id);
            }
            let too_late = mailbox.send(Message::Input(input)).await.is_err();
            match verb {
                // An accept that worked after the call had ended is undone.
                Verb::Accept if too_late && outcome != Outcome::Refused => {
                    inner.books.keep_hang_up(id);
                    inner.see_to_the_end(&hang_up, true).await;
                }
                Verb::Terminate if is_open => inner.see_to_the_end(&hang_up, false).await,
                // The books were closed before Meta answered.
                Verb::Terminate if too_late => inner.books.forget_hang_up(id),
                Verb::PreAccept | Verb::Accept | Verb::Reject | Verb::Terminate => {}
            }
        });
    }
}

/// A call that is over here, and perhaps not at Meta.
#[derive(Clone, Debug)]
pub(crate) struct HangUp {
    pub(crate) call: CallId,
    pub(crate) line: LineId,
    pub(crate) wacid: Wacid,
}

impl Inner {
    /// Terminates until Meta answers, whatever it answers, but no longer than it matters. While
    /// Meta does not serve the whole line, the hang-up waits. It is kept in the store meanwhile.
    pub(crate) async fn see_to_the_end(self: &Arc<Self>, hang_up: &HangUp, at_once: bool) {
        let insisting = async {
            if at_once && self.tell_meta(hang_up).await {
                return;
            }
            for pause in TERMINATE_AGAIN_AFTER {
                tokio::time::sleep(pause).await;
                if self.tell_meta(hang_up).await {
                    return;
                }
            }
            loop {
                while self.outage_of(&hang_up.line).is_some() {
                    tokio::time::sleep(PROBE_EVERY).await;
                }
                if self.tell_meta(hang_up).await || self.outage_of(&hang_up.line).is_none() {
                    return;
                }
            }
        };
        if tokio::time::timeout(HANG_UP_KEPT_FOR, insisting).await.is_err() {
            tracing::warn!(call = %hang_up.call, "Meta was never told of a call's end; it ends calls without sound by itself");
        }
        self.books.forget_hang_up(hang_up.call);
    }

    /// Asks Meta to end a call; true when that is settled.
    async fn tell_meta(self: &Arc<Self>, hang_up: &HangUp) -> bool {
        let result = self.doors.graph.terminate(&hang_up.line, &hang_up.wacid).await;
        self.note_outcome(&hang_up.line, &result);
        self.is_settled(hang_up, &result)
    }

    /// Whether Meta has answered for this call, and not for a line that it does not serve at all.
    fn is_settled(&self, hang_up: &HangUp, result: &Result<(), GraphError>) -> bool {
        match outcome_of(result) {
            Outcome::Done => true,
            Outcome::Unclear => false,
            Outcome::Refused => self.outage_of(&hang_up.line).is_none(),
        }
    }
}

/// A connection that did not come about leaves as much open as a lost answer does: the same
/// verb, tried later, may still succeed.
fn outcome_of(result: &Result<(), GraphError>) -> Outcome {
    match result {
        Ok(()) => Outcome::Done,
        Err(GraphError::Ambiguous { .. } | GraphError::Unreachable { .. }) => Outcome::Unclear,
        Err(GraphError::Refused { .. } | GraphError::Setup { .. }) => Outcome::Refused,
    }
}

/// Whether Meta names the media path as the reason why a call is over.
pub(crate) fn media_failed(terminate: &Terminate) -> bool {
    terminate.errors.iter().any(|error| {
        matches!(
            error.kind(),
            Code::PhoneSetupFailed
                | Code::PhoneNoRelay
                | Code::PhoneReceivedNoMedia
                | Code::PhoneSentNoMedia
                | Code::NoMediaSignal
        )
    })
}

impl Verb {
    const fn word(self) -> &'static str {
        match self {
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Terminate => "terminate",
        }
    }
}
