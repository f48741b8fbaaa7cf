//! The gate for calls that we place: whether a contact may be called at all.

use model::{DialBlocker, DialRefusal};

/// What is known when an agent dials.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The house takes no new calls.
    pub draining: bool,
    /// Meta does not answer for the line.
    pub line_down: bool,
    /// Meta does not take the access token.
    pub needs_auth: bool,
    /// The exact balance reaches the workspace's minimum.
    pub balance_open: bool,
    /// Calls that are live now.
    pub live_calls: usize,
    /// The most calls that may be live.
    pub live_calls_max: usize,
    /// A call with this contact is live.
    pub call_running: bool,
    /// The agent insists where that is theirs to decide.
    pub force: bool,
}

/// Lets a call out, or names the first rule that is in the way.
///
/// # Errors
/// The rule, with the moment from which on it may be different.
pub fn may_dial(outgoing: &Outgoing) -> Result<(), DialRefusal> {
    let rules = [
        (outgoing.draining, DialBlocker::ShutDown),
        (outgoing.line_down, DialBlocker::LineDown),
        (outgoing.needs_auth, DialBlocker::NeedsAuth),
        (!outgoing.balance_open, DialBlocker::Balance),
        (outgoing.live_calls >= outgoing.live_calls_max, DialBlocker::AtCapacity),
        (outgoing.call_running, DialBlocker::CallRunning),
    ];
    match rules.into_iter().find(|(blocks, _)| *blocks) {
        Some((_, blocker)) => Err(DialRefusal::of(blocker)),
        None => Ok(()),
    }
}
