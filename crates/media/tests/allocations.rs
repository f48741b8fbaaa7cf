//! Between receiving a packet and sending it on, nothing is allocated.

use std::alloc::System;
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use media::{FarEnd, FarEnds, FarHeard, FarPart, MediaConfig, MediaEvent, Protection};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Packets of a window, all of which must be forwarded.
const WINDOW: u64 = 2_000;
/// Packets each phone says before it listens; no buffer overflows.
const AT_ONCE: u64 = 10;
/// Windows. The engine also has timers (consent checks, every few seconds) that may allocate and
/// may fall into one window or another; a packet that allocates spoils every window.
const WINDOWS: usize = 5;

struct Phone {
    far: FarEnd,
    socket: UdpSocket,
    heard: u64,
}

impl Phone {
    fn pump(&mut self) {
        let socket = &self.socket;
        let mut send = |bytes: &[u8]| drop(socket.send(bytes));
        self.far.tick(Instant::now(), &mut send);
        let mut buffer = [0; 2_048];
        while let Ok(length) = socket.recv(&mut buffer) {
            let heard = self.far.datagram(Instant::now(), &mut buffer[..length], &mut send);
            if let FarHeard::Sound { payload, .. } = heard
                && buffer[payload] == [7; 80]
            {
                self.heard += 1;
            }
        }
    }

    fn say(&mut self) {
        let mut packet = [0; 160];
        let length = self.far.seal(&[7; 80], &mut packet).expect("the leg is up");
        self.socket.send(&packet[..length]).expect("loopback takes it");
    }
}

/// A bridged call whose far ends play in this thread, without tokio and without allocations.
fn call(plane: &media::MediaPlane, ends: &FarEnds, protection: Protection) -> [Phone; 2] {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    let mut legs = Vec::new();
    let phones = [FarPart::Meta, FarPart::Browser].map(|part| {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket.set_nonblocking(true).expect("a socket that does not wait");
        let mut far = ends.make(part, protection, socket.local_addr().expect("it is bound"));
        let opened = runtime.block_on(async {
            match part {
                FarPart::Meta => plane.open_whatsapp_leg(&far.offer()).await,
                FarPart::Browser => plane.open_agent_leg(&far.offer()).await,
            }
        });
        let opened = opened.expect("an offer of our own");
        let to = far.answered(Instant::now(), opened.answer.as_str()).expect("an answer");
        socket.connect(to).expect("loopback");
        legs.push(opened.leg);
        Phone { far, socket, heard: 0 }
    });
    runtime.block_on(async {
        plane.speak(legs[0]).await;
        plane.bridge(legs[0], legs[1]).await;
    });
    phones
}

fn until(phones: &mut [Phone; 2], done: impl Fn(&[Phone; 2]) -> bool) {
    let patience = Instant::now() + Duration::from_secs(10);
    while !done(phones) {
        assert!(Instant::now() < patience, "it never happened");
        phones.iter_mut().for_each(Phone::pump);
    }
}

#[test]
fn forwarding_thousands_of_packets_allocates_nothing() {
    let config = MediaConfig { allow_private_remotes: true, ..MediaConfig::default() };
    let mut started = media::start(config).expect("a media plane");
    let ends = FarEnds::new().expect("a certificate");
    for protection in [Protection::AesCm, Protection::AesGcm] {
        let mut phones = call(&started.plane, &ends, protection);
        until(&mut phones, |phones| phones.iter().all(|phone| phone.far.is_up()));
        // A far end is up when it has sent its last flight, the leg when that has arrived.
        let mut up = 0;
        while up < phones.len() {
            phones.iter_mut().for_each(Phone::pump);
            up += usize::from(matches!(started.events.try_recv(), Ok(MediaEvent::LegUp { .. })));
        }
        while started.events.try_recv().is_ok() {}
        let mut forward = |packets: u64| {
            for _ in 0..packets / (2 * AT_ONCE) {
                let before = phones.each_ref().map(|phone| phone.heard);
                for _ in 0..AT_ONCE {
                    phones.iter_mut().for_each(Phone::say);
                }
                until(&mut phones, |phones| {
                    phones.iter().zip(before).all(|(phone, before)| phone.heard >= before + AT_ONCE)
                });
            }
        };
        forward(200);
        let allocations: Vec<usize> = (0..WINDOWS)
            .map(|_| {
                let region = Region::new(COUNTING);
                forward(WINDOW);
                let change = region.change();
                change.allocations + change.reallocations
            })
            .collect();
        assert!(
            allocations.contains(&0),
            "{protection:?}: {allocations:?} allocations in windows of {WINDOW} packets"
        );
    }
}
