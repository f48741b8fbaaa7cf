//! A laptop that falls silent with its socket open does not keep the call from its agent's other
//! device.

use std::time::{Duration, Instant};

use sim::Says;
use sim::agent::{Robot, RobotConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, World, answer, open, talking};

const SECOND_HZ: f64 = 1_300.0;
/// Far less than the 25 s in which a lost agent is waited for.
const SOON: Duration = Duration::from_secs(18);

/// A way to the daemon that can stop to carry anything, without closing anything: what a machine
/// that sleeps or a NAT that forgot looks like from here.
struct Wire {
    url: String,
    cut: watch::Sender<bool>,
}

impl Wire {
    async fn to(url: &str) -> Self {
        let daemon = url.trim_start_matches("ws://").split('/').next().expect("an address");
        let daemon = daemon.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let here = listener.local_addr().expect("bound");
        let (cut, is_cut) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(&daemon).await.expect("the daemon");
                tokio::spawn(carry(near, far, is_cut.clone()));
            }
        });
        Self { url: format!("ws://{here}/agent/v1"), cut }
    }
}

async fn carry(mut near: TcpStream, mut far: TcpStream, mut is_cut: watch::Receiver<bool>) {
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => return,
        _ = is_cut.wait_for(|cut| *cut) => {}
    }
    // Both ends stay open, and nobody is told anything any more.
    std::future::pending::<()>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn d5_a_half_open_socket_does_not_keep_the_call_from_the_agents_other_device() {
    let world = World::start().await;
    let wire = Wire::to(&world.socket_url()).await;
    let mut laptop = Robot::connect(RobotConfig {
        url: wire.url.clone(),
        token: world.token("ana").await,
        origin: None,
        says: Says::Tone(AGENT_HZ),
        label: "laptop".to_owned(),
    })
    .await
    .expect("a welcome");
    laptop.go_ready().await.expect("a leg");
    let phone = world.ring(world.plan()).await;
    let call = answer(&mut laptop).await;
    talking(&phone).await;
    let mut desktop = world.agent_saying("ana", SECOND_HZ).await;
    desktop.speak(true);

    let begun = Instant::now();
    wire.cut.send(true).expect("the wire is there");
    laptop.cut_media();
    open(&mut desktop, call).await;
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    hears_only("the caller", || phone.heard(), SECOND_HZ, AGENT_HZ).await;
}
