//! The money of one running call: its meter is turned here, and what the meter says is done.

use std::time::{Duration, Instant};

use ledger::{Ask, Markup, Meter, MeterInput, MeterOutput, MeterRules, Month, NoRate, Pulses};
use ledger::{Snapshot, Zone};
use media::Source;
use model::{CallId, Cause, Direction, Phone, Timestamp};
use store::{GrantAsk, Granted, StoreError};
use wire::agent::ServerEvent;

use crate::owner::{Message, Owner};
use crate::switchboard::Inner;

/// What calls of a workspace cost beyond the rate cards, and how they are metered.
#[derive(Clone, Debug)]
pub struct Tariff {
    /// The time zone of the WhatsApp business account.
    pub zone: Zone,
    /// That account's id at Meta; without it days are not compared with Meta's figures.
    pub account: Option<String>,
    /// The workspace's markup.
    pub markup: Markup,
    /// How long a slice of paid time is.
    pub slice: Pulses,
    /// The times of a meter.
    pub rules: MeterRules,
}

impl Default for Tariff {
    fn default() -> Self {
        let (zone, markup, rules) = (Zone::utc(), Markup::default(), MeterRules::default());
        Self { zone, account: None, markup, slice: Pulses::small(10), rules }
    }
}

/// The longest that a call rings before it is answered: so long its first slice must be kept.
const RINGS_MAX: Duration = Duration::from_secs(120);

/// The meter of a call that costs something.
pub(crate) struct Till {
    meter: Meter,
    snapshot: Snapshot,
    month: Month,
    /// When the paid time ends, while its end is in sight.
    pub(crate) ends_at: Option<Timestamp>,
}

impl Till {
    /// What is to be settled for a talked time. A machine's sleep counts as talked.
    pub(crate) fn pulses(&self, talked: Duration, now: Instant) -> Pulses {
        Pulses::from_talked(talked.max(self.meter.talked(now)))
    }

    pub(crate) const fn month(&self) -> Month {
        self.month
    }
}

/// Why no money was reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NoSlice {
    /// No card has a price for the number.
    NoRate,
    /// The balance does not cover a pulse.
    BalanceTooLow,
    /// The ledger does not answer: nobody talks on money that was not reserved.
    LedgerSilent,
}

impl NoSlice {
    /// What ends the call.
    pub(crate) const fn cause(self) -> Cause {
        match self {
            Self::NoRate => Cause::NoRate,
            Self::BalanceTooLow => Cause::BalanceTooLow,
            Self::LedgerSilent => Cause::InternalFault,
        }
    }
}

impl Inner {
    /// The prices of a call that is talked now.
    pub(crate) fn prices(
        &self,
        number: Option<&Phone>,
        direction: Direction,
    ) -> Result<Snapshot, NoRate> {
        self.prices_for(number.map(Phone::digits), direction)
    }

    /// As [`Inner::prices`], for a number's digits.
    pub(crate) fn prices_for(
        &self,
        number: Option<&str>,
        direction: Direction,
    ) -> Result<Snapshot, NoRate> {
        let tariff = &self.house.tariff;
        let ask = Ask {
            number,
            direction,
            currency: self.house.workspace.currency,
            day: tariff.zone.day(Timestamp::now()),
            markup: tariff.markup,
        };
        self.rates.read().snapshot(ask)
    }

    /// Reserves the first slice of a call, before anybody is rung or dialled; `None` for a call
    /// that costs nothing.
    ///
    pub(crate) async fn first_slice(
        &self,
        call: CallId,
        number: Option<&Phone>,
        direction: Direction,
    ) -> Result<Option<Till>, NoSlice> {
        let snapshot = self.prices(number, direction).map_err(|why| {
            tracing::warn!(%call, %why, "a call has no price and is not placed");
            NoSlice::NoRate
        })?;
        if snapshot.is_free() {
            return Ok(None);
        }
        let now = Timestamp::now();
        let month = self.house.tariff.zone.day(now).month();
        let ask = self.slice_ask(call, 0, &snapshot, (month, Duration::ZERO, RINGS_MAX));
        match self.grant(ask).await {
            Ok(Granted::Slice(first)) => {
                let meter = Meter::new(self.house.tariff.rules, first);
                Ok(Some(Till { meter, snapshot, month, ends_at: None }))
            }
            Ok(Granted::Refused | Granted::Closed) => Err(NoSlice::BalanceTooLow),
            Err(StoreError::NoRate(why)) => {
                tracing::warn!(%call, %why, "a call has no price and is not placed");
                Err(NoSlice::NoRate)
            }
            Err(error) => {
                tracing::error!(%call, %error, "no money could be reserved for a call");
                Err(NoSlice::LedgerSilent)
            }
        }
    }

