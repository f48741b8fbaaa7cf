//! The ledger: entries are only ever added, and a running total is kept beside them.
//!
//! The money lives in the file of the other facts, or in Postgres (see [`Store::open_with`]). The
//! statements are the same text for both, compiled twice ([`on_sqlite`], [`on_postgres`]).

mod base;
mod cards;
pub(crate) mod desk;
mod kinds;
mod on_postgres;
mod on_sqlite;
mod reconciliation;
mod settling;

use std::collections::BTreeMap;

use ledger::{Account, Transaction};
use model::{CallId, Micros, Timestamp, WorkspaceId};
use sqlx::SqliteConnection;
use wire::BalanceView;
use wire::events::EventName;
use wire::rest::LedgerLine;

pub(crate) use base::{Base, connect};
pub(crate) use desk::GrantDesk;
pub use kinds::{
    CardRow, ExpiredHold, FinishAsk, Finished, GrantAsk, Granted, ItemKind, KindSum, LedgerReport,
    NewItem, Posted,
};
pub(crate) use kinds::{Moved, transaction_id};

use crate::money::base::{in_transaction, on_reader};
use crate::outbox::{News, queue};
use crate::setup::{Workspace, workspace_in};
use crate::{Store, StoreError};

impl Store {
    /// Moves money. It is on the disk when this returns.
    ///
    /// # Errors
    /// [`StoreError::IdempotencyKeyReused`], [`StoreError::Currency`],
    /// [`StoreError::UnknownWorkspace`], [`StoreError::Dangling`] for an unknown call, or
    /// [`StoreError::BalanceTooLow`] for a grant that the balance does not cover.
    pub async fn post(&self, transaction: &Transaction) -> Result<Posted, StoreError> {
        self.check_currency(transaction).await?;
        in_transaction!(self, "post to the ledger", |connection, sql, moved| {
            sql::post(connection, transaction, moved).await
        })
    }

    /// What a workspace can spend, and whether that closes the gate.
    ///
    /// # Errors
    /// [`StoreError::UnknownWorkspace`].
    pub async fn balance(&self, workspace: &WorkspaceId) -> Result<BalanceView, StoreError> {
        let known = self.known(workspace).await?;
        let account = Account::Prepaid(workspace.clone());
        let available = on_reader!(self, "read the balance", |connection, sql| {
            sql::total(connection, &account).await
        })?;
        Ok(view(&known, available))
    }

    /// The money lines of a call, oldest first.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ledger_of(&self, call: CallId) -> Result<Vec<LedgerLine>, StoreError> {
        on_reader!(self, "list a call's money lines", |connection, sql| {
            sql::ledger_of(connection, call).await
        })
    }

    /// The lines of a workspace's balance, newest first; `before` is the id of the last
    /// transaction of the page before.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn entries(
        &self,
        workspace: &WorkspaceId,
        before: Option<model::TransactionId>,
        limit: u32,
    ) -> Result<Vec<LedgerLine>, StoreError> {
        let account = Account::Prepaid(workspace.clone());
        let before = before.map(|id| id.to_string());
        let limit = i64::from(limit.min(crate::PAGE_MAX));
        on_reader!(self, "list the money lines", |connection, sql| {
            sql::entries(connection, &account, before.as_deref(), limit).await
        })
    }

    /// What a workspace's balance was at `from`, and what each kind of transaction moved up to and
    /// without `to`.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn sums(
        &self,
        workspace: &WorkspaceId,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(Micros, Vec<KindSum>), StoreError> {
        let account = Account::Prepaid(workspace.clone());
        on_reader!(self, "add up a statement", |connection, sql| {
            sql::sums(connection, &account, from, to).await
        })
    }

    /// Adds up every entry again and compares with the running totals, from one snapshot.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn verify_ledger(&self) -> Result<LedgerReport, StoreError> {
        on_reader!(self, "verify the ledger", |connection, sql| sql::verify(connection).await)
    }

    async fn known(&self, workspace: &WorkspaceId) -> Result<Workspace, StoreError> {
        workspace_in(self.readers(), workspace)
            .await?
            .ok_or_else(|| StoreError::UnknownWorkspace { workspace: workspace.clone() })
    }

    /// A workspace's money is of one currency, or its balance would add up apples and pears.
    async fn check_currency(&self, transaction: &Transaction) -> Result<(), StoreError> {
        let workspaces: std::collections::BTreeSet<&WorkspaceId> =
            transaction.entries().iter().filter_map(|entry| entry.account.workspace()).collect();
        for workspace in workspaces {
            let known = self.known(workspace).await?;
            if known.currency != transaction.currency() {
                return Err(StoreError::Currency {
                    workspace: workspace.clone(),
                    kept: known.currency,
                    given: transaction.currency(),
                });
            }
        }
        Ok(())
    }

    /// Tells others what moved in Postgres, after it did. A crash in between loses this news, and
    /// the next movement tells the balance again.
    async fn tell_moved(&self, moved: &[Moved]) {
        if moved.is_empty() {
            return;
        }
        let told = async {
            let mut tx = self.begin_write("tell of the balance").await?;
            tell(&mut tx, moved).await?;
            tx.commit().await.map_err(StoreError::database("tell of the balance"))
        };
        match told.await {
            Ok(()) => self.ring_bell(),
            Err(_) => tracing::error!("the news of a balance was not queued; its money did move"),
        }
    }
}

fn view(known: &Workspace, available: Micros) -> BalanceView {
    BalanceView {
        available_micros: available,
        minimum_micros: known.minimum_balance,
        currency: known.currency,
        display: available.shown_in(known.currency),
        top_up_required: ledger::top_up_required(available, known.minimum_balance),
    }
}

/// Queues the news of balances that moved. A grant is news only when it closes the gate: a house
/// full of calls would else tell little more than that calls go on.
async fn tell(connection: &mut SqliteConnection, moved: &[Moved]) -> Result<(), StoreError> {
    // Many movements of one commit are of the same few workspaces.
    let mut all: BTreeMap<&WorkspaceId, Workspace> = BTreeMap::new();
    for one in moved {
        if !all.contains_key(&one.workspace) {
            let known = workspace_in(&mut *connection, &one.workspace).await?;
            let unknown = || StoreError::UnknownWorkspace { workspace: one.workspace.clone() };
            all.insert(&one.workspace, known.ok_or_else(unknown)?);
        }
        let Some(known) = all.get(&one.workspace) else { continue };
        let after = view(known, one.after);
        let before = view(known, one.before());
        let closes = after.top_up_required && !before.top_up_required;
        let opens = !after.top_up_required && before.top_up_required;
        if one.is_routine() && !closes && !opens {
            continue;
        }
        let data = serde_json::to_value(&after)
            .map_err(|_| StoreError::Encode { column: "outbox.payload" })?;
        let news =
            |name, data| News { workspace: &one.workspace, at: one.at, name, call: None, data };
        queue(connection, news(EventName::BalanceChanged, data.clone())).await?;
        if closes {
            queue(connection, news(EventName::BalanceTopUpRequired, data)).await?;
        }
    }
    Ok(())
}

/// Moves money within a larger write of the file, and queues the news of it.
pub(crate) async fn post_and_tell(
    connection: &mut SqliteConnection,
    transaction: &Transaction,
) -> Result<Posted, StoreError> {
    let mut moved = Vec::new();
    let posted = on_sqlite::sql::post(connection, transaction, &mut moved).await?;
    tell(connection, &moved).await?;
    Ok(posted)
}
