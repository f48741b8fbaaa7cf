//! Offers as Meta and browsers write them (values invented), and offers nobody should answer.

use std::net::IpAddr;

use super::*;

const WORLD: Reach = Reach { v4: true, v6: false, private: false };
const FINGERPRINT: &str = "A1:4D:CA:18:25:30:BB:1D:6D:13:2C:DE:D6:23:7B:2E:D9:1E:3F:72:1F:CB:19:71:\
                           17:44:94:D6:49:3C:9D:5C";
const FORM_A: &str = include_str!("tests/meta_form_a.sdp");
const FORM_B: &str = include_str!("tests/meta_form_b.sdp");
const CHROME: &str = include_str!("tests/chrome.sdp");

fn parse(text: &str) -> Result<Offer, SdpError> {
    Offer::parse(text, WORLD)
}

/// The error of an offer that was meant to be refused.
fn refusal(text: &str) -> SdpError {
    parse(text).and_then(Offer::with_candidates).err().unwrap()
}

fn local(addresses: &[IpAddr]) -> Local<'_> {
    Local {
        described: Described { session: 42, version: 2 },
        ufrag: "ourufrag",
        pwd: "ourpasswordourpassword12",
        fingerprint: FINGERPRINT,
        addresses,
        port: 40_500,
        tcp_port: None,
        ssrc: 330_833_028,
    }
}

fn candidates(offer: &Offer) -> Vec<String> {
    let addresses = offer.candidates.iter().map(|c| c.address.to_string());
    addresses.collect()
}

#[test]
fn form_a_of_meta_is_read() {
    let offer = parse(FORM_A).and_then(Offer::with_candidates).unwrap();
    assert_eq!(offer.ufrag, "ZYn9Zhy/Auo+2");
    assert_eq!(offer.pwd, "po+799NksnRH/ucAUsdMlHUvTCQCyEZ=");
    assert_eq!(offer.fingerprint[..3], [0xa5, 0x4d, 0xca]);
    assert_eq!(offer.setup, Setup::ActPass);
    assert_eq!(offer.mid.as_deref(), Some("audio"));
    assert!(offer.bundled);
    assert_eq!((offer.opus, offer.telephone_event), (111, Some(126)));
    assert_eq!(candidates(&offer), ["31.13.65.60:40012"]);
    assert_eq!(offer.candidates_offered, 2);
    let v6 = Reach { v4: false, v6: true, private: false };
    let offer = Offer::parse(FORM_A, v6).unwrap();
    assert_eq!(candidates(&offer), ["[2a03:2880:f211:cf:face:b00c:0:6443]:40012"]);
}

#[test]
fn form_b_of_meta_is_read_with_what_its_session_part_says() {
    let offer = parse(FORM_B).and_then(Offer::with_candidates).unwrap();
    assert_eq!(offer.ufrag, "RgnatmUdjAWtGSU8");
    assert_eq!(offer.pwd, "z/TddJ8HyS5SUkCnD8zRA9a9SkpXz9w3");
    assert_eq!(offer.fingerprint[..2], [0x34, 0x60]);
    assert_eq!((offer.opus, offer.telephone_event), (111, Some(126)));
    assert_eq!(candidates(&offer), ["57.144.135.35:3480"]);
}

#[test]
fn line_endings_do_not_matter() {
    let unix = parse(FORM_A).unwrap();
    let dos = parse(&FORM_A.replace('\n', "\r\n")).unwrap();
    assert!(unix == dos);
}

