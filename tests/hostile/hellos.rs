//! T1: ClientHellos from a thousand strangers do not spoil a single set-up.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use sim::meta::PhoneState;

use crate::house::{House, PATIENCE, Setup, answer};
use crate::packets::client_hello;
use crate::ports::Strangers;
use crate::{amount, tell};

const SOURCES: usize = 1_000;

#[tokio::test(flavor = "multi_thread")]
async fn t1_client_hellos_from_a_thousand_sources_spoil_no_set_up() {
    let house = House::with(Setup::default()).await;
    let mut targets = vec![house.agents_port];
    targets
        .extend(house.callers_ports.clone().map(|port| SocketAddr::from(([127, 0, 0, 1], port))));
    let (done, sent) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let (until, count) = (Arc::clone(&done), Arc::clone(&sent));
    let spraying = std::thread::spawn(move || {
        let strangers = Strangers::new(SOURCES);
        for step in 0.. {
            if until.load(Ordering::Relaxed) {
                break;
            }
            let hello = client_hello(step);
            // The agents' port takes every other one, because it is there all the time.
            let target = if step % 2 == 0 { targets[0] } else { targets[step / 2 % targets.len()] };
            strangers.send(step, target, &hello);
            count.fetch_add(1, Ordering::Relaxed);
            if step % 8 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        std::thread::sleep(Duration::from_millis(200));
        strangers
    });
    let calls = amount(5, 100);
    for number in 0..calls {
        // An agent leg and a WhatsApp leg are set up for each call. Each has an agent of its own,
        // because the devices that an agent has left count against them for a while.
        let mut robot = house.ready(&format!("ana-{number}")).await;
        let phone = house.ring().await;
        let call = answer(&mut robot).await;
        let talks = |state: &PhoneState| *state == PhoneState::Talking;
        phone.wait_for(talks, PATIENCE).await.expect("the phone talks");
        robot.hang_up(call).await.expect("the daemon listens");
        phone.wait_for(|state| state.end().is_some(), PATIENCE).await.expect("the call ends");
        robot.close().await;
    }
    done.store(true, Ordering::Relaxed);
    let strangers = spraying.join().expect("the sprayer ends");
    let sent = sent.load(Ordering::Relaxed);
    tell(&format!("{} set-ups under {sent} ClientHellos from {SOURCES} sources", 2 * calls));
    assert!(sent > 2 * SOURCES as u64, "the spray was no spray: {sent}");
    strangers.assert_got_nothing();
}
