//! Offers of any text: refused, or answered by the rules.

use std::time::Instant;

use super::session::{Air, End, empty_shard, open};
use crate::sdp::{CANDIDATES_MAX, Offer, Reach, SDP_BYTES_MAX, Setup};

/// Reads the text as an offer, and judges both answers to it.
pub fn sdp(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for ipv6 in [false, true] {
        for private in [false, true] {
            if let Ok(offer) = Offer::parse(&text, Reach { v4: !ipv6, v6: ipv6, private }) {
                judge(&text, &offer, ipv6, private);
            }
        }
    }
}

fn judge(text: &str, offer: &Offer, ipv6: bool, private: bool) {
    assert!(text.len() <= SDP_BYTES_MAX);
    assert!(offer.candidates.len() <= CANDIDATES_MAX, "a bound on what is probed");
    for candidate in &offer.candidates {
        let ip = candidate.address.ip();
        assert_eq!(ip.is_ipv6(), ipv6, "the family of our socket only");
        assert!(!ip.is_unspecified() && !ip.is_multicast() && candidate.address.port() != 0);
        assert!(private || !ip.is_loopback(), "{ip} must not be probed");
    }
    for end in End::BOTH {
        let now = Instant::now();
        let (mut shard, _taps) = empty_shard(now);
        let Ok(answer) = open(&mut shard, now, end, offer.clone(), &mut Air::default()) else {
            // The only refusal left: a browser that cannot be the DTLS client.
            assert!(end == End::Agent && offer.setup == Setup::Passive);
            continue;
        };
        let answer = answer.as_str();
        assert!(answer.ends_with("\r\n") && !answer.replace("\r\n", "").contains(['\r', '\n']));
        let reach = Reach { v4: true, v6: false, private: true };
        let read = Offer::parse(answer, reach).expect("our own answers can be read");
        let wanted = match (end, offer.setup) {
            (End::Agent, _) | (End::Caller, Setup::Active) => Setup::Passive,
            (End::Caller, Setup::ActPass | Setup::Passive) => Setup::Active,
        };
        assert_eq!(read.setup, wanted, "one role each");
        assert_eq!((read.opus, read.telephone_event), (offer.opus, offer.telephone_event));
        assert_eq!((&read.mid, &read.protocol), (&offer.mid, &offer.protocol));
        assert_ne!(read.fingerprint, offer.fingerprint, "our certificate, not theirs");
        assert_eq!(answer.matches("a=fingerprint:sha-256 ").count(), 1);
        assert_eq!(answer.matches("a=ice-lite").count(), usize::from(end == End::Agent));
        let sections = 1 + offer.declined_before.len() + offer.declined_after.len();
        let answered = answer.lines().filter(|line| line.starts_with("m=")).count();
        assert_eq!(answered, sections, "as many sections as the offer has");
    }
}
