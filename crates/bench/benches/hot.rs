//! The functions on the packet path, one by one: `cargo bench -p bench`.

use std::hint::black_box;
use std::net::SocketAddr;
use std::time::Instant;

use criterion::{BatchSize, Criterion};
use media::Protection;
use media::hot::{self, Core, Relay, Srtp, Untagged};

fn srtp(criterion: &mut Criterion) {
    for (name, protection) in [("aes-cm", Protection::AesCm), ("aes-gcm", Protection::AesGcm)] {
        let mut sealing = Srtp::new(protection).expect("keys");
        criterion.bench_function(&format!("srtp seal, {name}"), |bench| {
            bench.iter(|| black_box(sealing.seal()));
        });
        let mut far = Srtp::new(protection).expect("keys");
        let mut opening = Srtp::new(protection).expect("keys");
        criterion.bench_function(&format!("srtp open, {name}"), |bench| {
            let open = |packet: &mut [u8; _]| assert!(opening.open(packet, protection));
            bench.iter_batched_ref(|| far.seal(), open, BatchSize::SmallInput);
        });
    }
}

fn tags(criterion: &mut Criterion) {
    let packets = Untagged::new().expect("keys");
    criterion.bench_function("tags of 16 packets together", |bench| {
        bench.iter(|| black_box(&packets).together());
    });
    criterion.bench_function("tags of 16 packets one by one", |bench| {
        bench.iter(|| black_box(&packets).apart());
    });
}

fn headers(criterion: &mut Criterion) {
    let mut relay = Relay::new(Instant::now());
    criterion.bench_function("rewrite of a header", |bench| {
        bench.iter(|| black_box(relay.rewrite()));
    });
    let packet = [0xfb, 0x83, 40, 40, 1, 2, 3, 4];
    criterion.bench_function("length of an Opus packet", |bench| {
        bench.iter(|| hot::opus_duration(black_box(&packet)));
    });
}

fn ice(criterion: &mut Criterion) {
    let (check, from) = (hot::check(), SocketAddr::from(([192, 0, 2, 1], 9)));
    assert!(hot::answer_check(&check, from) > 0, "the check is genuine");
    criterion.bench_function("ICE check, verified and answered", |bench| {
        bench.iter(|| hot::answer_check(black_box(&check), from));
    });
}

fn core(criterion: &mut Criterion) {
    let mut core = Core::bridged();
    criterion.bench_function("datagram of a stranger, refused", |bench| {
        let mut junk = [0x80; 102];
        bench.iter(|| core.refuse(black_box(&mut junk)));
    });
    // Sealed beforehand: a packet can be opened once, and in about the order it was sealed in.
    let mut far = Core::bridged();
    criterion.bench_function("packet from socket to socket, aes-cm to aes-gcm", |bench| {
        bench.iter_custom(|count| {
            let mut packets: Vec<_> = (0..count).map(|_| far.agent_says()).collect();
            let begun = Instant::now();
            packets.iter_mut().for_each(|packet| far.forward(packet));
            begun.elapsed()
        });
    });
}

fn quality(criterion: &mut Criterion) {
    criterion.bench_function("E-model of a second", |bench| {
        bench.iter(|| hot::mos(black_box(120.0), black_box(0.02)));
    });
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for group in [srtp, tags, headers, ice, core, quality] {
        group(&mut criterion);
    }
    criterion.final_summary();
}
