//! The simulated network: a wire that keeps what is sent, and peers made of our own parts in the
//! other role.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use model::{LegId, SdpText};
use tokio::sync::oneshot;

use super::super::*;
use super::air::{Air, is_lost};
use crate::dtls::{Dtls, Outcome, Role};
use crate::error::MediaError;
use crate::event::LegStats;
use crate::ice::stun::tests::request;
use crate::ice::stun::{ANSWER_MAX, Binding, Class, is_stun};
use crate::rtcp;
use crate::rtp;
use crate::sdp::{Offer, Reach};
use crate::srtp::{self, Inbound, Outbound};
use crate::tap::TapReader;

pub(super) const OPUS: u8 = 111;
pub(super) const EVENTS: u8 = 126;
/// The source of every peer.
pub(super) const SSRC: u32 = 5;
const LAN: Reach = Reach { v4: true, v6: false, private: true };

/// What a peer heard.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Note {
    pub(super) at: Instant,
    pub(super) payload_type: u8,
    pub(super) marker: bool,
    pub(super) index: u64,
    pub(super) timestamp: u32,
    pub(super) payload: Vec<u8>,
}

/// The far end of one leg.
pub(super) struct Peer {
    pub(super) leg: LegId,
    pub(super) via: Via,
    pub(super) address: SocketAddr,
    ufrag: String,
    pwd: String,
    remote: Offer,
    dtls: Dtls,
    keys: Option<(Outbound, Inbound)>,
    pub(super) next: u64,
    pub(super) deaf: bool,
    pub(super) without_dtls: bool,
    pub(super) heard: Vec<Note>,
    pub(super) reports: Vec<Instant>,
    pub(super) told: Vec<rtcp::Told>,
    pub(super) closed: bool,
}

impl Peer {
    pub(super) fn is_up(&self) -> bool {
        self.keys.is_some()
    }

    fn is_browser(&self) -> bool {
        self.via == Via::Agents
    }

    /// A check as the browser sends it.
    pub(super) fn check(&self) -> Vec<u8> {
        request(&self.username(), &self.remote.pwd, true)
    }

    /// A check that nominates nothing.
    pub(super) fn plain_check(&self) -> Vec<u8> {
        request(&self.username(), &self.remote.pwd, false)
    }

    fn username(&self) -> String {
        format!("{}:{}", self.remote.ufrag, self.ufrag)
    }

    /// The next packet, sealed.
    pub(super) fn packet(&mut self, payload_type: u8, payload: &[u8]) -> Vec<u8> {
        let timestamp = self.next as u32 * 960;
        self.packet_at(payload_type, payload, timestamp)
    }

    /// The next packet with a timestamp of its own choice.
    pub(super) fn packet_at(
        &mut self,
        payload_type: u8,
        payload: &[u8],
        timestamp: u32,
    ) -> Vec<u8> {
        let mut packet = vec![0; 2_048];
        let index = self.next;
        self.next += 1;
        let head = packet.first_chunk_mut().unwrap();
        rtp::write(head, payload_type, false, index as u16, timestamp, SSRC);
        packet[12..12 + payload.len()].copy_from_slice(payload);
        let (outbound, _) = self.keys.as_ref().expect("the peer is up");
        let length = outbound.seal_rtp(SSRC, index, &mut packet, 12 + payload.len());
        packet.truncate(length.unwrap());
        packet
    }

    /// A report, sealed.
    pub(super) fn report(
        &mut self,
        sent: Option<rtcp::Sent>,
        heard: Option<rtcp::Block>,
    ) -> Vec<u8> {
        let mut report = [0; rtcp::REPORT_MAX];
        let length = rtcp::write_report(&mut report, SSRC, sent, heard, false);
        let mut packet = [0; 256];
        packet[..length].copy_from_slice(&report[..length]);
        let (outbound, _) = self.keys.as_mut().expect("the peer is up");
        let length = outbound.seal_rtcp(SSRC, &mut packet, length).unwrap();
        packet[..length].to_vec()
    }

    pub(super) fn close(&mut self, now: Instant) -> Vec<Vec<u8>> {
        self.dtls.close(now);
        self.transmit()
    }

