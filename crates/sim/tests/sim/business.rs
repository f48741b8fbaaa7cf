//! A plain peer connection that answers offers, for the side that is not under test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use opus::{Application, Channels, Decoder, Encoder};
use rtc::media_stream::MediaStreamTrack;
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_OPUS;
use rtc::peer_connection::transport::RTCDtlsRole;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use sim::listen::{Heard, RATE};
use tokio::sync::watch;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceConnectionState, RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription,
    SettingEngineBuilder,
};

use super::world::eventually;

const FRAME: usize = 960;

/// The answering side: sends a tone while told to, and decodes what comes.
pub(crate) struct Business {
    connection: Arc<dyn PeerConnection>,
    state: watch::Receiver<RTCPeerConnectionState>,
    checked: Arc<AtomicBool>,
    speaking: Arc<AtomicBool>,
    heard: Arc<std::sync::Mutex<Heard>>,
    mouth: tokio::task::JoinHandle<()>,
}

struct Events {
    gathered: watch::Sender<bool>,
    state: watch::Sender<RTCPeerConnectionState>,
    checked: Arc<AtomicBool>,
    heard: Arc<std::sync::Mutex<Heard>>,
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

    async fn on_ice_connection_state_change(&self, state: RTCIceConnectionState) {
        if state == RTCIceConnectionState::Connected {
            self.checked.store(true, Ordering::Relaxed);
        }
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let heard = self.heard.clone();
        tokio::spawn(async move {
            let mut decoder = Decoder::new(RATE, Channels::Mono).expect("48 kHz mono decodes");
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    let mut pcm = [0_i16; FRAME];
                    let count = decoder
                        .decode(&packet.payload, &mut pcm, false)
                        .expect("what is sent is Opus of 20 ms");
                    let mut heard = heard.lock().expect("no panic holds it");
                    heard.packets += 1;
                    heard.ssrcs.insert(packet.header.ssrc);
                    heard.pcm.extend_from_slice(&pcm[..count]);
                }
            }
        });
    }
}

impl Business {
    /// Answers an offer as DTLS client. Gives the answer with candidates.
    pub(crate) async fn answering(offer: &str, hz: f64) -> (Self, String) {
        let (gathered, mut gathering) = watch::channel(false);
        let (state_sender, state) = watch::channel(RTCPeerConnectionState::New);
        let heard = Arc::new(std::sync::Mutex::new(Heard::default()));
        let checked = Arc::new(AtomicBool::new(false));
        let settings = SettingEngineBuilder::new()
            .with_answering_dtls_role(RTCDtlsRole::Client)
            .with_include_loopback_candidate(true)
            .build();
        let mut engine = MediaEngine::default();
        let opus = RTCRtpCodecParameters { rtp_codec: codec(), payload_type: 111 };
        engine.register_codec(opus, RtpCodecKind::Audio).expect("Opus is a codec");
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings)
            .with_handler(Arc::new(Events {
                gathered,
                state: state_sender,
                checked: checked.clone(),
                heard: heard.clone(),
            }))
            .with_udp_addrs(vec![SocketAddr::from(([127, 0, 0, 1], 0))])
            .build()
            .await
            .expect("a loopback socket opens");
        let ssrc = rand::random();
        let track = Arc::new(track(ssrc));
        let local: Arc<dyn TrackLocal> = track.clone();
        let offer = RTCSessionDescription::offer(offer.to_owned()).expect("the offer is SDP");
        connection.set_remote_description(offer).await.expect("the offer applies");
        connection.add_track(local).await.expect("a track fits");
        let answer = connection.create_answer(None).await.expect("there is an answer");
        connection.set_local_description(answer).await.expect("the answer applies");
        gathering.wait_for(|done| *done).await.expect("gathering ends");
        let answer = connection.local_description().await.expect("the answer stands");
        let speaking = Arc::new(AtomicBool::new(false));
        let mouth = tokio::spawn(talk(track, ssrc, hz, state.clone(), speaking.clone()));
        let business =
            Self { connection: Arc::new(connection), state, checked, speaking, heard, mouth };
        (business, answer.sdp)
    }

    pub(crate) fn speak(&self, on: bool) {
        self.speaking.store(on, Ordering::Relaxed);
    }

    pub(crate) fn is_connected(&self) -> bool {
        *self.state.borrow() == RTCPeerConnectionState::Connected
    }

    /// Whether a connectivity check was ever answered.
    pub(crate) fn is_checked(&self) -> bool {
        self.checked.load(Ordering::Relaxed)
    }

    pub(crate) async fn connected(&self) {
        eventually("the business's media to come up", || self.is_connected()).await;
    }

    pub(crate) fn heard(&self) -> Heard {
        self.heard.lock().expect("no panic holds it").clone()
    }

    pub(crate) async fn close(self) {
        self.mouth.abort();
        self.connection.close().await.expect("a connection closes");
    }
}

async fn talk(
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    hz: f64,
    state: watch::Receiver<RTCPeerConnectionState>,
    speaking: Arc<AtomicBool>,
) {
    let mut encoder =
        Encoder::new(RATE, Channels::Mono, Application::Voip).expect("48 kHz mono encodes");
    let mut tick = tokio::time::interval(Duration::from_millis(20));
    let mut sent: u32 = 0;
    loop {
        tick.tick().await;
        let up = *state.borrow() == RTCPeerConnectionState::Connected;
        if !up || !speaking.load(Ordering::Relaxed) {
            continue;
        }
        let pcm: Vec<i16> = (0..FRAME)
            .map(|n| {
                let at = f64::from(sent) * FRAME as f64 + n as f64;
                let angle = std::f64::consts::TAU * hz * at / f64::from(RATE);
                (16_000.0 * angle.sin()) as i16
            })
            .collect();
        let payload = encoder.encode_vec(&pcm, 1_276).expect("a frame encodes");
        let header = rtp::Header {
            version: 2,
            payload_type: 111,
            sequence_number: sent as u16,
            timestamp: sent * FRAME as u32,
            ssrc,
            ..Default::default()
        };
        sent += 1;
        let packet = rtp::Packet { header, payload: payload.into() };
        if track.write_rtp(packet).await.is_err() {
            return;
        }
    }
}

fn codec() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "minptime=10;useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn track(ssrc: u32) -> TrackLocalStaticRTP {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: codec(),
        ..Default::default()
    };
    TrackLocalStaticRTP::new(MediaStreamTrack::new(
        "business".to_owned(),
        "audio0".to_owned(),
        "business".to_owned(),
        RtpCodecKind::Audio,
        vec![coding],
    ))
}
