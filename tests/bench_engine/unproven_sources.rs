//! T5: sources that no tag vouches for leave nothing behind in the engine, not even a byte.

use media::Protection;

use crate::far_end::Call;
use crate::served::Served;

/// Made-up sources per leg; a state of 100 bytes for each would be seen.
const SOURCES: u32 = 60_000;
/// What may come for other reasons: buffers of sockets and of the allocator.
const GROWTH_MAX: u64 = 2 * 1_024 * 1_024;
/// Packets between looks at what came back: they fit into a socket's buffer.
const BURST: u32 = 64;

#[test]
fn t5_sixty_thousand_unproven_sources_leave_no_state() {
    let mut served = Served::start();
    let mut call = Call::bridged(&served, Protection::AesCm);
    call.both_hear_each_other(0);
    let before = served.memory();
    for source in 0..SOURCES {
        let mut packet = [0x5a; 102];
        packet[..2].copy_from_slice(&[0x80, if source % 4 == 0 { 200 } else { 111 }]);
        packet[4..8].copy_from_slice(&source.to_be_bytes());
        packet[8..12].copy_from_slice(&source.wrapping_mul(2_654_435_761).to_be_bytes());
        call.caller.send(&packet);
        call.agent.send(&packet);
        if source % BURST == 0 {
            call.turn();
        }
    }
    assert!(served.still_runs(), "a packet ended the process");
    call.both_hear_each_other(1);
    let grown = served.memory().saturating_sub(before);
    assert!(grown <= GROWTH_MAX, "{} KiB for {SOURCES} sources that were nobody", grown / 1_024);
}
