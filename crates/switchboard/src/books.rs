//! The journal and the closing of calls, written in order by one task.
//!
//! Nothing on the audio path waits for the database. Only what announces a step at Meta is waited
//! for, at most [`INTENT_WAIT`]; then the call goes on, and what it did is written when the
//! database answers again.

use std::time::Duration;

use ledger::Transaction;
use model::{CallId, Timestamp};
use store::{Cdr, NewEvent, Store, StoreError};
use tokio::sync::{mpsc, oneshot};
use wire::rest::CallState;

/// Writes that may wait: some seconds of a busy house. When it is full, events are dropped with an
/// error in the log.
const QUEUE_MAX: usize = 8_192;
/// How long a call waits for an intent to be durable before it acts on it.
const INTENT_WAIT: Duration = Duration::from_millis(250);
/// Pauses between attempts to write while the database fails.
const RETRY_PAUSE: Duration = Duration::from_millis(500);
/// How long a closing house waits for its last writes.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// Attempts per write: an hour of a broken database. What is lost then is in the log.
const ATTEMPTS_MAX: u32 = 7_200;

enum Entry {
    Event(CallId, NewEvent),
    State(CallId, CallState),
    Close(Box<Cdr>, Vec<Transaction>),
    /// Meta has still to be told of a call's end.
    HangUp(CallId, Timestamp),
    /// It has been told.
    Told(CallId),
    /// Everything before it is written.
    Barrier,
}

struct Job {
    entry: Entry,
    written: Option<oneshot::Sender<()>>,
}

/// The pen.
pub(crate) struct Books {
    jobs: mpsc::Sender<Job>,
}

impl Books {
    pub(crate) fn open(store: Store) -> Self {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        tokio::spawn(write(store, queue));
        Self { jobs }
    }

    /// Has an event written down; nobody waits for it.
    pub(crate) fn note(&self, call: CallId, event: NewEvent) {
        let job = Job { entry: Entry::Event(call, event), written: None };
        if self.jobs.try_send(job).is_err() {
            tracing::error!(%call, "the database is far behind: an event is not journalled");
        }
    }

    /// Writes an event down and waits, but not long, until it and all before it are durable.
    pub(crate) async fn intend(&self, call: CallId, event: NewEvent) {
        self.put(Entry::Event(call, event), INTENT_WAIT).await;
    }

    /// Notes where a call is, for lists; nobody waits for it.
    pub(crate) fn note_state(&self, call: CallId, state: CallState) {
        let _ = self.jobs.try_send(Job { entry: Entry::State(call, state), written: None });
    }

    /// Remembers that Meta has still to be told of a call's end; what is written after this is
    /// durable only with it.
    pub(crate) fn keep_hang_up(&self, call: CallId) {
        let entry = Entry::HangUp(call, Timestamp::now());
        if self.jobs.try_send(Job { entry, written: None }).is_err() {
            tracing::error!(%call, "the database is far behind: a hang-up is kept in memory only");
        }
    }

    /// Meta has answered. Should this be lost, Meta is told once more at the next start.
    pub(crate) fn forget_hang_up(&self, call: CallId) {
        let _ = self.jobs.try_send(Job { entry: Entry::Told(call), written: None });
    }

    /// Closes a call's books and waits until that is durable.
    pub(crate) async fn close_call(&self, cdr: Cdr, transactions: Vec<Transaction>) {
        let forever = RETRY_PAUSE * ATTEMPTS_MAX;
        self.put(Entry::Close(Box::new(cdr), transactions), forever).await;
    }

    /// Waits until everything handed over so far is written.
    pub(crate) async fn flush(&self) {
        self.put(Entry::Barrier, FLUSH_WAIT).await;
    }

    async fn put(&self, entry: Entry, wait: Duration) {
        let (written, done) = oneshot::channel();
        let job = Job { entry, written: Some(written) };
        let handed_over = async {
            if self.jobs.send(job).await.is_ok() {
                let _ = done.await;
            }
        };
        if tokio::time::timeout(wait, handed_over).await.is_err() {
            tracing::warn!("the database is slow: a call went on before its journal was durable");
        }
    }
}

async fn write(store: Store, mut queue: mpsc::Receiver<Job>) {
    while let Some(Job { entry, written }) = queue.recv().await {
        for attempt in 1..=ATTEMPTS_MAX {
            match write_one(&store, &entry).await {
                Ok(()) => break,
                Err(error @ StoreError::Database { .. }) => {
                    if attempt == 1 || attempt % 120 == 0 {
                        tracing::error!(%error, attempt, "the journal cannot be written; trying again");
                    }
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => {
                    refused(&store, &entry, &error).await;
                    break;
                }
            }
        }
        if let Some(written) = written {
            let _ = written.send(());
        }
    }
}

/// The store will never take this. A call gets its CDR all the same, without the refused money.
async fn refused(store: &Store, entry: &Entry, error: &StoreError) {
    let Entry::Close(cdr, transactions) = entry else {
        tracing::debug!(%error, "the store refused an entry of a call");
        return;
    };
    tracing::error!(call = %cdr.call, %error, "the money of a call was refused; its CDR is written without");
    if !transactions.is_empty()
        && let Err(error) = store.close_call(Cdr::clone(cdr), Vec::new()).await
    {
        tracing::error!(call = %cdr.call, %error, "a call could not be closed; the next start does it");
    }
}

async fn write_one(store: &Store, entry: &Entry) -> Result<(), StoreError> {
    match entry {
        Entry::Event(call, event) => store.append(*call, event.clone()).await.map(|_| ()),
        Entry::State(call, state) => store.set_state(*call, *state).await,
        Entry::Close(cdr, transactions) => {
            store.close_call(Cdr::clone(cdr), transactions.clone()).await.map(|_| ())
        }
        Entry::HangUp(call, since) => store.keep_hang_up(*call, *since).await,
        Entry::Told(call) => store.forget_hang_up(*call).await,
        Entry::Barrier => Ok(()),
    }
}
