//! Sees that every endpoint has its postman, and that old events go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{EndpointId, Timestamp};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{Inner, STOP_WAIT, postman};

/// How often endpoints are looked for that nobody rang the bell about: another program added them,
/// or their postman died.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Every event rings the bell; endpoints change rarely, so a burst is looked at once.
const LOOK_PAUSE: Duration = Duration::from_millis(200);
/// How often old events are deleted.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Pause between two writes that delete: calls write in between.
const PRUNE_PAUSE: Duration = Duration::from_millis(50);

pub(crate) async fn run(inner: Arc<Inner>, stop: CancellationToken) {
    let mut news = inner.store.news();
    let mut postmen = JoinSet::new();
    let mut at_work: BTreeMap<EndpointId, AbortHandle> = BTreeMap::new();
    let mut prune_due = Instant::now();
    loop {
        news.borrow_and_update();
        employ(&inner, &stop, &mut postmen, &mut at_work).await;
        while postmen.try_join_next().is_some() {}
        if prune_due <= Instant::now() {
            prune(&inner, &stop).await;
            prune_due = Instant::now() + PRUNE_EVERY;
        }
        tokio::select! {
            () = stop.cancelled() => break,
            _ = news.changed() => sleep(LOOK_PAUSE).await,
            () = sleep(LOOK_EVERY) => {}
        }
    }
    // What does not end in time is dropped, and sent again by the next start.
    let _ = timeout(STOP_WAIT, async { while postmen.join_next().await.is_some() {} }).await;
}

/// Gives every endpoint that has none a postman. They leave by themselves.
async fn employ(
    inner: &Arc<Inner>,
    stop: &CancellationToken,
    postmen: &mut JoinSet<()>,
    at_work: &mut BTreeMap<EndpointId, AbortHandle>,
) {
    at_work.retain(|_, postman| !postman.is_finished());
    let endpoints = match inner.store.enabled_endpoints().await {
        Ok(endpoints) => endpoints,
        Err(error) => {
            tracing::error!(%error, "the endpoints cannot be listed; trying again");
            return;
        }
    };
    for endpoint in endpoints {
        at_work.entry(endpoint.id).or_insert_with(|| {
            postmen.spawn(postman::serve(
                inner.clone(),
                endpoint.workspace,
                endpoint.id,
                stop.clone(),
            ))
        });
    }
}

async fn prune(inner: &Inner, stop: &CancellationToken) {
    let retention = i64::try_from(inner.settings.retention.as_millis()).unwrap_or(i64::MAX);
    while !stop.is_cancelled() {
        let now = Timestamp::now();
        match inner.store.prune_events(now.plus_millis(-retention), now).await {
            Ok(true) => sleep(PRUNE_PAUSE).await,
            Ok(false) => return,
            Err(error) => {
                tracing::error!(%error, "old events cannot be deleted; trying again later");
                return;
            }
        }
    }
}
