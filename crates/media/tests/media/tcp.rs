//! An agent whose network swallows UDP talks over TCP; a stranger's connection gets no byte and is
//! closed.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use media::{FarEnd, FarEnds, FarHeard, FarPart, MediaConfig, MediaEvent, Protection};
use model::{LegId, SdpText};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::far::{Far, OPUS, Part};
use crate::stage::{Stage, eventually};

/// Generous, because the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(20);

fn stage() -> Stage {
    Stage::with(MediaConfig { agent_tcp_port: Some(0), ..MediaConfig::default() })
}

/// The TCP candidates of an answer: priority and address.
fn candidates(answer: &SdpText) -> Vec<(u32, SocketAddr)> {
    let lines = answer.as_str().lines().filter_map(|line| line.strip_prefix("a=candidate:"));
    lines
        .filter_map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let [_, "1", "tcp", priority, ip, port, "typ", "host", "tcptype", "passive"] =
                words[..]
            else {
                return None;
            };
            let ip: IpAddr = ip.parse().expect("an address");
            let port: u16 = port.parse().expect("a port");
            Some((priority.parse().expect("a number"), SocketAddr::new(ip, port)))
        })
        .collect()
}

fn framed(datagram: &[u8]) -> Vec<u8> {
    let length = u16::try_from(datagram.len()).expect("a datagram");
    [&length.to_be_bytes()[..], datagram].concat()
}

/// A browser that has nothing but TCP.
struct Browser {
    far: FarEnd,
    stream: TcpStream,
    arrived: Vec<u8>,
    heard: Vec<Vec<u8>>,
}

impl Browser {
    async fn opened(stage: &Stage) -> (Self, LegId) {
        let ends = FarEnds::new().expect("a certificate");
        let nowhere = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let mut far = ends.make(FarPart::Browser, Protection::AesGcm, nowhere);
        let opened = stage.plane.open_agent_leg(&far.offer()).await.expect("a good offer");
        far.answered(Instant::now(), opened.answer.as_str()).expect("a good answer");
        let [(_, address)] = candidates(&opened.answer)[..] else { panic!("one TCP candidate") };
        let stream = TcpStream::connect(address).await.expect("somebody listens");
        (Self { far, stream, arrived: Vec::new(), heard: Vec::new() }, opened.leg)
    }

    async fn write(&mut self, datagrams: Vec<Vec<u8>>) {
        for datagram in datagrams {
            // In two pieces, as a network may cut it.
            let frame = framed(&datagram);
            let (first, second) = frame.split_at(frame.len() / 2);
            self.stream.write_all(first).await.expect("the connection lives");
            self.stream.write_all(second).await.expect("the connection lives");
        }
    }

    /// Does what is due, and takes what came, for 20 ms.
    async fn run(&mut self) {
        let mut out = Vec::new();
        self.far.tick(Instant::now(), &mut |bytes| out.push(bytes.to_vec()));
        self.write(std::mem::take(&mut out)).await;
        let mut piece = [0; 4_096];
        let reading = self.stream.read(&mut piece);
        let Ok(read) = tokio::time::timeout(Duration::from_millis(20), reading).await else {
            return;
        };
        let read = read.expect("the connection lives");
        assert_ne!(read, 0, "the connection lives");
        self.arrived.extend_from_slice(&piece[..read]);
        while let Some((prefix, rest)) = self.arrived.split_first_chunk::<2>() {
            let length = usize::from(u16::from_be_bytes(*prefix));
            let Some(datagram) = rest.get(..length) else { break };
            let mut datagram = datagram.to_vec();
            self.arrived.drain(..2 + length);
            let (now, send) = (Instant::now(), &mut |bytes: &[u8]| out.push(bytes.to_vec()));
            if let FarHeard::Sound { payload, .. } = self.far.datagram(now, &mut datagram, send) {
                self.heard.push(datagram[payload].to_vec());
            }
        }
        self.write(out).await;
    }

    async fn say(&mut self, words: &[u8]) {
        let mut packet = [0; 1_500];
        let length = self.far.seal(words, &mut packet).expect("the leg is up");
        self.write(vec![packet[..length].to_vec()]).await;
    }

    async fn up(stage: &mut Stage) -> (Self, LegId) {
        let (mut browser, leg) = Self::opened(stage).await;
        let came_up = async {
            while !browser.far.is_up() {
                browser.run().await;
            }
        };
        tokio::time::timeout(PATIENCE, came_up).await.expect("ICE and DTLS work over TCP");
        stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
        (browser, leg)
    }
}

/// What a connection gets until it is closed.
async fn rest(stream: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    let reading = stream.read_to_end(&mut got);
    // A reset is as good an end as any other.
    let _ = tokio::time::timeout(PATIENCE, reading).await.expect("it is closed");
    got
}

