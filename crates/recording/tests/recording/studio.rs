//! What every journey needs: a vault, a tap, and two voices that can be told apart.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::{AgentId, CallId, LineId, RecordingFormat, RecordingId, Timestamp, Track};
use opus::{Application, Channels, Encoder};
use recording::{Finished, Frame, FrameSource, NewRecording, Recorder, RecorderConfig, Recovered};
use tempfile::TempDir;
use uuid::Uuid;

/// What the caller hums.
pub(crate) const CALLER_HZ: f64 = 440.0;
/// What the agent hums; not a harmonic of the caller's tone.
pub(crate) const AGENT_HZ: f64 = 1_000.0;

/// A tapped packet that waits for the recorder's poll.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    pub(crate) recording: RecordingId,
    pub(crate) track: Track,
    pub(crate) at_ms: u64,
    pub(crate) seq: u64,
    pub(crate) rtp_timestamp: u32,
    pub(crate) payload: Vec<u8>,
}

/// The tap: a queue that the recorder drains.
#[derive(Clone, Default)]
struct Tap {
    queue: Arc<Mutex<VecDeque<(Instant, Packet)>>>,
}

impl FrameSource for Tap {
    fn drain(&mut self, sink: &mut dyn FnMut(Frame<'_>)) -> usize {
        let mut queue = self.queue.lock().expect("no test thread panics while it holds the queue");
        let drained = queue.len();
        for (arrived, packet) in queue.drain(..) {
            sink(Frame {
                recording: packet.recording,
                track: packet.track,
                arrived,
                seq: packet.seq,
                rtp_timestamp: packet.rtp_timestamp,
                payload: &packet.payload,
            });
        }
        drained
    }
}

/// A recorder on a fresh vault. Its recordings start an hour ahead, so that only the packets'
/// arrival times move them and no test depends on how fast the machine is.
pub(crate) struct Studio {
    pub(crate) recorder: Recorder,
    pub(crate) vault: PathBuf,
    pub(crate) started: Instant,
    tap: Tap,
    folder: Option<TempDir>,
}

impl Studio {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let mut studio = Self::at(folder.path().join("vault"));
        studio.folder = Some(folder);
        studio
    }

    pub(crate) fn at(vault: PathBuf) -> Self {
        let tap = Tap::default();
        let config = RecorderConfig { folder: vault.clone() };
        let (recorder, recovered) =
            Recorder::start(config, Box::new(tap.clone())).expect("the vault is writable");
        assert_eq!(recovered, [], "a fresh vault has nothing to recover");
        let started = Instant::now() + Duration::from_secs(3_600);
        Self { recorder, vault, started, tap, folder: None }
    }

    pub(crate) fn moment(&self, ms: u64) -> Instant {
        self.started + Duration::from_millis(ms)
    }

    pub(crate) async fn open(&self, format: RecordingFormat) -> RecordingId {
        let new = self.new_recording(format);
        let id = new.id;
        self.recorder.open(new).await.expect("a new id can be opened");
        id
    }

    pub(crate) fn new_recording(&self, format: RecordingFormat) -> NewRecording {
        NewRecording {
            id: RecordingId::from_uuid(Uuid::now_v7()),
            call: CallId::from_uuid(Uuid::now_v7()),
            line: LineId::new("106540352242922").expect("digits are a line id"),
            agent: Some(AgentId::new("ana").expect("a name is an agent id")),
            format,
            started_by: "line policy".to_owned(),
            started_at: Timestamp::now(),
            started: self.started,
        }
    }

    /// Puts packets into the tap in order of arrival.
    pub(crate) fn play(&self, mut packets: Vec<Packet>) {
        packets.sort_by_key(|packet| packet.at_ms);
        let mut queue = self.tap.queue.lock().expect("the recorder does not panic while draining");
        for packet in packets {
            queue.push_back((self.moment(packet.at_ms), packet));
        }
    }

    /// Returns once the recorder has taken everything out of the tap.
    pub(crate) async fn settle(&self, id: RecordingId) {
        // Resuming what is not paused changes nothing, and commands come after frames.
        self.recorder.resume(id, self.started).await.expect("the recording is open");
    }

