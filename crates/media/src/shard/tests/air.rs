//! A wire that keeps what is sent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Instant;

use model::LegId;

use crate::error::MediaError;
use crate::turn::{ConnectionId, Via, Wire};

/// Keeps what is sent.
#[derive(Default)]
pub(super) struct Air {
    pub(super) sent: Vec<(Via, SocketAddr, Vec<u8>)>,
    pub(super) open: Vec<LegId>,
    pub(super) connected: BTreeMap<u64, SocketAddr>,
}

impl Wire for Air {
    fn open(&mut self, leg: LegId) -> Result<u16, MediaError> {
        self.open.push(leg);
        Ok(40_000 + leg.0 as u16)
    }

    fn reopen(&mut self, leg: LegId, port: u16) -> Result<(), MediaError> {
        assert_eq!(port, 40_000 + leg.0 as u16);
        self.open.push(leg);
        Ok(())
    }

    fn send(&mut self, via: Via, to: SocketAddr, bytes: &[u8]) {
        self.sent.push((via, to, bytes.to_vec()));
    }

    fn connect(&mut self, leg: LegId, to: SocketAddr) {
        self.connected.insert(leg.0, to);
    }

    fn release(&mut self, leg: LegId) {
        self.open.retain(|open| *open != leg);
    }

    fn vouch(&mut self, _now: Instant, _connection: ConnectionId) {}

    fn hang_up(&mut self, _connection: ConnectionId) {}
}

/// Whether this datagram is the one that shall be lost.
pub(super) fn is_lost(losing: &mut Option<u32>) -> bool {
    let lost = *losing == Some(0);
    *losing = losing.and_then(|left| left.checked_sub(1));
    lost
}
