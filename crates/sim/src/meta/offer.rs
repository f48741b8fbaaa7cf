//! Meta's inbound offer, written around the real parts of a peer connection.

use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use rand::RngExt as _;

use super::{AnswerRole, OfferForm};
use crate::SimError;

/// Meta always offers a second candidate of the other family. This one is of the range for
/// documentation (RFC 3849) and never answers, as on a network without IPv6.
const IPV6_CANDIDATE: &str = "2001:db8:f343:131:face:b00c:0:699c";

/// Fresh ICE credentials of Meta's lengths and alphabet (`+` and `/` included).
pub(crate) fn credentials() -> (String, String) {
    let ufrag: [u8; 12] = rand::random();
    let pwd: [u8; 24] = rand::random();
    (STANDARD_NO_PAD.encode(ufrag), STANDARD_NO_PAD.encode(pwd))
}

/// What the offer takes from the peer connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    ufrag: String,
    pwd: String,
    fingerprint: String,
    ip: IpAddr,
    port: u16,
    ssrc: u32,
}

impl Parts {
    /// Reads them from the description the peer connection wrote.
    pub(crate) fn of(sdp: &str, ssrc: u32) -> Result<Self, SimError> {
        let value = |name: &str| {
            sdp.lines()
                .find_map(|line| line.strip_prefix(name))
                .map(|value| value.trim().to_owned())
        };
        let (ip, port) =
            sdp.lines().find_map(host_candidate).ok_or(SimError::Offer("a host candidate"))?;
        Ok(Self {
            ufrag: value("a=ice-ufrag:").ok_or(SimError::Offer("the ufrag"))?,
            pwd: value("a=ice-pwd:").ok_or(SimError::Offer("the ICE password"))?,
            fingerprint: value("a=fingerprint:sha-256 ")
                .ok_or(SimError::Offer("the SHA-256 fingerprint"))?,
            ip,
            port,
            ssrc,
        })
    }

    /// The offer, lines ended by CRLF.
    pub(crate) fn write(&self, form: OfferForm) -> String {
        let lines = match form {
            OfferForm::A => self.form_a(),
            OfferForm::B => self.form_b(),
        };
        let mut sdp = lines.join("\r\n");
        sdp.push_str("\r\n");
        sdp
    }

    /// Meta's answer to a business's offer.
    pub(crate) fn write_answer(&self, role: AnswerRole) -> String {
        let role = match role {
            AnswerRole::Active => "a=setup:active",
            AnswerRole::Passive => "a=setup:passive",
            AnswerRole::ActPass => "a=setup:actpass",
        };
        let trickle = "a=ice-options:trickle\r\na=fingerprint:";
        let sdp = self.write(OfferForm::B).replace("a=setup:actpass", role);
        sdp.replacen("a=fingerprint:", trickle, 1)
    }

    fn form_a(&self) -> Vec<String> {
        let (stream, mut rng) = (uuid(), rand::rng());
        let session: u64 = rng.random_range(1 << 60..1 << 63);
        let label = format!("audio#{}", token(11));
        let mut lines = opening(session, &stream);
        lines.extend(self.media([2_113_937_151, 2_113_939_711], true));
        lines.extend(
            [
                "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
                "a=extmap:2 http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
                "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
                "a=sendrecv",
                "a=rtcp-mux",
                "a=rtpmap:111 opus/48000/2",
                "a=rtcp-fb:111 transport-cc",
                "a=fmtp:111 minptime=10;useinbandfec=1",
                "a=rtpmap:126 telephone-event/8000",
            ]
            .map(str::to_owned),
        );
        let ssrc = self.ssrc;
        lines.push(format!("a=ssrc:{ssrc} cname:{}", token(16)));
        lines.push(format!("a=ssrc:{ssrc} msid:{stream} {label}"));
        lines.push(format!("a=ssrc:{ssrc} mslabel:{stream}"));
        lines.push(format!("a=ssrc:{ssrc} label:{label}"));
        lines
    }

    fn form_b(&self) -> Vec<String> {
        let stream = uuid();
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let session = since_epoch.unwrap_or_default().as_millis() as u64;
        let mut lines = opening(session, &stream);
        lines.extend(self.media([2_122_260_223, 2_122_262_783], false));
        lines.push("a=sendrecv".to_owned());
        lines.push(format!("a=msid:{stream} WhatsAppTrack1"));
        lines.extend(
            [
                "a=rtcp-mux",
                "a=rtpmap:111 opus/48000/2",
                "a=rtcp-fb:111 transport-cc",
                "a=fmtp:111 maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;useinbandfec=1",
                "a=rtpmap:126 telephone-event/8000",
                "a=maxptime:20",
                "a=ptime:20",
            ]
            .map(str::to_owned),
        );
        lines.push(format!("a=ssrc:{} cname:WhatsAppAudioStream1", self.ssrc));
        lines
    }

