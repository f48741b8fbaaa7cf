//! Whether Meta works for a line, told from what came of the requests. Pure: no clock, no network.

use crate::graph::GraphError;

/// Verbs in a row without an answer until a line counts as down. Each has been tried up to three
/// times by then, so a lost packet or one bad front end at Meta does not close a line.
const UNANSWERED_MAX: u32 = 3;

/// Why calls of a line cannot be answered at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    /// Meta does not answer, or with server errors only.
    Down,
    /// Meta does not take the access token.
    NeedsAuth,
}

/// What one more outcome changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing.
    Nothing,
    /// The line cannot be used from now on, for this reason.
    Began(Outage),
    /// The line can be used again.
    Over(Outage),
}

/// What is known about one line.
#[derive(Debug, Default)]
pub struct LineHealth {
    unanswered: u32,
    outage: Option<Outage>,
}

impl LineHealth {
    /// Why calls of the line cannot be answered; `None` when they can.
    pub const fn outage(&self) -> Option<Outage> {
        self.outage
    }

    /// Notes what came of a verb. Any answer of Meta that does not blame the token shows that the
    /// line works, a refusal too.
    pub fn note<T>(&mut self, result: &Result<T, GraphError>) -> Change {
        let found = match result {
            Ok(_) => None,
            Err(error) if error.needs_auth() => Some(Outage::NeedsAuth),
            Err(GraphError::Refused { .. }) => None,
            Err(GraphError::Ambiguous { .. } | GraphError::Unreachable { .. }) => {
                self.unanswered = self.unanswered.saturating_add(1);
                if self.unanswered < UNANSWERED_MAX || self.outage.is_some() {
                    return Change::Nothing;
                }
                Some(Outage::Down)
            }
            // It says nothing about Meta.
            Err(GraphError::Setup { .. }) => return Change::Nothing,
        };
        if found != Some(Outage::Down) {
            self.unanswered = 0;
        }
        let before = std::mem::replace(&mut self.outage, found);
        match (before, found) {
            (Some(over), None) => Change::Over(over),
            (_, Some(outage)) if before != found => Change::Began(outage),
            (None, None) | (_, Some(_)) => Change::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, code: i64) -> Result<(), GraphError> {
        Err(GraphError::Refused {
            status,
            code: code.into(),
            message: String::new(),
            details: None,
            retry_after: None,
        })
    }

    fn lost() -> Result<(), GraphError> {
        Err(GraphError::Ambiguous { what: "HTTP 500".to_owned() })
    }

    #[test]
    fn c7_three_unanswered_verbs_in_a_row_close_a_line_and_any_answer_opens_it() {
        let unreachable: Result<(), _> =
            Err(GraphError::Unreachable { what: "no connection".to_owned() });
        for answer in [Ok(()), refused(400, 100), refused(429, 138_002)] {
            let mut line = LineHealth::default();
            assert_eq!(line.note(&lost()), Change::Nothing);
            assert_eq!(line.note(&unreachable), Change::Nothing);
            // In a row: an answer between them begins anew.
            assert_eq!(line.note(&answer), Change::Nothing);
            assert_eq!(line.note(&lost()), Change::Nothing);
            assert_eq!(line.note(&lost()), Change::Nothing);
            assert_eq!(line.outage(), None);
            assert_eq!(line.note(&lost()), Change::Began(Outage::Down));
            assert_eq!(line.note(&lost()), Change::Nothing, "told once");
            assert_eq!(line.outage(), Some(Outage::Down));
            assert_eq!(line.note(&answer), Change::Over(Outage::Down));
            assert_eq!(line.outage(), None);
            assert_eq!(line.note(&lost()), Change::Nothing, "counted from nothing again");
        }
    }

    #[test]
    fn c8_one_refused_token_marks_the_line_until_meta_takes_one() {
        for refusal in [refused(401, 190), refused(401, -1), refused(403, 10), refused(403, 200)] {
            let mut line = LineHealth::default();
            assert_eq!(line.note(&refusal), Change::Began(Outage::NeedsAuth));
            assert_eq!(line.note(&refusal), Change::Nothing);
            for _ in 0..5 {
                assert_eq!(line.note(&lost()), Change::Nothing, "silence mends no token");
            }
            assert_eq!(line.outage(), Some(Outage::NeedsAuth));
            assert_eq!(line.note(&refused(400, 100)), Change::Over(Outage::NeedsAuth));
        }
        // Meta refuses many other things with 401.
        let mut line = LineHealth::default();
        assert_eq!(line.note(&refused(401, 138_000)), Change::Nothing);
    }

    #[test]
    fn a_line_that_comes_back_without_a_good_token_is_told_so() {
        let mut line = LineHealth::default();
        for _ in 0..3 {
            line.note(&lost());
        }
        assert_eq!(line.note(&refused(401, 190)), Change::Began(Outage::NeedsAuth));
    }
}
