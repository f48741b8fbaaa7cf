//! One device's session: it outlives its sockets, numbers what the device is told, and remembers
//! enough of it for a device that comes back.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use model::{AgentId, DeviceId, Right, Rights, SessionId, WorkspaceId};
use parking_lot::Mutex;
use wire::agent::{ByeReason, ServerEvent, VERSION};

use super::history::History;
use super::outbox::Outbox;
use super::replies::{Replies, Seen};

/// Room for what stands before an event's fields: both numbers at their longest.
const FRAME_HEAD_MAX: usize = r#"{"v":,"seq":,"#.len() + 10 + 20;

/// A device that is in the house.
#[derive(Debug)]
pub(crate) struct Session {
    /// The device.
    pub(crate) device: DeviceId,
    /// In which workspace, by the token that opened it.
    workspace: WorkspaceId,
    /// Whose device it is.
    pub(crate) agent: AgentId,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    id: SessionId,
    rights: Rights,
    /// Rights that were set are newer than any that a hello has read.
    rights_set: bool,
    history: History,
    replies: Replies,
    socket: Option<Arc<Outbox>>,
    /// Sockets attached so far: tells one grace period from the next.
    attachments: u64,
    /// Set when the device has left: nothing can be attached any more.
    gone: bool,
}

impl Session {
    /// A session with its first socket attached; the outbox opens with the welcome.
    pub(super) fn new(
        id: SessionId,
        device: DeviceId,
        workspace: WorkspaceId,
        agent: AgentId,
    ) -> (Self, Arc<Outbox>) {
        let outbox = Arc::new(Outbox::default());
        let state = State {
            id,
            rights: Rights::NONE,
            rights_set: false,
            history: History::default(),
            replies: Replies::default(),
            socket: Some(Arc::clone(&outbox)),
            attachments: 1,
            gone: false,
        };
        let session = Self { device, workspace, agent, state: Mutex::new(state) };
        (session, outbox)
    }

    /// Whose device it is.
    pub(super) fn owner(&self) -> (WorkspaceId, AgentId) {
        (self.workspace.clone(), self.agent.clone())
    }

    /// Whether it is a device of this agent.
    pub(crate) fn is_of(&self, workspace: &WorkspaceId, agent: &AgentId) -> bool {
        self.workspace == *workspace && self.agent == *agent
    }

    /// Whether the agent may do it, as of now.
    pub(crate) fn allows(&self, right: Right) -> bool {
        self.state.lock().rights.allow(right)
    }

    /// Takes the rights that were read for a hello after its session was seated, unless newer
    /// ones were set meanwhile. Returns what holds.
    pub(crate) fn learn_rights(&self, read: Rights) -> Rights {
        let mut state = self.state.lock();
        if !state.rights_set {
            state.rights = read;
        }
        state.rights
    }

    /// The agent's rights were changed.
    pub(super) fn set_rights(&self, rights: Rights) {
        let mut state = self.state.lock();
        state.rights = rights;
        state.rights_set = true;
    }

    /// Closes the socket and lets nothing be attached or done any more. True when the device is
    /// gone by this call.
    pub(super) fn sign_out(&self) -> bool {
        let mut state = self.state.lock();
        state.rights = Rights::NONE;
        state.rights_set = true;
        if let Some(outbox) = &state.socket {
            outbox.finish_at_once(ByeReason::SignedOut);
        }
        !std::mem::replace(&mut state.gone, true)
    }

    /// The name that `resume` must give now.
    pub(crate) fn id(&self) -> SessionId {
        self.state.lock().id
    }

    /// Attaches a socket that will get a whole snapshot: numbers start again under a new name.
    /// The outbox opens with the welcome. `None` when the device has left.
    pub(super) fn start_over(&self, id: SessionId) -> Option<Arc<Outbox>> {
        let mut state = self.state.lock();
        state.id = id;
        state.history = History::default();
        state.replies = Replies::default();
        state.attach()
    }

    /// Attaches a socket that goes on after frame `seen`, with `resumed` and the missed frames
    /// already in its outbox. `None` when the device has left or frames are missing.
    pub(super) fn resume(&self, seen: u64, resumed: &ServerEvent) -> Option<Arc<Outbox>> {
        let mut state = self.state.lock();
        let missed: Vec<Utf8Bytes> = state.history.after(seen)?.cloned().collect();
        let outbox = state.attach()?;
        outbox.open(frame_text(0, resumed));
        for text in missed {
            outbox.push(text);
        }
        Some(outbox)
    }

