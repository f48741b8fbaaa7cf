//! Writes what we say: the answer and the offer to Meta (full ICE, one of everything), and the
//! answer to a browser (ICE-lite).

use std::net::IpAddr;

use model::SdpText;

use super::{Declined, Described, Flow, Offer, Setup, connection};

/// What Meta asks an Opus sender for: wideband speech at 20 kbit/s in 20 ms frames.
const WHATSAPP_OPUS: &str = "maxaveragebitrate=20000;maxplaybackrate=16000;minptime=20;sprop-maxcapturerate=16000;\
     useinbandfec=1";
/// The same for browsers, so that what they send can be forwarded to Meta as it is.
const AGENT_OPUS: &str =
    "minptime=20;maxaveragebitrate=20000;maxplaybackrate=16000;useinbandfec=1;stereo=0";
/// Priority of a host candidate, component 1 (RFC 8445 section 5.1.2.1).
const HOST_PRIORITY: u32 = (126 << 24) | (65_535 << 8) | 255;

/// The same for a passive TCP candidate (RFC 6544 section 4.2): below every UDP candidate, because
/// sound that waits for a lost packet is late.
const PASSIVE_PRIORITY: u32 = (90 << 24) | (4 << 21) | (0x1fff << 8) | 255;
/// Addresses that still rank apart.
const RANKS_MAX: u32 = 1_000;

/// The one audio stream of a description.
struct Stream<'a> {
    mid: Option<&'a str>,
    bundled: bool,
    protocol: &'a str,
    opus: u8,
    telephone_event: Option<u8>,
}

impl<'a> Stream<'a> {
    /// What we offer: the payload types that Meta itself uses.
    const OURS: Self = Self {
        mid: Some("audio"),
        bundled: true,
        protocol: "UDP/TLS/RTP/SAVPF",
        opus: 111,
        telephone_event: Some(126),
    };

    /// As it was offered.
    fn of(offer: &'a Offer) -> Self {
        Self {
            mid: offer.mid.as_deref(),
            bundled: offer.bundled,
            protocol: &offer.protocol,
            opus: offer.opus,
            telephone_event: offer.telephone_event,
        }
    }
}

/// Our side of a description.
pub(crate) struct Local<'a> {
    pub(crate) described: Described,
    pub(crate) ufrag: &'a str,
    pub(crate) pwd: &'a str,
    /// `AB:CD:…` of the SHA-256 of our certificate.
    pub(crate) fingerprint: &'a str,
    pub(crate) addresses: &'a [IpAddr],
    pub(crate) port: u16,
    /// A port for TCP, where it is offered.
    pub(crate) tcp_port: Option<u16>,
    pub(crate) ssrc: u32,
}

/// Lines ended by CRLF.
struct Writer(String);

impl Writer {
    fn line(&mut self, line: impl AsRef<str>) {
        self.0.push_str(line.as_ref());
        self.0.push_str("\r\n");
    }
}

/// The answer to Meta's offer: full ICE with our candidates, one sha-256 fingerprint, one SSRC.
pub(crate) fn whatsapp_answer(offer: &Offer, local: &Local<'_>, setup: Setup) -> SdpText {
    let stream = Stream::of(offer);
    let mut sdp = session(&stream, local, false);
    declined(&mut sdp, &offer.declined_before);
    whatsapp_audio(&mut sdp, &stream, local, setup);
    declined(&mut sdp, &offer.declined_after);
    SdpText::new(sdp.0)
}

/// Our offer to Meta, with the DTLS role left to it.
pub(crate) fn whatsapp_offer(local: &Local<'_>) -> SdpText {
    let mut sdp = session(&Stream::OURS, local, false);
    whatsapp_audio(&mut sdp, &Stream::OURS, local, Setup::ActPass);
    SdpText::new(sdp.0)
}

fn whatsapp_audio(sdp: &mut Writer, stream: &Stream<'_>, local: &Local<'_>, setup: Setup) {
    media_line(sdp, stream, local);
    sdp.line("a=rtcp:9 IN IP4 0.0.0.0");
    transport(sdp, stream, local, setup);
    sdp.line("a=sendrecv");
    sdp.line("a=msid:ringdown audio0");
    codecs(sdp, stream, WHATSAPP_OPUS);
    sdp.line(format!("a=ssrc:{} cname:ringdown", local.ssrc));
}

