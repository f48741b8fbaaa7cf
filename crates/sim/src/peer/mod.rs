//! One full `webrtc` peer connection with one audio track: the media of a phone or a robot.

mod ear;
mod gate;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use rtc::interceptor::Slot;
use rtc::media_stream::{MediaStreamId, MediaStreamTrack, MediaStreamTrackId};
use rtc::peer_connection::configuration::media_engine::{
    MIME_TYPE_OPUS, MIME_TYPE_TELEPHONE_EVENT,
};
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use tokio::sync::watch;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, Registry, SettingEngine,
    SettingEngineBuilder, configure_rtcp_reports,
};
use webrtc::runtime::default_runtime;

pub(crate) use ear::Hearing;

use crate::SimError;
use crate::listen::Heard;
use crate::voice::FRAME_SAMPLES;
use ear::Ear;
use gate::{Gate, GatedRuntime};

/// The payload type of Opus in every description written here.
pub(crate) const OPUS_PAYLOAD_TYPE: u8 = 111;
/// The payload type of telephone events.
const EVENT_PAYLOAD_TYPE: u8 = 126;
/// Gathering host candidates is local; longer than this means that it never ends.
const GATHERING_MAX: Duration = Duration::from_secs(5);
/// Where the ear sits in the interceptor chain: nearest to the wire.
const EAR_SLOT: usize = 500;

/// How a peer connection presents itself.
pub(crate) struct PeerConfig {
    /// The address it listens on.
    pub(crate) ip: IpAddr,
    /// Whose side it plays.
    pub(crate) kind: PeerKind,
}

/// Whose side a peer connection plays.
pub(crate) enum PeerKind {
    /// Meta's relay: ICE-lite, its own credentials.
    Relay {
        /// ICE user name fragment.
        ufrag: String,
        /// ICE password.
        pwd: String,
    },
    /// The same, answering an offer in this DTLS role.
    AnsweringRelay {
        /// ICE user name fragment.
        ufrag: String,
        /// ICE password.
        pwd: String,
        /// Meta starts the handshake.
        is_dtls_client: bool,
    },
    /// A browser: full ICE.
    Browser,
}

/// A running peer connection that has made its offer.
pub(crate) struct Peer {
    connection: Arc<dyn PeerConnection>,
    track: Arc<TrackLocalStaticRTP>,
    hearing: Arc<Mutex<Hearing>>,
    gate: Gate,
    state: watch::Receiver<RTCPeerConnectionState>,
    ssrc: u32,
    clock: Mutex<Clock>,
}

/// Sequence number and timestamp of the next packet.
struct Clock {
    sequence: u16,
    timestamp: u32,
    after_silence: bool,
}

struct Events {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        if state == RTCIceGatheringState::Complete {
            self.gathered.send_replace(true);
        }
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.state.send_replace(state);
    }
}

impl Peer {
    /// Opens sockets and writes an offer. Gives the peer and its description with candidates.
    pub(crate) async fn offering(config: PeerConfig) -> Result<(Self, String), SimError> {
        let (peer, mut gathering) = Self::open(config).await?;
        let offer = peer.write_offer(&mut gathering).await;
        match offer {
            Ok(offer) => Ok((peer, offer)),
            Err(error) => {
                peer.close().await;
                Err(error)
            }
        }
    }

    /// Opens sockets and answers an offer. Gives the peer and its description with candidates.
    pub(crate) async fn answering(
        config: PeerConfig,
        offer: &str,
    ) -> Result<(Self, String), SimError> {
        let (peer, mut gathering) = Self::open(config).await?;
        let answer = peer.write_answer(offer, &mut gathering).await;
        match answer {
            Ok(answer) => Ok((peer, answer)),
            Err(error) => {
                peer.close().await;
                Err(error)
            }
        }
    }

    async fn open(config: PeerConfig) -> Result<(Self, watch::Receiver<bool>), SimError> {
        let (gate, expects_sound) = match &config.kind {
            PeerKind::Relay { .. } | PeerKind::AnsweringRelay { .. } => (Gate::new(true), false),
            PeerKind::Browser => (Gate::new(false), true),
        };
        let hearing = Arc::new(Mutex::new(Hearing::new(expects_sound)?));
        let (gathered, gathering) = watch::channel(false);
        let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
        let runtime = default_runtime().ok_or(SimError::Offer("an async runtime"))?;
        let registry = Registry::new().with(Slot::from(EAR_SLOT), Ear::new(hearing.clone()));
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(media_engine().map_err(SimError::media("listing codecs"))?)
            .with_setting_engine(setting_engine(&config))
            .with_interceptor_registry(configure_rtcp_reports(registry))
            .with_runtime(Arc::new(GatedRuntime { inner: runtime, gate: gate.clone() }))
            .with_handler(Arc::new(Events { gathered, state: state_sender }))
            .with_udp_addrs(vec![SocketAddr::new(config.ip, 0)])
            .build()
            .await
            .map_err(SimError::media("opening its socket"))?;
        let ssrc = rand::random();
        let track = Arc::new(audio_track(ssrc));
        let peer = Self {
            connection: Arc::new(connection),
            track: track.clone(),
            hearing,
            gate,
            state,
            ssrc,
            clock: Mutex::new(Clock {
                sequence: rand::random(),
                timestamp: rand::random(),
                after_silence: true,
            }),
        };
        let track: Arc<dyn TrackLocal> = track;
        let added = peer.connection.add_track(track).await;
        added.map_err(SimError::media("adding its track"))?;
        Ok((peer, gathering))
    }

