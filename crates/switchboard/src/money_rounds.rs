//! What is looked after beside the calls: balances that change, cards that are imported, holds
//! whose calls are gone, a ledger that must sum, and a machine that slept.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger::{Day, MeterInput, Pulses, RateBook, shipped_card};
use model::{Micros, Timestamp, WorkspaceId};
use nix::time::ClockId;
use store::{Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::counts::Counts;
use crate::exchange::Exchange;
use crate::owner::Message;
use crate::switchboard::{Inner, Switchboard};

/// Live sockets hear of a top-up within a second, whoever made it.
const BALANCE_LOOK: Duration = Duration::from_millis(500);
/// A balance that only sinks, as calls go on, is told this often.
const SINKING_TOLD: Duration = Duration::from_secs(10);
/// How often cards and expired holds are looked for.
const ROUND: Duration = Duration::from_secs(15);
/// The least pause between two checks of the whole ledger.
const VERIFY_PAUSE: Duration = Duration::from_secs(60);
/// Checking takes at most one part in so many of one processor.
const VERIFY_SHARE: u32 = 50;
/// How long after a failure a day is compared again.
const COMPARE_AGAIN: Duration = Duration::from_secs(3_600);
/// A sleep that is shorter is no sleep.
const SLEPT_MIN: Duration = Duration::from_secs(1);

impl Exchange {
    /// Reads the rate cards; a store without any gets the one that is shipped. To be called before
    /// events come.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn read_rates(&self, store: &Store) -> Result<(), StoreError> {
        if store.rate_cards().await?.is_empty()
            && let Some((effective, body)) = shipped_card()
        {
            store.import_card(effective, "shipped with Ringdown", body, Timestamp::now()).await?;
        }
        let book = Arc::new(store.rate_book().await?);
        self.give_rates(&book);
        Ok(())
    }

    fn give_rates(&self, book: &Arc<RateBook>) {
        for switchboard in self.all() {
            *switchboard.inner.rates.write() = book.clone();
        }
    }

    /// Looks after the money until the token is cancelled.
    pub fn keep_money(&self, store: &Store, stop: &CancellationToken) {
        for switchboard in self.all() {
            let watch = watch_balance(switchboard.clone());
            tokio::spawn(stop.clone().run_until_cancelled_owned(watch));
        }
        let rounds = go_round(self.clone(), store.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(rounds));
        let verify = verify(store.clone(), self.counts().clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(verify));
        tokio::spawn(stop.clone().run_until_cancelled_owned(watch_sleep(self.clone())));
    }
}

/// Tells devices and running calls of a balance that changed, by whatever process.
async fn watch_balance(switchboard: Switchboard) {
    let inner = &switchboard.inner;
    let mut last: Option<(Micros, bool)> = None;
    let mut told = (None, Instant::now());
    loop {
        tokio::time::sleep(BALANCE_LOOK).await;
        // An unreadable balance is logged where it matters: at the gate and at grants.
        let Ok(balance) = inner.doors.store.balance(&inner.house.workspace.id).await else {
            continue;
        };
        let now = (balance.available_micros, balance.top_up_required);
        let before = last.replace(now).unwrap_or(now);
        let rose = now.0 > before.0;
        if rose {
            inner.calls.post_each(|| Message::Meter(MeterInput::BalanceRose));
        }
        let is_news = told.0.is_some_and(|told| told != now);
        let is_due = rose || now.1 != before.1 || told.1.elapsed() >= SINKING_TOLD;
        if is_news && is_due {
            inner.tell_balance().await;
        }
        if is_due || told.0.is_none() {
            told = (Some(now), Instant::now());
        }
    }
}

async fn go_round(exchange: Exchange, store: Store) {
    let mut compared = BTreeMap::new();
    loop {
        tokio::time::sleep(ROUND).await;
        exchange.compare_days(&mut compared).await;
        match store.rate_book().await {
            Ok(book) => exchange.give_rates(&Arc::new(book)),
            Err(error) => {
                tracing::error!(%error, "the rate cards cannot be read; the old ones hold")
            }
        }
        if let Some(any) = exchange.all().next() {
            exchange.counts().clock_ahead(any.inner.doors.graph.clock_ahead_ms());
        }
        if let Err(error) = exchange.release_expired(&store).await {
            tracing::error!(%error, "holds of calls that are gone cannot be looked for");
        }
    }
}

