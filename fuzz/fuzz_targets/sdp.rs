//! Any text as an offer.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzzing::sdp(data));
