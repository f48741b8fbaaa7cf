//! A second engine goes on with live calls, and neither side hears more than a short pause.

use std::collections::BTreeSet;
use std::net::UdpSocket;
use std::num::NonZeroU16;
use std::time::{Duration, Instant};

use media::{
    FarEnd, FarEnds, FarHeard, FarPart, HandOver, LegStats, MediaConfig, MediaError, MediaEvent,
    MediaPlane, Protection, TakenOver,
};
use model::LegId;

use crate::far::{OPUS, Part};
use crate::stage::{Stage, assert_one_stream, eventually, keepable, talk};

const TWO: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Nothing takes so long when all is well.
const PATIENCE: Duration = Duration::from_secs(10);

/// A far end that numbers what it says and remembers what it heard.
struct Phone {
    far: FarEnd,
    socket: UdpSocket,
    leg: LegId,
    fingerprint: String,
    said: u32,
    /// The latest packets, as they were on the wire.
    captured: Vec<Vec<u8>>,
    sources: BTreeSet<[u8; 4]>,
    indexes: Vec<u64>,
    numbers: Vec<u32>,
    handshakes: usize,
}

impl Phone {
    async fn new(plane: &MediaPlane, ends: &FarEnds, part: FarPart, with: Protection) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket that does not wait");
        let address = socket.local_addr().expect("it is bound");
        let mut far = ends.make(part, with, address);
        let opened = match part {
            FarPart::Meta => plane.open_whatsapp_leg(&far.offer()).await,
            FarPart::Browser => plane.open_agent_leg(&far.offer()).await,
        };
        let opened = opened.expect("an offer of our own");
        let to = far.answered(Instant::now(), opened.answer.as_str()).expect("an answer");
        socket.connect(to).expect("loopback");
        Self {
            far,
            socket,
            leg: opened.leg,
            fingerprint: fingerprint(opened.answer.as_str()),
            said: 0,
            captured: vec![],
            sources: BTreeSet::new(),
            indexes: vec![],
            numbers: vec![],
            handshakes: 0,
        }
    }

    fn say(&mut self) {
        let mut packet = [0; 200];
        let mut payload = [0x55; 60];
        payload[..4].copy_from_slice(&self.said.to_be_bytes());
        let length = self.far.seal(&payload, &mut packet).expect("the leg is up");
        self.said += 1;
        // While nobody listens, the system says so.
        let _ = self.socket.send(&packet[..length]);
        self.captured.push(packet[..length].to_vec());
        self.captured.drain(..self.captured.len().saturating_sub(10));
    }

    fn listen(&mut self) {
        let mut buffer = [0; 2_048];
        // An error that is told of an earlier datagram hides nothing behind it.
        for _ in 0..64 {
            let Ok(length) = self.socket.recv(&mut buffer) else { continue };
            let socket = &self.socket;
            let mut send = |bytes: &[u8]| drop(socket.send(bytes));
            let datagram = &mut buffer[..length];
            let is_dtls = matches!(datagram[0], 20..=63);
            match self.far.datagram(Instant::now(), datagram, &mut send) {
                FarHeard::Sound { payload, index } => {
                    self.sources.insert(datagram[8..12].try_into().expect("four bytes"));
                    self.indexes.push(index);
                    if datagram[payload.clone()] != SILENCE {
                        let number = datagram[payload].first_chunk().expect("a number of ours");
                        self.numbers.push(u32::from_be_bytes(*number));
                    }
                }
                FarHeard::Handshake => self.handshakes += usize::from(is_dtls),
                FarHeard::Report => {}
                FarHeard::Refused => panic!("what the engine sends can be opened"),
            }
        }
    }

    /// Whatever happened, this end heard one stream, and nothing on it twice.
    fn assert_one_stream(&self) {
        assert_eq!(self.sources.len(), 1);
        assert!(self.indexes.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(self.numbers.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

fn fingerprint(answer: &str) -> String {
    let line = answer.lines().find(|line| line.starts_with("a=fingerprint:"));
    line.expect("every answer has one").to_owned()
}

/// A bridged call, both ends with the same protection.
async fn call(plane: &MediaPlane, ends: &FarEnds, with: Protection) -> [Phone; 2] {
    let mut phones = [
        Phone::new(plane, ends, FarPart::Meta, with).await,
        Phone::new(plane, ends, FarPart::Browser, with).await,
    ];
    plane.speak(phones[0].leg).await;
    plane.bridge(phones[0].leg, phones[1].leg).await;
    let started = Instant::now();
    while !phones.iter().all(|phone| phone.far.is_up()) {
        assert!(started.elapsed() < PATIENCE, "the legs do not come up");
        pump(&mut phones);
    }
    phones
}

fn pump(phones: &mut [Phone]) {
    for phone in &mut *phones {
        let socket = &phone.socket;
        phone.far.tick(Instant::now(), &mut |bytes| drop(socket.send(bytes)));
        phone.listen();
    }
    std::thread::sleep(Duration::from_millis(2));
}

/// All talk until each was heard `times` more times.
fn converse(phones: &mut [Phone], times: usize) {
    let enough: Vec<_> = phones.iter().map(|phone| phone.numbers.len() + times).collect();
    let started = Instant::now();
    while phones.iter().zip(&enough).any(|(phone, enough)| phone.numbers.len() < *enough) {
        assert!(started.elapsed() < PATIENCE, "somebody is not heard");
        phones.iter_mut().for_each(Phone::say);
        for _ in 0..5 {
            pump(phones);
        }
    }
}

async fn stats(plane: &MediaPlane, phones: &[Phone]) -> Vec<LegStats> {
    let mut all = Vec::new();
    for phone in phones {
        all.push(plane.stats(phone.leg).await.expect("a leg that is known"));
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_of_both_protections_go_on_in_a_second_engine() {
    let config = MediaConfig { allow_private_remotes: true, ..MediaConfig::default() };
    let mut first = media::start(keepable(TWO)).unwrap();
    let ends = FarEnds::new().unwrap();
    let mut phones = Vec::new();
    for with in [Protection::AesCm, Protection::AesGcm] {
        phones.extend(call(&first.plane, &ends, with).await);
    }
    converse(&mut phones, 25);
    let before = stats(&first.plane, &phones).await;
    let ports = first.plane.agent_addresses();
    let handshakes: Vec<_> = phones.iter().map(|phone| phone.handshakes).collect();

    let hand_over = first.plane.hand_over().await.unwrap();
    assert_eq!((hand_over.legs().count(), hand_over.dropped().count()), (4, 0));
    let bytes = hand_over.to_json().unwrap();
    drop(hand_over);
    assert_eq!(first.plane.stats(phones[0].leg).await, None, "the first engine has let go");
    assert!(matches!(first.plane.hand_over().await, Err(MediaError::Stopped)));
    while let Some(event) = first.events.recv().await {
        assert!(!matches!(event, MediaEvent::LegDown { .. }), "{event:?}");
    }
    // The four go on talking to nobody for a moment.
    for _ in 0..3 {
        phones.iter_mut().for_each(Phone::say);
        pump(&mut phones);
    }
    let captured: Vec<_> = phones.iter().map(|phone| phone.captured[..5].to_vec()).collect();

    let hand_over = HandOver::from_json(&bytes).unwrap();
    let TakenOver { started: mut second, dropped } = media::start_from(config, hand_over).unwrap();
    assert_eq!(dropped, []);
    assert_eq!(second.plane.agent_addresses(), ports, "browsers know these ports");
    // What was heard before the hand-over is not heard again, not even as the first.
    for (phone, captured) in phones.iter().zip(&captured) {
        for packet in captured {
            phone.socket.send(packet).unwrap();
        }
    }
    converse(&mut phones, 60);
    let after = stats(&second.plane, &phones).await;
    for (leg, phone) in phones.iter().enumerate() {
        phone.assert_one_stream();
        assert_eq!(phone.handshakes, handshakes[leg], "no word of DTLS, not even good-bye");
        assert!(after[leg].up);
        assert_eq!(after[leg].refused - before[leg].refused, 5, "all replays were refused");
        assert!(after[leg].packets_in >= before[leg].packets_in + 60, "the counters go on");
        assert!(after[leg].packets_out >= before[leg].packets_out + 60);
        assert!(after[leg].lost <= 20, "what was said to nobody is lost: {:?}", after[leg]);
    }
    while let Ok(event) = second.events.try_recv() {
        assert!(!matches!(event, MediaEvent::LegUp { .. } | MediaEvent::LegDown { .. }));
    }

    // The second engine is the first one's like in all else.
    let newest = phones.iter().map(|phone| phone.leg).max().unwrap();
    let phone = Phone::new(&second.plane, &ends, FarPart::Browser, Protection::AesGcm).await;
    assert!(phone.leg > newest, "numbers of legs are not used again");
    assert_eq!(phone.fingerprint, phones[0].fingerprint);
    for phone in &phones {
        second.plane.close(phone.leg).await;
        assert_eq!(second.plane.stats(phone.leg).await, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn far_ends_that_nobody_here_wrote_stay_connected_and_hear_one_stream() {
    let mut stage = Stage::with(keepable(NonZeroU16::MIN));
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let (browser, agent) = stage.connected(Part::Browser).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    for (round, words) in [b"one", b"two", b"six"].into_iter().enumerate() {
        talk(&meta, &browser, words).await;
        talk(&browser, &meta, words).await;
        let (next, dropped) = stage.handed_over().await;
        assert_eq!(dropped, [], "round {round}");
        stage = next;
    }
    // Longer than between two consent checks of the new ICE agent.
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        talk(&meta, &browser, b"caller").await;
        talk(&browser, &meta, b"agent").await;
    }
    assert_one_stream(&meta.heard());
    assert!(browser.heard().windows(2).all(|pair| pair[0].ssrc == pair[1].ssrc));
    for leg in [whatsapp, agent] {
        assert!(stage.plane.stats(leg).await.unwrap().up);
    }
    stage.plane.unbridge(whatsapp).await;
    let count = meta.heard().len();
    eventually("silence again", async || meta.heard().len() > count + 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leg_that_is_not_up_or_whose_port_is_taken_is_lost_and_the_others_are_not() {
    let mut stage = Stage::with(keepable(NonZeroU16::MIN));
    let (browser, agent) = stage.connected(Part::Browser).await;
    let (_meta, whatsapp) = stage.connected(Part::Meta).await;
    let (_young, opened) = stage.opened(Part::Browser).await;
    let hand_over = stage.plane.hand_over().await.unwrap();
    assert_eq!(hand_over.dropped().collect::<Vec<_>>(), [opened.leg]);
    let mut text = String::from_utf8(hand_over.to_json().unwrap()).unwrap();
    // The WhatsApp leg's port, taken by somebody else in the meantime.
    let thief = UdpSocket::bind("127.0.0.1:0").unwrap();
    let local = text.find("\"locals\":[\"").unwrap() + 11;
    let length = text[local..].find('"').unwrap();
    text.replace_range(local..local + length, &thief.local_addr().unwrap().to_string());
    let hand_over = HandOver::from_json(text.as_bytes()).unwrap();
    let TakenOver { started, mut dropped } =
        media::start_from(MediaConfig::default(), hand_over).unwrap();
    dropped.sort();
    assert_eq!(dropped, [whatsapp, opened.leg]);
    assert_eq!(started.plane.stats(whatsapp).await, None);
    eventually("the agent is still heard", async || {
        browser.say(OPUS, b"hello").await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        started.plane.stats(agent).await.unwrap().packets_in >= 5
    })
    .await;
}

#[tokio::test]
async fn a_taken_agents_port_is_an_error_and_the_bytes_are_good_for_another_try() {
    let stage = Stage::with(keepable(NonZeroU16::MIN));
    let bytes = stage.plane.hand_over().await.unwrap().to_json().unwrap();
    let address = stage.plane.agent_addresses()[0];
    let thief = UdpSocket::bind(address).expect("its port is free as soon as it has let go");
    let again = || HandOver::from_json(&bytes).unwrap();
    let clash = media::start_from(MediaConfig::default(), again());
    assert!(matches!(clash, Err(MediaError::Bind { .. })));
    drop(thief);
    let taken = media::start_from(MediaConfig::default(), again()).unwrap();
    assert_eq!(taken.started.plane.agent_addresses(), [address]);
}