    /// Drops the recorder as a crash would, and keeps the vault.
    pub(crate) fn end(self) -> Option<TempDir> {
        self.folder
    }

    pub(crate) async fn close(&self, id: RecordingId, ms: u64) -> Finished {
        self.recorder.close(id, self.moment(ms)).await.expect("the disk takes it")
    }
}

/// Starts a recorder on a vault with leftovers and returns what it recovered.
pub(crate) fn restart(vault: PathBuf) -> Vec<Recovered> {
    let (_recorder, recovered) =
        Recorder::start(RecorderConfig { folder: vault }, Box::new(Tap::default()))
            .expect("leftovers do not keep a recorder from starting");
    recovered
}

/// How a voice is encoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) hz: f64,
    pub(crate) application: Application,
    pub(crate) bits_per_second: i32,
    pub(crate) stereo: bool,
    pub(crate) frame_ms: u64,
    /// Hums for the first `sounding_ms` of every second.
    pub(crate) sounding_ms: u64,
}

impl Voice {
    pub(crate) fn humming(hz: f64) -> Self {
        Self {
            hz,
            application: Application::Audio,
            bits_per_second: 32_000,
            stereo: false,
            frame_ms: 20,
            sounding_ms: 1_000,
        }
    }

    /// Narrow enough that libopus codes it with SILK, as phones do.
    pub(crate) fn silk(hz: f64) -> Self {
        Self { application: Application::Voip, bits_per_second: 12_000, ..Self::humming(hz) }
    }

    /// The packets of a stretch of `ms`.
    pub(crate) fn sing(self, ms: u64) -> Vec<Vec<u8>> {
        let channels = if self.stereo { Channels::Stereo } else { Channels::Mono };
        let width = if self.stereo { 2 } else { 1 };
        let mut encoder = Encoder::new(48_000, channels, self.application).expect("an encoder");
        encoder.set_bitrate(opus::Bitrate::Bits(self.bits_per_second)).expect("a bit rate");
        encoder.set_vbr(true).expect("variable bit rate");
        if self.application == Application::Voip {
            encoder.set_max_bandwidth(opus::Bandwidth::Wideband).expect("a bandwidth of SILK");
        }
        if self.stereo {
            encoder.set_force_channels(Some(Channels::Stereo)).expect("stereo");
        }
        let length = self.frame_ms * 48;
        (0..ms / self.frame_ms)
            .map(|frame| {
                let samples: Vec<i16> = (frame * length..(frame + 1) * length)
                    .flat_map(|n| std::iter::repeat_n(self.sample(n), width))
                    .collect();
                encoder.encode_vec(&samples, 4_000).expect("a packet")
            })
            .collect()
    }

    fn sample(self, n: u64) -> i16 {
        if n % 48_000 >= self.sounding_ms * 48 {
            return 0;
        }
        let phase = n as f64 * self.hz * std::f64::consts::TAU / 48_000.0;
        (phase.sin() * 10_000.0) as i16
    }
}

/// A voice on the wire: packets that arrive as they were sent, the first one at `from_ms`.
pub(crate) fn wire(
    recording: RecordingId,
    track: Track,
    from_ms: u64,
    frame_ms: u64,
    payloads: Vec<Vec<u8>>,
) -> Vec<Packet> {
    let (first_seq, first_timestamp) = match track {
        Track::Caller => (65_530, u32::MAX - 4_000_u32),
        Track::Agent => (17, 123_456),
    };
    payloads
        .into_iter()
        .zip(0u64..)
        .map(|(payload, n)| Packet {
            recording,
            track,
            at_ms: from_ms + n * frame_ms,
            seq: first_seq + n,
            rtp_timestamp: first_timestamp.wrapping_add((n * frame_ms * 48) as u32),
            payload,
        })
        .collect()
}

/// Both tracks humming their tones for `ms`.
pub(crate) fn duet(recording: RecordingId, ms: u64) -> Vec<Packet> {
    let mut packets = wire(recording, Track::Caller, 0, 20, Voice::humming(CALLER_HZ).sing(ms));
    packets.extend(wire(recording, Track::Agent, 0, 20, Voice::humming(AGENT_HZ).sing(ms)));
    packets
}
