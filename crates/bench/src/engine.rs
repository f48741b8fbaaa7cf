//! Serves the bare media engine: legs and bridges, nothing of telephony around them.

use std::net::{SocketAddr, TcpListener};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use media::{MediaConfig, MediaPlane, Started, Tap, TapReader};
use model::{CallId, LegId, LineId, RecordingFormat, RecordingId, SdpText, Timestamp, Track};
use recording::{NewRecording, Recorder, RecorderConfig};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::BenchError;
use crate::http;

/// How the engine is served.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Where to listen for HTTP; port 0 takes a free one.
    pub http: SocketAddr,
    /// Threads that carry sound; both legs of a call are on one of them.
    pub shards: NonZeroU16,
    /// Record every bridged call into this folder.
    pub record: Option<PathBuf>,
}

/// Serves until the process ends; `ready` gets the address once everything is bound.
///
/// # Errors
/// [`BenchError::Media`], [`BenchError::Recording`], [`BenchError::System`].
pub fn serve(config: EngineConfig, ready: impl FnOnce(SocketAddr)) -> Result<(), BenchError> {
    let listener =
        TcpListener::bind(config.http).map_err(BenchError::system("the HTTP address"))?;
    let address = listener.local_addr().map_err(BenchError::system("the HTTP address"))?;
    let plane = MediaConfig {
        shards: config.shards,
        allow_private_remotes: true,
        ..MediaConfig::default()
    };
    let Started { plane, mut events, taps } = media::start(plane)?;
    // Nobody here acts on events, but somebody must take them.
    std::thread::Builder::new()
        .name("events".to_owned())
        .spawn(move || while events.blocking_recv().is_some() {})
        .map_err(BenchError::system("a thread for events"))?;
    let recorder = match config.record {
        Some(folder) => Some(Recorder::start(RecorderConfig { folder }, Box::new(Taps(taps)))?.0),
        None => None,
    };
    let desk = Desk { plane, recorder };
    ready(address);
    http::serve(&listener, Arc::new(move |path: &str, body: &Value| desk.answer(path, body)))
}

/// The engine behind HTTP.
struct Desk {
    plane: MediaPlane,
    recorder: Option<Recorder>,
}

impl Desk {
    fn answer(&self, path: &str, body: &Value) -> (u16, Value) {
        let runtime = match tokio::runtime::Builder::new_current_thread().build() {
            Ok(runtime) => runtime,
            Err(error) => return (500, error.to_string().into()),
        };
        let done = runtime.block_on(async {
            match path {
                "/leg" => self.open(body).await,
                "/bridge" => self.bridge(body).await,
                "/totals" => self.totals().await,
                other => Err(format!("there is no {other}; use /leg, /bridge or /totals")),
            }
        });
        match done {
            Ok(answer) => (200, answer),
            Err(why) => (400, json!({ "error": why })),
        }
    }

    async fn open(&self, body: &Value) -> Result<Value, String> {
        let sdp = body["sdp"].as_str().ok_or("`sdp` is missing; put the offer there")?;
        let offer = SdpText::new(sdp);
        // Meta is ICE-lite and needs us to check; everybody else checks us.
        let opened = if sdp.lines().any(|line| line == "a=ice-lite") {
            self.plane.open_whatsapp_leg(&offer).await
        } else {
            self.plane.open_agent_leg(&offer).await
        };
        let opened = opened.map_err(|error| error.to_string())?;
        Ok(json!({ "id": opened.leg.0, "sdp": opened.answer.as_str() }))
    }

    async fn bridge(&self, body: &Value) -> Result<Value, String> {
        let leg = |name| body[name].as_u64().map(LegId).ok_or(format!("`{name}` must be an id"));
        let (a, b) = (leg("a")?, leg("b")?);
        // Not before: the silence of legs that wait would count as the work of setting up others.
        self.plane.speak(a).await;
        self.plane.speak(b).await;
        self.plane.bridge(a, b).await;
        if let Some(recorder) = &self.recorder {
            let recording = RecordingId::from_uuid(Uuid::now_v7());
            let new = NewRecording {
                id: recording,
                call: CallId::from_uuid(Uuid::now_v7()),
                line: LineId::new("1").map_err(|error| error.to_string())?,
                agent: None,
                format: RecordingFormat::OggOpus,
                started_by: "measurement".to_owned(),
                started_at: Timestamp::now(),
                started: Instant::now(),
            };
            recorder.open(new).await.map_err(|error| error.to_string())?;
            for (leg, track) in [(a, Track::Caller), (b, Track::Agent)] {
                self.plane.tap(leg, Some(Tap { recording, track })).await;
            }
        }
        Ok(json!({}))
    }

    async fn totals(&self) -> Result<Value, String> {
        let totals = self.plane.totals().await.ok_or("the engine has stopped")?;
        Ok(json!({ "forwarded": totals.forwarded, "refused": totals.refused }))
    }
}

/// The media plane's taps as the recorder reads them.
struct Taps(TapReader);

impl recording::FrameSource for Taps {
    fn drain(&mut self, sink: &mut dyn FnMut(recording::Frame<'_>)) -> usize {
        self.0.drain(&mut |frame| {
            sink(recording::Frame {
                recording: frame.recording,
                track: frame.track,
                arrived: frame.arrived,
                seq: frame.seq,
                rtp_timestamp: frame.rtp_timestamp,
                payload: frame.payload,
            });
        })
    }
}
