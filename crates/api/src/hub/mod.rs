//! The devices that are in the house, and the bell that reaches them.

mod history;
mod outbox;
mod replies;
mod session;

use std::sync::Arc;
use std::time::Duration;

use dashmap::DashMap;
use model::{AgentId, DeviceId, Rights, SessionId, Timestamp, WorkspaceId};
use switchboard::Bell;
use uuid::Uuid;
use wire::agent::{ByeReason, Resume, ServerEvent};

pub(crate) use outbox::{OUTBOX_LAG_MAX, Outbox, Outgoing};
pub(crate) use replies::Seen;
use session::Written;
pub(crate) use session::{Session, frame_text};

/// Most devices one agent may have in the house at once, lost ones in their grace included.
/// People have a handful of tabs; a page that reloads in a loop must not fill the roster.
pub(crate) const DEVICES_PER_AGENT_MAX: usize = 32;

/// Every connected device's session, by device and by name.
///
/// The hub is the switchboard's bell: telling a device something never waits for its socket.
#[derive(Debug)]
pub struct Hub {
    resume_grace: Duration,
    devices: DashMap<DeviceId, Arc<Session>>,
    names: DashMap<SessionId, DeviceId>,
    /// How many devices each agent has here.
    counts: DashMap<(WorkspaceId, AgentId), usize>,
}

/// How a greeted socket belongs to the house.
#[derive(Debug)]
pub(crate) enum Seat {
    /// A device that was not here before: tell the switchboard, then welcome it.
    New(Arc<Session>, Arc<Outbox>),
    /// A device that is still here but missed too much: welcome it with a snapshot.
    Again(Arc<Session>, Arc<Outbox>),
    /// A device that goes on where it stopped; everything it missed is in the outbox.
    Resumed(Arc<Session>, Arc<Outbox>),
    /// The agent has [`DEVICES_PER_AGENT_MAX`] devices already.
    TooMany,
}

impl Hub {
    /// An empty hub whose lost devices may come back within `resume_grace`.
    pub fn new(resume_grace: Duration) -> Arc<Self> {
        Arc::new(Self {
            resume_grace,
            devices: DashMap::new(),
            names: DashMap::new(),
            counts: DashMap::new(),
        })
    }

    /// Devices in the house, those in their resume grace included.
    pub fn devices(&self) -> usize {
        self.devices.len()
    }

    /// Tells every socket `shut_down`, after what already waits for it, and closes it.
    pub fn shut_down(&self) {
        for session in self.sessions() {
            session.finish(ByeReason::ShutDown);
        }
    }

    /// From now on the agent may do this, on every device they have here.
    pub(crate) fn set_rights(&self, workspace: &WorkspaceId, agent: &AgentId, rights: Rights) {
        for session in self.sessions_of(workspace, agent) {
            session.set_rights(rights);
        }
    }

    /// Takes every device of an agent out of the house, for good and at once: its socket is
    /// closed, and nothing can go on with its session. Tell the switchboard of each.
    pub(crate) fn sign_out(&self, workspace: &WorkspaceId, agent: &AgentId) -> Vec<DeviceId> {
        let sessions = self.sessions_of(workspace, agent);
        let closed = sessions.into_iter().filter(|session| self.take_out(session));
        closed.map(|session| session.device).collect()
    }

    /// Takes one device out of the house, for good and at once. True when it was still in it.
    pub(crate) fn take_out(&self, session: &Session) -> bool {
        let was_in = session.sign_out();
        self.devices.remove(&session.device);
        self.names.remove(&session.id());
        if was_in {
            self.forget(session);
        }
        was_in
    }

    /// Seats a socket whose token named `agent` of `workspace`. Two workspaces may each have an
    /// agent of that name: they are two people, and neither can go on with the other's session.
    pub(crate) fn seat(
        &self,
        workspace: &WorkspaceId,
        agent: &AgentId,
        resume: Option<&Resume>,
    ) -> Seat {
        if let Some(resume) = resume
            && let Some(session) = self.session_named(resume.session)
            && session.is_of(workspace, agent)
        {
            let resumed =
                ServerEvent::Resumed { session: resume.session, server_time: Timestamp::now() };
            if let Some(outbox) = session.resume(resume.last_seq, &resumed) {
                return Seat::Resumed(session, outbox);
            }
            let id = new_session_id();
            self.names.remove(&resume.session);
            if let Some(outbox) = session.start_over(id) {
                self.names.insert(id, session.device);
                return Seat::Again(session, outbox);
            }
        }
        self.seat_new_device(workspace, agent)
    }

