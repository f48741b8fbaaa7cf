//! One task grants all slices: those who ask at the same moment share one commit, so that a hot
//! balance costs one sync of the disk for many calls.

use tokio::sync::{mpsc, oneshot};

use super::{GrantAsk, Granted};
use crate::money::base::in_transaction;
use crate::{Store, StoreError};

/// Asks that may wait: more calls than one daemon carries.
const QUEUE_MAX: usize = 4_096;
/// Grants in one commit. More would make the first one wait longer than a commit costs.
const BATCH_MAX: usize = 64;
const DOING: &str = "reserve money for calls";

type Job = (GrantAsk, oneshot::Sender<Result<Granted, StoreError>>);

/// The way to the task.
#[derive(Debug)]
pub(crate) struct GrantDesk {
    jobs: mpsc::Sender<Job>,
}

impl GrantDesk {
    /// A desk whose task must be started with [`run`].
    pub(crate) fn new() -> (Self, mpsc::Receiver<Job>) {
        let (jobs, queue) = mpsc::channel(QUEUE_MAX);
        (Self { jobs }, queue)
    }

    pub(crate) async fn ask(&self, ask: GrantAsk) -> Result<Granted, StoreError> {
        let (reply, answer) = oneshot::channel();
        let gone = || StoreError::Contended { doing: "reserve money for a call" };
        self.jobs.send((ask, reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

/// Grants until nobody can ask any more. `store` must not keep the desk alive.
pub(crate) async fn run(store: Store, mut queue: mpsc::Receiver<Job>) {
    let mut jobs = Vec::with_capacity(BATCH_MAX);
    while queue.recv_many(&mut jobs, BATCH_MAX).await > 0 {
        // Balances are always taken in the same order, so that two daemons never wait in a ring.
        jobs.sort_by(|(one, _), (other, _)| one.workspace.cmp(&other.workspace));
        let asks: Vec<&GrantAsk> = jobs.iter().map(|(ask, _)| ask).collect();
        match together(&store, &asks).await {
            Ok(granted) => {
                for ((_, reply), granted) in jobs.drain(..).zip(granted) {
                    let _ = reply.send(Ok(granted));
                }
            }
            // One that cannot be granted must not keep the others from it.
            Err(_) => {
                for (ask, reply) in jobs.drain(..) {
                    let _ = reply.send(alone(&store, &ask).await);
                }
            }
        }
    }
}

async fn together(store: &Store, asks: &[&GrantAsk]) -> Result<Vec<Granted>, StoreError> {
    in_transaction!(store, DOING, |connection, sql, moved| {
        sql::grant_batch(connection, asks, moved).await
    })
}

async fn alone(store: &Store, ask: &GrantAsk) -> Result<Granted, StoreError> {
    in_transaction!(store, DOING, |connection, sql, moved| {
        sql::grant_slice(connection, ask, moved).await
    })
}
