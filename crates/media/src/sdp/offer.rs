//! From a split description to an [`Offer`].

use super::parse::{Description, Section, split};
use super::{
    CANDIDATES_MAX, Declined, Flow, Offer, Reach, RemoteCandidate, SDP_BYTES_MAX, SdpError, Setup,
    candidate,
};

/// Longest ICE ufrag and password (RFC 8839 section 5.4).
const CREDENTIAL_MAX: usize = 256;
/// Longest value copied from an offer into our answer; real ones have one to five characters.
const COPIED_MAX: usize = 64;
/// Most sections an offer may have beside the audio; each costs three lines of the answer.
const DECLINED_MAX: usize = 16;

pub(super) fn read(text: &str, reach: Reach) -> Result<Offer, SdpError> {
    if text.len() > SDP_BYTES_MAX {
        return Err(SdpError::TooLarge { bytes: text.len() });
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(SdpError::Empty);
    }
    if trimmed.starts_with("<<") {
        return Err(SdpError::Placeholder);
    }
    let description = split(text);
    let index = description
        .media
        .iter()
        .position(|section| section.kind == "audio" && section.port != 0)
        .ok_or(SdpError::NoAudio)?;
    let audio = &description.media[index];
    let opus = payload_type(audio, "opus/48000/2").ok_or(SdpError::NoOpus)?;
    let mid = audio.attributes("mid").next();
    let mid = mid.map(|mid| copied(mid, "mid")).transpose()?;
    let (candidates, candidates_offered) = candidates(audio, reach);
    let (ufrag, pwd) = credentials(&description, audio)?;
    Ok(Offer {
        ufrag,
        pwd,
        fingerprint: fingerprint(&description, audio)?,
        setup: setup(&description, audio)?,
        flow: flow(audio),
        bundled: bundled(&description, mid.as_deref()),
        mid,
        protocol: copied(audio.protocol, "m")?,
        opus,
        telephone_event: payload_type(audio, "telephone-event/8000"),
        candidates,
        candidates_offered,
        declined_before: declined(&description.media[..index])?,
        declined_after: declined(&description.media[index + 1..])?,
    })
}

/// The payload type of `encoding`, in the order of preference of the `m=` line.
fn payload_type(audio: &Section<'_>, encoding: &str) -> Option<u8> {
    let mapped = |format: &str| {
        audio.attributes("rtpmap").any(|map| {
            map.split_once(' ').is_some_and(|(pt, name)| {
                pt == format && name.trim().eq_ignore_ascii_case(encoding)
            })
        })
    };
    audio
        .formats
        .split_ascii_whitespace()
        .filter(|format| mapped(format))
        .filter_map(|format| format.parse().ok())
        // 64 to 95 with the marker bit look like RTCP on a shared port (RFC 5761 section 4).
        .find(|pt: &u8| *pt < 64 || (96..128).contains(pt))
}

fn credentials(
    description: &Description<'_>,
    audio: &Section<'_>,
) -> Result<(String, String), SdpError> {
    let usable = |name, extra: &str| {
        let values = description.attributes(audio, name);
        let value = values.first()?;
        let plain = |b: u8| b.is_ascii_graphic() && !extra.as_bytes().contains(&b);
        let fits = (1..=CREDENTIAL_MAX).contains(&value.len()) && value.bytes().all(plain);
        fits.then(|| (*value).to_owned())
    };
    // A colon in the ufrag would split the STUN username in the wrong place.
    match (usable("ice-ufrag", ":"), usable("ice-pwd", "")) {
        (Some(ufrag), Some(pwd)) => Ok((ufrag, pwd)),
        _ => Err(SdpError::NoIceCredentials),
    }
}

fn fingerprint(description: &Description<'_>, audio: &Section<'_>) -> Result<[u8; 32], SdpError> {
    let mut values = description.attributes(audio, "fingerprint").into_iter();
    values.find_map(sha256).ok_or(SdpError::NoFingerprint)
}

/// `sha-256 AB:CD:…`, 32 octets.
fn sha256(value: &str) -> Option<[u8; 32]> {
    let (hash, octets) = value.split_once(' ')?;
    if !hash.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut digest = [0; 32];
    let mut pairs = octets.trim().split(':');
    for octet in &mut digest {
        let pair = pairs.next()?;
        let hexadecimal = pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit());
        *octet = hexadecimal.then(|| u8::from_str_radix(pair, 16).ok())??;
    }
    pairs.next().is_none().then_some(digest)
}

fn setup(description: &Description<'_>, audio: &Section<'_>) -> Result<Setup, SdpError> {
    match description.attributes(audio, "setup").first().copied() {
        Some("active") => Ok(Setup::Active),
        Some("passive") => Ok(Setup::Passive),
        // An offer without the attribute is RFC 5763's default: the offerer can do both.
        Some("actpass") | None => Ok(Setup::ActPass),
        Some("holdconn") => Err(SdpError::Setup { offered: "holdconn" }),
        Some(_) => Err(SdpError::Malformed { attribute: "setup" }),
    }
}

fn flow(audio: &Section<'_>) -> Flow {
    if audio.has("sendonly") {
        Flow::SendOnly
    } else if audio.has("recvonly") {
        Flow::ReceiveOnly
    } else {
        Flow::Both
    }
}

fn bundled(description: &Description<'_>, mid: Option<&str>) -> bool {
    let Some(mid) = mid else { return false };
    description.session_attributes("group").any(|group| {
        let mut words = group.split_ascii_whitespace();
        words.next() == Some("BUNDLE") && words.any(|word| word == mid)
    })
}

/// Usable candidates, without duplicates, and how many lines there were.
fn candidates(audio: &Section<'_>, reach: Reach) -> (Vec<RemoteCandidate>, usize) {
    let mut kept: Vec<RemoteCandidate> = Vec::new();
    let mut offered = 0;
    for line in audio.attributes("candidate") {
        offered += 1;
        if kept.len() == CANDIDATES_MAX {
            continue;
        }
        let Some(candidate) = candidate::read(line, reach) else {
            continue;
        };
        if kept.iter().all(|known| known.address != candidate.address) {
            kept.push(candidate);
        }
    }
    (kept, offered)
}

fn declined(sections: &[Section<'_>]) -> Result<Vec<Declined>, SdpError> {
    if sections.len() > DECLINED_MAX {
        return Err(SdpError::Malformed { attribute: "m" });
    }
    let decline = |section: &Section<'_>| {
        let mid = section.attributes("mid").next();
        Ok(Declined {
            kind: copied(section.kind, "m")?,
            protocol: copied(section.protocol, "m")?,
            // The formats mean nothing on a declined section; one token keeps the line legal.
            formats: copied(section.formats.split_ascii_whitespace().next().unwrap_or("0"), "m")?,
            mid: mid.map(|mid| copied(mid, "mid")).transpose()?,
        })
    };
    sections.iter().map(decline).collect()
}

fn copied(value: &str, attribute: &'static str) -> Result<String, SdpError> {
    let plain =
        (1..=COPIED_MAX).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_graphic());
    if plain { Ok(value.to_owned()) } else { Err(SdpError::Malformed { attribute }) }
}
