//! `recvmmsg` and `sendmmsg`. Neither allocates: headers and buffers are made once.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV6};
use std::os::fd::AsRawFd;

use mio::net::UdpSocket;
use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};

use super::canonical;
use crate::turn::DATAGRAM_MAX;

/// Datagrams in one `sendmmsg`; more gain nothing measurable.
const OUT: usize = 64;

/// Takes up to `N` datagrams per system call.
pub struct Inbox<const N: usize> {
    headers: MultiHeaders<SockaddrStorage>,
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
        Self {
            headers: MultiHeaders::preallocate(N, None),
            buffers: Box::new([[0; DATAGRAM_MAX]; N]),
            taken: [(0, None); N],
        }
    }

    /// Takes what is there, `N` at most, and returns how many; fewer than `N` means that nothing
    /// was left.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] when nothing is there, else what the system says.
    pub fn receive(&mut self, socket: &UdpSocket) -> io::Result<usize> {
        let mut slices = self.buffers.each_mut().map(|buffer| [IoSliceMut::new(buffer)]);
        let taken = recvmmsg(
            socket.as_raw_fd(),
            &mut self.headers,
            slices.iter_mut(),
            MsgFlags::MSG_DONTWAIT,
            None,
        )?;
        let mut count = 0;
        for (message, slot) in taken.zip(&mut self.taken) {
            *slot = (message.bytes, message.address.as_ref().and_then(address));
            count += 1;
        }
        self.taken[count..].fill((0, None));
        Ok(count)
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

/// Gathers datagrams of one socket and sends them together.
pub struct Outbox {
    headers: MultiHeaders<SockaddrStorage>,
    buffers: Box<[[u8; DATAGRAM_MAX]; OUT]>,
    lengths: [usize; OUT],
    to: [Option<SockaddrStorage>; OUT],
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
        Self {
            headers: MultiHeaders::preallocate(OUT, None),
            buffers: Box::new([[0; DATAGRAM_MAX]; OUT]),
            lengths: [0; OUT],
            to: [None; OUT],
            waiting: 0,
        }
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
        if self.waiting == OUT {
            self.flush(socket);
        }
        let Some(room) = self.buffers[self.waiting].get_mut(..bytes.len()) else {
            return;
        };
        room.copy_from_slice(bytes);
        self.lengths[self.waiting] = bytes.len();
        self.to[self.waiting] = Some(to.into());
        self.waiting += 1;
    }

    /// Sends everything. What cannot be sent is lost: UDP promises nothing and audio does not wait.
    pub fn flush(&mut self, socket: &UdpSocket) {
        let mut first = 0;
        while first < self.waiting {
            let Self { headers, buffers, lengths, to, waiting } = self;
            let slices: [[IoSlice<'_>; 1]; OUT] =
                std::array::from_fn(|at| [IoSlice::new(&buffers[at][..lengths[at]])]);
            let sent = sendmmsg(
                socket.as_raw_fd(),
                headers,
                &slices[first..*waiting],
                &to[first..*waiting],
                [],
                MsgFlags::MSG_DONTWAIT,
            );
            // An error belongs to the first datagram of the call; the others are tried again.
            first += match sent {
                Ok(sent) => sent.count().max(1),
                Err(_) => 1,
            };
        }
        self.waiting = 0;
    }
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = storage.as_sockaddr_in() {
        return Some(SocketAddr::V4((*v4).into()));
    }
    let v6 = SocketAddrV6::from(*storage.as_sockaddr_in6()?);
    Some(canonical(SocketAddr::V6(v6)))
}
