//! Each device is given an access of its own to the TURN servers, and a new one before it expires.

use std::time::Duration;

use api::TurnConfig;
use wire::agent::{ClientCommand, IceServer, ServerEvent};

use crate::device::Device;
use crate::house::{House, Rules};

async fn house() -> House {
    let turn = TurnConfig {
        urls: vec!["turn:turn.example.com:3478".to_owned()],
        secret: "north".into(),
        ttl: Duration::from_secs(2),
    };
    House::open_with(Rules { turn: Some(turn), ..Rules::default() }).await
}

fn only(servers: Vec<IceServer>) -> IceServer {
    let Ok([server]) = <[IceServer; 1]>::try_from(servers) else { panic!("one server") };
    assert_eq!(server.urls, ["turn:turn.example.com:3478"]);
    server
}

/// The second at which an access expires and the device it is for.
fn parts(server: &IceServer) -> (i64, String) {
    let (expires, device) = server.username.split_once(':').expect("time:device");
    (expires.parse().expect("seconds"), device.to_owned())
}

async fn next_access(device: &mut Device) -> IceServer {
    loop {
        let frame = device.next().await.expect("a frame, not the end");
        if let ServerEvent::IceServers { ice_servers } = frame.event {
            assert_eq!(frame.seq, 0, "it is of no use to a socket that comes later");
            return only(ice_servers);
        }
    }
}

#[tokio::test]
async fn an_access_comes_with_the_welcome_and_is_renewed_while_it_holds() {
    let house = house().await;
    let token = house.token("ana").await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, None).await;
    let ServerEvent::Welcome { device: id, ice_servers, .. } = device.event().await else {
        panic!("no welcome");
    };
    let first = only(ice_servers);
    let second = next_access(&mut device).await;
    let (first_end, first_device) = parts(&first);
    let (second_end, second_device) = parts(&second);
    assert_eq!([first_device, second_device], [id.to_string(), id.to_string()]);
    assert!(second_end > first_end, "{second_end} is later than {first_end}");
    assert_ne!(first.credential, second.credential);
    let now = model::Timestamp::now().as_millis() / 1_000;
    assert!(first_end >= now - 1, "renewed before it had expired");
}

#[tokio::test]
async fn a_device_that_comes_back_gets_a_new_access_at_once() {
    let house = house().await;
    let ana = house.device("ana").await;
    let (id, resume) = (ana.id, ana.resume());
    ana.device.vanish();
    let token = house.token("ana").await;
    let mut again = Device::connect(house.address).await;
    again.hello(&token, resume).await;
    let mut events = Vec::new();
    let access = loop {
        match again.event().await {
            ServerEvent::IceServers { ice_servers } => break only(ice_servers),
            other => events.push(other),
        }
    };
    assert!(matches!(events[0], ServerEvent::Resumed { .. }), "{events:?}");
    assert_eq!(parts(&access).1, id.to_string());
}

#[tokio::test]
async fn without_servers_nothing_is_handed_out() {
    let house = House::open().await;
    let token = house.token("ana").await;
    let mut device = Device::connect(house.address).await;
    device.hello(&token, None).await;
    let ServerEvent::Welcome { ice_servers, .. } = device.event().await else {
        panic!("no welcome");
    };
    assert_eq!(ice_servers, []);
    let ping = device.send(ClientCommand::Ping {}).await;
    loop {
        match device.event().await {
            ServerEvent::Pong { to, .. } if to == ping => break,
            ServerEvent::IceServers { .. } => panic!("there are none"),
            _ => {}
        }
    }
}
