//! What a contact permits a line: calling, and being asked for it. Every moment is one of the wall
//! clock, because Meta's rules are; spans are absolute, so that no change of the clock to or from
//! summer time moves them.

use model::{DialBlocker, DialRefusal, Timestamp};
use serde::{Deserialize, Serialize};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// A day, as Meta counts it.
const DAY_MS: i64 = 24 * HOUR_MS;
/// A week, as Meta counts it.
const WEEK_MS: i64 = 7 * DAY_MS;
/// A contact who wrote or called can be written to for so long.
const WINDOW_MS: i64 = DAY_MS;
/// Requests within a day, and within a week.
const ASKED_A_DAY_MAX: usize = 1;
const ASKED_A_WEEK_MAX: usize = 2;
/// How far Meta's moments may lie behind ours: they are in whole seconds, by another clock.
const SKEW_MS: i64 = 60 * 1_000;
/// So many unanswered calls in a row make WhatsApp take the permission away.
pub const STREAK_REVOKES: u32 = 4;

/// The permission of a contact for a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum Permission {
    /// There is none.
    #[default]
    None,
    /// The contact has been asked and has not said anything.
    Requested,
    /// Until a moment; Meta may leave it out, and then it is asked each time.
    Temporary {
        /// When it ends.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// For ever.
    Permanent,
    /// It was taken back, by the contact or by WhatsApp.
    Revoked,
    /// The contact declined when asked.
    Declined,
}

/// What a contact said, or Meta said for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// They may be called.
    Granted {
        /// For ever.
        permanent: bool,
        /// When it ends, as Meta gave it.
        until: Option<Timestamp>,
    },
    /// They declined what they were asked.
    Declined,
    /// What they had permitted is over.
    Revoked,
}

/// Everything that is known about calling a contact from a line.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Permit {
    permission: Permission,
    /// Of the word of Meta's that counts.
    #[serde(default)]
    said_at: Timestamp,
    /// When the contact was asked; the last few, oldest first.
    #[serde(default)]
    asked: Vec<Timestamp>,
    #[serde(default)]
    declined_at: Option<Timestamp>,
    /// When a call was connected last, either way.
    #[serde(default)]
    connected_at: Option<Timestamp>,
    /// Calls in a row that the contact did not answer.
    #[serde(default)]
    unanswered: u32,
    /// When the contact wrote or called last.
    #[serde(default)]
    spoke_at: Option<Timestamp>,
}

/// How a contact can be asked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ask {
    /// By a message of its own, inside the customer service window.
    Freely,
    /// By a template, at any time.
    ByTemplate,
}

/// One limit of Meta's on calls with a contact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Allowance {
    /// How many calls there may be.
    pub max: u32,
    /// How many there were.
    pub used: u32,
    /// When there is room again.
    pub room_at: Option<Timestamp>,
}

impl Permit {
    /// The permission at this moment. There is no word of Meta's when one expires.
    pub fn permission(&self, now: Timestamp) -> Permission {
        match self.permission {
            Permission::Temporary { until: Some(until) } if until <= now => Permission::None,
            Permission::None
            | Permission::Requested
            | Permission::Temporary { .. }
            | Permission::Permanent
            | Permission::Revoked
            | Permission::Declined => self.permission,
        }
    }

    /// Calls in a row that the contact did not answer.
    pub const fn unanswered(&self) -> u32 {
        self.unanswered
    }