    fn transmit(&mut self) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| self.dtls.poll_transmit()).map(|bytes| bytes.to_vec()).collect()
    }

    fn receive(&mut self, now: Instant, bytes: &mut [u8]) -> Vec<Vec<u8>> {
        if self.deaf {
            return vec![];
        }
        if is_stun(bytes) {
            return self.receive_stun(now, bytes);
        }
        match bytes[0] {
            20..=63 if !self.without_dtls => {
                match self.dtls.datagram(now, bytes) {
                    Some(Outcome::Keys(profile, material)) => {
                        let client = self.dtls.role() == Role::Client;
                        let keys = srtp::contexts(profile, material.as_ref(), client);
                        self.keys = keys.ok();
                    }
                    Some(Outcome::Down(_)) => self.closed = true,
                    Some(Outcome::Nothing) | None => {}
                }
                return self.transmit();
            }
            128..=191 => self.listen(now, bytes),
            _ => {}
        }
        vec![]
    }

    fn receive_stun(&mut self, now: Instant, bytes: &[u8]) -> Vec<Vec<u8>> {
        let binding = Binding::read(bytes).expect("our own STUN is legal");
        match binding.class {
            Class::Request => {
                assert!(binding.is_genuine(&self.pwd));
                let from = SocketAddr::from(([10, 0, 0, 1], 40_000 + self.leg.0 as u16));
                let mut answer = [0; ANSWER_MAX];
                let length = binding.answer(from, &self.pwd, &mut answer);
                vec![answer[..length].to_vec()]
            }
            Class::Success => {
                assert!(binding.is_genuine(&self.remote.pwd));
                if !self.without_dtls {
                    let _ = self.dtls.start(now);
                }
                self.transmit()
            }
        }
    }

    fn listen(&mut self, now: Instant, bytes: &mut [u8]) {
        let Some((_, inbound)) = self.keys.as_mut() else {
            // The end of the handshake was lost on the way here.
            return;
        };
        if rtp::is_rtcp(bytes) {
            let end = inbound.open_rtcp(bytes).expect("our own RTCP opens");
            self.reports.push(now);
            self.told.push(rtcp::read(&bytes[..end], SSRC));
            return;
        }
        let header = rtp::Header::read(bytes).unwrap();
        let opened = inbound.open_rtp(&header, bytes, None).expect("our own RTP opens");
        self.heard.push(Note {
            at: now,
            payload_type: header.payload_type,
            marker: header.marker,
            index: opened.index,
            timestamp: header.timestamp,
            payload: bytes[header.length..opened.end].to_vec(),
        });
    }
}

/// The shard, its peers, and the clock.
pub(super) struct Net {
    pub(super) shard: Shard,
    pub(super) air: Air,
    pub(super) now: Instant,
    pub(super) began: Instant,
    pub(super) events: Vec<MediaEvent>,
    pub(super) taps: TapReader,
    pub(super) peers: BTreeMap<u64, Peer>,
    /// Datagrams still to be carried, in either direction, before one is lost.
    pub(super) losing: Option<u32>,
    identity: Identity,
    checked: Instant,
    next: u64,
}

