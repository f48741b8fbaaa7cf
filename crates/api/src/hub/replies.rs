//! What was answered to a device's last commands, so that a repeated number repeats nothing.

use std::collections::VecDeque;

use wire::agent::ServerEvent;

/// Commands remembered per session. A device repeats at most what it sent shortly before its
/// socket was lost; people do not click this often in half a minute.
const REPLIES_MAX: usize = 128;

/// What is known about a command's number.
#[derive(Debug, PartialEq)]
pub(crate) enum Seen {
    /// Nothing: carry it out. It now counts as under way.
    New,
    /// It is being carried out; its reply will come.
    UnderWay,
    /// It was carried out, with this reply.
    Answered(Box<ServerEvent>),
}

/// The last commands of a session, oldest first. Replies are boxed, for the list has room for
/// several from the start.
#[derive(Debug, Default)]
pub(crate) struct Replies(VecDeque<(u64, Option<Box<ServerEvent>>)>);

impl Replies {
    /// Looks a number up and remembers it.
    pub(crate) fn begin(&mut self, id: u64) -> Seen {
        match self.0.iter().rev().find(|(known, _)| *known == id) {
            Some((_, Some(reply))) => Seen::Answered(reply.clone()),
            Some((_, None)) => Seen::UnderWay,
            None => {
                if self.0.len() == REPLIES_MAX {
                    self.0.pop_front();
                }
                self.0.push_back((id, None));
                Seen::New
            }
        }
    }

    /// Keeps the reply to a number that [`Self::begin`] called new.
    pub(crate) fn answer(&mut self, id: u64, reply: ServerEvent) {
        if let Some(entry) = self.0.iter_mut().rev().find(|(known, _)| *known == id) {
            entry.1 = Some(Box::new(reply));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_number_gets_the_first_reply() {
        let mut replies = Replies::default();
        assert_eq!(replies.begin(7), Seen::New);
        assert_eq!(replies.begin(7), Seen::UnderWay);
        replies.answer(7, ServerEvent::Done { to: 7 });
        let done = Box::new(ServerEvent::Done { to: 7 });
        assert_eq!(replies.begin(7), Seen::Answered(done));
        assert_eq!(replies.begin(8), Seen::New);
    }

    #[test]
    fn memory_is_bounded() {
        let mut replies = Replies::default();
        for id in 0..10_000 {
            assert_eq!(replies.begin(id), Seen::New);
        }
        assert_eq!(replies.0.len(), REPLIES_MAX);
        assert_eq!(replies.begin(9_999), Seen::UnderWay);
    }
}