    /// Numbers an event, keeps it, and hands it to the socket if there is one.
    pub(super) fn tell(&self, event: &Written) {
        let mut state = self.state.lock();
        let text = event.numbered(state.history.next_seq());
        state.history.keep(text.clone());
        if let Some(outbox) = &state.socket {
            outbox.push(text);
        }
    }

    /// Looks up a command's number before the command is carried out.
    pub(crate) fn begin(&self, id: u64) -> Seen {
        self.state.lock().replies.begin(id)
    }

    /// Remembers and sends the reply to command `id`, on whatever socket the device has now.
    pub(crate) fn answer(&self, id: u64, reply: ServerEvent) {
        let mut state = self.state.lock();
        if let Some(outbox) = &state.socket {
            outbox.push(frame_text(0, &reply));
        }
        state.replies.answer(id, reply);
    }

    /// Remembers the reply to command `id`, which was sent in another way.
    pub(crate) fn remember(&self, id: u64, reply: ServerEvent) {
        self.state.lock().replies.answer(id, reply);
    }

    /// Whether the device has a socket.
    pub(crate) fn is_attached(&self) -> bool {
        self.state.lock().socket.is_some()
    }

    /// Takes `outbox` off. `Some` when it was the device's present socket: the grace that begins
    /// now is named by the number.
    pub(super) fn detach(&self, outbox: &Arc<Outbox>) -> Option<u64> {
        let mut state = self.state.lock();
        let socket = state.socket.take()?;
        if Arc::ptr_eq(&socket, outbox) {
            return Some(state.attachments);
        }
        state.socket = Some(socket);
        None
    }

    /// Marks the device as gone unless it came back since that grace began. True when it is gone
    /// by this call.
    pub(super) fn leave(&self, grace: u64) -> bool {
        let mut state = self.state.lock();
        let leaves = state.attachments == grace && state.socket.is_none() && !state.gone;
        state.gone |= leaves;
        leaves
    }

    /// Asks the present socket for a sign of life.
    pub(super) fn doubt(&self) {
        if let Some(outbox) = &self.state.lock().socket {
            outbox.doubt();
        }
    }

    /// Says goodbye to the present socket after what waits for it.
    pub(super) fn finish(&self, why: ByeReason) {
        if let Some(outbox) = &self.state.lock().socket {
            outbox.finish(why);
        }
    }
}

impl State {
    fn attach(&mut self) -> Option<Arc<Outbox>> {
        if self.gone {
            return None;
        }
        self.attachments += 1;
        let outbox = Arc::new(Outbox::default());
        if let Some(older) = self.socket.replace(Arc::clone(&outbox)) {
            older.finish_at_once(ByeReason::Replaced);
        }
        Some(outbox)
    }
}

/// A frame as it is written to a socket.
pub(crate) fn frame_text(seq: u64, event: &ServerEvent) -> Utf8Bytes {
    Written::of(event).numbered(seq)
}

/// An event as it is written, but for its number: made once, however many devices are told.
pub(crate) struct Written(String);

impl Written {
    pub(crate) fn of(event: &ServerEvent) -> Self {
        Self(serde_json::to_string(event).expect("events hold only strings, numbers and lists"))
    }

    /// The [`wire::agent::ServerFrame`] of this event: version and number before the event's own fields.
    fn numbered(&self, seq: u64) -> Utf8Bytes {
        let fields = self.0.strip_prefix('{').unwrap_or_default();
        let mut text = String::with_capacity(FRAME_HEAD_MAX + fields.len());
        // Writing into a String cannot fail.
        let _ = write!(text, r#"{{"v":{VERSION},"seq":{seq},{fields}"#);
        // The text is kept for a device that comes back; its spare room is not.
        text.into_boxed_str().into_string().into()
    }
}

#[cfg(test)]
mod tests {
    use model::Timestamp;
    use wire::agent::ServerFrame;

    use super::*;

    #[test]
    fn an_event_written_once_is_the_frame_of_every_number() {
        let events = [
            ServerEvent::RenewMedia {},
            ServerEvent::Done { to: 7 },
            ServerEvent::Pong { to: 9, server_time: Timestamp::from_seconds(1_000) },
            ServerEvent::MediaState { up: false, reason: Some("a \"quoted\" {reason".to_owned()) },
        ];
        for event in events {
            let written = Written::of(&event);
            for seq in [0, 1, u64::MAX] {
                let frame = ServerFrame { v: VERSION, seq, event: event.clone() };
                let whole = serde_json::to_string(&frame).expect("a frame");
                assert_eq!(written.numbered(seq).as_str(), whole);
            }
        }
    }
}
