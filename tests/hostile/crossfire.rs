//! Alert storms and false role conflicts from proven addresses change nothing.

use std::time::Duration;

use crate::house::{House, Setup};
use crate::packets::{self, Kind};
use crate::{amount, tell};

#[tokio::test(flavor = "multi_thread")]
async fn alert_storms_are_not_echoed_and_end_nothing() {
    let talk = House::talk(Setup::default()).await;
    let steps = amount(2_000, 20_000);
    for relay in [&talk.caller, &talk.agent] {
        let before = relay.sent_by_daemon(Kind::Dtls);
        let begun = std::time::Instant::now();
        for step in 0..steps {
            let (alert, junk) = (step as u8, [20, 21, 22, 23][step % 4]);
            relay.inject(&packets::plain_alert(alert)).await;
            relay.inject(&packets::false_epoch_one(junk, alert)).await;
            // The far end's stack answers such things with genuine alerts of its own.
            if step % 20 == 0 {
                relay.inject_back(&packets::false_epoch_one(junk, alert)).await;
            }
            if step % 16 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        let answers = relay.sent_by_daemon(Kind::Dtls) - before;
        let limit = 10 * (begun.elapsed().as_secs() + 2);
        tell(&format!("{} records, {answers} DTLS datagrams in return", 2 * steps));
        assert!(answers <= limit, "{answers} answers, {limit} would be bounded");
        // The storm is over: so must be its echo.
        let calm = relay.sent_by_daemon(Kind::Dtls);
        tokio::time::sleep(Duration::from_secs(2)).await;
        let echoes = relay.sent_by_daemon(Kind::Dtls) - calm;
        assert!(echoes <= 10, "{echoes} alerts go to and fro in 2 s");
    }
    talk.stands_unharmed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn false_role_conflicts_turn_no_role_and_get_no_answer() {
    let talk = House::talk(Setup::default()).await;
    let username = {
        let checks = talk.caller.tape(|tape| tape.daemon_stun.clone());
        let check = checks.iter().rfind(|check| check[..2] == [0, 1]).expect("the daemon checks");
        let name = String::from_utf8(packets::username_of(check)).expect("ICE characters");
        let (theirs, ours) = name.split_once(':').expect("two fragments");
        format!("{ours}:{theirs}")
    };
    talk.caller.tape(|tape| tape.daemon_stun.clear());
    for step in 0..amount(500, 5_000) {
        for role in [packets::ICE_CONTROLLED, packets::ICE_CONTROLLING] {
            for signed in [false, true] {
                let check = packets::role_conflict(username.as_bytes(), role, signed);
                talk.caller.inject(&check).await;
            }
        }
        let newest = talk.caller.tape(|tape| tape.daemon_stun.back().cloned());
        if let Some(check) = newest.filter(|check| check[..2] == [0, 1]) {
            talk.caller.inject(&packets::conflict_response(&check)).await;
        }
        if step % 8 == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    // Two rounds of consent checks.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let said = talk.caller.tape(|tape| tape.daemon_stun.clone());
    assert!(said.len() >= 2, "the daemon goes on checking: {}", said.len());
    let asked = talk.caller.recorded(Kind::Stun);
    for message in &said {
        if message[..2] == [1, 1] {
            let genuine = asked.iter().any(|check| check[8..20] == message[8..20]);
            assert!(genuine, "a forgery was answered");
        } else {
            assert_eq!(message[..2], [0, 1], "checks and answers, nothing else");
            assert!(packets::has_attribute(message, packets::ICE_CONTROLLING), "the role stays");
        }
    }
    talk.stands_unharmed().await;
}
