//! News about calls that nobody here knows yet. Meta answers our `connect` over HTTP and tells of
//! the same call by webhook, and nothing says which comes first.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long news wait for their call. Graph is waited for a tenth of it.
pub const EARLY_KEPT: Duration = Duration::from_secs(60);
/// News that wait at most: several of each call that a busy line places in a minute. When it is
/// full the oldest go.
pub const EARLY_MAX: usize = 4_096;

/// News, each under the name of its call, oldest first.
#[derive(Clone, Debug)]
pub struct Early<K, N> {
    waiting: VecDeque<(Instant, K, N)>,
}

impl<K, N> Default for Early<K, N> {
    fn default() -> Self {
        Self { waiting: VecDeque::new() }
    }
}

impl<K: PartialEq, N> Early<K, N> {
    /// Keeps news of a call that is not known yet.
    pub fn keep(&mut self, call: K, news: N, now: Instant) {
        self.forget_old(now);
        if self.waiting.len() == EARLY_MAX {
            self.waiting.pop_front();
        }
        self.waiting.push_back((now, call, news));
    }

    /// A call has become known: everything that was told of it before, in the order it came.
    pub fn take(&mut self, call: &K, now: Instant) -> Vec<N> {
        self.forget_old(now);
        let (mut found, mut rest) = (Vec::new(), VecDeque::new());
        for (at, whose, news) in self.waiting.drain(..) {
            if whose == *call {
                found.push(news);
            } else {
                rest.push_back((at, whose, news));
            }
        }
        self.waiting = rest;
        found
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    fn forget_old(&mut self, now: Instant) {
        let is_old = |at: Instant| now.saturating_duration_since(at) > EARLY_KEPT;
        while self.waiting.front().is_some_and(|(at, _, _)| is_old(*at)) {
            self.waiting.pop_front();
        }
    }
}
