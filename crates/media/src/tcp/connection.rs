//! One connection of a browser: frames in, frames out, never waiting.

use std::io::{self, IoSlice, Read as _, Write as _};
use std::net::SocketAddr;
use std::ops::Range;
use std::time::{Duration, Instant};

use mio::net::TcpStream;

use super::frames::{Frames, PREFIX, TooLong};
use crate::turn::DATAGRAM_MAX;

/// How long it may take until the first genuine check. A browser sends one at once.
const UNPROVEN_AGE_MAX: Duration = Duration::from_secs(5);
/// How long a proven connection may bring nothing genuine. Browsers check a path that they only
/// keep in reserve every 25 s.
const QUIET_AGE_MAX: Duration = Duration::from_secs(40);

/// Why a connection is closed.
#[derive(Debug)]
pub(super) struct Broken;

impl From<TooLong> for Broken {
    fn from(_: TooLong) -> Self {
        Self
    }
}

pub(super) struct Connection {
    stream: TcpStream,
    peer: SocketAddr,
    frames: Frames,
    /// The frame that the system has taken the beginning of, and what it has not taken.
    rest: Box<[u8; PREFIX + DATAGRAM_MAX]>,
    rest_left: Range<usize>,
    opened_at: Instant,
    /// When something genuine came last.
    genuine_at: Option<Instant>,
    /// It may have more to read.
    pub(super) waits: bool,
}

impl Connection {
    pub(super) fn new(now: Instant, stream: TcpStream, peer: SocketAddr) -> Self {
        Self {
            stream,
            peer,
            frames: Frames::new(),
            rest: Box::new([0; PREFIX + DATAGRAM_MAX]),
            rest_left: 0..0,
            opened_at: now,
            genuine_at: None,
            waits: false,
        }
    }

    /// Something genuine came. Says whether it was the first.
    pub(super) const fn vouch(&mut self, now: Instant) -> bool {
        self.genuine_at.replace(now).is_none()
    }

    pub(super) const fn is_proven(&self) -> bool {
        self.genuine_at.is_some()
    }

    /// Nothing genuine has come for too long.
    pub(super) fn is_stale(&self, now: Instant) -> bool {
        let due = match self.genuine_at {
            Some(at) => at + QUIET_AGE_MAX,
            None => self.opened_at + UNPROVEN_AGE_MAX,
        };
        due <= now
    }

    /// Reads once from the stream. `false` when nothing is there.
    pub(super) fn read(&mut self) -> Result<bool, Broken> {
        match self.stream.read(self.frames.room()) {
            Ok(0) => Err(Broken),
            Ok(bytes) => {
                self.frames.filled(bytes);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Err(_) => Err(Broken),
        }
    }

    /// Copies the next whole datagram into `buffer`; returns who sent it and its length.
    pub(super) fn take(
        &mut self,
        buffer: &mut [u8; DATAGRAM_MAX],
    ) -> Result<Option<(SocketAddr, usize)>, Broken> {
        let Some(frame) = self.frames.next()? else {
            return Ok(None);
        };
        buffer[..frame.len()].copy_from_slice(frame);
        Ok(Some((self.peer, frame.len())))
    }

    /// Sends a datagram, or drops it where it would have to wait: sound that is late is worth
    /// nothing, and everything else is sent again.
    pub(super) fn send(&mut self, datagram: &[u8]) -> Result<(), Broken> {
        self.flush()?;
        let Ok(length) = u16::try_from(datagram.len()) else {
            return Ok(());
        };
        if !self.rest_left.is_empty() || datagram.len() > DATAGRAM_MAX {
            return Ok(());
        }
        let prefix = length.to_be_bytes();
        let taken = self.stream.write_vectored(&[IoSlice::new(&prefix), IoSlice::new(datagram)]);
        let taken = waiting(taken)?;
        let whole = PREFIX + datagram.len();
        if (1..whole).contains(&taken) {
            self.rest[..PREFIX].copy_from_slice(&prefix);
            self.rest[PREFIX..whole].copy_from_slice(datagram);
            self.rest_left = taken..whole;
        }
        Ok(())
    }

    /// Goes on with a frame that was begun.
    pub(super) fn flush(&mut self) -> Result<(), Broken> {
        while !self.rest_left.is_empty() {
            let taken = waiting(self.stream.write(&self.rest[self.rest_left.clone()]))?;
            if taken == 0 {
                break;
            }
            self.rest_left.start += taken;
        }
        Ok(())
    }
}

/// How many bytes were taken; none while the stream is full.
fn waiting(taken: io::Result<usize>) -> Result<usize, Broken> {
    match taken {
        Ok(taken) => Ok(taken),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(0),
        Err(_) => Err(Broken),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream as Stream};

    use super::*;

    fn pair() -> (Connection, Stream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let far = Stream::connect(listener.local_addr().unwrap()).unwrap();
        let (near, peer) = listener.accept().unwrap();
        near.set_nonblocking(true).unwrap();
        (Connection::new(Instant::now(), TcpStream::from_std(near), peer), far)
    }

    #[test]
    fn a_browser_that_does_not_read_loses_whole_datagrams_and_holds_nobody_up() {
        let (mut connection, mut far) = pair();
        let mut sent = 0_u32;
        // More than the system buffers for one connection.
        for number in 0..60_000_u32 {
            let mut datagram = [7; 1_000];
            datagram[..4].copy_from_slice(&number.to_be_bytes());
            connection.send(&datagram).unwrap();
            sent = number;
        }
        let reading = std::thread::spawn(move || {
            let mut heard = Vec::new();
            loop {
                let mut prefix = [0; PREFIX];
                far.read_exact(&mut prefix).unwrap();
                let mut datagram = vec![0; usize::from(u16::from_be_bytes(prefix))];
                far.read_exact(&mut datagram).unwrap();
                if datagram == b"last" {
                    return heard;
                }
                assert_eq!((datagram.len(), &datagram[4..8]), (1_000, &[7; 4][..]));
                heard.push(u32::from_be_bytes(datagram[..4].try_into().unwrap()));
            }
        });
        while !reading.is_finished() {
            connection.send(b"last").unwrap();
            std::thread::yield_now();
        }
        let heard = reading.join().unwrap();
        assert!(heard.is_sorted() && heard[0] == 0);
        assert!(heard.len() < sent as usize, "some were dropped");
    }

    #[test]
    fn a_connection_that_never_brings_anything_genuine_is_stale_after_five_seconds() {
        let (mut connection, _far) = pair();
        let now = connection.opened_at;
        let after = |seconds| now + Duration::from_secs(seconds);
        assert!(!connection.is_stale(after(4)) && connection.is_stale(after(5)));
        assert!(connection.vouch(after(3)) && !connection.vouch(after(4)));
        assert!(!connection.is_stale(after(43)) && connection.is_stale(after(44)));
    }
}