    fn seat_new_device(&self, workspace: &WorkspaceId, agent: &AgentId) -> Seat {
        {
            let mut here = self.counts.entry((workspace.clone(), agent.clone())).or_default();
            if *here >= DEVICES_PER_AGENT_MAX {
                return Seat::TooMany;
            }
            *here += 1;
        }
        let id = new_session_id();
        let device = DeviceId::from_uuid(Uuid::now_v7());
        let (session, outbox) = Session::new(id, device, workspace.clone(), agent.clone());
        let session = Arc::new(session);
        self.devices.insert(device, Arc::clone(&session));
        self.names.insert(id, device);
        Seat::New(session, outbox)
    }

    /// Takes a closed socket off its session and waits out the grace; `lost` is told when the device
    /// has no socket now. True when the device did not come back and is now gone for good: tell
    /// the switchboard.
    pub(crate) async fn release(
        &self,
        session: &Arc<Session>,
        outbox: &Arc<Outbox>,
        lost: impl FnOnce(),
    ) -> bool {
        let Some(grace) = session.detach(outbox) else {
            return false;
        };
        lost();
        tokio::time::sleep(self.resume_grace).await;
        if !session.leave(grace) {
            return false;
        }
        self.devices.remove(&session.device);
        self.names.remove(&session.id());
        self.forget(session);
        true
    }

    /// A device makes room for another one of its agent.
    fn forget(&self, session: &Session) {
        let agent = session.owner();
        if let Some(mut here) = self.counts.get_mut(&agent) {
            *here = here.saturating_sub(1);
        }
        self.counts.remove_if(&agent, |_, here| *here == 0);
    }

    fn session_named(&self, id: SessionId) -> Option<Arc<Session>> {
        let device = *self.names.get(&id)?;
        self.session_of(device)
    }

    fn session_of(&self, device: DeviceId) -> Option<Arc<Session>> {
        self.devices.get(&device).map(|one| Arc::clone(&one))
    }

    fn sessions_of(&self, workspace: &WorkspaceId, agent: &AgentId) -> Vec<Arc<Session>> {
        let mut sessions = self.sessions();
        sessions.retain(|session| session.is_of(workspace, agent));
        sessions
    }

    fn sessions(&self) -> Vec<Arc<Session>> {
        self.devices.iter().map(|one| Arc::clone(&one)).collect()
    }
}

impl Bell for Hub {
    /// Numbers the event and puts it into the device's outbox.
    fn tell(&self, device: DeviceId, event: ServerEvent) {
        if let Some(session) = self.session_of(device) {
            session.tell(&Written::of(&event));
        }
    }

    fn doubt(&self, device: DeviceId) {
        if let Some(session) = self.session_of(device) {
            session.doubt();
        }
    }

    /// Writes the event once, and numbers it for each device.
    fn tell_all(&self, devices: &[DeviceId], event: ServerEvent) {
        let written = Written::of(&event);
        for session in devices.iter().filter_map(|device| self.session_of(*device)) {
            session.tell(&written);
        }
    }
}

