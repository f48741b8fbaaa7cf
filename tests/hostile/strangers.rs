//! T2 and T9: whoever is not one of the two ends is neither heard nor answered.

use std::time::Duration;

use opus::{Application, Channels, Encoder};
use sim::listen::Heard;

use crate::house::{House, Setup};
use crate::packets::{self, Kind};
use crate::ports::Strangers;
use crate::relay::Relay;
use crate::{amount, tell};

/// What the attacker would like the two ends to hear.
const INJECTED_HZ: f64 = 1_310.0;

/// 20 ms of the attacker's tone, as Opus.
fn tone(encoder: &mut Encoder, step: usize) -> Vec<u8> {
    let sample = |at: usize| {
        let angle = std::f64::consts::TAU * INJECTED_HZ * (step * 960 + at) as f64 / 48_000.0;
        (angle.sin() * 16_000.0) as i16
    };
    let pcm: Vec<i16> = (0..960).map(sample).collect();
    encoder.encode_vec(&pcm, 1_275).expect("a frame of 20 ms")
}

/// Everything a stranger can think of who has read along: what is in the clear and what is not.
fn thoughts(relay: &Relay, step: usize, frame: &[u8]) -> Vec<Vec<u8>> {
    let rtp = relay.recorded(Kind::Rtp);
    let genuine = rtp.last().expect("the far end talks");
    let (sequence, timestamp, ssrc) = packets::rtp_fields(genuine);
    let ahead = (step % 40) as u16;
    let timestamp = timestamp.wrapping_add(u32::from(ahead) * 960);
    let mut plain = packets::rtp_header(111, sequence.wrapping_add(ahead), timestamp, ssrc);
    plain.extend(frame);
    let mut thoughts = vec![
        plain,
        packets::forged(genuine, ahead),
        // Word for word what the far end has said, from elsewhere.
        genuine.clone(),
        packets::client_hello(step),
        packets::plain_alert(step as u8),
        packets::false_epoch_one(23, step as u8),
        vec![0xff; 1_200],
        Vec::new(),
    ];
    thoughts.extend(relay.recorded(Kind::Rtcp).last().cloned());
    thoughts.extend(relay.recorded(Kind::Dtls).last().cloned());
    let checks = relay.recorded(Kind::Stun);
    if let Some(check) = checks.iter().rfind(|check| check[0] == 0) {
        let user = packets::username_of(check);
        for role in [packets::ICE_CONTROLLED, packets::ICE_CONTROLLING] {
            thoughts.push(packets::role_conflict(&user, role, false));
            thoughts.push(packets::role_conflict(&user, role, true));
        }
        let mut bent = check.clone();
        *bent.last_mut().expect("a check has bytes") ^= 1;
        let at = bent.len() - 20;
        bent[at] ^= 1;
        thoughts.push(bent);
    }
    thoughts
}

#[tokio::test(flavor = "multi_thread")]
async fn t2_t9_strangers_are_neither_heard_nor_answered() {
    let talk = House::talk(Setup::default()).await;
    let strangers = Strangers::new(20);
    let mut encoder =
        Encoder::new(48_000, Channels::Mono, Application::Voip).expect("an Opus encoder");
    let (mut sent, mut bytes) = (0, 0);
    for step in 0..amount(150, 1_500) {
        let frame = tone(&mut encoder, step);
        for relay in [&talk.caller, &talk.agent] {
            for thought in thoughts(relay, step, &frame) {
                strangers.send(sent, relay.daemon(), &thought);
                sent += 1;
                bytes += thought.len();
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
        let hears_it = |heard: &Heard| heard.hears(INJECTED_HZ, Duration::from_millis(100));
        assert!(!hears_it(&talk.phone.heard()), "the caller hears the attacker");
        assert!(!hears_it(&talk.robot.heard()), "the agent hears the attacker");
    }
    tell(&format!("{sent} datagrams ({bytes} bytes) from {} strangers", strangers.count()));
    strangers.assert_got_nothing();
    talk.stands_unharmed().await;
}