    /// The m-line up to the mid; `priorities` of the IPv4 and the IPv6 candidate.
    fn media(&self, priorities: [u32; 2], with_ufrag: bool) -> Vec<String> {
        let Self { ip, port, .. } = self;
        let mut rng = rand::rng();
        let ufrag = if with_ufrag { format!(" ufrag {}", self.ufrag) } else { String::new() };
        let mut candidate = |address: &str, priority| {
            let foundation: u32 = rng.random_range(1_000_000_000..u32::MAX);
            format!(
                "a=candidate:{foundation} 1 udp {priority} {address} {port} typ host generation 0 network-cost 50{ufrag}"
            )
        };
        let mut candidates = vec![candidate(&ip.to_string(), priorities[0])];
        let family = if ip.is_ipv4() {
            candidates.push(candidate(IPV6_CANDIDATE, priorities[1]));
            "IP4"
        } else {
            "IP6"
        };
        let mut lines = vec![
            format!("m=audio {port} UDP/TLS/RTP/SAVPF 111 126"),
            format!("c=IN {family} {ip}"),
            "a=rtcp:9 IN IP4 0.0.0.0".to_owned(),
        ];
        lines.append(&mut candidates);
        lines.push(format!("a=ice-ufrag:{}", self.ufrag));
        lines.push(format!("a=ice-pwd:{}", self.pwd));
        lines.push(format!("a=fingerprint:sha-256 {}", self.fingerprint));
        lines.push("a=setup:actpass".to_owned());
        lines.push("a=mid:audio".to_owned());
        lines
    }
}

fn opening(session: u64, stream: &str) -> Vec<String> {
    vec![
        "v=0".to_owned(),
        format!("o=- {session} 2 IN IP4 127.0.0.1"),
        "s=-".to_owned(),
        "t=0 0".to_owned(),
        "a=group:BUNDLE audio".to_owned(),
        format!("a=msid-semantic: WMS {stream}"),
        "a=ice-lite".to_owned(),
    ]
}

fn host_candidate(line: &str) -> Option<(IpAddr, u16)> {
    let fields: Vec<&str> = line.strip_prefix("a=candidate:")?.split_whitespace().collect();
    match fields.as_slice() {
        [_, "1", transport, _, ip, port, "typ", "host", ..]
            if transport.eq_ignore_ascii_case("udp") =>
        {
            Some((ip.parse().ok()?, port.parse().ok()?))
        }
        _ => None,
    }
}

fn uuid() -> String {
    let h = hex::encode(rand::random::<[u8; 16]>());
    format!("{}-{}-{}-{}-{}", &h[..8], &h[8..12], &h[12..16], &h[16..20], &h[20..])
}

/// Random letters and digits.
pub(crate) fn token(length: usize) -> String {
    rand::rng().sample_iter(rand::distr::Alphanumeric).take(length).map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "v=0\r\na=fingerprint:sha-256 AA:BB\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
        a=ice-ufrag:u/1\r\na=ice-pwd:p+2\r\n\
        a=candidate:1 1 udp 2130706431 127.0.0.1 40001 typ host\r\n";

    #[test]
    fn form_b_carries_the_real_parts_in_the_order_production_uses() {
        let sdp = Parts::of(LOCAL, 7).unwrap().write(OfferForm::B);
        assert!(sdp.ends_with("a=ssrc:7 cname:WhatsAppAudioStream1\r\n"));
        let lite = sdp.find("a=ice-lite").unwrap();
        let media = sdp.find("m=audio 40001 UDP/TLS/RTP/SAVPF 111 126").unwrap();
        assert!(lite < media, "ice-lite stands at session level");
        for line in [
            "a=ice-ufrag:u/1",
            "a=ice-pwd:p+2",
            "a=fingerprint:sha-256 AA:BB",
            "a=setup:actpass",
            "a=mid:audio",
        ] {
            assert!(sdp.contains(&format!("{line}\r\n")), "{line}");
        }
        assert_eq!(sdp.matches("a=candidate:").count(), 2);
        assert!(!sdp.contains("extmap"));
    }

    #[test]
    fn form_a_adds_extensions_and_the_ufrag_of_candidates() {
        let sdp = Parts::of(LOCAL, 7).unwrap().write(OfferForm::A);
        assert_eq!(sdp.matches("a=extmap:").count(), 3);
        assert_eq!(sdp.matches(" ufrag u/1\r\n").count(), 2);
        assert_eq!(sdp.matches("a=ssrc:7 ").count(), 4);
    }
}
