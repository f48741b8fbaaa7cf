//! The meter of one priced call: slices of paid time, warnings before the last one ends, and the
//! end. A pure value: it is told what happened and when, and says what is to be done.
//!
//! The cut-off needs nothing but the clock that `now` is read from. Whoever drives the meter may
//! lose the database, and no second is talked beyond what was granted.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::Pulses;

/// What happens when the ledger does not answer in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Unreachable {
    /// Go on until the granted time is over, asking again meanwhile.
    #[default]
    ContinueToGrantEnd,
    /// End the call.
    Terminate,
    /// Go on for this long beyond the granted time, at nobody's cost.
    ContinueUnbilled(Duration),
}

/// The times of a meter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MeterRules {
    /// The next slice is asked for when this much is left.
    pub renew_at: Duration,
    /// How long an answer may take until the ledger counts as unreachable (RFC 8506's Tx timer).
    pub answer_within: Duration,
    /// How long after a failure, and how often in the last slice, it is asked again.
    pub ask_again_after: Duration,
    /// What happens when the ledger is unreachable.
    pub unreachable: Unreachable,
}

impl Default for MeterRules {
    fn default() -> Self {
        Self {
            renew_at: Duration::from_secs(20),
            answer_within: Duration::from_secs(10),
            ask_again_after: Duration::from_secs(2),
            unreachable: Unreachable::default(),
        }
    }
}

/// The agent hears of the end when this much is left of the last slice.
const WARNINGS: [Duration; 3] =
    [Duration::from_secs(60), Duration::from_secs(30), Duration::from_secs(10)];
/// The end begins so much before zero, so that stopping the sound does not begin another pulse.
const CUT_EARLY: Duration = Duration::from_millis(150);

/// A granted slice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// How long it pays for.
    pub pulses: Pulses,
    /// Nothing is left for another one.
    pub is_last: bool,
}

/// What a meter is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeterInput {
    /// The other side picked up: time runs.
    Answered,
    /// The ledger granted the slice that was asked for.
    Granted {
        /// Its number.
        slice: u32,
        /// What was granted.
        granted: Slice,
    },
    /// The balance does not cover another pulse.
    Refused {
        /// The number of the slice.
        slice: u32,
    },
    /// The ledger could not be asked.
    Failed {
        /// The number of the slice.
        slice: u32,
    },
    /// The balance may have grown.
    BalanceRose,
    /// The machine was asleep for so long while its clock stood still.
    Slept(Duration),
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MeterOutput {
    /// Ask the ledger for a slice.
    Ask {
        /// Its number.
        slice: u32,
    },
    /// Tell the agent that only so much is left.
    Warn {
        /// The time that is left.
        left: Duration,
    },
    /// The warnings are void.
    Lifted,
    /// The ledger is unreachable, and the policy takes effect.
    LedgerUnreachable,
    /// End the call.
    CutOff,
}

/// The meter of one call.
#[derive(Clone, Debug)]
pub struct Meter {
    rules: MeterRules,
    answered: Option<Instant>,
    slept: Duration,
    granted: Duration,
    unbilled: Duration,
    slices: u32,
    /// Since when an answer is waited for.
    asked: Option<Instant>,
    /// When it is asked again after a failure or refusal.
    ask_again: Option<Instant>,
    failing_since: Option<Instant>,
    is_last: bool,
    /// How many of [`WARNINGS`] were given or passed.
    warned: usize,
    was_told: bool,
    is_cut: bool,
    outputs: VecDeque<MeterOutput>,
}

impl Meter {
    /// A meter for a call whose slice 0 was granted before it was dialled.
    pub fn new(rules: MeterRules, first: Slice) -> Self {
        Self {
            rules,
            answered: None,
            slept: Duration::ZERO,
            granted: first.pulses.time(),
            unbilled: Duration::ZERO,
            slices: 1,
            asked: None,
            ask_again: None,
            failing_since: None,
            is_last: first.is_last,
            warned: 0,
            was_told: false,
            is_cut: false,
            outputs: VecDeque::new(),
        }
    }

    /// The time that is left, unbilled time included; everything before the call is answered.
    pub fn left(&self, now: Instant) -> Duration {
        (self.granted + self.unbilled).saturating_sub(self.talked(now))
    }

    /// The time that was talked, a sleep of the machine included.
    pub fn talked(&self, now: Instant) -> Duration {
        let since = self.answered.map(|answered| now.saturating_duration_since(answered));
        since.map_or(Duration::ZERO, |since| since + self.slept)
    }

    /// The time that was granted.
    pub const fn granted(&self) -> Duration {
        self.granted
    }

    /// How many slices were granted.
    pub const fn slices(&self) -> u32 {
        self.slices
    }

    /// What is to be done next.
    pub fn poll_output(&mut self) -> Option<MeterOutput> {
        self.outputs.pop_front()
    }

