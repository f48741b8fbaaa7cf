//! The numbered frames of a session that a returning device may have missed.

use std::collections::VecDeque;

use axum::extract::ws::Utf8Bytes;

/// Frames kept for a device that comes back. A busy house tells a device a few frames a second;
/// this covers the resume grace many times over.
pub(crate) const HISTORY_FRAMES_MAX: usize = 512;

/// Bytes kept beside that bound: what one socket may have waiting.
pub(crate) const HISTORY_BYTES_MAX: usize = super::outbox::OUTBOX_BYTES_MAX;

/// The last numbered frames, oldest first, numbers without gaps.
#[derive(Debug, Default)]
pub(crate) struct History {
    /// The number of the newest frame; 0 before the first.
    last: u64,
    frames: VecDeque<Utf8Bytes>,
    bytes: usize,
}

impl History {
    /// The number that the next frame will have.
    pub(crate) fn next_seq(&self) -> u64 {
        self.last + 1
    }

    /// Keeps the frame that was given [`Self::next_seq`].
    pub(crate) fn keep(&mut self, text: Utf8Bytes) {
        self.last += 1;
        self.bytes += text.len();
        self.frames.push_back(text);
        while self.frames.len() > HISTORY_FRAMES_MAX || self.bytes > HISTORY_BYTES_MAX {
            let Some(oldest) = self.frames.pop_front() else {
                break;
            };
            self.bytes -= oldest.len();
        }
    }

    /// The frames after number `seen`. `None` when some of them are gone or `seen` was never sent:
    /// the device then needs a whole snapshot.
    pub(crate) fn after(&self, seen: u64) -> Option<impl Iterator<Item = &Utf8Bytes>> {
        let missed = usize::try_from(self.last.checked_sub(seen)?).ok()?;
        let skip = self.frames.len().checked_sub(missed)?;
        Some(self.frames.iter().skip(skip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn history_of(frames: u64) -> History {
        let mut history = History::default();
        for _ in 0..frames {
            let text = history.next_seq().to_string();
            history.keep(text.into());
        }
        history
    }

    fn after(history: &History, seen: u64) -> Option<Vec<String>> {
        Some(history.after(seen)?.map(ToString::to_string).collect())
    }

    #[test]
    fn a_device_gets_exactly_the_frames_after_the_last_it_saw() {
        let history = history_of(4);
        assert_eq!(after(&history, 2).unwrap(), ["3", "4"]);
        assert_eq!(after(&history, 4).unwrap(), [""; 0]);
        assert_eq!(after(&history, 0).unwrap(), ["1", "2", "3", "4"]);
    }

    #[test]
    fn a_number_that_was_never_sent_cannot_be_resumed_from() {
        assert_eq!(after(&history_of(4), 5), None);
    }

    #[test]
    fn only_the_newest_frames_are_kept() {
        let bound = HISTORY_FRAMES_MAX as u64;
        let history = history_of(bound + 10);
        assert_eq!(after(&history, 9), None);
        assert_eq!(after(&history, 10).unwrap().len(), HISTORY_FRAMES_MAX);
    }

    #[test]
    fn large_frames_are_bounded_by_their_bytes() {
        let mut history = History::default();
        for _ in 0..3 {
            history.keep("x".repeat(HISTORY_BYTES_MAX / 2).into());
        }
        assert_eq!(history.frames.len(), 2);
        assert_eq!(after(&history, 0), None);
    }
}
