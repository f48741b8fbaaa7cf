//! T8: a flood of junk on the media ports passes, and the call is still there.

use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::house::{House, Setup};
use crate::packets::Kind;
use crate::{amount, tell};

/// Datagrams a second; the machine may manage fewer.
const RATE: f64 = 200_000.0;

/// Sends junk to both ports for a while; gives how much was sent and what came back.
fn flood(targets: [SocketAddr; 2], lasting: Duration) -> (u64, u64) {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port exists");
    socket.set_nonblocking(true).expect("a socket can be asked not to wait");
    let junk: Vec<Vec<u8>> = (0..64_u8)
        .map(|at| {
            let mut bytes = vec![0; 12 + usize::from(at) * 8];
            bytes.fill_with(rand::random);
            // A quarter each of what looks like RTP, DTLS, STUN and nothing.
            bytes[0] = [0x80, 22, 0, bytes[0]][usize::from(at) % 4];
            if at % 4 == 2 {
                bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
            }
            bytes
        })
        .collect();
    let (begun, mut sent) = (Instant::now(), 0_u64);
    while begun.elapsed() < lasting {
        if sent as f64 > begun.elapsed().as_secs_f64() * RATE {
            std::thread::sleep(Duration::from_micros(100));
            continue;
        }
        for _ in 0..64 {
            let at = sent as usize;
            let _ = socket.send_to(&junk[at % junk.len()], targets[at % 2]);
            sent += 1;
        }
    }
    std::thread::sleep(Duration::from_millis(300));
    let mut answers = 0;
    while socket.recv_from(&mut [0; 2_048]).is_ok() {
        answers += 1;
    }
    (sent, answers)
}

#[tokio::test(flavor = "multi_thread")]
async fn t8_two_hundred_thousand_datagrams_a_second_end_no_call() {
    let talk = House::talk(Setup::default()).await;
    let targets = [talk.agent.daemon(), talk.caller.daemon()];
    let lasting = Duration::from_secs(amount(3, 20) as u64);
    let before = [&talk.caller, &talk.agent].map(|relay| relay.sent_by_daemon(Kind::Rtp));
    let flooding = tokio::task::spawn_blocking(move || flood(targets, lasting));
    let (sent, answers) = flooding.await.expect("the flood ends");
    let after = [&talk.caller, &talk.agent].map(|relay| relay.sent_by_daemon(Kind::Rtp));
    let rate = sent as f64 / lasting.as_secs_f64();
    let natural = lasting.as_secs_f64() * 50.0;
    let share = |at: usize| 100.0 * (after[at] - before[at]) as f64 / natural;
    tell(&format!(
        "{sent} datagrams, {rate:.0} a second; sent on meanwhile: {:.0} % to the caller \
         (silence included), {:.0} % to the agent",
        share(0),
        share(1)
    ));
    assert_eq!(answers, 0, "junk was answered");
    assert!(rate > 20_000.0, "the flood was no flood: {rate:.0} a second");
    talk.stands_unharmed().await;
}
