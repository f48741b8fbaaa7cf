//! Reserving for running calls and settling those that are over.

use ledger::Month;
use model::{Timestamp, WorkspaceId};

use super::{Base, ExpiredHold, FinishAsk, Finished, GrantAsk, Granted};
use crate::money::base::{in_transaction, on_reader};
use crate::{Store, StoreError};

/// Holds of vanished calls are dissolved so long after their grants ended.
const EXPIRY_GRACE_MS: i64 = 120_000;
/// As many at once; the next look takes the rest.
const EXPIRED_MAX: i64 = 500;

impl Store {
    /// Reserves a slice of paid time. Those who ask at the same moment share one commit.
    ///
    /// # Errors
    /// [`StoreError::NoRate`] when the snapshot has no price for the month's volume, or
    /// [`StoreError::Database`].
    pub async fn grant(&self, ask: GrantAsk) -> Result<Granted, StoreError> {
        self.grants().ask(ask).await
    }

    /// Settles a call and releases what it did not use. Of several attempts the first one counts.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn finish(&self, ask: FinishAsk) -> Result<Finished, StoreError> {
        in_transaction!(self, "settle a call", |connection, sql, moved| {
            sql::finish_call(connection, &ask, moved).await
        })
    }

    /// Whether the money is in a database of its own.
    pub fn keeps_money_elsewhere(&self) -> bool {
        matches!(self.base(), Base::Postgres(_))
    }

    /// Holds that nobody will settle any more: their grants ended two minutes ago. Oldest first,
    /// some hundreds at once.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn expired_holds(&self, now: Timestamp) -> Result<Vec<ExpiredHold>, StoreError> {
        let before = now.plus_millis(-EXPIRY_GRACE_MS);
        on_reader!(self, "list holds of calls that are gone", |connection, sql| {
            sql::expired_holds(connection, before, EXPIRED_MAX).await
        })
    }

    /// The pulses settled in a month and market.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn volume(
        &self,
        workspace: &WorkspaceId,
        market: &str,
        month: Month,
    ) -> Result<u64, StoreError> {
        let month = month.to_string();
        on_reader!(self, "read a month's volume", |connection, sql| {
            sql::volume(connection, workspace, market, &month).await
        })
    }
}
