//! Two far ends with sockets, set up and bridged over HTTP.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use bench::http::Client;
use media::{FarEnd, FarEnds, FarHeard, FarPart, Protection};
use serde_json::{Value, json};

use crate::served::Served;

/// Generous: these machines are slow and shared, and a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at the sockets.
const REST: Duration = Duration::from_micros(500);

pub(crate) struct Far {
    pub(crate) end: FarEnd,
    socket: UdpSocket,
    /// RTP packets heard, decrypted, header included; and where their payloads lie.
    pub(crate) heard: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) refused: usize,
    id: u64,
}

impl Far {
    fn open(client: &mut Client, number: usize, part: FarPart, protection: Protection) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port exists");
        socket.set_nonblocking(true).expect("a socket can be asked not to wait");
        let address = socket.local_addr().expect("a bound socket has an address");
        let mut end = FarEnds::new().expect("a certificate").make(part, protection, address);
        let body = json!({ "call": 1, "leg": number, "sdp": end.offer().as_str() });
        let answer = client.post("/leg", &body).expect("the offer is answered");
        let sdp = answer["sdp"].as_str().expect("an answer");
        let to = end.answered(Instant::now(), sdp).expect("an answer that fits");
        socket.connect(to).expect("loopback is there");
        let id = answer["id"].as_u64().expect("an id");
        Self { end, socket, heard: Vec::new(), refused: 0, id }
    }

    /// Does what is due and takes what is there.
    pub(crate) fn turn(&mut self) {
        let socket = &self.socket;
        let send = &mut |bytes: &[u8]| drop(socket.send(bytes));
        self.end.tick(Instant::now(), send);
        let mut buffer = [0; 2_048];
        while let Ok(length) = socket.recv(&mut buffer) {
            let bytes = &mut buffer[..length];
            match self.end.datagram(Instant::now(), bytes, send) {
                FarHeard::Sound { payload, .. } => {
                    self.heard.push((bytes.to_vec(), bytes[payload].to_vec()));
                }
                FarHeard::Refused => self.refused += 1,
                FarHeard::Handshake | FarHeard::Report => {}
            }
        }
    }

    pub(crate) fn say(&mut self, payload: &[u8]) {
        let mut packet = [0; 2_048];
        let length = self.end.seal(payload, &mut packet).expect("the leg is up");
        self.send(&packet[..length]);
    }

    /// Sends a packet of our own making, sealed.
    pub(crate) fn say_as_it_is(&mut self, header: usize, packet: &[u8]) {
        let mut buffer = packet.to_vec();
        buffer.resize(packet.len() + 32, 0);
        let sealed = self.end.seal_as_it_is(header, &mut buffer, packet.len());
        self.send(&buffer[..sealed.expect("it can be sealed")]);
    }

    /// Sends anything at all from the address that ICE has proven.
    pub(crate) fn send(&self, datagram: &[u8]) {
        // A full buffer loses it, as the network would.
        let _ = self.socket.send(datagram);
    }

    fn heard_payload(&self, payload: &[u8]) -> bool {
        self.heard.iter().any(|(_, heard)| heard == payload)
    }
}

/// A call of two legs that are bridged.
pub(crate) struct Call {
    pub(crate) caller: Far,
    pub(crate) agent: Far,
    client: Client,
}

impl Call {
    pub(crate) fn bridged(served: &Served, protection: Protection) -> Self {
        let mut client = Client::connect(served.address).expect("it listens");
        let caller = Far::open(&mut client, 0, FarPart::Meta, protection);
        let agent = Far::open(&mut client, 1, FarPart::Browser, protection);
        let mut call = Self { caller, agent, client };
        call.turn_until("both legs are up", |call| {
            call.caller.end.is_up() && call.agent.end.is_up()
        });
        let body = json!({ "a": call.caller.id, "b": call.agent.id });
        call.client.post("/bridge", &body).expect("the legs are bridged");
        call
    }

    pub(crate) fn turn(&mut self) {
        self.caller.turn();
        self.agent.turn();
        std::thread::sleep(REST);
    }

    pub(crate) fn turn_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            assert!(Instant::now() < deadline, "waited in vain until {what}");
            self.turn();
        }
    }

    /// Both sides talk until each has heard what the other says now.
    pub(crate) fn both_hear_each_other(&mut self, nonce: u8) {
        let (from_caller, from_agent) = ([0xf8, 1, nonce, 9], [0xf8, 2, nonce, 9]);
        let deadline = Instant::now() + PATIENCE;
        while !(self.agent.heard_payload(&from_caller) && self.caller.heard_payload(&from_agent)) {
            assert!(Instant::now() < deadline, "sound does not flow both ways");
            self.caller.say(&from_caller);
            self.agent.say(&from_agent);
            self.turn();
        }
    }

    pub(crate) fn totals(&mut self) -> Value {
        self.client.post("/totals", &json!({})).expect("it counts")
    }
}
