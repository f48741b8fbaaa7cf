//! A device that loses its socket comes back to its session and misses nothing.

use std::time::Duration;

use switchboard::Bell as _;
use wire::agent::{ByeReason, Resume, ServerEvent};

use crate::device::{Device, Welcomed, note};
use crate::house::{House, Rules};

/// Connects again and says hello with `resume`.
async fn back(house: &House, name: &str, resume: Option<Resume>) -> Device {
    let token = house.token(name).await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, resume).await;
    device
}

#[tokio::test]
async fn d1_frames_told_while_the_socket_was_lost_follow_in_order_without_a_gap() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    house.hub.tell(ana.id, note("before"));
    ana.told_until("before").await;
    let (session, id, resume) = (ana.session, ana.id, ana.resume());
    ana.device.vanish();
    for number in 0..20 {
        house.hub.tell(id, note(&format!("meanwhile {number}")));
    }
    let mut device = back(&house, "ana", resume.clone()).await;
    let ServerEvent::Resumed { session: resumed, .. } = device.event().await else {
        panic!("not resumed");
    };
    assert_eq!(resumed, session);
    let mut ana = Welcomed { device, id, session, seen: resume.unwrap().last_seq };
    for number in 0..20 {
        assert_eq!(ana.told().await, note(&format!("meanwhile {number}")));
    }
    // What is told of the returned socket itself is numbered too.
    house.hub.tell(id, note("after"));
    ana.told_until("after").await;
    assert_eq!(house.devices_of("ana").await, 1);
}

#[tokio::test]
async fn d1_a_device_that_missed_too_much_gets_a_snapshot_and_stays_the_same_device() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    let (session, id, resume) = (ana.session, ana.id, ana.resume());
    ana.device.vanish();
    for number in 0..600 {
        house.hub.tell(id, note(&number.to_string()));
    }
    let device = back(&house, "ana", resume.clone()).await;
    let mut again = Welcomed::read(device).await;
    assert_eq!(again.id, id);
    assert_ne!(again.session, session);
    house.hub.tell(id, note("first of the new count"));
    again.told_until("first of the new count").await;
    let stale = back(&house, "ana", resume).await;
    assert_ne!(Welcomed::read(stale).await.id, id, "the old name is gone");
    assert_eq!(house.devices_of("ana").await, 2);
}

#[tokio::test]
async fn a_number_from_the_future_gets_a_snapshot() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    let resume = Some(Resume { session: ana.session, last_seq: 1_000_000 });
    let again = Welcomed::read(back(&house, "ana", resume).await).await;
    assert_eq!(again.id, ana.id);
}

#[tokio::test]
async fn a_second_socket_takes_the_session_over() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    let mut second = back(&house, "ana", ana.resume()).await;
    assert!(matches!(second.event().await, ServerEvent::Resumed { .. }));
    let last = ana.device.rest().await.pop();
    assert_eq!(last, Some(ServerEvent::Bye { why: ByeReason::Replaced }));
    house.hub.tell(ana.id, note("to the second"));
    loop {
        if second.event().await == note("to the second") {
            break;
        }
    }
    assert_eq!(house.devices_of("ana").await, 1);
}

#[tokio::test]
async fn another_agents_session_cannot_be_taken_over() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let eve = Welcomed::read(back(&house, "eve", ana.resume()).await).await;
    assert_ne!(eve.id, ana.id);
    assert_ne!(eve.session, ana.session);
    house.hub.tell(ana.id, note("still mine"));
    ana.told_until("still mine").await;
}

#[tokio::test]
async fn a_device_that_does_not_come_back_has_left() {
    let resume_grace = Duration::from_millis(200);
    let house = House::open_with(Rules { resume_grace, ..Rules::default() }).await;
    let ana = house.device("ana").await;
    assert_eq!(house.devices_of("ana").await, 1);
    let (id, resume) = (ana.id, ana.resume());
    ana.device.vanish();
    while house.devices_of("ana").await > 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(house.hub.devices(), 0);
    let again = Welcomed::read(back(&house, "ana", resume).await).await;
    assert_ne!(again.id, id);
}

#[tokio::test]
async fn d7_a_device_that_does_not_read_is_closed_as_slow_and_resyncs_with_a_snapshot() {
    let house = House::open().await;
    let ana = house.device("ana").await;
    let mut ben = house.device("ben").await;
    let (id, resume) = (ana.id, ana.resume());
    let large = note(&"x".repeat(60_000));
    for _ in 0..600 {
        house.hub.tell(id, large.clone());
    }
    house.hub.tell(ben.id, note("not held up"));
    ben.told_until("not held up").await;
    let last = ana.device.rest().await.pop();
    assert_eq!(last, Some(ServerEvent::Bye { why: ByeReason::Slow }));
    let again = Welcomed::read(back(&house, "ana", resume).await).await;
    assert_eq!(again.id, id);
}
