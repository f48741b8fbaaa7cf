//! What strangers and impostors get: nothing.

use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use media::{LegDown, MediaConfig, MediaError, MediaEvent, SdpError};
use model::SdpText;

use crate::far::{OPUS, Part};
use crate::stage::{Stage, a_while, eventually};

/// An offer whose fingerprint belongs to somebody else.
fn with_wrong_fingerprint(offer: &SdpText) -> SdpText {
    let swap = |line: &str| match line.strip_prefix("a=fingerprint:sha-256 ") {
        Some(rest) if rest.starts_with("00") => line.replacen(" 00", " 01", 1),
        Some(rest) => format!("a=fingerprint:sha-256 00{}", &rest[2..]),
        None => line.to_owned(),
    };
    let lines: Vec<_> = offer.as_str().lines().map(swap).collect();
    SdpText::new(lines.join("\r\n") + "\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_that_was_not_promised_ends_the_leg_before_any_sound() {
    for part in [Part::Meta, Part::Browser] {
        let mut stage = Stage::new();
        let far = crate::far::Far::new(part).await;
        let offer = with_wrong_fingerprint(&far.offer().await);
        let opened = match part {
            Part::Meta => stage.plane.open_whatsapp_leg(&offer).await.unwrap(),
            Part::Browser => stage.plane.open_agent_leg(&offer).await.unwrap(),
        };
        let leg = opened.leg;
        stage.plane.speak(leg).await;
        far.answered(&opened.answer).await;
        let down = MediaEvent::LegDown { leg, why: LegDown::FingerprintMismatch };
        stage.until(|event| *event == down).await;
        for _ in 0..5 {
            far.say(OPUS, b"impostor").await;
        }
        a_while().await;
        assert_eq!(far.heard(), []);
        let stats = stage.plane.stats(leg).await.unwrap();
        assert_eq!((stats.up, stats.packets_in, stats.packets_out), (false, 0, 0));
        assert!(!stage.seen().contains(&MediaEvent::LegUp { leg }));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn datagrams_of_a_stranger_reach_nobody_and_are_not_answered() {
    let mut stage = Stage::new();
    let (meta, whatsapp) = stage.connected(Part::Meta).await;
    let (browser, agent) = stage.connected(Part::Browser).await;
    stage.plane.speak(whatsapp).await;
    stage.plane.bridge(whatsapp, agent).await;
    eventually("the agent is heard", async || {
        browser.say(OPUS, b"agent").await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        meta.heard().iter().any(|note| note.payload[..] == *b"agent")
    })
    .await;

    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let mut rtp = vec![0x80, OPUS, 0, 1, 0, 0, 3, 0xc0, 0x0a, 0xbc, 0xde, 0xf0];
    rtp.extend(b"injected, in the clear");
    let mut client_hello = vec![22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0];
    client_hello.extend([0; 8]);
    let mut stun = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([9; 12]);
    let junk: [&[u8]; 5] = [&rtp, &client_hello, &stun, &[], &[0xff; 1_400]];
    let before = stage.plane.totals().await.unwrap();
    let sent: u64 = 100 * junk.len() as u64;
    for _ in 0..100 {
        for datagram in junk {
            stranger.send_to(datagram, stage.plane.agent_addresses()[0]).unwrap();
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    eventually("the junk was counted", async || {
        stage.plane.totals().await.unwrap().refused >= before.refused + sent
    })
    .await;
    let mut answer = [0; 2_048];
    assert!(stranger.recv_from(&mut answer).is_err(), "nothing is answered");
    for far in [&meta, &browser] {
        let injected = |note: &crate::far::Note| note.payload.starts_with(b"injected");
        assert!(!far.heard().iter().any(injected));
    }
    assert!(stage.plane.stats(whatsapp).await.unwrap().up);
    assert!(stage.plane.stats(agent).await.unwrap().up);
    assert!(!stage.seen().iter().any(|event| matches!(event, MediaEvent::LegDown { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_socket_of_a_whatsapp_leg_listens_to_its_peer_only() {
    let mut stage = Stage::new();
    let (far, opened) = stage.opened(Part::Meta).await;
    far.answered(&opened.answer).await;
    let leg = opened.leg;
    stage.until(|event| *event == MediaEvent::LegUp { leg }).await;
    let text = opened.answer.as_str();
    let line = text.lines().find(|line| line.starts_with("m=audio ")).unwrap();
    let port: u16 = line.split(' ').nth(1).unwrap().parse().unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    stranger.set_nonblocking(true).unwrap();
    let before = stage.plane.totals().await.unwrap();
    for _ in 0..50 {
        let close_notify = [21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 1, 0];
        stranger.send_to(&close_notify, address).unwrap();
        stranger.send_to(&[0x80; 60], address).unwrap();
    }
    a_while().await;
    let after = stage.plane.totals().await.unwrap();
    assert!(after.datagrams < before.datagrams + 50, "the system keeps strangers away");
    assert!(stage.plane.stats(leg).await.unwrap().up);
    assert!(stranger.recv_from(&mut [0; 100]).is_err());
    stage.plane.close(leg).await;
    assert_eq!(stage.plane.stats(leg).await, None);
    // Its thread has done what it was asked before it answers.
    let _obeyed = stage.plane.totals().await;
    UdpSocket::bind(address).expect("closing the leg freed its port");
}

#[tokio::test]
async fn offers_that_cannot_be_answered_cost_nothing_and_say_why() {
    let stage = Stage::new();
    for text in ["", "<<RFC 8866 SDP>>", "v=0\r\n"] {
        let offer = SdpText::new(text);
        assert!(matches!(stage.plane.open_whatsapp_leg(&offer).await, Err(MediaError::Sdp(_))));
        assert!(matches!(stage.plane.open_agent_leg(&offer).await, Err(MediaError::Sdp(_))));
    }
    let world = media::start(MediaConfig::default()).unwrap();
    let (_far, offer) = {
        let far = crate::far::Far::new(Part::Meta).await;
        let offer = far.offer().await;
        (far, offer)
    };
    let refused = world.plane.open_whatsapp_leg(&offer).await;
    assert!(
        matches!(refused, Err(MediaError::Sdp(SdpError::NoUsableCandidate { .. }))),
        "loopback is not probed unless that is allowed"
    );
}

#[tokio::test]
async fn a_taken_port_and_a_used_up_range_are_errors_with_a_remedy() {
    let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let clash = media::start(MediaConfig { agent_port: port, ..MediaConfig::default() });
    assert!(matches!(clash, Err(MediaError::Bind { .. })));
    let started = media::start(MediaConfig {
        whatsapp_ports: port..=port,
        allow_private_remotes: true,
        ..MediaConfig::default()
    })
    .unwrap();
    let far = crate::far::Far::new(Part::Meta).await;
    let refused = started.plane.open_whatsapp_leg(&far.offer().await).await;
    assert!(matches!(refused, Err(MediaError::NoFreePort { .. })));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropping_the_last_handle_says_good_bye_and_ends_the_thread() {
    let mut stage = Stage::new();
    let (_far, agent) = stage.connected(Part::Browser).await;
    let address = stage.plane.agent_addresses()[0];
    let Stage { plane, mut events, .. } = stage;
    let clone = plane.clone();
    drop(plane);
    assert!(clone.stats(agent).await.unwrap().up);
    drop(clone);
    let ended = tokio::time::timeout(Duration::from_secs(10), async {
        while events.recv().await.is_some() {}
    });
    ended.await.expect("the events end with the thread");
    UdpSocket::bind(address).expect("and its port is free");
}