    async fn write_offer(&self, gathering: &mut watch::Receiver<bool>) -> Result<String, SimError> {
        let offer = self.connection.create_offer(None).await;
        self.describe(offer.map_err(SimError::media("writing its offer"))?, gathering).await
    }

    async fn write_answer(
        &self,
        offer: &str,
        gathering: &mut watch::Receiver<bool>,
    ) -> Result<String, SimError> {
        let offer = RTCSessionDescription::offer(offer.to_owned())
            .map_err(SimError::media("reading the offer"))?;
        let applied = self.connection.set_remote_description(offer).await;
        applied.map_err(SimError::media("applying the offer"))?;
        let answer = self.connection.create_answer(None).await;
        self.describe(answer.map_err(SimError::media("writing its answer"))?, gathering).await
    }

    async fn describe(
        &self,
        own: RTCSessionDescription,
        gathering: &mut watch::Receiver<bool>,
    ) -> Result<String, SimError> {
        let connection = &self.connection;
        connection
            .set_local_description(own)
            .await
            .map_err(SimError::media("applying its own description"))?;
        let waiting = tokio::time::timeout(GATHERING_MAX, gathering.wait_for(|done| *done));
        let gathered = matches!(waiting.await, Ok(Ok(_)));
        if !gathered {
            return Err(SimError::Offer("a host candidate"));
        }
        let description = connection.local_description().await;
        Ok(description.ok_or(SimError::Offer("the description"))?.sdp)
    }

    /// Applies the other side's answer. Before that its checks are not answered: the stack does not
    /// know its credentials.
    pub(crate) async fn answered(&self, sdp: &str) -> Result<(), SimError> {
        let own = self.connection.local_description().await;
        let own = own.ok_or(SimError::Offer("the description"))?.sdp;
        let answer = RTCSessionDescription::answer(with_mid_of(&own, sdp))
            .map_err(SimError::media("reading the answer"))?;
        self.connection
            .set_remote_description(answer)
            .await
            .map_err(SimError::media("applying the answer"))?;
        Ok(())
    }

    /// Stops all datagrams and tells nobody.
    pub(crate) fn cut(&self) {
        self.gate.cut();
    }

    /// Connectivity checks that came from an agent in the wrong, the controlled role.
    pub(crate) fn controlled_checks(&self) -> u64 {
        self.gate.controlled_checks()
    }

    /// Sends 20 ms of Opus, or nothing while ICE and DTLS are not up.
    pub(crate) async fn send(&self, frame: Bytes) -> Result<(), SimError> {
        if !self.is_connected() {
            self.pause();
            return Ok(());
        }
        let header = {
            let mut clock = self.clock.lock();
            let header = rtp::Header {
                version: 2,
                marker: std::mem::take(&mut clock.after_silence),
                payload_type: OPUS_PAYLOAD_TYPE,
                sequence_number: clock.sequence,
                timestamp: clock.timestamp,
                ssrc: self.ssrc,
                ..Default::default()
            };
            clock.sequence = clock.sequence.wrapping_add(1);
            clock.timestamp = clock.timestamp.wrapping_add(FRAME_SAMPLES as u32);
            header
        };
        let packet = rtp::Packet { header, payload: frame };
        self.track.write_rtp(packet).await.map_err(SimError::media("sending sound"))
    }

    /// Presses a key for 60 ms (RFC 4733): two updates and, three times, the end.
    pub(crate) async fn press(&self, event: u8) -> Result<(), SimError> {
        /// Duration in steps of 1/8000 s, and whether it is the end.
        const PACKETS: [(u16, bool); 5] =
            [(160, false), (320, false), (480, true), (480, true), (480, true)];
        let started = self.clock.lock().timestamp;
        for (at, (duration, is_end)) in PACKETS.into_iter().enumerate() {
            let header = {
                let mut clock = self.clock.lock();
                let header = rtp::Header {
                    version: 2,
                    marker: at == 0,
                    payload_type: EVENT_PAYLOAD_TYPE,
                    sequence_number: clock.sequence,
                    timestamp: started,
                    ssrc: self.ssrc,
                    ..Default::default()
                };
                clock.sequence = clock.sequence.wrapping_add(1);
                header
            };
            let [high, low] = duration.to_be_bytes();
            let volume = 10 | if is_end { 0x80 } else { 0 };
            let payload = Bytes::from(vec![event, volume, high, low]);
            let packet = rtp::Packet { header, payload };
            self.track.write_rtp(packet).await.map_err(SimError::media("pressing a key"))?;
        }
        Ok(())
    }