    fn slice_ask(
        &self,
        call: CallId,
        slice: u32,
        snapshot: &Snapshot,
        (month, talked, left): (Month, Duration, Duration),
    ) -> GrantAsk {
        let workspace = &self.house.workspace;
        GrantAsk {
            workspace: workspace.id.clone(),
            currency: workspace.currency,
            call,
            slice,
            pulses: self.house.tariff.slice,
            snapshot: snapshot.clone(),
            month,
            talked,
            left,
            at: Timestamp::now(),
        }
    }

    /// Asks the ledger, but no longer than an answer counts as one.
    async fn grant(&self, ask: GrantAsk) -> Result<Granted, StoreError> {
        let within = self.house.tariff.rules.answer_within;
        match tokio::time::timeout(within, self.doors.store.grant(ask)).await {
            Ok(granted) => granted,
            Err(_) => Err(StoreError::Contended { doing: "reserve money for a call in time" }),
        }
    }
}

impl Owner {
    /// When the meter wants to be looked at.
    pub(crate) fn meter_due(&self) -> Option<Instant> {
        self.till.as_ref().and_then(|till| till.meter.poll_timeout())
    }

    /// The call's first acceptance starts its meter.
    pub(crate) fn start_meter(&mut self) {
        if let (Some(till), Some(at)) = (&mut self.till, self.call.accepted_at()) {
            till.meter.handle(MeterInput::Answered, at);
        }
    }

    /// Tells the meter something and has done what it says.
    pub(crate) async fn turn_meter(&mut self, input: Option<MeterInput>) {
        let now = Instant::now();
        let Some(till) = &mut self.till else { return };
        match input {
            Some(input) => till.meter.handle(input, now),
            None => till.meter.handle_timeout(now),
        }
        while let Some(output) = self.till.as_mut().and_then(|till| till.meter.poll_output()) {
            match output {
                MeterOutput::Ask { slice } => self.ask_for_slice(slice),
                MeterOutput::Warn { left } => self.warn(left).await,
                MeterOutput::Lifted => self.lift_warning(),
                MeterOutput::LedgerUnreachable => {
                    let policy = self.inner.house.tariff.rules.unreachable;
                    tracing::error!(call = %self.id, ?policy, "the ledger does not answer a running call");
                }
                MeterOutput::CutOff => {
                    tracing::info!(call = %self.id, "the paid time of a call is over");
                    self.call.handle(call::Input::End { cause: Cause::BalanceExhausted }, now);
                }
            }
        }
    }

    fn ask_for_slice(&mut self, slice: u32) {
        let now = Instant::now();
        let Some(till) = &mut self.till else { return };
        // A new card holds from this slice on; should it lack the market, the old prices stay.
        if let Ok(prices) = self.inner.prices(self.caller.phone.as_ref(), self.direction) {
            till.snapshot = prices;
        }
        let times = (till.month, till.meter.talked(now), till.meter.left(now));
        let ask = self.inner.slice_ask(self.id, slice, &till.snapshot, times);
        let (inner, mailbox, call) = (self.inner.clone(), self.mailbox.clone(), self.id);
        self.inner.tasks.spawn(async move {
            let input = match inner.grant(ask).await {
                Ok(Granted::Slice(granted)) => MeterInput::Granted { slice, granted },
                Ok(Granted::Refused | Granted::Closed) => MeterInput::Refused { slice },
                Err(error) => {
                    tracing::error!(%call, %error, "no money could be reserved for a running call");
                    MeterInput::Failed { slice }
                }
            };
            // A call that ended meanwhile needs no time.
            let _ = mailbox.send(Message::Meter(input)).await;
        });
    }

    /// The agent sees and hears that the paid time ends; the caller does not.
    async fn warn(&mut self, left: Duration) {
        let left_ms = i64::try_from(left.as_millis()).unwrap_or(i64::MAX);
        if let Some(till) = &mut self.till {
            till.ends_at = Some(Timestamp::now().plus_millis(left_ms));
        }
        let Some(target) = self.call.holder().cloned() else { return };
        self.show_credit();
        self.inner.tell(target.device, ServerEvent::CreditWarning { call: self.id, left_ms });
        let leg = self.inner.board.lock().agent_leg(target.device);
        if let Some(leg) = leg {
            let beep = self.inner.house.sounds.beep.clone();
            self.inner.doors.plane.play(leg, Source::Interrupt(beep)).await;
        }
    }

    fn lift_warning(&mut self) {
        if let Some(till) = &mut self.till {
            till.ends_at = None;
        }
        self.show_credit();
    }

    /// Whoever has the call sees when its paid time ends, after a reload too.
    fn show_credit(&self) {
        if let Some(target) = self.call.holder().cloned() {
            self.update(&target);
        }
    }
}
