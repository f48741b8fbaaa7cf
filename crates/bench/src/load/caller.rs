//! One far end: its socket, its part in ICE, DTLS and SRTP, and what it says and hears.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use media::{FarEnd, FarEnds, FarHeard, FarPart, Protection};
use mio::net::UdpSocket;
use mio::{Interest, Registry, Token};
use serde_json::Value;

use crate::error::BenchError;

/// Bytes of a payload: 32 kbit/s Opus.
const PAYLOAD: usize = 80;
/// Largest datagram sent.
const PACKET_MAX: usize = 160;
/// Bytes before the payload in a bare datagram, and behind it: what RTP and the tag would take.
const BARE: (usize, usize) = (12, 10);
/// First byte of a payload: a 20 ms Opus frame, so that a recorder can file it.
const TOC: u8 = 0xf8;

pub(super) struct Caller {
    pub(super) socket: UdpSocket,
    pub(super) id: u64,
    pub(super) sent: u64,
    pub(super) heard: u64,
    pub(super) wrong: u64,
    number: u32,
    far: Option<FarEnd>,
    address: SocketAddr,
    last: Option<u64>,
}

impl Caller {
    pub(super) fn new(
        number: usize,
        part: FarPart,
        secured: Option<(&FarEnds, Protection)>,
    ) -> Result<Self, BenchError> {
        let socket = UdpSocket::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .map_err(BenchError::system("a far end's socket"))?;
        let address = socket.local_addr().map_err(BenchError::system("a far end's socket"))?;
        Ok(Self {
            socket,
            id: 0,
            sent: 0,
            heard: 0,
            wrong: 0,
            number: u32::try_from(number).unwrap_or(u32::MAX),
            far: secured.map(|(ends, protection)| ends.make(part, protection, address)),
            address,
            last: None,
        })
    }

    pub(super) fn offer(&self, part: FarPart) -> String {
        let (ip, port) = (self.address.ip(), self.address.port());
        match (&self.far, part) {
            (Some(far), _) => far.offer().as_str().to_owned(),
            (None, FarPart::Meta) => {
                format!("a=ice-lite\r\na=candidate:1 1 udp 1 {ip} {port} typ host\r\n")
            }
            (None, FarPart::Browser) => format!("a=candidate:1 1 udp 1 {ip} {port} typ host\r\n"),
        }
    }

    /// Takes the answer and connects the socket to where it points.
    pub(super) fn answered(&mut self, answer: &Value) -> Result<(), BenchError> {
        let strange = |why: &str| BenchError::Peer { what: "/leg", why: why.to_owned() };
        self.id = answer["id"].as_u64().ok_or_else(|| strange("no id"))?;
        let sdp = answer["sdp"].as_str().ok_or_else(|| strange("no sdp"))?;
        let to = match &mut self.far {
            Some(far) => far.answered(Instant::now(), sdp)?,
            None => bare_address(sdp).ok_or_else(|| strange("no candidate"))?,
        };
        self.socket.connect(to).map_err(BenchError::system("a far end's socket"))
    }

    pub(super) fn register(&mut self, to: &Registry, token: Token) -> Result<(), BenchError> {
        to.register(&mut self.socket, token, Interest::READABLE)
            .map_err(BenchError::system("a far end's socket"))
    }

    pub(super) fn is_up(&self) -> bool {
        self.far.as_ref().is_none_or(FarEnd::is_up)
    }

    pub(super) fn tick(&mut self, now: Instant) {
        let socket = &self.socket;
        if let Some(far) = &mut self.far {
            // What is lost is sent again by whoever needs it.
            far.tick(now, &mut |bytes| drop(socket.send(bytes)));
        }
    }

    /// Sends the next packet: who, how many before, and when.
    pub(super) fn say(&mut self, epoch: Instant) {
        let mut payload = [self.number as u8; PAYLOAD];
        payload[0] = TOC;
        payload[4..8].copy_from_slice(&self.number.to_be_bytes());
        payload[8..16].copy_from_slice(&self.sent.to_be_bytes());
        let at = u64::try_from(epoch.elapsed().as_nanos()).unwrap_or(u64::MAX);
        payload[16..24].copy_from_slice(&at.to_be_bytes());
        let mut packet = [0; PACKET_MAX];
        let length = match &mut self.far {
            Some(far) => far.seal(&payload, &mut packet),
            None => {
                packet[0] = 0x80;
                packet[BARE.0..BARE.0 + PAYLOAD].copy_from_slice(&payload);
                Some(BARE.0 + PAYLOAD + BARE.1)
            }
        };
        if length.is_some_and(|length| self.socket.send(&packet[..length]).is_ok()) {
            self.sent += 1;
        }
    }

    /// Takes a datagram; when it is a packet of the other leg, says when that was sent.
    pub(super) fn hear(&mut self, now: Instant, bytes: &mut [u8]) -> Option<Duration> {
        let socket = &self.socket;
        let payload = match &mut self.far {
            Some(far) => match far.datagram(now, bytes, &mut |bytes| drop(socket.send(bytes))) {
                FarHeard::Sound { payload, .. } => bytes.get(payload)?,
                FarHeard::Handshake | FarHeard::Report => return None,
                FarHeard::Refused => {
                    self.wrong += 1;
                    return None;
                }
            },
            None => bytes.get(BARE.0..bytes.len().checked_sub(BARE.1)?)?,
        };
        // Silence, before the other leg talks.
        if payload.len() == 3 {
            return None;
        }
        let sent = self.checked(payload);
        match sent {
            Some(_) => self.heard += 1,
            None => self.wrong += 1,
        }
        sent
    }

    fn checked(&mut self, payload: &[u8]) -> Option<Duration> {
        let other = self.number ^ 1;
        let payload: &[u8; PAYLOAD] = payload.try_into().ok()?;
        let (from, rest) = payload[4..].split_first_chunk()?;
        let (sequence, rest) = rest.split_first_chunk()?;
        let (at, filling) = rest.split_first_chunk()?;
        let sequence = u64::from_be_bytes(*sequence);
        let is_right = u32::from_be_bytes(*from) == other
            && filling.iter().all(|byte| *byte == other as u8)
            && self.last.is_none_or(|last| sequence > last);
        self.last = Some(sequence);
        is_right.then(|| Duration::from_nanos(u64::from_be_bytes(*at)))
    }
}

fn bare_address(sdp: &str) -> Option<SocketAddr> {
    let candidate = sdp.lines().find_map(|line| line.strip_prefix("a=candidate:"))?;
    let mut words = candidate.split(' ').skip(4);
    Some(SocketAddr::new(words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}
