//! A tap on the UDP sockets of a peer connection: dead on command, and strict about ICE roles.

use std::future::Future;
use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use webrtc::runtime::{
    AsyncInterval, AsyncTcpListener, AsyncTcpStream, AsyncUdpSocket, JoinHandle, RecvMeta, Runtime,
    Transmit,
};

/// STUN's magic cookie (RFC 8489, section 5).
const STUN_COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
/// Type of a binding request.
const BINDING_REQUEST: [u8; 2] = [0x00, 0x01];
/// The attribute of an agent in the controlled role (RFC 8445, section 16.1).
const ICE_CONTROLLED: [u8; 2] = [0x80, 0x29];
/// Bytes before the first attribute.
const STUN_HEADER: usize = 20;

/// The shared valve of one peer connection's sockets.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Valve>);

#[derive(Debug)]
struct Valve {
    /// Neither direction flows, and nobody is told.
    cut: AtomicBool,
    /// Meta stays in the controlled role: a check of another controlled agent is not answered.
    stays_controlled: bool,
    controlled_checks: AtomicU64,
}

impl Gate {
    /// An open gate.
    pub(crate) fn new(stays_controlled: bool) -> Self {
        Self(Arc::new(Valve {
            cut: AtomicBool::new(false),
            stays_controlled,
            controlled_checks: AtomicU64::new(0),
        }))
    }

    /// Stops both directions for good: a dead leg.
    pub(crate) fn cut(&self) {
        self.0.cut.store(true, Ordering::Release);
    }

    fn is_cut(&self) -> bool {
        self.0.cut.load(Ordering::Acquire)
    }

    /// Connectivity checks that came from an agent in the controlled role.
    pub(crate) fn controlled_checks(&self) -> u64 {
        self.0.controlled_checks.load(Ordering::Relaxed)
    }

    /// Makes a controlled agent's check unreadable; the library would switch roles instead.
    fn refuse_controlled(&self, datagram: &mut [u8]) {
        if self.0.stays_controlled && is_controlled_check(datagram) {
            self.0.controlled_checks.fetch_add(1, Ordering::Relaxed);
            datagram[4..8].fill(0);
        }
    }
}

/// Whether the datagram is a binding request that carries ICE-CONTROLLED.
fn is_controlled_check(datagram: &[u8]) -> bool {
    if datagram.len() < STUN_HEADER || datagram[..2] != BINDING_REQUEST {
        return false;
    }
    if datagram[4..8] != STUN_COOKIE {
        return false;
    }
    let mut rest = &datagram[STUN_HEADER..];
    while let [kind_high, kind_low, high, low, ..] = *rest {
        if [kind_high, kind_low] == ICE_CONTROLLED {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        let step = 4 + length.next_multiple_of(4);
        rest = rest.get(step..).unwrap_or_default();
    }
    false
}

/// The runtime of a peer connection, with a gate in front of its UDP sockets.
#[derive(Debug)]
pub(crate) struct GatedRuntime {
    /// What does the work.
    pub(crate) inner: Arc<dyn Runtime>,
    /// What decides about datagrams.
    pub(crate) gate: Gate,
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Runtime for GatedRuntime {
    fn spawn(&self, future: Boxed<'static, ()>) -> Box<dyn JoinHandle> {
        self.inner.spawn(future)
    }

    fn wrap_udp_socket(&self, socket: std::net::UdpSocket) -> io::Result<Arc<dyn AsyncUdpSocket>> {
        Ok(Arc::new(GatedSocket {
            inner: self.inner.wrap_udp_socket(socket)?,
            gate: self.gate.clone(),
        }))
    }

    fn wrap_tcp_listener(
        &self,
        listener: std::net::TcpListener,
    ) -> io::Result<Arc<dyn AsyncTcpListener>> {
        self.inner.wrap_tcp_listener(listener)
    }

    fn connect_tcp<'a>(
        &'a self,
        remote_addr: SocketAddr,
    ) -> Boxed<'a, io::Result<Arc<dyn AsyncTcpStream>>> {
        self.inner.connect_tcp(remote_addr)
    }

    fn resolve_host<'a>(&'a self, host: &'a str) -> Boxed<'a, io::Result<Vec<SocketAddr>>> {
        self.inner.resolve_host(host)
    }

    fn now(&self) -> Instant {
        self.inner.now()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.inner.sleep(duration)
    }

    fn interval(&self, period: Duration) -> Box<dyn AsyncInterval> {
        self.inner.interval(period)
    }

    fn block_on(&self, future: Pin<Box<dyn Future<Output = ()> + '_>>) {
        self.inner.block_on(future);
    }
}

#[derive(Debug)]
struct GatedSocket {
    inner: Arc<dyn AsyncUdpSocket>,
    gate: Gate,
}

impl AsyncUdpSocket for GatedSocket {
    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    fn max_gso_segments(&self) -> usize {
        self.inner.max_gso_segments()
    }

    fn max_gro_segments(&self) -> usize {
        self.inner.max_gro_segments()
    }

    fn poll_send(&self, cx: &mut Context<'_>, transmit: &Transmit<'_>) -> Poll<io::Result<usize>> {
        if self.gate.is_cut() {
            Poll::Ready(Ok(transmit.contents.len()))
        } else {
            self.inner.poll_send(cx, transmit)
        }
    }

    fn poll_recv(
        &self,
        cx: &mut Context<'_>,
        bufs: &mut [IoSliceMut<'_>],
        meta: &mut [RecvMeta],
    ) -> Poll<io::Result<usize>> {
        loop {
            let received = self.inner.poll_recv(cx, bufs, meta);
            let Poll::Ready(Ok(count)) = received else {
                return received;
            };
            if !self.gate.is_cut() {
                for (buffer, meta) in bufs.iter_mut().zip(meta.iter()).take(count) {
                    let filled = meta.len.min(buffer.len());
                    for datagram in buffer[..filled].chunks_mut(meta.stride.max(1)) {
                        self.gate.refuse_controlled(datagram);
                    }
                }
                return received;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1, 0, attributes.len() as u8];
        bytes.extend_from_slice(&STUN_COOKIE);
        bytes.extend_from_slice(&[0; 12]);
        bytes.extend_from_slice(attributes);
        bytes
    }

    #[test]
    fn a_check_of_a_controlled_agent_is_told_from_all_else() {
        let username = [0, 6, 0, 3, b'a', b':', b'b', 0];
        let controlled = [0x80, 0x29, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8];
        let both = [&username[..], &controlled[..]].concat();
        assert!(is_controlled_check(&request(&both)));
        assert!(!is_controlled_check(&request(&username)));
        let controlling = [0x80, 0x2a, 0, 8, 0x80, 0x29, 3, 4, 5, 6, 7, 8];
        assert!(!is_controlled_check(&request(&controlling)));
        let mut response = request(&controlled);
        response[0] = 1;
        assert!(!is_controlled_check(&response));
    }

    #[test]
    fn broken_datagrams_do_no_harm() {
        let whole = request(&[0, 6, 0xff, 0xff, 1, 2, 3]);
        for length in 0..=whole.len() {
            assert!(!is_controlled_check(&whole[..length]));
        }
    }
}