impl Net {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        let place = Place {
            addresses: vec!["10.0.0.1".parse().unwrap()],
            agent_port: 7_000,
            agent_tcp_port: None,
        };
        let mut taps = TapReader::new(now);
        let writer = taps.add_ring();
        let ours = Arc::new(Identity::generate().unwrap());
        Self {
            shard: Shard::new(ours, place, writer, now, SystemTime::now()),
            air: Air::default(),
            now,
            began: now,
            events: Vec::new(),
            taps,
            peers: BTreeMap::new(),
            losing: None,
            identity: Identity::generate().unwrap(),
            checked: now,
            next: 1,
        }
    }

    /// Opens a leg for a new peer; `events` says whether it offers telephone events.
    pub(super) fn open(&mut self, browser: bool, events: bool) -> LegId {
        let leg = LegId(self.next);
        self.next += 1;
        let address = SocketAddr::from(([10, 0, 1 + (leg.0 >> 8) as u8, leg.0 as u8], 5_000));
        let (ufrag, pwd) = (format!("peer{}", leg.0), "peerpasswordpeerpassword".to_owned());
        let text = self.offer(address, &ufrag, &pwd, if events { "111 126" } else { "111" });
        let offer = Box::new(Offer::parse(&text, LAN).unwrap());
        let (answer, mut answered) = oneshot::channel();
        let (via, command) = if browser {
            (Via::Agents, Command::OpenAgent { leg, offer, answer })
        } else {
            (Via::WhatsApp(leg), Command::OpenWhatsApp { leg, offer, answer })
        };
        self.command(command);
        let answer: SdpText = answered.try_recv().unwrap().unwrap();
        let remote = Offer::parse(answer.as_str(), LAN).unwrap();
        let role = if browser { Role::Client } else { Role::Server };
        let dtls = Dtls::new(self.now, &self.identity, role, remote.fingerprint).unwrap();
        let peer = Peer {
            leg,
            via,
            address,
            ufrag,
            pwd,
            remote,
            dtls,
            keys: None,
            // Close to the wrap, so that every run crosses it.
            next: 65_530,
            deaf: false,
            without_dtls: false,
            heard: vec![],
            reports: vec![],
            told: vec![],
            closed: false,
        };
        self.peers.insert(leg.0, peer);
        leg
    }

    /// What a peer offers.
    pub(super) fn offer(
        &self,
        address: SocketAddr,
        ufrag: &str,
        pwd: &str,
        formats: &str,
    ) -> String {
        let (ip, port) = (address.ip(), address.port());
        format!(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF {formats}\r\n\
             a=candidate:1 1 udp 1 {ip} {port} typ host\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
             a=fingerprint:sha-256 {}\r\na=setup:actpass\r\na=mid:0\r\na=rtcp-mux\r\n\
             a=rtpmap:111 opus/48000/2\r\na=rtpmap:126 telephone-event/8000\r\n",
            self.identity.fingerprint
        )
    }

    /// Asks for an ICE restart of a leg with this offer.
    pub(super) fn ask_restart(&mut self, leg: LegId, offer: &str) -> Result<SdpText, MediaError> {
        let offer = Box::new(Offer::parse(offer, LAN).unwrap());
        let (answer, mut answered) = oneshot::channel();
        self.command(Command::RestartAgent { leg, offer, answer });
        answered.try_recv().unwrap()
    }

    /// A browser restarts ICE and has applied the answer.
    pub(super) fn restart(&mut self, leg: LegId, ufrag: &str) -> SdpText {
        let address = self.peer(leg).address;
        let offer = self.offer(address, ufrag, "anotherpasswordpassword1", "111 126");
        let answer = self.ask_restart(leg, &offer).unwrap();
        let peer = self.peer(leg);
        peer.remote = Offer::parse(answer.as_str(), LAN).unwrap();
        peer.ufrag = ufrag.to_owned();
        answer
    }

    /// A WhatsApp leg that may speak, bridged with an agent leg, both up.
    pub(super) fn bridged(&mut self) -> (LegId, LegId) {
        let (whatsapp, agent) = (self.open(false, true), self.open(true, true));
        self.run(200);
        self.command(Command::Speak(whatsapp));
        self.command(Command::Bridge { whatsapp, agent });
        assert!(self.events.contains(&MediaEvent::LegUp { leg: whatsapp }));
        assert!(self.events.contains(&MediaEvent::LegUp { leg: agent }));
        (whatsapp, agent)
    }

    pub(super) fn command(&mut self, command: Command) {
        self.shard.command(self.now, command, &mut self.air);
    }

    pub(super) fn peer(&mut self, leg: LegId) -> &mut Peer {
        self.peers.get_mut(&leg.0).expect("a peer of this net")
    }

    /// Hands a datagram to the shard as if it came from `from`.
    pub(super) fn inject(&mut self, via: Via, from: SocketAddr, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        self.shard.datagram(self.now, via, from, &mut bytes, &mut self.air);
    }

    /// The peer says something.
    pub(super) fn say(&mut self, leg: LegId, payload_type: u8, payload: &[u8]) {
        let peer = self.peer(leg);
        let packet = peer.packet(payload_type, payload);
        let (via, address) = (peer.via, peer.address);
        self.inject(via, address, &packet);
    }

    /// Lets virtual time pass in steps of 5 ms.
    pub(super) fn run(&mut self, millis: u64) {
        for _ in 0..millis / 5 {
            self.now += Duration::from_millis(5);
            if self.shard.next_timeout().is_some_and(|at| at <= self.now) {
                self.shard.timeout(self.now, &mut self.air);
            }
            if self.now.duration_since(self.checked) >= Duration::from_millis(100) {
                self.checked = self.now;
                self.checks();
            }
            self.retransmit();
            self.deliver();
        }
    }

    fn checks(&mut self) {
        let browsers = self.peers.values().filter(|peer| peer.is_browser() && !peer.deaf);
        let checks: Vec<_> = browsers.map(|peer| (peer.via, peer.address, peer.check())).collect();
        for (via, from, check) in checks {
            self.inject(via, from, &check);
        }
    }

    fn retransmit(&mut self) {
        let mut sent = Vec::new();
        for peer in self.peers.values_mut().filter(|peer| !peer.deaf) {
            let _ = peer.dtls.timeout(self.now);
            let (via, address) = (peer.via, peer.address);
            sent.extend(peer.transmit().into_iter().map(|bytes| (via, address, bytes)));
        }
        for (via, from, bytes) in sent {
            self.inject(via, from, &bytes);
        }
    }

    /// Carries what the shard has sent.
    pub(super) fn deliver(&mut self) {
        while !self.air.sent.is_empty() {
            for (via, to, mut bytes) in std::mem::take(&mut self.air.sent) {
                let peer = self.peers.values_mut().find(|peer| peer.address == to);
                let Some(peer) = peer else { continue };
                assert_eq!(via, peer.via);
                if is_lost(&mut self.losing) {
                    continue;
                }
                for reply in peer.receive(self.now, &mut bytes) {
                    if !is_lost(&mut self.losing) {
                        self.inject(via, to, &reply);
                    }
                }
            }
        }
        self.events.extend(std::iter::from_fn(|| self.shard.poll_event()));
    }

    /// The peer reports.
    pub(super) fn report(
        &mut self,
        leg: LegId,
        sent: Option<rtcp::Sent>,
        heard: Option<rtcp::Block>,
    ) {
        let peer = self.peer(leg);
        let packet = peer.report(sent, heard);
        let (via, address) = (peer.via, peer.address);
        self.inject(via, address, &packet);
    }

    pub(super) fn stats(&mut self, leg: LegId) -> LegStats {
        let (reply, mut stats) = oneshot::channel();
        self.command(Command::Stats { leg, reply });
        stats.try_recv().unwrap().expect("the leg is known")
    }

    /// Why the leg went down, if it did.
    pub(super) fn down(&self, leg: LegId) -> Option<LegDown> {
        self.events.iter().find_map(|event| {
            let MediaEvent::LegDown { leg: down, why } = event else { return None };
            (*down == leg).then_some(*why)
        })
    }
}
