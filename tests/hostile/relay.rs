//! A man in the middle of one leg: passes every datagram on, keeps a copy, and injects his own.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use std::sync::Mutex;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

use crate::packets::{Kind, kind};

/// Datagrams of the far end that are kept, newest last.
const TAPE_MAX: usize = 512;

/// What went by.
#[derive(Default)]
pub(crate) struct Tape {
    /// The far end's datagrams, newest last.
    pub(crate) to_daemon: VecDeque<Vec<u8>>,
    /// Datagrams of the daemon by kind: STUN, DTLS, RTP, RTCP, other.
    pub(crate) from_daemon: [u64; 5],
    /// The daemon's STUN messages, newest last.
    pub(crate) daemon_stun: VecDeque<Vec<u8>>,
}

pub(crate) struct Relay {
    /// Faces the daemon.
    outer: UdpSocket,
    /// Faces the phone or the browser.
    inner: UdpSocket,
    daemon: Mutex<Option<SocketAddr>>,
    far: Mutex<Option<SocketAddr>>,
    tape: Mutex<Tape>,
    tasks: Mutex<Vec<JoinHandle<()>>>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        for task in self.tasks.lock().expect("no panic under the lock").drain(..) {
            task.abort();
        }
    }
}

impl Relay {
    /// `outer` is the address that the daemon shall see.
    pub(crate) async fn start(outer: SocketAddr, far: Option<SocketAddr>) -> Arc<Self> {
        let relay = Arc::new(Self {
            outer: UdpSocket::bind(outer).await.expect("the address is free"),
            inner: UdpSocket::bind("127.0.0.1:0").await.expect("a free port exists"),
            daemon: Mutex::new(None),
            far: Mutex::new(far),
            tape: Mutex::new(Tape::default()),
            tasks: Mutex::new(Vec::new()),
        });
        let (there, back) = (Arc::downgrade(&relay), Arc::downgrade(&relay));
        let there = tokio::spawn(async move {
            while let Some(relay) = there.upgrade() {
                relay.carry_to_daemon().await;
            }
        });
        let back = tokio::spawn(async move {
            while let Some(relay) = back.upgrade() {
                relay.carry_to_far_end().await;
            }
        });
        relay.tasks.lock().expect("no panic under the lock").extend([there, back]);
        relay
    }

    /// The address that the daemon sees.
    pub(crate) fn outer(&self) -> SocketAddr {
        self.outer.local_addr().expect("a bound socket has an address")
    }

    /// The address that the far end sees.
    pub(crate) fn inner(&self) -> SocketAddr {
        self.inner.local_addr().expect("a bound socket has an address")
    }

    pub(crate) fn set_daemon(&self, address: SocketAddr) {
        *self.daemon.lock().expect("no panic under the lock") = Some(address);
    }

    /// Where the daemon listens for this leg.
    pub(crate) fn daemon(&self) -> SocketAddr {
        self.daemon.lock().expect("no panic under the lock").expect("the leg was answered")
    }

    pub(crate) fn tape<T>(&self, look: impl FnOnce(&mut Tape) -> T) -> T {
        look(&mut self.tape.lock().expect("no panic under the lock"))
    }

    /// How many datagrams of a kind the daemon has sent.
    pub(crate) fn sent_by_daemon(&self, kind: Kind) -> u64 {
        self.tape(|tape| tape.from_daemon[kind as usize])
    }

    /// The newest datagrams of a kind that the far end has sent, oldest of them first.
    pub(crate) fn recorded(&self, wanted: Kind) -> Vec<Vec<u8>> {
        self.tape(|tape| tape.to_daemon.iter().filter(|it| kind(it) == wanted).cloned().collect())
    }

    /// Sends to the daemon from the address of the far end.
    pub(crate) async fn inject(&self, datagram: &[u8]) {
        // A full buffer loses it, as the network would.
        let _ = self.outer.send_to(datagram, self.daemon()).await;
    }

    /// Sends to the far end from the address of the daemon.
    pub(crate) async fn inject_back(&self, datagram: &[u8]) {
        let far = *self.far.lock().expect("no panic under the lock");
        if let Some(far) = far {
            let _ = self.inner.send_to(datagram, far).await;
        }
    }

    async fn carry_to_daemon(&self) {
        let mut buffer = [0; 2_048];
        let Ok((length, from)) = self.inner.recv_from(&mut buffer).await else { return };
        *self.far.lock().expect("no panic under the lock") = Some(from);
        let datagram = &buffer[..length];
        self.tape(|tape| {
            tape.to_daemon.push_back(datagram.to_vec());
            while tape.to_daemon.len() > TAPE_MAX {
                tape.to_daemon.pop_front();
            }
        });
        let daemon = *self.daemon.lock().expect("no panic under the lock");
        if let Some(daemon) = daemon {
            let _ = self.outer.send_to(datagram, daemon).await;
        }
    }

    async fn carry_to_far_end(&self) {
        let mut buffer = [0; 2_048];
        let Ok((length, from)) = self.outer.recv_from(&mut buffer).await else { return };
        let datagram = &buffer[..length];
        self.daemon.lock().expect("no panic under the lock").get_or_insert(from);
        self.tape(|tape| {
            tape.from_daemon[kind(datagram) as usize] += 1;
            if kind(datagram) == Kind::Stun {
                tape.daemon_stun.push_back(datagram.to_vec());
                while tape.daemon_stun.len() > TAPE_MAX {
                    tape.daemon_stun.pop_front();
                }
            }
        });
        self.inject_back(datagram).await;
    }
}