async fn connect(stage: &Stage) -> TcpStream {
    let (browser, _) = Browser::opened(stage).await;
    browser.stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_over_tcp_is_heard_both_ways_and_outlives_nothing() {
    let mut stage = stage();
    let (caller, whatsapp) = stage.connected(Part::Meta).await;
    let (mut browser, agent) = Browser::up(&mut stage).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    let hears = |caller: &Far| {
        caller.heard().iter().filter(|note| note.payload[..] == *b"from the hotel").count()
    };
    let talking = async {
        while hears(&caller) < 10 || browser.heard.len() < 10 {
            caller.say(OPUS, b"caller").await;
            browser.say(b"from the hotel").await;
            browser.run().await;
        }
    };
    tokio::time::timeout(PATIENCE, talking).await.expect("both hear each other");
    assert!(browser.heard.iter().all(|words| words == b"caller"));
    stage.plane.close(agent).await;
    let closing = async {
        let mut piece = [0; 4_096];
        while browser.stream.read(&mut piece).await.is_ok_and(|read| read > 0) {}
    };
    tokio::time::timeout(PATIENCE, closing).await.expect("the leg's connection goes with it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_offers_tcp_below_udp_and_only_where_it_is_configured() {
    let browser = Far::new(Part::Browser).await;
    let offer = browser.offer().await;
    let with = stage().plane.open_agent_leg(&offer).await.expect("a good offer").answer;
    let [(priority, _)] = candidates(&with)[..] else { panic!("one TCP candidate") };
    let udp = with.as_str().lines().find(|line| line.contains(" udp ")).expect("UDP too");
    let udp: u32 = udp.split(' ').nth(3).expect("a priority").parse().expect("a number");
    assert!(priority < udp);
    let without = Stage::new().plane.open_agent_leg(&offer).await.expect("a good offer").answer;
    assert_eq!(candidates(&without), []);
    let mut stage = stage();
    let caller = Far::new(Part::Meta).await;
    let meta = stage.plane.open_whatsapp_leg(&caller.offer().await).await.expect("a good offer");
    assert_eq!(candidates(&meta.answer), []);
    assert_eq!(stage.seen(), []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_get_no_byte_and_are_closed() {
    let stage = stage();
    // A check that is well made, for a leg that is none of ours.
    let stray = {
        let elsewhere = self::stage();
        let (mut browser, _) = Browser::opened(&elsewhere).await;
        let mut check = Vec::new();
        browser.far.tick(Instant::now(), &mut |bytes| check = bytes.to_vec());
        check
    };
    let hello = b"GET / HTTP/1.1\r\nHost: calls.example\r\n\r\n".to_vec();
    for bytes in [framed(&stray), framed(b"hello"), framed(&[22; 100]), vec![0xff; 300], hello] {
        let mut stream = connect(&stage).await;
        stream.write_all(&bytes).await.expect("it is open");
        assert_eq!(rest(&mut stream).await, b"", "{bytes:?}");
    }
    let mut silent = connect(&stage).await;
    assert_eq!(rest(&mut silent).await, b"", "closed after five seconds");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_are_bounded_and_do_not_crowd_out_a_browser() {
    let mut stage = stage();
    let mut silent = Vec::new();
    for _ in 0..80 {
        silent.push(connect(&stage).await);
    }
    let (_browser, agent) = Browser::up(&mut stage).await;
    let mut first = silent.remove(0);
    assert_eq!(rest(&mut first).await, b"");
    assert!(stage.plane.stats(agent).await.expect("the leg lives").up);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_length_that_lies_closes_the_connection_and_the_leg_may_come_back_by_another() {
    let mut stage = stage();
    let (mut browser, agent) = Browser::up(&mut stage).await;
    browser.stream.write_all(&[0xff, 0xff, 1, 2, 3]).await.expect("it is open");
    let address = browser.stream.peer_addr().expect("it was connected");
    rest(&mut browser.stream).await;
    browser.stream = TcpStream::connect(address).await.expect("somebody listens");
    browser.arrived.clear();
    let heard = stage.plane.stats(agent).await.expect("the leg lives").packets_in;
    // The next check is due within two and a half seconds.
    let back = async {
        let mut out = Vec::new();
        while out.is_empty() {
            browser.far.tick(Instant::now(), &mut |bytes| {
                if bytes[0] < 4 {
                    out.push(bytes.to_vec());
                }
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        browser.write(out).await;
    };
    tokio::time::timeout(PATIENCE, back).await.expect("a check is due");
    browser.say(b"again").await;
    let plane = &stage.plane;
    eventually("it is heard again", async || {
        plane.stats(agent).await.expect("the leg lives").packets_in > heard
    })
    .await;
}
