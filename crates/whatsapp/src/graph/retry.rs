//! When to try again, for how long, and what several attempts together mean.

use std::time::Duration;

use model::LineId;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::attempt::attempt;
use super::error::GraphError;
use super::{Graph, Request};

/// Attempts per verb, the first included. Three ride out a lost packet and a restarting front
/// end; more would be a storm when Meta is down (five requests per call are the ceiling).
const ATTEMPTS_MAX: u32 = 3;

/// Pause before the second attempt; it doubles for each further one.
const PAUSE_BASE: Duration = Duration::from_millis(250);

/// Time for all attempts of a verb that races against a ringing phone: the answer window is 30 s
/// at worst, and an agent should hear within 8 s that the call is not theirs.
const TOTAL: Duration = Duration::from_secs(6);

/// Time for all attempts of a hang-up: nobody waits for it, and it stops the user's bill and
/// clears their screen.
const TOTAL_TERMINATE: Duration = Duration::from_secs(10);

/// An attempt with less time left than this is not worth starting.
const ATTEMPT_TIME_MIN: Duration = Duration::from_millis(250);

/// What is asked of Meta.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    PreAccept,
    Accept,
    Reject,
    Terminate,
    /// Call a contact.
    Connect,
    /// Ask what a contact permits.
    Permissions,
    /// Send a message.
    Message,
}

impl Verb {
    const fn name(self) -> &'static str {
        match self {
            Self::PreAccept => "pre_accept",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Terminate => "terminate",
            Self::Connect => "connect",
            Self::Permissions => "call_permissions",
            Self::Message => "message",
        }
    }

    const fn total(self) -> Duration {
        match self {
            Self::PreAccept
            | Self::Accept
            | Self::Reject
            | Self::Connect
            | Self::Permissions
            | Self::Message => TOTAL,
            Self::Terminate => TOTAL_TERMINATE,
        }
    }

    const fn ends_the_call(self) -> bool {
        match self {
            Self::Reject | Self::Terminate => true,
            Self::PreAccept | Self::Accept | Self::Connect | Self::Permissions | Self::Message => {
                false
            }
        }
    }

    /// Whether doing it twice is the same as doing it once. Two calls would ring one phone, and two
    /// messages would ask one person.
    const fn bears_repeating(self) -> bool {
        match self {
            Self::Connect | Self::Message => false,
            Self::PreAccept | Self::Accept | Self::Reject | Self::Terminate | Self::Permissions => {
                true
            }
        }
    }
}

impl Graph {
    /// Sends the same request until the outcome is known, or attempts or time run out. `find` reads
    /// the answer.
    pub(super) async fn send<T>(
        &self,
        line: &LineId,
        verb: Verb,
        (url, token, body): Request,
        find: impl Fn(&Value) -> Option<T>,
    ) -> Result<T, GraphError> {
        let deadline = Instant::now() + verb.total();
        let mut maybe_happened = false;
        let mut number = 1;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = self.inner.timeout.min(left);
            let (url, bearer) = (url.clone(), token.bearer.clone());
            let (http, clock) = (&self.inner.http, &self.inner.clock);
            let sent = attempt(http, url, bearer, body.clone(), timeout, clock, &find).await;
            let error = match sent {
                Ok(found) => {
                    tracing::debug!(%line, verb = verb.name(), number, "Meta did as asked");
                    return Ok(found);
                }
                Err(error) => error,
            };
            tracing::debug!(%line, verb = verb.name(), number, %error, "attempt failed");
            let left = deadline.saturating_duration_since(Instant::now());
            let once_only = error.is_ambiguous() && !verb.bears_repeating();
            let pause = pause_before_next(&error, number, left).filter(|_| !once_only);
            let Some(pause) = pause else {
                return settle(verb, error, maybe_happened, &find);
            };
            maybe_happened |= error.is_ambiguous();
            number += 1;
            sleep(pause).await;
        }
    }
}

/// How long to wait before trying again; `None` when there is to be no other attempt.
fn pause_before_next(error: &GraphError, number: u32, left: Duration) -> Option<Duration> {
    if number >= ATTEMPTS_MAX {
        return None;
    }
    let pause = match error {
        // What surely did not arrive is at least as safe to repeat as what may have.
        GraphError::Ambiguous { .. } | GraphError::Unreachable { .. } => {
            (PAUSE_BASE * 2u32.pow(number - 1)).mul_f64(rand::random_range(0.8..1.2))
        }
        GraphError::Refused { status: 429, retry_after: Some(asked), .. } => *asked,
        GraphError::Refused { .. } | GraphError::Setup { .. } => return None,
    };
    (pause + ATTEMPT_TIME_MIN <= left).then_some(pause)
}

/// The outcome of all attempts. Once an attempt may have happened, only a refusal that has nothing
/// to do with the call's state shows that it did not.
fn settle<T>(
    verb: Verb,
    last: GraphError,
    maybe_happened: bool,
    find: impl Fn(&Value) -> Option<T>,
) -> Result<T, GraphError> {
    if !maybe_happened {
        return Err(last);
    }
    if verb.ends_the_call()
        && last.is_already_done()
        && let Some(done) = find(&serde_json::json!({ "success": true }))
    {
        return Ok(done);
    }
    match &last {
        GraphError::Refused { code, .. } if !code.rules_out_delivery() => {
            Err(GraphError::ambiguous(format!(
                "no answer at first, then a refusal with code {}",
                code.number()
            )))
        }
        GraphError::Unreachable { what } => {
            Err(GraphError::ambiguous(format!("no answer at first, then {what}")))
        }
        GraphError::Refused { .. } | GraphError::Ambiguous { .. } | GraphError::Setup { .. } => {
            Err(last)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stop_with_attempts_and_time() {
        let lost = GraphError::ambiguous("time-out");
        let long = Duration::from_secs(60);
        for _ in 0..100 {
            let first = pause_before_next(&lost, 1, long).unwrap();
            let second = pause_before_next(&lost, 2, long).unwrap();
            assert!((200..=300).contains(&first.as_millis()), "{first:?}");
            assert!((400..=600).contains(&second.as_millis()), "{second:?}");
        }
        assert_eq!(pause_before_next(&lost, ATTEMPTS_MAX, long), None);
        assert_eq!(pause_before_next(&lost, 1, Duration::from_millis(300)), None);
    }

    #[test]
    fn a_throttle_is_obeyed_only_when_there_is_time_for_it() {
        let throttled = |seconds: Option<u64>| GraphError::Refused {
            status: 429,
            code: 138_002.into(),
            message: String::new(),
            details: None,
            retry_after: seconds.map(Duration::from_secs),
        };
        assert_eq!(pause_before_next(&throttled(Some(2)), 1, TOTAL), Some(Duration::from_secs(2)));
        assert_eq!(pause_before_next(&throttled(Some(60)), 1, TOTAL), None);
        assert_eq!(pause_before_next(&throttled(None), 1, TOTAL), None);
    }
}
