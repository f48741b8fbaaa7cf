//! Strangers: sockets of their own, from which anything may come and to which nothing may go.

use std::net::{SocketAddr, UdpSocket};

/// Attackers with an address each.
pub(crate) struct Strangers(Vec<UdpSocket>);

impl Strangers {
    pub(crate) fn new(count: usize) -> Self {
        let socket = |_| {
            let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port exists");
            socket.set_nonblocking(true).expect("a socket can be asked not to wait");
            socket
        };
        Self((0..count).map(socket).collect())
    }

    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        let address = |socket: &UdpSocket| socket.local_addr().expect("a bound socket has one");
        self.0.iter().map(address).collect()
    }

    /// The stranger's datagram; a closed port or a full buffer loses it.
    pub(crate) fn send(&self, who: usize, to: SocketAddr, datagram: &[u8]) -> bool {
        self.0[who % self.0.len()].send_to(datagram, to).is_ok()
    }

    /// Datagrams that came to each stranger.
    pub(crate) fn received(&self) -> Vec<usize> {
        let count = |socket: &UdpSocket| {
            let mut buffer = [0; 2_048];
            let mut datagrams = 0;
            loop {
                match socket.recv_from(&mut buffer) {
                    Ok(_) => datagrams += 1,
                    Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                    // "Port unreachable" for something sent earlier.
                    Err(_) => {}
                }
            }
            datagrams
        };
        self.0.iter().map(count).collect()
    }

    pub(crate) fn assert_got_nothing(&self) {
        let total: usize = self.received().into_iter().sum();
        assert_eq!(total, 0, "strangers were answered");
    }
}
