//! Opening, migrating and closing the database file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Sqlite, Transaction};
use tokio::sync::watch;

use crate::StoreError;
use crate::money::{Base, GrantDesk, connect, desk};

/// SQLite lets one connection write at a time; queueing for it in the process is fair and free of
/// busy errors.
const WRITERS: u32 = 1;
/// Reads are short; a few at a time keep lists quick while one export runs.
const READERS_MAX: u32 = 4;
/// How long another program (the command line, a backup) may hold the write lock before we fail.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a request queues for a connection: a disk that stalls longer is down.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// The name [`Store::open_in`] gives the file.
const FILE_NAME: &str = "ringdown.db";

static MIGRATOR: Migrator = sqlx::migrate!("migrations/sqlite");

/// The door to the facts. Cheap to clone; all clones share the connections.
#[derive(Clone, Debug)]
pub struct Store {
    pools: Arc<Pools>,
}

#[derive(Debug)]
struct Pools {
    writer: SqlitePool,
    readers: SqlitePool,
    bell: Arc<watch::Sender<u64>>,
    base: Base,
    grants: GrantDesk,
}

impl Store {
    /// Opens the database file, makes it (readable by its owner only) when it is missing, and
    /// brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::Open`] or [`StoreError::Migrate`].
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, None).await
    }

    /// As [`Store::open`], with the money in a Postgres database instead, when its address
    /// (`postgres://user:password@host/name`) is given.
    ///
    /// # Errors
    /// As [`Store::open`], and [`StoreError::LedgerOpen`] or [`StoreError::LedgerMigrate`].
    pub async fn open_with(path: &Path, ledger: Option<&str>) -> Result<Self, StoreError> {
        prepare_file(path).map_err(|source| StoreError::Open {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let refused = |source: sqlx::Error| StoreError::Open {
            path: path.to_owned(),
            source: Box::new(source),
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT);
        let writer = SqlitePoolOptions::new()
            .max_connections(WRITERS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // The one connection stays: closing the last one would checkpoint at random moments.
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(
                options
                    .clone()
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full),
            )
            .await
            .map_err(refused)?;
        MIGRATOR.run(&writer).await.map_err(|source| StoreError::Migrate {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS_MAX)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .connect_with(options.read_only(true))
            .await
            .map_err(refused)?;
        let base = match ledger {
            Some(url) => Base::Postgres(connect(url).await?),
            None => Base::Here,
        };
        let bell = Arc::new(watch::Sender::new(0));
        let with = |grants| {
            let (writer, readers, base) = (writer.clone(), readers.clone(), base.clone());
            let pools = Pools { writer, readers, bell: bell.clone(), base, grants };
            Self { pools: Arc::new(pools) }
        };
        let (grants, queue) = GrantDesk::new();
        // The task's own store asks for nothing, or it would keep itself alive.
        let (nobody, _) = GrantDesk::new();
        tokio::spawn(desk::run(with(nobody), queue));
        Ok(with(grants))
    }

    /// Opens `ringdown.db` in a directory, which is made when missing.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_in(directory: &Path) -> Result<Self, StoreError> {
        Self::open(&directory.join(FILE_NAME)).await
    }

    /// As [`Store::open_in`], with the money in Postgres when an address is given.
    ///
    /// # Errors
    /// As [`Store::open_with`].
    pub async fn open_in_with(directory: &Path, ledger: Option<&str>) -> Result<Self, StoreError> {
        Self::open_with(&directory.join(FILE_NAME), ledger).await
    }

    /// Finishes running statements and closes the file. Every clone is closed with it.
    pub async fn close(&self) {
        self.pools.readers.close().await;
        self.pools.writer.close().await;
        if let Base::Postgres(pool) = &self.pools.base {
            pool.close().await;
        }
    }

    /// Proves that the database answers, for health checks.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1 FROM workspace LIMIT 1")
            .fetch_optional(self.readers())
            .await
            .map_err(StoreError::database("read from the database"))?;
        Ok(())
    }

    /// Rings when there may be something new for others.
    pub(crate) fn bell(&self) -> &watch::Sender<u64> {
        &self.pools.bell
    }

    /// To be called after the commit that made it new.
    pub(crate) fn ring_bell(&self) {
        self.pools.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// Where the money is.
    pub(crate) fn base(&self) -> &Base {
        &self.pools.base
    }

    /// Who grants slices of paid time.
    pub(crate) fn grants(&self) -> &GrantDesk {
        &self.pools.grants
    }

    /// The connections that only read.
    pub(crate) fn readers(&self) -> &SqlitePool {
        &self.pools.readers
    }

    /// The one connection that writes.
    pub(crate) fn writer(&self) -> &SqlitePool {
        &self.pools.writer
    }

    /// Starts a write of several statements. The write lock is taken at once, so that what is
    /// read inside stays true until the commit; dropping it without commit undoes everything.
    pub(crate) async fn begin_write(
        &self,
        doing: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pools.writer.begin_with("BEGIN IMMEDIATE").await.map_err(StoreError::database(doing))
    }
}

/// Makes the directory and an empty file for the owner only; SQLite gives its side files the same
/// permissions.
fn prepare_file(path: &Path) -> std::io::Result<()> {
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;

    #[tokio::test]
    async fn the_writer_syncs_every_commit_and_the_readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open_in(directory.path()).await.unwrap();
        for (pragma, value) in
            [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 5_000)]
        {
            let row = sqlx::query(pragma).fetch_one(store.writer()).await.unwrap();
            assert_eq!(row.get::<i64, _>(0), value, "{pragma}");
        }
        let write = sqlx::query("DELETE FROM outbox").execute(store.readers()).await;
        assert!(write.unwrap_err().to_string().contains("readonly"));
    }
}
