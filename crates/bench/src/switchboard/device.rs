//! One device: its socket, and the far end of its warm media leg.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use media::{FarEnd, FarEnds, FarPart, Protection};
use mio::net::{TcpStream, UdpSocket};
use mio::{Interest, Registry, Token};
use serde_json::{Value, json};

use super::frame::{self, Read};
use crate::error::BenchError;

/// Longest answer to the upgrade.
const HEAD_MAX: usize = 4 * 1024;
/// How long the daemon may take to answer the upgrade.
const UPGRADE_MAX: Duration = Duration::from_secs(10);
/// Longest datagram of the media plane.
const DATAGRAM_MAX: usize = 2_048;

/// A device with an agent of its own.
pub(super) struct Device {
    stream: TcpStream,
    inbox: Vec<u8>,
    next_id: u64,
    media: Option<Media>,
    /// When the ping was written whose pong is awaited.
    pub(super) pinged: Option<Instant>,
}

struct Media {
    socket: UdpSocket,
    end: FarEnd,
}

impl Device {
    /// Connects, upgrades, and says hello.
    pub(super) fn connect(
        daemon: SocketAddr,
        token: &str,
        registry: &Registry,
        place: Token,
    ) -> Result<Self, BenchError> {
        let failed = BenchError::system;
        let (stream, inbox) = upgraded(daemon).map_err(failed("an agent socket"))?;
        let mut stream = TcpStream::from_std(stream);
        registry
            .register(&mut stream, place, Interest::READABLE)
            .map_err(failed("an agent socket"))?;
        let mut device = Self { stream, inbox, next_id: 1, media: None, pinged: None };
        device.send(&json!({ "type": "hello", "token": token }))?;
        Ok(device)
    }

    /// Writes a command.
    pub(super) fn send(&mut self, command: &Value) -> Result<(), BenchError> {
        let mut frame = command.clone();
        frame["v"] = json!(1);
        frame["id"] = json!(self.next_id);
        self.next_id += 1;
        // Frames are small and rare: the system's buffer always has room for one.
        self.stream
            .write_all(&frame::text(&frame.to_string()))
            .map_err(BenchError::system("an agent socket"))
    }

    /// Reads what there is; `each` gets every text. False when the daemon closed the socket.
    pub(super) fn read(
        &mut self,
        scratch: &mut [u8],
        mut each: impl FnMut(&str),
    ) -> Result<bool, BenchError> {
        loop {
            match self.stream.read(scratch) {
                Ok(0) => return Ok(false),
                Ok(count) => self.inbox.extend_from_slice(&scratch[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(BenchError::system("an agent socket")(error)),
            }
        }
        let mut taken = 0;
        loop {
            match frame::first(&self.inbox[taken..]) {
                Read::Frame(payload, length) => {
                    let payload = &self.inbox[taken + payload.start..taken + payload.end];
                    if let Ok(text) = std::str::from_utf8(payload) {
                        each(text);
                    }
                    taken += length;
                }
                Read::Close => return Ok(false),
                Read::More => break,
            }
        }
        self.inbox.drain(..taken);
        // Ten thousand devices are a matter of memory here, too.
        if self.inbox.is_empty() {
            self.inbox = Vec::new();
        }
        Ok(true)
    }

    /// Goes ready with an offer of a media leg.
    pub(super) fn go_ready(
        &mut self,
        ends: &FarEnds,
        registry: &Registry,
        place: Token,
    ) -> Result<(), BenchError> {
        let failed = BenchError::system;
        let mut socket = UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(failed("a far end's socket"))?;
        let address = socket.local_addr().map_err(failed("a far end's socket"))?;
        registry
            .register(&mut socket, place, Interest::READABLE)
            .map_err(failed("a far end's socket"))?;
        let end = ends.make(FarPart::Browser, Protection::AesGcm, address);
        let offer = json!({ "type": "go_ready", "offer": end.offer().as_str() });
        self.media = Some(Media { socket, end });
        self.send(&offer)
    }

    /// Takes the answer to the offer.
    pub(super) fn answered(&mut self, frame: &str) -> Result<(), BenchError> {
        let Some(media) = &mut self.media else { return Ok(()) };
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let answer = frame["answer"].as_str().unwrap_or_default();
        let to = media.end.answered(Instant::now(), answer)?;
        media.socket.connect(to).map_err(BenchError::system("a far end's socket"))
    }

    /// Sends what the media leg has to send by itself.
    pub(super) fn tick(&mut self, now: Instant) {
        if let Some(Media { socket, end }) = &mut self.media {
            // What is lost is sent again by whoever needs it.
            end.tick(now, &mut |bytes| drop(socket.send(bytes)));
        }
    }

    /// Takes the datagrams there are.
    pub(super) fn hear(&mut self, now: Instant) {
        let Some(Media { socket, end }) = &mut self.media else { return };
        let mut datagram = [0; DATAGRAM_MAX];
        while let Ok(length) = socket.recv(&mut datagram) {
            end.datagram(now, &mut datagram[..length], &mut |bytes| drop(socket.send(bytes)));
        }
    }
}

/// A socket behind the daemon's answer to the upgrade, and what came with that answer.
fn upgraded(daemon: SocketAddr) -> io::Result<(std::net::TcpStream, Vec<u8>)> {
    let mut stream = std::net::TcpStream::connect(daemon)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(UPGRADE_MAX))?;
    // The key is a nonce of sixteen bytes; proxies look at it, the daemon only hashes it.
    stream.write_all(
        b"GET /agent/v1 HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
          Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: cmluZ2Rvd24tYmVuY2gtMQ==\r\n\
          Sec-WebSocket-Protocol: ringdown.agent.v1\r\n\r\n",
    )?;
    let mut head = Vec::new();
    let mut scratch = [0; HEAD_MAX];
    loop {
        let count = stream.read(&mut scratch)?;
        head.extend_from_slice(&scratch[..count]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            if !head.starts_with(b"HTTP/1.1 101") {
                let shown = String::from_utf8_lossy(&head).into_owned();
                return Err(io::Error::other(format!("no upgrade: {shown}")));
            }
            stream.set_nonblocking(true)?;
            return Ok((stream, head.split_off(end + 4)));
        }
        if count == 0 || head.len() > HEAD_MAX {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
        }
    }
}
