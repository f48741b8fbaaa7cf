//! What Meta is asked, beside the call's task; the outcome comes back as an input.

use std::sync::Arc;
use std::time::Duration;

use call::{Input, Outcome};
use model::{LineId, Wacid};
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

#[derive(Clone, Copy)]
pub(crate) enum Verb {
    PreAccept,
    Accept,
    Reject,
    Terminate,
    /// Of a call that Meta turned out to have placed although it was given up here.
    TerminateStray,
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
                (Verb::Terminate | Verb::TerminateStray, _) => graph.terminate(&line, &wacid).await,
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
                Verb::Reject | Verb::Terminate | Verb::TerminateStray => Input::FarewellAnswered {
                    confirmed: result.as_ref().err().is_none_or(GraphError::is_already_done),
                },
            };
            let too_late = mailbox.send(Message::Input(input)).await.is_err();
            let undone = match verb {
                // An accept that worked after the call had ended is undone.
                Verb::Accept => too_late && outcome != Outcome::Refused,
                Verb::Terminate => outcome == Outcome::Unclear,
                Verb::PreAccept | Verb::Reject | Verb::TerminateStray => false,
            };
            if undone {
                insist_on_the_end(&inner, &line, &wacid, verb).await;
            }
        });
    }
}

/// Terminates until Meta answers, whatever it answers. While Meta does not answer for the whole
/// line, the intent is kept.
pub(crate) async fn insist_on_the_end(
    inner: &Arc<Inner>,
    line: &LineId,
    wacid: &Wacid,
    after: Verb,
) {
    let ask = async || {
        let result = inner.doors.graph.terminate(line, wacid).await;
        inner.note_outcome(line, &result);
        is_answered(&result)
    };
    if matches!(after, Verb::Accept | Verb::TerminateStray) && ask().await {
        return;
    }
    for pause in TERMINATE_AGAIN_AFTER {
        tokio::time::sleep(pause).await;
        if ask().await {
            return;
        }
    }
    while inner.outage_of(line).is_some() {
        tokio::time::sleep(PROBE_EVERY).await;
    }
    ask().await;
}

fn is_answered(result: &Result<(), GraphError>) -> bool {
    outcome_of(result) != Outcome::Unclear
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
            Self::Terminate | Self::TerminateStray => "terminate",
        }
    }
}