    /// Until when the contact can be written to; `None` when that is over.
    pub fn window_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.spoke_at.map(|at| at.plus_millis(WINDOW_MS)).filter(|until| *until > now)
    }

    /// Meta brings a reply. Replies come twice and in any order: only a newer one counts.
    pub fn replied(&mut self, reply: Reply, at: Timestamp, now: Timestamp) {
        // A clock of Meta's that is ahead must not make its word outlive later ones.
        let at = at.min(now);
        if at < self.said_at {
            return;
        }
        self.said_at = at;
        self.permission = match reply {
            Reply::Granted { permanent: true, .. } => Permission::Permanent,
            Reply::Granted { permanent: false, until } => Permission::Temporary { until },
            Reply::Declined => Permission::Declined,
            Reply::Revoked => Permission::Revoked,
        };
        match reply {
            // The streak that revokes begins anew with a new permission.
            Reply::Granted { .. } => self.unanswered = 0,
            Reply::Declined => self.declined_at = Some(at),
            Reply::Revoked => {}
        }
    }

    /// Meta was asked what it holds for true: that counts from now on.
    pub fn looked_up(&mut self, found: Permission, now: Timestamp) {
        let why_none = match self.permission {
            Permission::Requested | Permission::Revoked | Permission::Declined => self.permission,
            Permission::None | Permission::Temporary { .. } | Permission::Permanent => {
                Permission::None
            }
        };
        self.permission = if found == Permission::None { why_none } else { found };
        self.said_at = self.said_at.max(now.plus_millis(-SKEW_MS));
    }

    /// The contact was asked.
    pub fn was_asked(&mut self, now: Timestamp) {
        self.asked.retain(|at| at.plus_millis(WEEK_MS) > now);
        self.asked.push(now);
        let permitted = self.is_permitted(now);
        if !permitted {
            self.permission = Permission::Requested;
        }
    }

    /// The contact wrote or called.
    pub fn spoke(&mut self, at: Timestamp, now: Timestamp) {
        self.spoke_at = self.spoke_at.max(Some(at.min(now)));
    }

    /// A call was connected, whoever placed it. It opens the window, too.
    pub fn connected(&mut self, now: Timestamp) {
        self.unanswered = 0;
        self.connected_at = self.connected_at.max(Some(now));
        self.spoke(now, now);
    }

    /// The contact did not answer our call, or declined it.
    pub fn did_not_answer(&mut self) {
        self.unanswered = self.unanswered.saturating_add(1);
    }

    /// Whether there is a permission now.
    pub fn is_permitted(&self, now: Timestamp) -> bool {
        match self.permission(now) {
            Permission::Temporary { .. } | Permission::Permanent => true,
            Permission::None
            | Permission::Requested
            | Permission::Revoked
            | Permission::Declined => false,
        }
    }

    /// Whether the contact may be called, with Meta's limits as it told them last. `force` is for
    /// the call that would end the permission unless it is answered.
    ///
    /// # Errors
    /// The rule that is in the way.
    pub fn may_call(
        &self,
        limits: &[Allowance],
        force: bool,
        now: Timestamp,
    ) -> Result<(), DialRefusal> {
        if !self.is_permitted(now) {
            return Err(DialRefusal::of(DialBlocker::NoPermission));
        }
        if let Some(full) = limits.iter().find(|limit| limit.used >= limit.max) {
            let blocker = DialBlocker::CallLimit;
            return Err(DialRefusal { blocker, not_before: full.room_at });
        }
        if self.unanswered + 1 >= STREAK_REVOKES && !force {
            return Err(DialRefusal::of(DialBlocker::Streak));
        }
        Ok(())
    }

    /// Whether the contact may be asked, and how.
    ///
    /// # Errors
    /// The rule that is in the way, with the moment from which on it is not.
    pub fn may_ask(&self, template: bool, now: Timestamp) -> Result<Ask, DialRefusal> {
        if self.permission == Permission::Permanent {
            return Err(DialRefusal::of(DialBlocker::AlreadyPermitted));
        }
        if let Some(at) = self.declined_at {
            until_over(DialBlocker::DeclinedToday, at.plus_millis(DAY_MS), now)?;
        }
        // Any connected call gives the requests back.
        let counts = |at: &&Timestamp| self.connected_at.is_none_or(|connected| **at > connected);
        let asked: Vec<_> = self.asked.iter().filter(counts).copied().collect();
        if let Some(at) = nth_last(&asked, ASKED_A_DAY_MAX) {
            until_over(DialBlocker::AskedToday, at.plus_millis(DAY_MS), now)?;
        }
        if let Some(at) = nth_last(&asked, ASKED_A_WEEK_MAX) {
            until_over(DialBlocker::AskedTwice, at.plus_millis(WEEK_MS), now)?;
        }
        match (self.window_until(now), template) {
            (Some(_), _) => Ok(Ask::Freely),
            (None, true) => Ok(Ask::ByTemplate),
            (None, false) => Err(DialRefusal::of(DialBlocker::WindowClosed)),
        }
    }
}

fn until_over(blocker: DialBlocker, over: Timestamp, now: Timestamp) -> Result<(), DialRefusal> {
    if over > now { Err(DialRefusal::until(blocker, over)) } else { Ok(()) }
}

/// The one from which on there were so many.
fn nth_last(all: &[Timestamp], count: usize) -> Option<Timestamp> {
    all.len().checked_sub(count).and_then(|at| all.get(at)).copied()
}
