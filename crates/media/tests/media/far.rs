//! A far end: one peer connection of the `webrtc` crate with one Opus track, and an ear that
//! notes every authenticated packet whatever its SSRC.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use model::SdpText;
use rtc::interceptor::{Interceptor, Packet, Slot, StreamInfo, TaggedPacket};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::RTCOfferOptions;
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_OPUS, MIME_TYPE_TELEPHONE_EVENT,
};
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use rtc::sansio::Protocol;
use tokio::sync::watch;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceGatheringState, RTCSessionDescription, Registry, SettingEngineBuilder,
    SrtpProtectionProfile, configure_rtcp_reports,
};
use webrtc::runtime::default_runtime;

pub(crate) const OPUS: u8 = 111;
const EVENTS: u8 = 126;
const SSRC: u32 = 0x0abc_def0;

/// Whose part a far end plays.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Meta: an ICE-lite offerer.
    Meta,
    /// A browser: a full ICE offerer.
    Browser,
}

/// One heard packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Note {
    pub(crate) ssrc: u32,
    pub(crate) sequence: u16,
    pub(crate) timestamp: u32,
    pub(crate) payload_type: u8,
    pub(crate) marker: bool,
    pub(crate) payload: Bytes,
}

#[derive(Default)]
struct Notes {
    rtp: Vec<Note>,
    rtcp: u32,
}

pub(crate) struct Far {
    connection: Arc<dyn PeerConnection>,
    track: Arc<TrackLocalStaticRTP>,
    notes: Arc<Mutex<Notes>>,
    gathered: watch::Receiver<bool>,
    step: AtomicU32,
}

struct Events(watch::Sender<bool>);

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.0.send_replace(true);
        }
    }
}

fn codec(mime: &str, clock_rate: u32, channels: u16, fmtp: &str) -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: mime.to_owned(),
        clock_rate,
        channels,
        sdp_fmtp_line: fmtp.to_owned(),
        rtcp_feedback: vec![],
    }
}

fn opus() -> RTCRtpCodec {
    codec(MIME_TYPE_OPUS, 48_000, 2, "useinbandfec=1")
}

fn media_engine() -> MediaEngine {
    let mut engine = MediaEngine::default();
    let events = codec(MIME_TYPE_TELEPHONE_EVENT, 8_000, 0, "");
    for (rtp_codec, payload_type) in [(opus(), OPUS), (events, EVENTS)] {
        let parameters = RTCRtpCodecParameters { rtp_codec, payload_type };
        engine.register_codec(parameters, RtpCodecKind::Audio).expect("a codec of its own list");
    }
    engine
}

impl Far {
    /// On IPv4 loopback.
    pub(crate) async fn new(part: Part) -> Self {
        Self::at(part, "127.0.0.1:0").await
    }

    /// The same on another address. A browser that restarts ICE does so from another port.
    pub(crate) async fn at(part: Part, address: &str) -> Self {
        Self::with_role(part, address, RTCDtlsRole::Unspecified).await
    }

    /// Meta, who answers an offer in this DTLS role.
    pub(crate) async fn answering(role: RTCDtlsRole) -> Self {
        Self::with_role(Part::Meta, "127.0.0.1:0", role).await
    }