#[test]
fn the_answer_to_meta_says_one_of_everything() {
    let offer = parse(FORM_B).unwrap();
    let addresses = ["203.0.113.10".parse().unwrap()];
    let answer = whatsapp_answer(&offer, &local(&addresses), Setup::Active);
    let expected = format!(
        "v=0\r\no=- 42 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio\r\n\
         a=msid-semantic: WMS ringdown\r\nm=audio 40500 UDP/TLS/RTP/SAVPF 111 126\r\n\
         c=IN IP4 203.0.113.10\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=candidate:1 1 udp 2130706431 203.0.113.10 40500 typ host\r\n\
         a=ice-ufrag:ourufrag\r\na=ice-pwd:ourpasswordourpassword12\r\n\
         a=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:active\r\na=mid:audio\r\n\
         a=rtcp-mux\r\na=sendrecv\r\na=msid:ringdown audio0\r\n\
         a=rtpmap:111 opus/48000/2\r\na=fmtp:111 maxaveragebitrate=20000;\
         maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1\r\n\
         a=rtpmap:126 telephone-event/8000\r\na=fmtp:126 0-16\r\na=ptime:20\r\n\
         a=maxptime:20\r\na=ssrc:330833028 cname:ringdown\r\n"
    );
    assert_eq!(answer.as_str(), expected);
}

