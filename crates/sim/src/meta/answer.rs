//! Checks the business's answer as Meta does before it touches the media.

/// Codes and words of a refusal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// 100, or 138008 for what Meta calls an SDP validation error.
    pub(crate) code: u32,
    /// What is wrong.
    pub(crate) details: &'static str,
}

/// What an acceptable answer says about DTLS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DtlsRole {
    /// `setup:active`: the business starts the handshake.
    Client,
    /// Anything else: Meta does not start it either, and the call stalls.
    Stalls,
}

const INVALID: u32 = 100;
const SDP_VALIDATION: u32 = 138_008;
/// No answer of a real stack is longer.
const SDP_BYTES_MAX: usize = 16 * 1024;

/// Judges an answer.
pub(crate) fn judge(sdp: &str) -> Result<DtlsRole, Refusal> {
    let refuse = |code, details| Err(Refusal { code, details });
    if sdp.len() > SDP_BYTES_MAX {
        return refuse(INVALID, "the SDP is too long");
    }
    let whole = sdp.strip_suffix("\r\n");
    let Some(lines) = whole.map(|text| text.split("\r\n").collect::<Vec<_>>()) else {
        return refuse(INVALID, "SDP lines must end with CRLF");
    };
    if lines.iter().any(|line| line.contains(['\r', '\n'])) {
        return refuse(INVALID, "SDP lines must end with CRLF");
    }
    let has = |wanted: &str| lines.contains(&wanted);
    let values = |name: &str| -> Vec<&str> {
        lines.iter().filter_map(|line| line.strip_prefix(name)).collect()
    };
    match values("m=").as_slice() {
        [media] if is_opus_audio(media) => {}
        [_] => return refuse(INVALID, "the SDP does not take Opus over UDP/TLS/RTP/SAVPF"),
        _ => return refuse(INVALID, "the SDP must have exactly one audio stream"),
    }
    if !values("a=rtpmap:111 ").iter().any(|codec| codec.eq_ignore_ascii_case("opus/48000/2")) {
        return refuse(INVALID, "the SDP does not map payload type 111 to Opus");
    }
    if has("a=inactive") || has("a=recvonly") || has("a=sendonly") {
        return refuse(INVALID, "the audio stream must be sendrecv");
    }
    if !has("a=mid:audio") || !has("a=rtcp-mux") {
        return refuse(INVALID, "the SDP must keep mid audio and rtcp-mux");
    }
    if values("a=ice-ufrag:").is_empty() || values("a=ice-pwd:").is_empty() {
        return refuse(INVALID, "the SDP has no ICE credentials");
    }
    match values("a=fingerprint:").as_slice() {
        [] => return refuse(INVALID, "no fingerprint found in the SDP"),
        [one] if one.starts_with("sha-256 ") => {}
        _ => return refuse(SDP_VALIDATION, "exactly one sha-256 fingerprint is allowed"),
    }
    match values("a=setup:").as_slice() {
        ["active"] => Ok(DtlsRole::Client),
        _ => Ok(DtlsRole::Stalls),
    }
}

/// `audio <port> UDP/TLS/RTP/SAVPF … 111 …` with a port that is not zero.
fn is_opus_audio(media: &str) -> bool {
    let mut fields = media.split(' ');
    fields.next() == Some("audio")
        && fields.next().and_then(|port| port.parse::<u16>().ok()).is_some_and(|port| port != 0)
        && fields.next() == Some("UDP/TLS/RTP/SAVPF")
        && fields.any(|payload_type| payload_type == "111")
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n\
        a=group:BUNDLE audio\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111 126\r\nc=IN IP4 0.0.0.0\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n\
        a=fingerprint:sha-256 AA:BB\r\na=setup:active\r\na=mid:audio\r\na=sendrecv\r\n\
        a=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\n";

    #[test]
    fn a_minimal_answer_without_candidates_is_good() {
        assert_eq!(judge(GOOD), Ok(DtlsRole::Client));
    }

    #[test]
    fn every_broken_answer_is_refused_with_its_code() {
        for (from, to, code) in [
            ("\r\n", "\n", 100),
            ("audio 9", "audio 0", 100),
            ("SAVPF 111 126", "SAVPF 0", 100),
            ("opus/48000/2", "opus/48000", 100),
            ("a=sendrecv", "a=inactive", 100),
            ("a=mid:audio", "a=mid:0", 100),
            ("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "", 100),
            ("a=fingerprint:sha-256 AA:BB\r\n", "", 100),
            ("sha-256 AA:BB", "sha-384 AA:BB", 138_008),
            ("a=setup:active", "a=fingerprint:sha-256 CC:DD\r\na=setup:active", 138_008),
            ("a=sendrecv", "m=video 9 UDP/TLS/RTP/SAVPF 96", 100),
        ] {
            let refusal = judge(&GOOD.replace(from, to)).unwrap_err();
            assert_eq!(refusal.code, code, "{from:?} -> {to:?}: {refusal:?}");
        }
        assert!(judge("").is_err());
    }

    #[test]
    fn a_role_other_than_active_stalls() {
        for role in ["passive", "actpass"] {
            let sdp = GOOD.replace("a=setup:active", &format!("a=setup:{role}"));
            assert_eq!(judge(&sdp), Ok(DtlsRole::Stalls));
        }
    }
}