    async fn with_role(part: Part, address: &str, role: RTCDtlsRole) -> Self {
        let notes = Arc::new(Mutex::new(Notes::default()));
        let ear =
            Ear { notes: Arc::clone(&notes), inbound: VecDeque::new(), outbound: VecDeque::new() };
        let registry = configure_rtcp_reports(Registry::new().with(Slot::from(500), ear));
        // One profile each, so that a bridge between them crosses from one to the other.
        let profile = match part {
            Part::Meta => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
            Part::Browser => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
        };
        let settings = SettingEngineBuilder::new()
            .with_lite(part == Part::Meta)
            .with_srtp_protection_profiles(vec![profile])
            .with_discard_local_candidates_during_ice_restart(part == Part::Browser)
            .with_include_loopback_candidate(true)
            .with_answering_dtls_role(role);
        let (gathering, gathered) = watch::channel(false);
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media_engine())
            .with_setting_engine(settings.build())
            .with_interceptor_registry(registry)
            .with_runtime(default_runtime().expect("a tokio runtime"))
            .with_handler(Arc::new(Events(gathering)))
            .with_udp_addrs(vec![address.to_owned()])
            .build()
            .await
            .expect("a peer connection on loopback");
        let encoding = RTCRtpEncodingParameters {
            rtp_coding_parameters: RTCRtpCodingParameters {
                ssrc: Some(SSRC),
                ..Default::default()
            },
            codec: opus(),
            ..Default::default()
        };
        let names = ["stream", "track", "label"].map(str::to_owned);
        let [stream, track, label] = names;
        let track =
            MediaStreamTrack::new(stream, track, label, RtpCodecKind::Audio, vec![encoding]);
        let track = Arc::new(TrackLocalStaticRTP::new(track));
        connection
            .add_track(Arc::clone(&track) as Arc<dyn TrackLocal>)
            .await
            .expect("a track can be added before the offer");
        Self { connection: Arc::new(connection), track, notes, gathered, step: AtomicU32::new(0) }
    }

    /// The offer, complete with candidates.
    pub(crate) async fn offer(&self) -> SdpText {
        self.offer_with(None).await
    }

    /// An offer to restart ICE.
    pub(crate) async fn restart_offer(&self) -> SdpText {
        self.offer_with(Some(RTCOfferOptions { ice_restart: true })).await
    }

    async fn offer_with(&self, options: Option<RTCOfferOptions>) -> SdpText {
        let offer = self.connection.create_offer(options).await;
        let offer = offer.expect("an offer for one track");
        self.described(offer).await
    }

    /// The answer to an offer, complete with candidates.
    pub(crate) async fn answer(&self, offer: &SdpText) -> SdpText {
        let offer = RTCSessionDescription::offer(offer.as_str().to_owned());
        let applied =
            self.connection.set_remote_description(offer.expect("an offer it can read")).await;
        applied.expect("an offer that can be answered");
        let answer = self.connection.create_answer(None).await;
        self.described(answer.expect("an answer for one track")).await
    }

    async fn described(&self, description: RTCSessionDescription) -> SdpText {
        let applied = self.connection.set_local_description(description).await;
        applied.expect("its own description");
        let mut gathered = self.gathered.clone();
        let waiting = gathered.wait_for(|done| *done);
        tokio::time::timeout(Duration::from_secs(5), waiting)
            .await
            .expect("host candidates are gathered at once")
            .expect("the handler lives as long as the connection");
        let description = self.connection.local_description().await;
        SdpText::new(description.expect("it was just set").sdp)
    }

    pub(crate) async fn answered(&self, answer: &SdpText) {
        let answer = RTCSessionDescription::answer(answer.as_str().to_owned());
        let applied =
            self.connection.set_remote_description(answer.expect("an answer it can read")).await;
        applied.expect("an answer that fits its offer");
    }

    /// Sends one packet, 20 ms after the last one on its own clock.
    pub(crate) async fn say(&self, payload_type: u8, payload: &[u8]) {
        let step = self.step.fetch_add(1, Ordering::Relaxed);
        let packet = rtp::Packet {
            header: rtp::Header {
                version: 2,
                payload_type,
                // Close to the wrap, so that every journey crosses it.
                sequence_number: 65_530u16.wrapping_add(step as u16),
                timestamp: 0xffff_f000u32.wrapping_add(step * 960),
                ssrc: SSRC,
                ..Default::default()
            },
            payload: Bytes::copy_from_slice(payload),
        };
        // Before the connection is up the packet is lost, as on the network.
        let _ = self.track.write_rtp(packet).await;
    }

    pub(crate) fn heard(&self) -> Vec<Note> {
        self.notes.lock().expect("nobody panics here").rtp.clone()
    }

    pub(crate) fn rtcp_heard(&self) -> u32 {
        self.notes.lock().expect("nobody panics here").rtcp
    }

    pub(crate) async fn close(&self) {
        let _ = self.connection.close().await;
    }
}

/// An interceptor that notes what comes in and passes everything on.
struct Ear {
    notes: Arc<Mutex<Notes>>,
    inbound: VecDeque<TaggedPacket>,
    outbound: VecDeque<TaggedPacket>,
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Ear {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = webrtc::error::Error;
    type Time = Instant;

    fn handle_read(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        let mut notes = self.notes.lock().expect("nobody panics here");
        match &tagged.message.packet {
            Packet::Rtp(packet) => notes.rtp.push(Note {
                ssrc: packet.header.ssrc,
                sequence: packet.header.sequence_number,
                timestamp: packet.header.timestamp,
                payload_type: packet.header.payload_type,
                marker: packet.header.marker,
                payload: packet.payload.clone(),
            }),
            Packet::Rtcp(_) => notes.rtcp += 1,
            _ => {}
        }
        drop(notes);
        self.inbound.push_back(tagged);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.inbound.pop_front()
    }

    fn handle_write(&mut self, tagged: TaggedPacket) -> Result<(), Self::Error> {
        self.outbound.push_back(tagged);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.outbound.pop_front()
    }

    fn handle_timeout(&mut self, _now: Instant) -> Result<(), Self::Error> {
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        None
    }
}

impl Interceptor for Ear {
    fn bind_local_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _info: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _info: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _info: &StreamInfo) {}
}
