//! Why the store could not do what it was asked.

use std::path::PathBuf;

use model::{CallId, Currency, FollowUpId, WorkspaceId};

/// Why the store could not do what it was asked. No variant carries a phone number, a call id of
/// Meta or a secret, so every message may be logged.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file or its directory cannot be made or opened.
    #[error(
        "cannot open the database {}: {source}; check that the directory exists and is writable \
         and that the file is a Ringdown database", path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The schema cannot be brought up to date.
    #[error(
        "cannot bring the database {} up to date: {source}; if a newer Ringdown wrote it, run \
         that version, else restore the file from a backup", path.display()
    )]
    Migrate {
        /// The file.
        path: PathBuf,
        /// Which step failed and why.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// SQLite refused or failed; nothing of this write was kept.
    #[error(
        "cannot {doing}: {source}; check free disk space and that no other program holds the database"
    )]
    Database {
        /// What was tried.
        doing: &'static str,
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// A stored value is not what its column holds: another program wrote to the file.
    #[error(
        "column `{column}` holds a value that is none of its kind; restore the database from a backup"
    )]
    Corrupt {
        /// Table and column.
        column: String,
    },
    /// A value has no place in its column.
    #[error(
        "cannot write this value into column `{column}`; this is a fault in Ringdown, please report it"
    )]
    Encode {
        /// Table and column.
        column: &'static str,
    },
    /// No such call.
    #[error("{call} is not in the database; open the call before anything is added to it")]
    UnknownCall {
        /// The call.
        call: CallId,
    },
    /// No such workspace.
    #[error("workspace `{workspace}` is not in the database; set it up first")]
    UnknownWorkspace {
        /// The workspace.
        workspace: WorkspaceId,
    },
    /// The row names a workspace, line, agent or call that does not exist.
    #[error(
        "cannot {doing}: it names a workspace, line, agent or call that is not in the database; set that up first"
    )]
    Dangling {
        /// What was tried.
        doing: &'static str,
    },
    /// The name is in use by another key.
    #[error(
        "an API key named `{name}` exists already, with another secret; revoke it first or choose another name"
    )]
    KeyNameTaken {
        /// The name.
        name: String,
    },
    /// The secret is in use under another name.
    #[error(
        "the secret of API key `{name}` is in use under another name already; generate a new one"
    )]
    KeyReused {
        /// The name that was to be added.
        name: String,
    },
    /// The money is of another currency than the workspace.
    #[error(
        "workspace `{workspace}` keeps its money in {kept}, not in {given}; convert the amount first"
    )]
    Currency {
        /// The workspace.
        workspace: WorkspaceId,
        /// Its currency.
        kept: Currency,
        /// The currency of what was to be stored.
        given: Currency,
    },
    /// The account keeps money of another currency.
    #[error("account {account} keeps money of another currency, so {given} cannot be booked there")]
    AccountCurrency {
        /// The account.
        account: String,
        /// The currency of what was to be booked.
        given: Currency,
    },
    /// Others changed the same money again and again, or the house is closing.
    #[error("cannot {doing}: others were quicker; try again")]
    Contended {
        /// What was tried.
        doing: &'static str,
    },
    /// A call has no price.
    #[error(transparent)]
    NoRate(ledger::NoRate),
    /// A rule of money says no.
    #[error(transparent)]
    Ledger(#[from] ledger::LedgerError),
    /// A rate card that cannot be read.
    #[error("the rate card cannot be read: {what}")]
    Card {
        /// Its first bad line.
        what: String,
    },
    /// Postgres cannot be reached.
    #[error(
        "cannot open the ledger in Postgres: {source}; check `ledger.postgres_url` and that the \
         server runs and takes this user"
    )]
    LedgerOpen {
        /// What the server or the network said.
        source: sqlx::Error,
    },
    /// The schema in Postgres cannot be brought up to date.
    #[error(
        "cannot bring the ledger in Postgres up to date: {source}; if a newer Ringdown wrote it, \
         run that version"
    )]
    LedgerMigrate {
        /// Which step failed and why.
        source: Box<sqlx::migrate::MigrateError>,
    },
    /// The idempotency key was used for another movement of money.
    #[error("this idempotency key was used for another movement of money; choose a new key")]
    IdempotencyKeyReused,
    /// A grant would reserve more than there is.
    #[error("the balance does not cover the grant; top up first")]
    BalanceTooLow,
    /// The cursor did not come from this list.
    #[error("the cursor is not one this list gave out; start again without a cursor")]
    Cursor,
    /// A text has more characters than its place has.
    #[error("a {what} has at most {max} characters; shorten it")]
    TextTooLong {
        /// The kind of text.
        what: &'static str,
        /// How many it may have.
        max: usize,
    },
    /// The workspace has words for outcomes, and this is none of them.
    #[error(
        "this outcome is none of the workspace's words; take one of them or add it there first"
    )]
    UnknownOutcome,
    /// The words for outcomes are too many, too long, not printable, or one is there twice.
    #[error(
        "a workspace has at most {most} different words for outcomes, each of 1 to {longest} \
         printable characters without spaces around it"
    )]
    Outcomes {
        /// How many there may be.
        most: usize,
        /// How long each may be.
        longest: usize,
    },
    /// The call's note was changed as often as is kept.
    #[error("the note of this call was changed {max} times; no further form is kept")]
    TooManyNotes {
        /// How many forms are kept.
        max: usize,
    },
    /// No such follow-up.
    #[error("{id} is not in this workspace; list the follow-ups to see which are")]
    UnknownFollowUp {
        /// The follow-up.
        id: FollowUpId,
    },
    /// The contact has another open follow-up.
    #[error("this contact has a newer open follow-up; act on that one")]
    FollowUpOpen,
    /// Events after the cursor are not kept any more.
    #[error(
        "the events up to {through} are not kept any more; read what is listed of calls and \
         start again without a cursor"
    )]
    EventsGone {
        /// Up to which number some are gone.
        through: i64,
    },
    /// The workspace has as many endpoints as it may.
    #[error("a workspace has at most {max} endpoints; remove one first")]
    TooManyEndpoints {
        /// How many at most.
        max: u32,
    },
    /// The period holds more CDRs than are handed out at once.
    #[error("the period holds more than {max} CDRs; ask for a shorter one")]
    PeriodTooLong {
        /// How many are handed out at most.
        max: u32,
    },
}

impl StoreError {
    /// Wraps what SQLite said while something was tried.
    pub(crate) fn database(doing: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| {
            let dangling = source
                .as_database_error()
                .is_some_and(sqlx::error::DatabaseError::is_foreign_key_violation);
            if dangling { Self::Dangling { doing } } else { Self::Database { doing, source } }
        }
    }
}
