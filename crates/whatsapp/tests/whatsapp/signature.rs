//! Nobody but Meta gets a webhook believed: exactly one SHA-256 signature over the raw bytes.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use whatsapp::{NoAppSecret, SignatureError, WEBHOOK_BODY_BYTES_MAX, WebhookVerifier};

const BODY: &[u8] = br#"{"object":"whatsapp_business_account"}"#;

fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

fn verifier(secrets: &[&str]) -> WebhookVerifier {
    let secrets = secrets.iter().map(|&secret| secret.into()).collect();
    WebhookVerifier::new(secrets).expect("secrets that are not blank")
}

#[test]
fn a_known_signature_of_foreign_making_is_accepted() {
    // RFC 4231, test case 2.
    let verifier = verifier(&["Jefe"]);
    let signature = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(verifier.verify(b"what do ya want for nothing?", &[signature]), Ok(()));
}

#[test]
fn the_daemon_cannot_start_without_a_secret() {
    let refused = |secrets: &[&str]| {
        WebhookVerifier::new(secrets.iter().map(|&secret| secret.into()).collect()).err()
    };
    assert_eq!(refused(&[]), Some(NoAppSecret::Empty));
    assert_eq!(refused(&[""]), Some(NoAppSecret::Blank { number: 1 }));
    assert_eq!(refused(&["good", " \t\n"]), Some(NoAppSecret::Blank { number: 2 }));
    assert_eq!(refused(&["good"]), None);
}

#[test]
fn a_signature_must_be_there_once() {
    let verifier = verifier(&["secret"]);
    let good = sign("secret", BODY);
    assert_eq!(verifier.verify(BODY, &[&good]), Ok(()));
    assert_eq!(verifier.verify(BODY, &[]), Err(SignatureError::Missing));
    assert_eq!(verifier.verify(BODY, &[&good, &good]), Err(SignatureError::Several { count: 2 }));
    assert_eq!(verifier.verify(BODY, &[&format!("{good},{good}")]), Err(SignatureError::Malformed));
}

#[test]
fn a_malformed_signature_is_told_apart_from_a_wrong_one() {
    let verifier = verifier(&["secret"]);
    let good = sign("secret", BODY);
    let digits = &good["sha256=".len()..];
    let malformed = [
        String::new(),
        digits.to_owned(),
        good[..good.len() - 1].to_owned(),
        good[..good.len() - 2].to_owned(),
        format!("{good}00"),
        format!("{good} "),
        format!(" {good}"),
        format!("sha1={}", &digits[..40]),
        format!("sha1={digits}"),
        format!("SHA256={digits}"),
        format!("sha256={}", "zz".repeat(32)),
        format!("sha256={}", "é".repeat(32)),
        "sha256=".to_owned(),
    ];
    for signature in &malformed {
        assert_eq!(
            verifier.verify(BODY, &[signature]),
            Err(SignatureError::Malformed),
            "{signature}"
        );
    }
    let wrong = [
        sign("Secret", BODY),
        sign("secret", b"another body"),
        format!("sha256={}", "0".repeat(64)),
    ];
    for signature in &wrong {
        assert_eq!(verifier.verify(BODY, &[signature]), Err(SignatureError::Wrong));
    }
}

#[test]
fn every_single_bit_of_the_signature_counts() {
    let verifier = verifier(&["secret"]);
    let good = sign("secret", BODY);
    let digest = hex::decode(&good["sha256=".len()..]).unwrap();
    for bit in 0..256 {
        let mut flipped = digest.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let signature = format!("sha256={}", hex::encode(flipped));
        assert_eq!(verifier.verify(BODY, &[&signature]), Err(SignatureError::Wrong), "bit {bit}");
    }
}

#[test]
fn upper_case_digits_are_the_same_number() {
    let good = sign("secret", BODY);
    let upper = format!("sha256={}", good["sha256=".len()..].to_ascii_uppercase());
    assert_ne!(good, upper);
    assert_eq!(verifier(&["secret"]).verify(BODY, &[&upper]), Ok(()));
}

#[test]
fn the_raw_bytes_count_not_their_meaning() {
    let escaped = br#"{"name":"Lim\u00e3o","href":"https:\/\/a.example\/"}"#;
    let plain = r#"{"name":"Limão","href":"https://a.example/"}"#.as_bytes();
    let verifier = verifier(&["secret"]);
    let signature = sign("secret", escaped);
    assert_eq!(verifier.verify(escaped, &[&signature]), Ok(()));
    assert_eq!(verifier.verify(plain, &[&signature]), Err(SignatureError::Wrong));
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(escaped).unwrap(),
        serde_json::from_slice::<serde_json::Value>(plain).unwrap()
    );
}

#[test]
fn both_secrets_are_valid_while_a_rotation_lasts() {
    let during = verifier(&["new", "old"]);
    let after = verifier(&["new"]);
    let old = sign("old", BODY);
    let new = sign("new", BODY);
    assert_eq!(during.verify(BODY, &[&old]), Ok(()));
    assert_eq!(during.verify(BODY, &[&new]), Ok(()));
    assert_eq!(after.verify(BODY, &[&new]), Ok(()));
    assert_eq!(after.verify(BODY, &[&old]), Err(SignatureError::Wrong));
}

#[test]
fn the_largest_body_meta_sends_is_checked_to_its_last_byte() {
    let mut body = vec![b' '; WEBHOOK_BODY_BYTES_MAX];
    let signature = sign("secret", &body);
    let verifier = verifier(&["secret"]);
    assert_eq!(verifier.verify(&body, &[&signature]), Ok(()));
    *body.last_mut().unwrap() = b'\n';
    assert_eq!(verifier.verify(&body, &[&signature]), Err(SignatureError::Wrong));
}

#[test]
fn secrets_never_print() {
    assert!(!format!("{:?}", verifier(&["s3cr3t"])).contains("s3cr3t"));
}
