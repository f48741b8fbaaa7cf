//! What waits to be written to one socket: bounded, never blocking whoever fills it.

use std::collections::VecDeque;
use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use wire::agent::ByeReason;

/// Most bytes that wait for one socket. A reading browser never has more than a few kilobytes
/// waiting; a stuck tab must not hold the daemon's memory.
pub(crate) const OUTBOX_BYTES_MAX: usize = 1024 * 1024;

/// Longest time a frame may wait for its socket. A ring that is older tells the agent nothing.
pub(crate) const OUTBOX_LAG_MAX: Duration = Duration::from_secs(5);

/// The next thing to write.
#[derive(Debug, PartialEq)]
pub(crate) enum Outgoing {
    /// A frame, and the moment after which it is too late to write it.
    Frame { text: Utf8Bytes, due: Instant },
    /// A question whether anybody is there, which browsers answer without their page.
    Ping,
    /// The last word; close after it.
    Bye(ByeReason),
}

/// Frames on their way to one socket.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
    doubted: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// False until the welcome is there: frames told meanwhile wait behind it.
    open: bool,
    frames: VecDeque<(Utf8Bytes, Instant)>,
    bytes: usize,
    bye: Option<ByeReason>,
    ping: bool,
}

impl Outbox {
    /// Lets frames out, `first` before all others.
    pub(crate) fn open(&self, first: Utf8Bytes) {
        {
            let mut waiting = self.waiting.lock();
            waiting.open = true;
            waiting.bytes += first.len();
            waiting.frames.push_front((first, Instant::now()));
        }
        self.changed.notify_one();
    }

    /// Adds a frame. When that is too much, the frames are dropped and the socket is told `slow`:
    /// its device resumes and gets them from the session.
    pub(crate) fn push(&self, text: Utf8Bytes) {
        {
            let mut waiting = self.waiting.lock();
            if waiting.bye.is_some() {
                return;
            }
            if waiting.bytes + text.len() > OUTBOX_BYTES_MAX {
                waiting.finish_at_once(ByeReason::Slow);
            } else {
                waiting.bytes += text.len();
                waiting.frames.push_back((text, Instant::now()));
            }
        }
        self.changed.notify_one();
    }

    /// Says goodbye after the frames that wait.
    pub(crate) fn finish(&self, why: ByeReason) {
        {
            let mut waiting = self.waiting.lock();
            waiting.open = true;
            waiting.bye.get_or_insert(why);
        }
        self.changed.notify_one();
    }

    /// Says goodbye instead of the frames that wait.
    pub(crate) fn finish_at_once(&self, why: ByeReason) {
        self.waiting.lock().finish_at_once(why);
        self.changed.notify_one();
    }

    /// Asks for a sign of life.
    pub(crate) fn doubt(&self) {
        self.waiting.lock().ping = true;
        self.changed.notify_one();
        self.doubted.notify_one();
    }

    /// Waits until a sign of life was asked for. For one reader only.
    pub(crate) async fn doubted(&self) {
        self.doubted.notified().await;
    }

    /// Waits for something to write. For one writer only.
    pub(crate) async fn next(&self) -> Outgoing {
        loop {
            if let Some(outgoing) = self.waiting.lock().take() {
                return outgoing;
            }
            self.changed.notified().await;
        }
    }
}

impl Waiting {
    fn finish_at_once(&mut self, why: ByeReason) {
        self.open = true;
        self.frames.clear();
        self.bytes = 0;
        self.bye.get_or_insert(why);
    }

    fn take(&mut self) -> Option<Outgoing> {
        if !self.open {
            return None;
        }
        if std::mem::take(&mut self.ping) {
            return Some(Outgoing::Ping);
        }
        match self.frames.pop_front() {
            Some((text, since)) => {
                self.bytes -= text.len();
                let due = since + OUTBOX_LAG_MAX;
                Some(Outgoing::Frame { text, due })
            }
            None => self.bye.map(Outgoing::Bye),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn next_text(outbox: &Outbox) -> String {
        match outbox.next().await {
            Outgoing::Frame { text, .. } => text.to_string(),
            Outgoing::Ping => "ping".to_owned(),
            Outgoing::Bye(why) => format!("bye {why:?}"),
        }
    }

    #[tokio::test]
    async fn the_welcome_goes_before_what_was_told_meanwhile() {
        let outbox = Outbox::default();
        outbox.push("ring".into());
        outbox.open("welcome".into());
        assert_eq!(next_text(&outbox).await, "welcome");
        assert_eq!(next_text(&outbox).await, "ring");
    }

    #[tokio::test]
    async fn d7_a_reader_that_falls_a_mebibyte_behind_is_told_slow_and_costs_nothing_more() {
        let outbox = Outbox::default();
        outbox.open("welcome".into());
        let kilobyte = "x".repeat(1024);
        for _ in 0..2 * OUTBOX_BYTES_MAX / 1024 {
            outbox.push(kilobyte.clone().into());
        }
        assert_eq!(outbox.waiting.lock().frames.len(), 0);
        assert_eq!(outbox.next().await, Outgoing::Bye(ByeReason::Slow));
    }

    #[tokio::test]
    async fn an_error_frame_is_written_before_the_goodbye_that_follows_it() {
        let outbox = Outbox::default();
        outbox.open("welcome".into());
        outbox.push("error".into());
        outbox.finish(ByeReason::TooManyErrors);
        outbox.finish(ByeReason::Silent);
        assert_eq!(next_text(&outbox).await, "welcome");
        assert_eq!(next_text(&outbox).await, "error");
        assert_eq!(next_text(&outbox).await, "bye TooManyErrors");
    }
}
