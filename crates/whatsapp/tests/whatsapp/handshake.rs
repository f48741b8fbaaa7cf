//! The GET handshake returns Meta's challenge verbatim, and only for our token.

use whatsapp::{ChallengeRefused, NoVerifyToken, VerifyToken};

#[test]
fn the_challenge_comes_back_byte_for_byte() {
    let token = VerifyToken::new("ours".into()).unwrap();
    for challenge in ["1158201444", "007", " +1e9 ", "ключ"] {
        assert_eq!(
            token.answer_challenge(Some("subscribe"), Some("ours"), Some(challenge)),
            Ok(challenge.to_owned())
        );
    }
}

#[test]
fn anything_else_is_refused_with_its_reason() {
    let token = VerifyToken::new("ours".into()).unwrap();
    let ask = |mode, given, challenge| token.answer_challenge(mode, given, challenge);
    let mode = Some("subscribe");
    for wrong in [None, Some(""), Some("unsubscribe"), Some("Subscribe")] {
        let answer = ask(wrong, Some("ours"), Some("1"));
        assert_eq!(answer, Err(ChallengeRefused::Mode));
    }
    for wrong in [None, Some(""), Some("our"), Some("ours "), Some("OURS")] {
        let answer = ask(mode, wrong, Some("1"));
        assert_eq!(answer, Err(ChallengeRefused::Token));
    }
    let long = "1".repeat(1_025);
    for wrong in [None, Some(""), Some(long.as_str())] {
        let answer = ask(mode, Some("ours"), wrong);
        assert_eq!(answer, Err(ChallengeRefused::Challenge));
    }
}

#[test]
fn a_blank_token_is_no_token_and_a_token_never_prints() {
    assert_eq!(VerifyToken::new("".into()).err(), Some(NoVerifyToken));
    assert_eq!(VerifyToken::new(" \n".into()).err(), Some(NoVerifyToken));
    let shown = format!("{:?}", VerifyToken::new("s3cr3t".into()));
    assert!(!shown.contains("s3cr3t"));
}