/// Unguessable (74 random bits) and only good together with a token of the same agent.
fn new_session_id() -> SessionId {
    SessionId::from_uuid(Uuid::now_v7())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_lost_socket_has_its_whole_grace() {
        let grace = Duration::from_secs(25);
        let hub = Hub::new(grace);
        let (acme, ana) = (WorkspaceId::new("acme").unwrap(), AgentId::new("ana").unwrap());
        let Seat::New(session, first) = hub.seat(&acme, &ana, None) else { panic!("not new") };
        let resume = Resume { session: session.id(), last_seq: 0 };
        let lost = |outbox: Arc<Outbox>| {
            let (hub, session) = (Arc::clone(&hub), Arc::clone(&session));
            tokio::spawn(async move { hub.release(&session, &outbox, || ()).await })
        };
        let first_grace = lost(first);
        tokio::time::sleep(grace - Duration::from_secs(5)).await;
        let Seat::Resumed(_, second) = hub.seat(&acme, &ana, Some(&resume)) else {
            panic!("not resumed")
        };
        let second_grace = lost(second);
        assert!(!first_grace.await.unwrap(), "it came back");
        assert_eq!(hub.devices(), 1);
        assert!(second_grace.await.unwrap(), "it did not come back");
        assert_eq!(hub.devices(), 0);
        assert!(matches!(hub.seat(&acme, &ana, Some(&resume)), Seat::New(..)));
    }

    #[tokio::test]
    async fn a_namesake_in_another_workspace_cannot_go_on_with_a_session() {
        let hub = Hub::new(Duration::from_secs(25));
        let [acme, other] = ["acme", "other"].map(|id| WorkspaceId::new(id).unwrap());
        let ana = AgentId::new("ana").unwrap();
        let Seat::New(session, _outbox) = hub.seat(&acme, &ana, None) else { panic!("not new") };
        let resume = Resume { session: session.id(), last_seq: 0 };
        let Seat::New(foreign, _) = hub.seat(&other, &ana, Some(&resume)) else {
            panic!("the session of another workspace was handed out")
        };
        assert_ne!(foreign.device, session.device);
        // Nor do the devices of one count against the other.
        for _ in 1..DEVICES_PER_AGENT_MAX {
            assert!(matches!(hub.seat(&acme, &ana, None), Seat::New(..)));
        }
        assert!(matches!(hub.seat(&acme, &ana, None), Seat::TooMany));
        assert!(matches!(hub.seat(&other, &ana, None), Seat::New(..)));
    }

    async fn next_text(outbox: &Outbox) -> String {
        match outbox.next().await {
            Outgoing::Frame { text, .. } => text.to_string(),
            Outgoing::Ping => "ping".to_owned(),
            Outgoing::Bye(why) => format!("bye {why:?}"),
        }
    }

    #[tokio::test]
    async fn one_event_for_many_has_each_devices_own_number() {
        let hub = Hub::new(Duration::from_secs(25));
        let acme = WorkspaceId::new("acme").unwrap();
        let ana = AgentId::new("ana").unwrap();
        let Seat::New(first, first_outbox) = hub.seat(&acme, &ana, None) else { panic!("not new") };
        let Seat::New(second, second_outbox) = hub.seat(&acme, &ana, None) else {
            panic!("not new")
        };
        for outbox in [&first_outbox, &second_outbox] {
            outbox.open("welcome".into());
            assert_eq!(next_text(outbox).await, "welcome");
        }
        hub.tell(first.device, ServerEvent::RenewMedia {});
        assert_eq!(next_text(&first_outbox).await, r#"{"v":1,"seq":1,"type":"renew_media"}"#);
        let gone = DeviceId::from_uuid(Uuid::now_v7());
        hub.tell_all(&[first.device, gone, second.device], ServerEvent::RenewMedia {});
        assert_eq!(next_text(&first_outbox).await, r#"{"v":1,"seq":2,"type":"renew_media"}"#);
        assert_eq!(next_text(&second_outbox).await, r#"{"v":1,"seq":1,"type":"renew_media"}"#);
    }

    #[tokio::test(start_paused = true)]
    async fn a_device_that_left_makes_room_for_another() {
        let hub = Hub::new(Duration::from_secs(25));
        let acme = WorkspaceId::new("acme").unwrap();
        let ana = AgentId::new("ana").unwrap();
        let mut seats: Vec<_> =
            (0..DEVICES_PER_AGENT_MAX).map(|_| hub.seat(&acme, &ana, None)).collect();
        assert!(matches!(hub.seat(&acme, &ana, None), Seat::TooMany));
        let Some(Seat::New(session, outbox)) = seats.pop() else { panic!("not new") };
        assert!(hub.release(&session, &outbox, || ()).await);
        assert!(matches!(hub.seat(&acme, &ana, None), Seat::New(..)));
        assert!(matches!(hub.seat(&acme, &ana, None), Seat::TooMany));
    }
}
