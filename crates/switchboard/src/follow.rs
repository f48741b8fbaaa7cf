//! What the rest of the house learns when something happens to a call.

use call::Phase;

use crate::owner::Owner;

impl Owner {
    /// What other parts of the house learn from an event.
    pub(crate) fn follow(&mut self, event: &call::Event) {
        if let call::Event::AgentsRingEnded { agents, outcome } = event {
            self.inner.rings_ended(agents, *outcome);
        }
        self.follow_dialling(event);
        if let call::Event::FarewellUnconfirmed {} = event {
            // Meta may have accepted it; to a call that only rang it puts an end by itself.
            if self.call.was_accepted() {
                self.inner.books.keep_hang_up(self.id);
            }
        }
        if let call::Event::TransferReturned { to } = event {
            // Who sent the call on would have it back at once.
            self.inner.stop_wrapping_up(to);
        }
        let waits = self.call.phase() == Phase::Queued;
        if waits != self.waits {
            self.waits = waits;
            if waits {
                let group = self.ringing_view().group;
                self.inner.board.lock().queue.enter(self.id, group);
            } else {
                self.inner.leave_queue(self.id);
            }
        }
        self.show_sent_on();
        self.show_live();
    }

    /// Tells who sent the call on that it rings, and that it rings no more.
    fn show_sent_on(&mut self) {
        let now = self.sent_on();
        let by = now.as_ref().map(|(by, _)| by.clone());
        if by == self.sent_by {
            return;
        }
        if let Some(before) = std::mem::replace(&mut self.sent_by, by) {
            self.inner.sent_on_no_more(&before, self.id);
        }
        if let Some((by, sent)) = now {
            self.inner.sent_on(by, sent);
        }
    }

    /// Keeps what supervisors see up to date.
    pub(crate) fn show_live(&self) {
        match self.call.phase() {
            Phase::Ending | Phase::Ended => self.inner.call_not_live(self.id),
            Phase::Offered
            | Phase::Ringing
            | Phase::Queued
            | Phase::Noticing
            | Phase::Dialling
            | Phase::Accepting
            | Phase::Bridged
            | Phase::Reconnecting => self.inner.call_live(self.live_view()),
        }
    }
}
