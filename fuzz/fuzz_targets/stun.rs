//! STUN with genuine integrity and any attributes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| media::fuzzing::stun(data));