    /// When [`Meter::handle_timeout`] wants to be called; `None` before the answer and after the end.
    pub fn poll_timeout(&self) -> Option<Instant> {
        let answered = self.answered.filter(|_| !self.is_cut)?;
        let end = self.granted + self.unbilled;
        let at = |left: Duration| answered + end.saturating_sub(self.slept + left);
        let mut due = at(CUT_EARLY);
        if let Some(warning) = WARNINGS.get(self.warned).filter(|_| self.is_last) {
            due = due.min(at(*warning));
        }
        match (self.asked, self.ask_again) {
            (Some(asked), _) if self.failing_since.is_none() => {
                due = due.min(asked + self.rules.answer_within);
            }
            (Some(_), _) => {}
            (None, Some(again)) => due = due.min(again),
            (None, None) => due = due.min(at(self.rules.renew_at)),
        }
        Some(due)
    }

    /// Tells it that something happened.
    pub fn handle(&mut self, input: MeterInput, now: Instant) {
        if self.is_cut {
            return;
        }
        match input {
            MeterInput::Answered => {
                self.answered.get_or_insert(now);
            }
            MeterInput::Granted { slice, granted } if self.awaits(slice) => {
                self.asked = None;
                self.failing_since = None;
                self.ask_again = None;
                self.slices += 1;
                self.granted += granted.pulses.time();
                self.unbilled = Duration::ZERO;
                self.is_last = granted.is_last;
                self.reconsider_warnings(now);
            }
            MeterInput::Refused { slice } if self.awaits(slice) => {
                self.asked = None;
                self.failing_since = None;
                self.ask_again = Some(now + self.rules.ask_again_after);
                self.is_last = true;
            }
            MeterInput::Failed { slice } if self.awaits(slice) => {
                let asked = self.asked.take();
                self.ask_again = Some(now + self.rules.ask_again_after);
                self.ledger_failed(asked.unwrap_or(now));
            }
            // Late answers of slices that are had already, or were not asked for.
            MeterInput::Granted { .. } | MeterInput::Refused { .. } | MeterInput::Failed { .. } => {
            }
            MeterInput::BalanceRose => {
                if self.is_last && self.asked.is_none() {
                    self.ask(now);
                }
            }
            MeterInput::Slept(slept) => {
                if self.answered.is_some() {
                    self.slept += slept;
                }
            }
        }
        self.handle_timeout(now);
    }

    /// Tells it that time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.is_cut || self.answered.is_none() {
            return;
        }
        let unanswered = self.failing_since.is_none()
            && self.asked.is_some_and(|asked| now >= asked + self.rules.answer_within);
        if unanswered {
            self.ledger_failed(now);
        }
        if self.is_cut {
            return;
        }
        let left = self.left(now);
        if left <= CUT_EARLY {
            self.cut();
            return;
        }
        if self.asked.is_none() && self.wants_slice(left, now) {
            self.ask(now);
        }
        self.warn(left);
    }

    fn wants_slice(&self, left: Duration, now: Instant) -> bool {
        match self.ask_again {
            Some(again) => now >= again,
            None => left <= self.rules.renew_at,
        }
    }

    fn ask(&mut self, now: Instant) {
        self.asked = Some(now);
        self.ask_again = None;
        self.outputs.push_back(MeterOutput::Ask { slice: self.slices });
    }

    /// Whether the answer is to the question that is open, or to one that failed meanwhile.
    const fn awaits(&self, slice: u32) -> bool {
        slice == self.slices && (self.asked.is_some() || self.ask_again.is_some())
    }

    fn ledger_failed(&mut self, since: Instant) {
        if self.failing_since.is_some() {
            return;
        }
        self.failing_since = Some(since);
        self.outputs.push_back(MeterOutput::LedgerUnreachable);
        match self.rules.unreachable {
            Unreachable::ContinueToGrantEnd => self.is_last = true,
            Unreachable::Terminate => self.cut(),
            Unreachable::ContinueUnbilled(extra) => {
                self.is_last = true;
                self.unbilled = extra;
            }
        }
    }

    fn cut(&mut self) {
        self.is_cut = true;
        self.outputs.push_back(MeterOutput::CutOff);
    }

    fn warn(&mut self, left: Duration) {
        if !self.is_last {
            return;
        }
        let passed = WARNINGS.iter().filter(|warning| left <= **warning).count();
        if passed > self.warned {
            // Several at once are one warning: the agent needs the time, not the history.
            self.warned = passed;
            self.was_told = true;
            self.outputs.push_back(MeterOutput::Warn { left });
        }
    }

    fn reconsider_warnings(&mut self, now: Instant) {
        let left = self.left(now);
        self.warned = WARNINGS.iter().filter(|warning| left <= **warning).count().min(self.warned);
        if self.was_told && (!self.is_last || left > WARNINGS[0]) {
            self.was_told = false;
            self.warned = 0;
            self.outputs.push_back(MeterOutput::Lifted);
        }
    }
}