impl Exchange {
    /// Compares yesterday of every account with Meta's figures, once a day; a day that could not be
    /// compared is tried again an hour later.
    async fn compare_days(&self, compared: &mut BTreeMap<WorkspaceId, (Day, Instant, bool)>) {
        for switchboard in self.all() {
            let inner = &switchboard.inner;
            let Some(day) = inner.day_to_compare(Timestamp::now()) else { continue };
            let workspace = &inner.house.workspace.id;
            let is_done = compared.get(workspace).is_some_and(|(last, at, done)| {
                *last == day && (*done || at.elapsed() < COMPARE_AGAIN)
            });
            if is_done {
                continue;
            }
            let outcome = inner.compare_with_analytics(day).await;
            if let Err(error) = &outcome {
                tracing::warn!(%day, %error, "a day was not compared with Meta; trying again in an hour");
            }
            compared.insert(workspace.clone(), (day, Instant::now(), outcome.is_ok()));
        }
    }

    /// Settles calls that nobody will settle any more, up to what is proven of them.
    async fn release_expired(&self, store: &Store) -> Result<(), StoreError> {
        for hold in store.expired_holds(Timestamp::now()).await? {
            let house = self.of(&hold.workspace).map(|switchboard| &switchboard.inner);
            let Some(inner) = house else { continue };
            // However the wall clock jumped: a call that is live here is not gone.
            if inner.calls.mailbox(hold.call).is_some() {
                continue;
            }
            let pulses = Pulses::from_talked(hold.proven);
            if inner.finish(hold.call, pulses, None, (Timestamp::now(), 1)).await.is_ok() {
                tracing::warn!(call = %hold.call, %pulses, "the hold of a call that is gone was dissolved");
            }
        }
        Ok(())
    }
}

async fn verify(store: Store, counts: Counts) {
    loop {
        let began = Instant::now();
        match store.verify_ledger().await {
            Ok(report) => {
                counts.ledger_verified(report.findings(), report.entries);
                if !report.is_sound() {
                    tracing::error!(
                        findings = report.findings(),
                        "the ledger does not sum; run `ringdown ledger verify`"
                    );
                }
            }
            Err(error) => tracing::error!(%error, "the ledger cannot be verified"),
        }
        tokio::time::sleep(VERIFY_PAUSE.max(began.elapsed() * VERIFY_SHARE)).await;
    }
}

/// A suspended machine stops the clock that calls are metered by, and Meta's goes on.
async fn watch_sleep(exchange: Exchange) {
    let Some(mut before) = asleep() else { return };
    loop {
        tokio::time::sleep(BALANCE_LOOK).await;
        let Some(now) = asleep() else { continue };
        let slept = now.saturating_sub(before);
        if slept >= SLEPT_MIN {
            before = now;
            tracing::warn!(
                slept_s = slept.as_secs(),
                "the machine slept; running calls are charged for it"
            );
            for switchboard in exchange.all() {
                switchboard.inner.calls.post_each(|| Message::Meter(MeterInput::Slept(slept)));
            }
        }
    }
}

/// How long the machine has slept since it started: the clock that counts it, less the one that
/// does not.
fn asleep() -> Option<Duration> {
    let awake: Duration = ClockId::CLOCK_MONOTONIC.now().ok()?.into();
    let all: Duration = ClockId::CLOCK_BOOTTIME.now().ok()?.into();
    Some(all.saturating_sub(awake))
}

impl Inner {
    /// The wall clock's jump during a call: how much further it went than the monotonic one.
    pub(crate) fn clock_jump_ms(
        arrived_at: Timestamp,
        ended_at: Timestamp,
        elapsed: Duration,
    ) -> i64 {
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let jump = ended_at.millis_since(arrived_at).saturating_sub(elapsed);
        // Slewing and rounding are no jump.
        if jump.abs() > 2_000 { jump } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn i1c_a_jump_of_the_wall_clock_is_told_from_time_that_passed() {
        let start = Timestamp::from_seconds(1_767_268_800);
        let minute = Duration::from_secs(60);
        for (ended_ms, jump) in [
            (60_000, 0),
            (61_500, 0),
            (60_000 + 3_600_000, 3_600_000),
            (60_000 - 3_600_000, -3_600_000),
            (60_000 + 86_400_000, 86_400_000),
            (60_000 - 86_400_000, -86_400_000),
        ] {
            let ended = start.plus_millis(ended_ms);
            assert_eq!(Inner::clock_jump_ms(start, ended, minute), jump, "{ended_ms}");
        }
    }

    #[test]
    fn i2c_the_time_a_machine_slept_never_runs_backwards() {
        let before = asleep().unwrap();
        std::thread::sleep(Duration::from_millis(20));
        let after = asleep().unwrap();
        let difference = after.abs_diff(before);
        assert!(difference < Duration::from_millis(20), "{difference:?}: nobody slept");
    }
}
