//! Every input that a fuzzer has kept is run again, without a fuzzer.

use std::path::Path;

/// Runs a target on every file of its corpus.
fn replay(target: &str, run: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries = std::fs::read_dir(&folder).expect("the corpus is part of the source tree");
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 5, "{}: a corpus of {} files", folder.display(), files.len());
    for file in files {
        let input = std::fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| run(&input));
        assert!(outcome.is_ok(), "{} does not pass", file.display());
    }
}

#[test]
fn every_kept_stun_input_passes() {
    replay("stun", super::stun);
}

#[test]
fn every_kept_offer_passes() {
    replay("sdp", super::sdp);
}

#[test]
fn every_kept_rtp_input_passes() {
    replay("rtp", super::rtp);
}

#[test]
fn every_kept_dtls_input_passes() {
    replay("dtls", super::dtls);
}

/// What a target never reaches it cannot find fault with.
#[test]
fn the_targets_reach_what_they_are_for() {
    let kept = |name: &str| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
        std::fs::read(folder.join(name)).unwrap()
    };
    assert!(super::rtp::run(&kept("rtp/plain")).iter().all(|sounds| *sounds >= 3));
    assert!(super::stun::run(&kept("stun/stranger_signed")) > 0, "a new address is answered");
    assert_eq!(super::stun::run(&kept("stun/stranger_unsigned")), 0);
}
