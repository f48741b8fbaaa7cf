//! One datagram per system call, for systems that have no others.

use std::io;
use std::net::SocketAddr;

use mio::net::UdpSocket;

use super::canonical;
use crate::turn::DATAGRAM_MAX;

/// Takes up to `N` datagrams per call.
pub struct Inbox<const N: usize> {
    buffers: Box<[[u8; DATAGRAM_MAX]; N]>,
    taken: [(usize, Option<SocketAddr>); N],
}

impl<const N: usize> Default for Inbox<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Inbox<N> {
    /// Makes the buffers.
    pub fn new() -> Self {
        Self { buffers: Box::new([[0; DATAGRAM_MAX]; N]), taken: [(0, None); N] }
    }

    /// Takes what is there, `N` at most, and returns how many; fewer than `N` means that nothing
    /// was left.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, else what the system says.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        self.taken = [(0, None); N];
        for (at, buffer) in self.buffers.iter_mut().enumerate() {
            match socket.recv_from(buffer) {
                Ok((length, from)) => self.taken[at] = (length, Some(canonical(from))),
                Err(error) if at == 0 => return Err(error),
                Err(_) => return Ok(at),
            }
        }
        Ok(N)
    }

    /// Who sent the datagrams of the last call.
    pub(crate) fn senders(&self) -> impl Iterator<Item = SocketAddr> {
        self.taken.iter().filter_map(|(_, from)| *from)
    }

    /// A datagram of the last call and who sent it.
    pub fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])> {
        let (length, from) = *self.taken.get(at)?;
        Some((from?, self.buffers.get_mut(at)?.get_mut(..length)?))
    }
}

/// Sends at once what others gather.
#[derive(Default)]
pub struct Outbox;

impl Outbox {
    /// Nothing to make.
    pub const fn new() -> Self {
        Self
    }

    /// Sends a datagram, or loses it.
    pub fn push(&mut self, socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) {
        let _ = socket.send_to(bytes, to);
    }

    /// Everything is sent already.
    pub const fn flush(&mut self, _socket: &UdpSocket) {}
}
