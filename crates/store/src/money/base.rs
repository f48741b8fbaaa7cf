//! Where the money is, and how a transaction runs there.

use std::time::Duration;

use sqlx::PgPool;
use sqlx::migrate::Migrator;
use sqlx::postgres::PgPoolOptions;

use crate::StoreError;

/// Connections to Postgres: grants go through one at a time, settlements and reads beside them.
const CONNECTIONS_MAX: u32 = 8;
/// How long a connection is waited for, and made: what takes longer counts as unreachable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

static MIGRATOR: Migrator = sqlx::migrate!("migrations/postgres");

/// Where the money is.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// In the file of the other facts.
    Here,
    /// In Postgres.
    Postgres(PgPool),
}

/// Connects to Postgres and brings its schema up to date.
pub(crate) async fn connect(url: &str) -> Result<PgPool, StoreError> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect(url)
        .await
        .map_err(|source| StoreError::LedgerOpen { source })?;
    MIGRATOR
        .run(&pool)
        .await
        .map_err(|source| StoreError::LedgerMigrate { source: Box::new(source) })?;
    Ok(pool)
}

/// Runs statements in one transaction wherever the money is. In the file, the news of what moved
/// is part of it; from Postgres it is told after the commit.
macro_rules! in_transaction {
    ($store:expr, $doing:expr, |$connection:ident, $sql:ident, $moved:ident| $body:expr) => {{
        let mut all_moved: Vec<$crate::money::Moved> = Vec::new();
        match $store.base() {
            $crate::money::Base::Here => {
                use $crate::money::on_sqlite::sql as $sql;
                let mut tx = $store.begin_write($doing).await?;
                let outcome = {
                    let $connection = &mut *tx;
                    let $moved = &mut all_moved;
                    $body?
                };
                $crate::money::tell(&mut tx, &all_moved).await?;
                tx.commit().await.map_err(StoreError::database($doing))?;
                if !all_moved.is_empty() {
                    $store.ring_bell();
                }
                Ok(outcome)
            }
            $crate::money::Base::Postgres(pool) => {
                use $crate::money::on_postgres::sql as $sql;
                let mut tx = pool.begin().await.map_err(StoreError::database($doing))?;
                let outcome = {
                    let $connection = &mut *tx;
                    let $moved = &mut all_moved;
                    $body?
                };
                tx.commit().await.map_err(StoreError::database($doing))?;
                $store.tell_moved(&all_moved).await;
                Ok(outcome)
            }
        }
    }};
}

/// Reads from one snapshot wherever the money is.
macro_rules! on_reader {
    ($store:expr, $doing:expr, |$connection:ident, $sql:ident| $body:expr) => {
        match $store.base() {
            $crate::money::Base::Here => {
                use $crate::money::on_sqlite::sql as $sql;
                let mut tx =
                    $store.readers().begin().await.map_err(StoreError::database($doing))?;
                let $connection = &mut *tx;
                $body
            }
            $crate::money::Base::Postgres(pool) => {
                use $crate::money::on_postgres::sql as $sql;
                let mut tx = pool
                    .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    .await
                    .map_err(StoreError::database($doing))?;
                let $connection = &mut *tx;
                $body
            }
        }
    };
}

pub(crate) use {in_transaction, on_reader};
