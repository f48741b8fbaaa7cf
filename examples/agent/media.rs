//! A WebRTC leg that says back what it hears, frame by frame, without decoding it.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, bail};
use rtc::media_stream::{MediaStreamId, MediaStreamTrack, MediaStreamTrackId};
use rtc::peer_connection::configuration::media_engine::MIME_TYPE_OPUS;
use rtc::rtp;
use rtc::rtp_transceiver::rtp_sender::{
    RTCRtpCodec, RTCRtpCodecParameters, RTCRtpCodingParameters, RTCRtpEncodingParameters,
    RtpCodecKind,
};
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;
use webrtc::media_stream::track_local::TrackLocal;
use webrtc::media_stream::track_local::static_rtp::TrackLocalStaticRTP;
use webrtc::media_stream::track_remote::{TrackRemote, TrackRemoteEvent};
use webrtc::peer_connection::{
    MediaEngine, PeerConnection, PeerConnectionBuilder, PeerConnectionEventHandler,
    RTCIceGatheringState, RTCPeerConnectionState, RTCSessionDescription, SettingEngineBuilder,
};

/// What browsers call Opus.
const OPUS: u8 = 111;
/// A frame is 20 ms at Opus' clock of 48 kHz.
const FRAME: Duration = Duration::from_millis(20);
const FRAME_TICKS: u32 = 960;
/// 20 ms of Opus that decode to silence. Sent whenever there is nothing to say: a winner that is
/// not heard loses the call, and the caller's phone sends only once it hears something.
const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];
/// Half a second; a burst beyond it is dropped rather than said back ever later.
const FRAMES_MAX: usize = 25;
/// Finding our own addresses is local; longer means that it never ends.
const GATHERING_MAX: Duration = Duration::from_secs(5);

type Frames = Arc<Mutex<VecDeque<Vec<u8>>>>;

/// The leg. Dropping it leaves it running; it ends with the program.
pub(crate) struct EchoLeg {
    connection: Arc<dyn PeerConnection>,
}

struct Events {
    gathered: watch::Sender<bool>,
    connected: watch::Sender<bool>,
    heard: Frames,
}

#[async_trait::async_trait]
impl PeerConnectionEventHandler for Events {
    async fn on_ice_gathering_state_change(&self, state: RTCIceGatheringState) {
        self.gathered.send_replace(state == RTCIceGatheringState::Complete);
    }

    async fn on_connection_state_change(&self, state: RTCPeerConnectionState) {
        self.connected.send_replace(state == RTCPeerConnectionState::Connected);
    }

    async fn on_track(&self, track: Arc<dyn TrackRemote>) {
        let heard = Arc::clone(&self.heard);
        tokio::spawn(async move {
            while let Some(event) = track.poll().await {
                if let TrackRemoteEvent::OnRtpPacket(packet) = event {
                    let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                    if heard.len() < FRAMES_MAX {
                        heard.push_back(packet.payload.to_vec());
                    }
                }
            }
        });
    }
}

impl EchoLeg {
    /// Opens a socket on this address and writes an offer with its candidates.
    pub(crate) async fn offering(address: IpAddr) -> anyhow::Result<(Self, String)> {
        let (gathered, mut gathering) = watch::channel(false);
        let (connected, connection_state) = watch::channel(false);
        let heard = Frames::default();
        let events = Events { gathered, connected, heard: Arc::clone(&heard) };
        let mut engine = MediaEngine::default();
        let codec = RTCRtpCodecParameters { rtp_codec: opus(), payload_type: OPUS };
        engine.register_codec(codec, RtpCodecKind::Audio)?;
        let settings =
            SettingEngineBuilder::new().with_include_loopback_candidate(address.is_loopback());
        let connection = PeerConnectionBuilder::new()
            .with_media_engine(engine)
            .with_setting_engine(settings.build())
            .with_handler(Arc::new(events))
            .with_udp_addrs(vec![SocketAddr::new(address, 0)])
            .build()
            .await?;
        let connection: Arc<dyn PeerConnection> = Arc::new(connection);
        let ssrc = rand::random();
        let track = Arc::new(track(ssrc));
        let local: Arc<dyn TrackLocal> = Arc::clone(&track) as _;
        connection.add_track(local).await?;
        tokio::spawn(say_back(track, ssrc, heard, connection_state));

        let offer = connection.create_offer(None).await?;
        connection.set_local_description(offer).await?;
        let all = tokio::time::timeout(GATHERING_MAX, gathering.wait_for(|done| *done)).await;
        if !matches!(all, Ok(Ok(_))) {
            bail!("no address of this machine could be offered");
        }
        let offer = connection.local_description().await.context("there is no description")?.sdp;
        Ok((Self { connection }, offer))
    }

    /// Takes the daemon's answer; the leg comes up by itself then.
    pub(crate) async fn answered(&self, answer: &str) -> anyhow::Result<()> {
        let answer = RTCSessionDescription::answer(answer.to_owned())?;
        Ok(self.connection.set_remote_description(answer).await?)
    }
}

/// Sends a frame every 20 ms while connected: the oldest one heard, else silence.
async fn say_back(
    track: Arc<TrackLocalStaticRTP>,
    ssrc: u32,
    heard: Frames,
    connected: watch::Receiver<bool>,
) {
    let (mut sequence_number, mut timestamp) = (rand::random::<u16>(), rand::random::<u32>());
    let mut pace = tokio::time::interval(FRAME);
    pace.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        pace.tick().await;
        timestamp = timestamp.wrapping_add(FRAME_TICKS);
        if !*connected.borrow() {
            continue;
        }
        let frame = heard.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let header = rtp::Header {
            version: 2,
            payload_type: OPUS,
            sequence_number,
            timestamp,
            ssrc,
            ..rtp::Header::default()
        };
        sequence_number = sequence_number.wrapping_add(1);
        let payload = frame.unwrap_or_else(|| SILENCE.to_vec()).into();
        if track.write_rtp(rtp::Packet { header, payload }).await.is_err() {
            return; // The connection is closed.
        }
    }
}

fn opus() -> RTCRtpCodec {
    RTCRtpCodec {
        mime_type: MIME_TYPE_OPUS.to_owned(),
        clock_rate: 48_000,
        channels: 2,
        sdp_fmtp_line: "useinbandfec=1".to_owned(),
        rtcp_feedback: Vec::new(),
    }
}

fn track(ssrc: u32) -> TrackLocalStaticRTP {
    let coding = RTCRtpEncodingParameters {
        rtp_coding_parameters: RTCRtpCodingParameters { ssrc: Some(ssrc), ..Default::default() },
        codec: opus(),
        ..Default::default()
    };
    TrackLocalStaticRTP::new(MediaStreamTrack::new(
        MediaStreamId::from("agent"),
        MediaStreamTrackId::from("echo"),
        "echo".to_owned(),
        RtpCodecKind::Audio,
        vec![coding],
    ))
}
