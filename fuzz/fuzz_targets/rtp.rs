//! Any RTP and RTCP of a peer that has the keys.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzzing::rtp(data));
