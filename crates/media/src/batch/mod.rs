//! Many datagrams per system call, in buffers made once.

use std::net::SocketAddr;

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod portable;

#[cfg(target_os = "linux")]
pub use linux::{Inbox, Outbox};
#[cfg(not(target_os = "linux"))]
pub use portable::{Inbox, Outbox};

/// A socket for both families shows IPv4 senders in the form of IPv6. Inside they are what they are,
/// so that each address has one form.
fn canonical(from: SocketAddr) -> SocketAddr {
    SocketAddr::new(from.ip().to_canonical(), from.port())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use mio::net::UdpSocket;

    use super::*;

    fn socket() -> UdpSocket {
        UdpSocket::bind("127.0.0.1:0".parse().unwrap()).unwrap()
    }

    #[test]
    fn what_is_flushed_arrives_in_order_with_its_sender() {
        let (from, to) = (socket(), socket());
        let mut outbox = Outbox::new();
        let address = to.local_addr().unwrap();
        for number in 0..100u8 {
            outbox.push(&from, address, &[number; 50][..usize::from(number) / 2]);
        }
        outbox.flush(&from);
        outbox.flush(&from);
        let mut inbox = Inbox::<16>::new();
        let (mut next, mut calls) = (0, 0);
        while next < 100 {
            match inbox.receive(&to) {
                Ok(count) => {
                    calls += 1;
                    assert!((1..=16).contains(&count));
                    for at in 0..count {
                        let (sender, bytes) = inbox.datagram(at).unwrap();
                        assert_eq!(sender, from.local_addr().unwrap());
                        assert_eq!(bytes, &[next; 50][..usize::from(next) / 2]);
                        next += 1;
                    }
                }
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
        assert!(calls >= 7);
        assert!(inbox.datagram(16).is_none());
        assert_eq!(inbox.receive(&to).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn one_address_that_cannot_be_reached_costs_the_others_nothing() {
        let (from, to) = (socket(), socket());
        let mut outbox = Outbox::new();
        let good = to.local_addr().unwrap();
        let bad = "[::1]:9".parse().unwrap();
        for address in [bad, good, bad, bad, good] {
            outbox.push(&from, address, b"x");
        }
        outbox.flush(&from);
        let mut inbox = Inbox::<4>::new();
        let mut arrived = 0;
        while arrived < 2 {
            arrived += inbox.receive(&to).unwrap_or(0);
        }
        assert_eq!(arrived, 2);
    }
}