    /// Lets 20 ms pass without a packet.
    pub(crate) fn pause(&self) {
        let mut clock = self.clock.lock();
        clock.timestamp = clock.timestamp.wrapping_add(FRAME_SAMPLES as u32);
        clock.after_silence = true;
    }

    /// Whether ICE and DTLS are up.
    pub(crate) fn is_connected(&self) -> bool {
        *self.state.borrow() == RTCPeerConnectionState::Connected
    }

    /// Looks at what was heard.
    pub(crate) fn hearing<T>(&self, look: impl FnOnce(&mut Hearing) -> T) -> T {
        look(&mut self.hearing.lock())
    }

    /// A copy of what was heard.
    pub(crate) fn heard(&self) -> Heard {
        self.hearing.lock().heard.clone()
    }

    /// The SSRC of what is sent.
    pub(crate) const fn ssrc(&self) -> u32 {
        self.ssrc
    }

    /// Closes the sockets.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "a simulated peer connection did not close cleanly");
        }
    }
}

/// The answer with its only stream named as in `own`. An offer that was rewritten to say `audio`
/// gets an answer that says so, too, and webrtc 0.21.1 takes a generator of mids without using it.
fn with_mid_of(own: &str, answer: &str) -> String {
    let mid_of = |sdp: &str| {
        sdp.lines().find_map(|line| line.strip_prefix("a=mid:")).map(|mid| mid.trim().to_owned())
    };
    let (Some(ours), Some(theirs)) = (mid_of(own), mid_of(answer)) else {
        return answer.to_owned();
    };
    ["a=mid:", "a=group:BUNDLE "].iter().fold(answer.to_owned(), |text, name| {
        text.replace(&format!("{name}{theirs}\r\n"), &format!("{name}{ours}\r\n"))
    })
}

fn media_engine() -> webrtc::error::Result<MediaEngine> {
    let mut engine = MediaEngine::default();
    let codec = |mime_type: &str, clock_rate, channels, fmtp: &str, payload_type| {
        let rtp_codec = RTCRtpCodec {
            mime_type: mime_type.to_owned(),
            clock_rate,
            channels,
            sdp_fmtp_line: fmtp.to_owned(),
            rtcp_feedback: Vec::new(),
        };
        RTCRtpCodecParameters { rtp_codec, payload_type }
    };
    let opus = opus_codec();
    let events = codec(MIME_TYPE_TELEPHONE_EVENT, 8_000, 1, "", EVENT_PAYLOAD_TYPE);
    let opus = RTCRtpCodecParameters { rtp_codec: opus, payload_type: OPUS_PAYLOAD_TYPE };
    engine.register_codec(opus, RtpCodecKind::Audio)?;
    engine.register_codec(events, RtpCodecKind::Audio)?;
    Ok(engine)
}

/// Opus without `minptime`: `rtc` 0.21.1 compares parameters that both sides name, and drops Opus
/// for telephone-event when the other side's `minptime` differs.
fn opus_codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn setting_engine(config: &PeerConfig) -> SettingEngine {
    let engine =
        SettingEngineBuilder::new().with_include_loopback_candidate(config.ip.is_loopback());
    match &config.kind {
        PeerKind::Relay { ufrag, pwd } => {
            engine.with_lite(true).with_ice_credentials(ufrag.clone(), pwd.clone()).build()
        }
        PeerKind::AnsweringRelay { ufrag, pwd, is_dtls_client } => {
            let role = if *is_dtls_client { RTCDtlsRole::Client } else { RTCDtlsRole::Server };
            let engine = engine.with_lite(true).with_answering_dtls_role(role);
            engine.with_ice_credentials(ufrag.clone(), pwd.clone()).build()
        }
        PeerKind::Browser => engine.build(),
    }
}

fn audio_track(ssrc: u32) -> TrackLocalStaticRTP {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: opus_codec(),
        ..Default::default()
    };
    TrackLocalStaticRTP::new(MediaStreamTrack::new(
        MediaStreamId::from("sim"),
        MediaStreamTrackId::from("sim-audio"),
        "sim".to_owned(),
        RtpCodecKind::Audio,
        vec![coding],
    ))
}
