//! An agent calls a contact: whether that may be, and how it begins.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use call::{Allowance, Input, Outgoing, Permit, Target, is_out_of_reach, may_dial};
use ledger::Pulses;
use model::{
    Bsuid, CallId, Cause, DeviceId, DialBlocker, DialRefusal, Direction, LineId, Party, Phone,
    Timestamp,
};
use store::{LineRow, PlacedCall, StoreError};
use tokio::sync::mpsc;
use uuid::Uuid;
use wire::CallerView;

use crate::owner::Owner;
use crate::placed::Placed;
use crate::refusal::Refusal;
use crate::registry::MAILBOX_MAX;
use crate::settling::ATTEMPTS_AT_START;
use crate::switchboard::{Inner, Switchboard};
use crate::till::{NoSlice, Till};

/// A day, as Meta counts it, in milliseconds.
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Why a contact is not being called.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotDialled {
    /// The device or its agent cannot.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A rule is in the way.
    #[error(transparent)]
    Blocked(#[from] DialRefusal),
}

impl From<DialBlocker> for NotDialled {
    fn from(blocker: DialBlocker) -> Self {
        Self::Blocked(DialRefusal::of(blocker))
    }
}

impl Switchboard {
    /// The agent of this device calls a contact, from a line of the workspace. Returns once the
    /// call is stored; Meta is asked after.
    ///
    /// # Errors
    /// [`NotDialled`]: nothing has begun.
    pub async fn dial(
        &self,
        device: DeviceId,
        line: Option<LineId>,
        to: &str,
        force: bool,
    ) -> Result<CallId, NotDialled> {
        let target = Target { agent: self.agent_of(device)?, device };
        self.inner.can_dial(&target)?;
        let line = self.inner.line_to_dial_from(line).await?;
        let to = party_of(to).ok_or(DialBlocker::BadNumber)?;
        self.inner.gate_out(&line, &to, force).await?;
        self.inner.place(target, line, to).await
    }
}

impl Inner {
    /// The lines that calls can be placed from, by id.
    pub(crate) async fn lines(&self) -> Result<Vec<LineRow>, StoreError> {
        if !self.house.any_line {
            return Ok(self.house.lines.values().cloned().collect());
        }
        // Without configured lines they are those that calls have come in on.
        let mut lines = self.doors.store.lines().await?;
        lines.retain(|line| line.workspace == self.house.workspace.id);
        Ok(lines)
    }

    /// The line that is meant: the one named, or the only one there is.
    pub(crate) async fn line_to_dial_from(
        &self,
        named: Option<LineId>,
    ) -> Result<LineRow, NotDialled> {
        let lines = self.lines().await.map_err(|error| {
            tracing::error!(%error, "the lines cannot be listed");
            Refusal::internal("the lines could not be listed")
        })?;
        let is_only = lines.len() == 1;
        let mut lines = lines.into_iter();
        let found = match named {
            Some(named) => lines.find(|line| line.id == named),
            None => lines.next().filter(|_| is_only),
        };
        found.ok_or_else(|| DialBlocker::NoSuchLine.into())
    }

    /// The device and its agent can.
    fn can_dial(&self, target: &Target) -> Result<(), Refusal> {
        let board = self.board.lock();
        if board.agent_leg(target.device).is_none() || !board.roster.leg_is_up(target.device) {
            return Err(Refusal::not_ready());
        }
        if board.roster.on_call(&target.agent).is_some() {
            return Err(Refusal::on_call());
        }
        Ok(())
    }

    /// The gate: whether this contact may be called from this line, now. What costs something is
    /// reserved after, when it is known to be placed.
    async fn gate_out(
        self: &Arc<Self>,
        line: &LineRow,
        to: &Party,
        force: bool,
    ) -> Result<(), NotDialled> {
        let (permit, limits) = self.fresh_permit(&line.id, to).await?;
        let outgoing = self.outgoing(line, to, (permit, limits), force).await;
        Ok(may_dial(&outgoing)?)
    }

    /// Everything that the gate looks at.
    pub(crate) async fn outgoing(
        self: &Arc<Self>,
        line: &LineRow,
        to: &Party,
        (permit, limits): (Permit, Vec<Allowance>),
        force: bool,
    ) -> Outgoing {
        let (outage, now) = (self.outage_of(&line.id), Timestamp::now());
        let placed = self.doors.store.placed_since(&line.id, now.plus_millis(-DAY_MS)).await;
        Outgoing {
            draining: self.draining.load(Ordering::Relaxed),
            line_down: outage == Some(Cause::CarrierDown),
            needs_auth: outage == Some(Cause::NeedsAuth),
            balance_open: self.balance().await.is_some_and(|balance| !balance.top_up_required),
            live_calls: self.calls.everywhere(),
            live_calls_max: self.house.live_calls_max,
            call_running: self.is_talking_with(to),
            out_of_reach: is_out_of_reach(to),
            // A database that does not answer keeps nothing else from Meta's own count.
            placed_today: placed.unwrap_or_default(),
            permit,
            limits,
            force,
            now,
        }
    }

    /// A live call with this contact, whoever placed it.
    fn is_talking_with(&self, to: &Party) -> bool {
        let board = self.board.lock();
        let is_theirs = |from: &CallerView| from.phone.is_some() && from.phone == to.phone;
        board.live.values().any(|live| is_theirs(&live.from))
    }

    /// Reserves the first slice of a call: the last step of the gate, because it takes something.
    async fn reserve_to_dial(&self, id: CallId, to: &Party) -> Result<Option<Till>, DialBlocker> {
        let reserved = self.first_slice(id, to.phone.as_ref(), Direction::BusinessInitiated).await;
        reserved.map_err(|why| match why {
            NoSlice::BalanceTooLow => DialBlocker::Balance,
            NoSlice::NoRate => DialBlocker::NoRate,
            NoSlice::LedgerSilent => DialBlocker::Unknown,
        })
    }

    /// Stores a call, because money is only ever reserved for one that is known, and reserves its
    /// first slice.
    async fn store_and_reserve(
        &self,
        id: CallId,
        line: &LineRow,
        to: &Party,
        placed_at: Timestamp,
    ) -> Result<Option<Till>, NotDialled> {
        let new = PlacedCall {
            id,
            workspace: self.house.workspace.id.clone(),
            line: line.id.clone(),
            party: to.clone(),
            placed_at,
        };
        if let Err(error) = self.doors.store.place_call(new).await {
            tracing::error!(call = %id, %error, "a call could not be stored, so it is not placed");
            return Err(Refusal::internal("the call could not be stored").into());
        }
        let reserved = self.reserve_to_dial(id, to).await;
        if reserved.is_err() {
            // A ledger that answered too late may have reserved something.
            let nothing = Pulses::from_talked(Duration::ZERO);
            let _ = self.finish(id, nothing, None, (placed_at, ATTEMPTS_AT_START)).await;
            if let Err(error) = self.doors.store.take_back_placed(id).await {
                tracing::error!(call = %id, %error, "a call that is not placed stays in the books");
            }
        }
        Ok(reserved?)
    }

    async fn place(
        self: &Arc<Self>,
        target: Target,
        line: LineRow,
        to: Party,
    ) -> Result<CallId, NotDialled> {
        let (placed, placed_at) = (Instant::now(), Timestamp::now());
        let id = CallId::from_uuid(Uuid::now_v7());
        // Taken before anything is waited for: an agent dials one contact at a time.
        let occupied = self.board.lock().roster.occupy(&target.agent, id);
        occupied.map_err(|_| Refusal::on_call())?;
        let stored = self.store_and_reserve(id, &line, &to, placed_at).await;
        let till = stored.inspect_err(|_| {
            self.board.lock().roster.free(&target.agent, id);
        })?;
        let (mailbox, queue) = mpsc::channel(MAILBOX_MAX);
        let moves = self.calls.add(id, mailbox.clone());
        let plan = self.plan_of(&line.id);
        let owner = self.new_owner(id, line, to, (placed, placed_at), (mailbox, moves));
        let direction = Direction::BusinessInitiated;
        let owner = Owner { placed: Some(Placed::default()), direction, till, ..owner };
        self.spawn_owner(owner, Input::Dial { target, plan }, None, queue);
        Ok(id)
    }
}

/// Whom a text names: a number as people write it, or `user:` and a business-scoped id.
pub(crate) fn party_of(text: &str) -> Option<Party> {
    let text = text.trim();
    if let Some(user) = text.strip_prefix("user:") {
        let plain = !user.is_empty() && !user.contains(char::is_whitespace);
        return plain.then(|| Party { bsuid: Some(Bsuid(user.to_owned())), ..Party::default() });
    }
    let text = text.strip_prefix("phone:").unwrap_or(text);
    let digits: String =
        text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.' | '/')).collect();
    // A number without its country, as people dial it at home, would ring a stranger.
    let digits = digits.strip_prefix("00").map_or(digits.clone(), str::to_owned);
    let phone = Phone::new(&digits).filter(|phone| !phone.digits().starts_with('0'))?;
    Some(Party { phone: Some(phone), ..Party::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them_are_read_and_others_refused() {
        for text in ["+49 170 1234567", "0049-170-1234567", "phone:491701234567", "49(170)1234567"]
        {
            let phone = party_of(text).and_then(|party| party.phone);
            assert_eq!(phone.as_ref().map(Phone::digits), Some("491701234567"), "{text}");
        }
        assert!(party_of("user:US.1").is_some_and(|party| party.bsuid.is_some()));
        for text in ["", "0170 1234567", "call me", "user:", "user:a b", "+1", "+49x170123"] {
            assert_eq!(party_of(text), None, "{text}");
        }
    }
}