#[test]
fn a_chrome_offer_is_read_and_answered_as_ice_lite() {
    let offer = parse(CHROME).unwrap();
    assert_eq!(offer.ufrag, "Zq3r");
    assert_eq!(offer.mid.as_deref(), Some("1"));
    assert_eq!((offer.opus, offer.telephone_event), (111, Some(126)));
    assert_eq!(candidates(&offer), Vec::<String>::new(), "names are not resolved");
    let addresses = ["203.0.113.10", "203.0.113.11"].map(|ip| ip.parse().unwrap());
    let answer = agent_answer(&offer, &local(&addresses));
    let lines: Vec<_> = answer.as_str().split("\r\n").collect();
    for line in [
        "a=group:BUNDLE 1",
        "a=ice-lite",
        "m=audio 40500 UDP/TLS/RTP/SAVPF 111 126",
        "a=candidate:1 1 udp 2130706431 203.0.113.10 40500 typ host",
        "a=candidate:2 1 udp 2130706175 203.0.113.11 40500 typ host",
        "a=end-of-candidates",
        "a=setup:passive",
        "a=mid:1",
        "a=rtcp-mux",
        "a=sendrecv",
        "a=fmtp:111 minptime=20;maxaveragebitrate=20000;maxplaybackrate=16000;useinbandfec=1;\
         stereo=0",
        "a=ptime:20",
        "a=maxptime:20",
        "a=ssrc:330833028 msid:ringdown audio0",
    ] {
        assert!(lines.contains(&line), "no line {line} in {lines:#?}");
    }
    assert_eq!(lines.iter().filter(|l| l.starts_with("a=fingerprint")).count(), 1);
    let media: Vec<_> = lines.iter().filter(|l| l.starts_with("m=")).collect();
    assert_eq!(media[0], &"m=video 0 UDP/TLS/RTP/SAVPF 96", "declined, in its place");
    assert_eq!(media.len(), 3);
    assert_eq!(media[2], &"m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
}

#[test]
fn an_ipv6_address_is_written_as_one() {
    let offer = parse(CHROME).unwrap();
    let addresses = ["2001:db8::9".parse().unwrap()];
    let answer = agent_answer(&offer, &local(&addresses));
    assert!(answer.as_str().contains("\r\nc=IN IP6 2001:db8::9\r\n"));
    let candidate = "a=candidate:1 1 udp 2130706431 2001:db8::9 40500 typ host";
    assert!(answer.as_str().contains(candidate));
}

#[test]
fn offers_that_cannot_be_answered_say_why() {
    for (text, why) in [
        ("", SdpError::Empty),
        (" \r\n\t ", SdpError::Empty),
        ("<<RFC 8866 SDP>>", SdpError::Placeholder),
        ("not an sdp", SdpError::NoAudio),
        (&FORM_B.replace("m=audio 3480", "m=video 3480"), SdpError::NoAudio),
        (&FORM_B.replace("m=audio 3480", "m=audio 0"), SdpError::NoAudio),
        (&FORM_B.replace("opus/48000/2", "PCMU/8000"), SdpError::NoOpus),
        (&FORM_B.replace("opus/48000/2", "opus/16000"), SdpError::NoOpus),
        (&FORM_B.replace("SAVPF 111 126", "SAVPF 126"), SdpError::NoOpus),
        (&FORM_B.replace("111", "72"), SdpError::NoOpus),
        (&FORM_B.replace("sha-256", "sha-384"), SdpError::NoFingerprint),
        (&FORM_B.replace("34:60:BE", "34:60"), SdpError::NoFingerprint),
        (&FORM_B.replace("34:60:BE", "34:60:+E"), SdpError::NoFingerprint),
        (&FORM_B.replace("a=ice-ufrag", "a=x"), SdpError::NoIceCredentials),
        (&FORM_B.replace("a=ice-pwd", "a=x"), SdpError::NoIceCredentials),
        (&FORM_B.replace("RgnatmUdj", "Rg:atmUdj"), SdpError::NoIceCredentials),
        (
            &FORM_B.replace("57.144.135.35 3480", "10.0.0.1 3480"),
            SdpError::NoUsableCandidate { offered: 2 },
        ),
        (&FORM_B.replace("a=candidate", "a=x"), SdpError::NoUsableCandidate { offered: 0 }),
        (
            &FORM_B.replace("setup:actpass", "setup:holdconn"),
            SdpError::Setup { offered: "holdconn" },
        ),
        (
            &FORM_B.replace("setup:actpass", "setup:both"),
            SdpError::Malformed { attribute: "setup" },
        ),
        (
            &FORM_B.replace("a=mid:audio", &format!("a=mid:{}", "x".repeat(65))),
            SdpError::Malformed { attribute: "mid" },
        ),
    ] {
        assert_eq!(refusal(text), why);
    }
    let large = format!("{FORM_B}{}", "a=x\r\n".repeat(20_000));
    assert_eq!(refusal(&large), SdpError::TooLarge { bytes: large.len() });
}

#[test]
fn of_many_candidates_twenty_are_kept_and_none_twice() {
    let line =
        |n: u32| format!("a=candidate:{n} 1 udp {n} 57.144.{}.{} 3480 typ host\n", n >> 8, n & 255);
    let many: String = (1..1_000).map(line).collect();
    let offer = parse(&FORM_B.replace("a=candidate:1", &format!("{many}a=candidate:1"))).unwrap();
    assert_eq!(offer.candidates.len(), CANDIDATES_MAX);
    assert_eq!(offer.candidates_offered, 1_001);
    let same = line(7).repeat(5);
    let offer = parse(&format!("{FORM_B}{same}")).unwrap();
    assert_eq!(offer.candidates.len(), 2);
}

#[test]
fn the_flow_of_the_answer_mirrors_the_offer() {
    let addresses = ["203.0.113.10".parse().unwrap()];
    for (offered, answered) in
        [("a=sendrecv", "a=sendrecv"), ("a=sendonly", "a=recvonly"), ("a=recvonly", "a=sendonly")]
    {
        let offer = parse(&CHROME.replace("a=sendrecv", offered)).unwrap();
        let answer = agent_answer(&offer, &local(&addresses));
        assert!(answer.as_str().contains(&format!("\r\n{answered}\r\n")));
    }
}

mod laws {
    use proptest::prelude::*;

    use super::*;

    fn answers(text: &str) {
        let reach = Reach { v4: true, v6: false, private: true };
        let Ok(offer) = Offer::parse(text, reach) else {
            return;
        };
        let addresses = ["203.0.113.10".parse().unwrap()];
        for answer in [
            whatsapp_answer(&offer, &local(&addresses), Setup::Active),
            agent_answer(&offer, &local(&addresses)),
        ] {
            let text = answer.as_str();
            assert!(text.ends_with("\r\n"));
            assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n'])));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_answered_or_refused_without_a_panic(text in ".{0,2000}") {
            answers(&text);
        }

        #[test]
        fn any_damage_to_a_real_offer_is_survived(
            which in 0usize..3,
            edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<char>(), 0u8..3), 1..20),
        ) {
            let mut text: Vec<char> = [FORM_A, FORM_B, CHROME][which].chars().collect();
            for (at, letter, edit) in edits {
                let at = at.index(text.len());
                match edit {
                    0 => text[at] = letter,
                    1 => text.insert(at, letter),
                    _ => text.truncate(at.max(1)),
                }
            }
            answers(&text.into_iter().collect::<String>());
        }
    }
}