/// The answer to a browser's offer: ICE-lite, DTLS passive.
pub(crate) fn agent_answer(offer: &Offer, local: &Local<'_>) -> SdpText {
    let stream = Stream::of(offer);
    let mut sdp = session(&stream, local, true);
    declined(&mut sdp, &offer.declined_before);
    media_line(&mut sdp, &stream, local);
    transport(&mut sdp, &stream, local, Setup::Passive);
    sdp.line("a=end-of-candidates");
    sdp.line(match offer.flow {
        Flow::Both => "a=sendrecv",
        Flow::SendOnly => "a=recvonly",
        Flow::ReceiveOnly => "a=sendonly",
    });
    sdp.line("a=msid:ringdown audio0");
    codecs(&mut sdp, &stream, AGENT_OPUS);
    sdp.line(format!("a=ssrc:{} cname:ringdown", local.ssrc));
    sdp.line(format!("a=ssrc:{} msid:ringdown audio0", local.ssrc));
    declined(&mut sdp, &offer.declined_after);
    SdpText::new(sdp.0)
}

fn session(stream: &Stream<'_>, local: &Local<'_>, lite: bool) -> Writer {
    let mut sdp = Writer(String::with_capacity(1_024));
    sdp.line("v=0");
    let Described { session, version } = local.described;
    sdp.line(format!("o=- {session} {version} IN IP4 127.0.0.1"));
    sdp.line("s=-");
    sdp.line("t=0 0");
    if let (true, Some(mid)) = (stream.bundled, stream.mid) {
        sdp.line(format!("a=group:BUNDLE {mid}"));
    }
    sdp.line("a=msid-semantic: WMS ringdown");
    if lite {
        sdp.line("a=ice-lite");
    }
    sdp
}

fn media_line(sdp: &mut Writer, stream: &Stream<'_>, local: &Local<'_>) {
    let events = stream.telephone_event.map(|pt| format!(" {pt}"));
    let events = events.unwrap_or_default();
    let (port, protocol, opus) = (local.port, stream.protocol, stream.opus);
    sdp.line(format!("m=audio {port} {protocol} {opus}{events}"));
    if let Some(address) = local.addresses.first() {
        sdp.line(format!("c={}", connection(*address)));
    }
}

fn transport(sdp: &mut Writer, stream: &Stream<'_>, local: &Local<'_>, setup: Setup) {
    for (index, address) in local.addresses.iter().enumerate() {
        // Later addresses rank lower, so that the first configured one is preferred.
        let rank = rank(index);
        let priority = HOST_PRIORITY - (rank << 8);
        let (foundation, port) = (index + 1, local.port);
        sdp.line(format!("a=candidate:{foundation} 1 udp {priority} {address} {port} typ host"));
    }
    for (index, address) in local.addresses.iter().enumerate() {
        let Some(port) = local.tcp_port else { break };
        let priority = PASSIVE_PRIORITY - (rank(index) << 8);
        let foundation = local.addresses.len() + index + 1;
        sdp.line(format!(
            "a=candidate:{foundation} 1 tcp {priority} {address} {port} typ host tcptype passive"
        ));
    }
    sdp.line(format!("a=ice-ufrag:{}", local.ufrag));
    sdp.line(format!("a=ice-pwd:{}", local.pwd));
    sdp.line(format!("a=fingerprint:sha-256 {}", local.fingerprint));
    sdp.line(match setup {
        Setup::Active => "a=setup:active",
        Setup::Passive => "a=setup:passive",
        Setup::ActPass => "a=setup:actpass",
    });
    if let Some(mid) = stream.mid {
        sdp.line(format!("a=mid:{mid}"));
    }
    sdp.line("a=rtcp-mux");
}

fn rank(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX).min(RANKS_MAX)
}

fn codecs(sdp: &mut Writer, stream: &Stream<'_>, opus_parameters: &str) {
    let opus = stream.opus;
    sdp.line(format!("a=rtpmap:{opus} opus/48000/2"));
    sdp.line(format!("a=fmtp:{opus} {opus_parameters}"));
    if let Some(events) = stream.telephone_event {
        sdp.line(format!("a=rtpmap:{events} telephone-event/8000"));
        sdp.line(format!("a=fmtp:{events} 0-16"));
    }
    sdp.line("a=ptime:20");
    sdp.line("a=maxptime:20");
}

fn declined(sdp: &mut Writer, sections: &[Declined]) {
    for section in sections {
        let (kind, protocol, formats) = (&section.kind, &section.protocol, &section.formats);
        sdp.line(format!("m={kind} 0 {protocol} {formats}"));
        sdp.line("c=IN IP4 0.0.0.0");
        sdp.line("a=inactive");
        if let Some(mid) = &section.mid {
            sdp.line(format!("a=mid:{mid}"));
        }
    }
}
