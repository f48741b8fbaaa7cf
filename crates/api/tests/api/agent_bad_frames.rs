//! Malformed, oversized and hasty frames are answered; the third strike closes that socket only.

use std::time::Duration;

use tokio_tungstenite::tungstenite::Message;
use wire::agent::{ByeReason, ClientCommand, ErrorCode, ServerEvent};

use crate::device::Welcomed;
use crate::house::{House, Rules};

/// The error codes until the socket was closed, and why it was.
async fn until_closed(ana: Welcomed) -> (Vec<ErrorCode>, Option<ByeReason>) {
    let mut codes = Vec::new();
    let mut bye = None;
    for event in ana.device.rest().await {
        match event {
            ServerEvent::Error { code, .. } => codes.push(code),
            ServerEvent::Bye { why } => bye = Some(why),
            _ => {}
        }
    }
    (codes, bye)
}

#[tokio::test]
async fn d8_the_third_bad_frame_closes_the_socket_and_no_other() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let mut ben = house.device("ben").await;
    ana.device.send_text("hello?").await;
    ana.device.send_text(r#"{"v":2,"id":9,"type":"ping"}"#).await;
    ana.device.send_raw(Message::binary(vec![1, 2, 3])).await;
    let (codes, bye) = until_closed(ana).await;
    assert_eq!(codes, [ErrorCode::BadFrame, ErrorCode::Version, ErrorCode::BadFrame]);
    assert_eq!(bye, Some(ByeReason::TooManyErrors));
    let id = ben.device.send(ClientCommand::Ping {}).await;
    let pong = loop {
        if let ServerEvent::Pong { to, .. } = ben.device.event().await {
            break to;
        }
    };
    assert_eq!(pong, id);
}

#[tokio::test]
async fn d8_two_strikes_are_survived() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    for _ in 0..2 {
        ana.device.send_text("nonsense").await;
    }
    let id = ana.device.send(ClientCommand::Ping {}).await;
    loop {
        match ana.device.event().await {
            ServerEvent::Pong { to, .. } => break assert_eq!(to, id),
            ServerEvent::Bye { .. } => panic!("closed"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn d8_an_oversized_frame_is_answered_and_a_huge_one_cuts_the_socket() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    for _ in 0..3 {
        ana.device.send_text(&"x".repeat(70 * 1024)).await;
    }
    let (codes, bye) = until_closed(ana).await;
    assert_eq!(codes, [ErrorCode::FrameTooLarge; 3]);
    assert_eq!(bye, Some(ByeReason::TooManyErrors));
    let mut ben = house.device("ben").await;
    // Sent but for its last byte, or the server's last words could cross a reset.
    ben.device.send_text(&"x".repeat(300 * 1024)).await;
    let (_, bye) = until_closed(ben).await;
    assert!(matches!(bye, Some(ByeReason::TooManyErrors) | None), "{bye:?}");
}

#[tokio::test]
async fn d8_haste_is_a_strike_after_a_burst_of_forty() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    for _ in 0..60 {
        ana.device.send(ClientCommand::Ping {}).await;
    }
    let events = ana.device.rest().await;
    let pongs = events.iter().filter(|event| matches!(event, ServerEvent::Pong { .. })).count();
    let too_fast =
        |event: &&ServerEvent| matches!(event, ServerEvent::Error { code: ErrorCode::TooFast, .. });
    assert_eq!(events.iter().filter(too_fast).count(), 3);
    assert!((39..58).contains(&pongs), "{pongs}");
    assert_eq!(events.last(), Some(&ServerEvent::Bye { why: ByeReason::TooManyErrors }));
}

#[tokio::test]
async fn a_silent_device_is_closed_and_one_that_pings_is_not() {
    let heartbeat = Duration::from_millis(400);
    let house = House::open_with(Rules { heartbeat, ..Rules::default() }).await;
    let silent = house.device("ana").await;
    let mut lively = house.device("ben").await;
    let (_, bye) = tokio::join!(
        async {
            for _ in 0..16 {
                lively.device.send(ClientCommand::Ping {}).await;
                tokio::time::sleep(heartbeat / 4).await;
            }
        },
        async { silent.device.rest().await.pop() }
    );
    assert_eq!(bye, Some(ServerEvent::Bye { why: ByeReason::Silent }));
    let id = lively.device.send(ClientCommand::Ping {}).await;
    loop {
        match lively.device.event().await {
            ServerEvent::Pong { to, .. } if to == id => break,
            ServerEvent::Bye { .. } => panic!("closed"),
            _ => {}
        }
    }
}
