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

    /// The datagrams of the last call and who sent them.
    pub(crate) fn arrivals(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let datagrams = self.taken.iter().zip(self.buffers.iter());
        datagrams.filter_map(|((length, from), bytes)| Some(((*from)?, bytes.get(..*length)?)))
    }

    /// A datagram of the last call and who sent it.
    pub fn datagram(&mut self, at: usize) -> Option<(SocketAddr, &mut [u8])> {
        let (length, from) = *self.taken.get(at)?;
        Some((from?, self.buffers.get_mut(at)?.get_mut(..length)?))
    }
}

/// Datagrams that are gathered; more gain nothing here.
const OUT: usize = 64;

/// Gathers datagrams of one socket.
pub struct Outbox {
    buffers: Box<[[u8; DATAGRAM_MAX]; OUT]>,
    lengths: [usize; OUT],
    to: [Option<SocketAddr>; OUT],
    waiting: usize,
}

impl Default for Outbox {
    fn default() -> Self {
        Self::new()
    }
}

impl Outbox {
    /// Makes the buffers.
    pub fn new() -> Self {
        let buffers = Box::new([[0; DATAGRAM_MAX]; OUT]);
        Self { buffers, lengths: [0; OUT], to: [None; OUT], waiting: 0 }
    }

    pub(crate) const fn is_full(&self) -> bool {
        self.waiting == OUT
    }

    /// The datagrams that wait, in order: their buffers and lengths.
    pub(crate) fn waiting_mut(
        &mut self,
    ) -> impl Iterator<Item = (&mut [u8; DATAGRAM_MAX], &mut usize)> {
        self.buffers.iter_mut().zip(&mut self.lengths).take(self.waiting)
    }

    /// Adds a datagram; sends the full box first if there is no room.
    pub fn push(&mut self, socket: &UdpSocket, to: SocketAddr, bytes: &[u8]) {
        if self.is_full() {
            self.flush(socket);
        }
        if let Some(room) = self.buffers[self.waiting].get_mut(..bytes.len()) {
            room.copy_from_slice(bytes);
            self.lengths[self.waiting] = bytes.len();
            self.to[self.waiting] = Some(to);
            self.waiting += 1;
        }
    }

    /// Sends everything, or loses it.
    pub fn flush(&mut self, socket: &UdpSocket) {
        let waiting = std::mem::take(&mut self.waiting);
        let heads = self.to.iter().zip(&self.lengths).take(waiting);
        for ((to, length), buffer) in heads.zip(self.buffers.iter()) {
            if let Some(to) = to {
                let _ = socket.send_to(&buffer[..*length], *to);
            }
        }
    }
}
