//! The handle that the house holds, and the thread behind it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use model::{AgentId, CallId, LineId, RecordingFormat, RecordingId, Timestamp, Track};
use rustc_hash::FxHashMap;
use tokio::sync::oneshot;

use crate::error::RecordingError;
use crate::journal::Head;
use crate::keeper::{self, FinishReply, Job};
use crate::live::Live;
use crate::manifest::{Manifest, VERSION};
use crate::recovery;

/// How often the source is polled: a quarter of the reorder window.
const POLL: Duration = Duration::from_millis(50);
/// How often slots that are over are written, ten at a time.
const ADVANCE_EVERY: Duration = Duration::from_millis(200);
/// Between data syncs; with the reorder window, a page and the above a sound is durable within 2 s.
/// All recordings share one moment, because the disk takes hardly longer for all than for one.
const SYNC_EVERY: Duration = Duration::from_millis(1_000);
/// Commands that wait for the recorder: a few per recording that can change in one poll.
const COMMANDS_MAX: usize = 1_024;
/// Recordings open at once: more calls than one machine bridges.
const OPEN_MAX: usize = 4_096;
/// Jobs that wait for the keeper: a finish of every open recording, and as many syncs, of which
/// each holds at least one recording that no other does. So the recorder never waits for it.
const JOBS_MAX: usize = 2 * OPEN_MAX;

/// How a recorder is set up.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RecorderConfig {
    /// Root of the vault; created when absent.
    pub folder: PathBuf,
}

/// Where tapped frames come from; the wiring adapts the media plane's tap to this.
pub trait FrameSource: Send {
    /// Hands over what has come in since the last call, in order of arrival, and says how many
    /// frames that were. Called every 50 ms; must not block.
    fn drain(&mut self, sink: &mut dyn FnMut(Frame<'_>)) -> usize;
}

/// One Opus packet as it came off the network.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// The recording it belongs to.
    pub recording: RecordingId,
    /// The side it comes from.
    pub track: Track,
    /// When it was received.
    pub arrived: Instant,
    /// Extended RTP sequence number.
    pub seq: u64,
    /// RTP timestamp, 48 kHz.
    pub rtp_timestamp: u32,
    /// One Opus packet (RFC 6716).
    pub payload: &'a [u8],
}

/// A recording to be opened.
#[derive(Clone, Debug)]
pub struct NewRecording {
    /// Its id, never used before.
    pub id: RecordingId,
    /// The call it belongs to.
    pub call: CallId,
    /// The line of the call.
    pub line: LineId,
    /// The agent on the call.
    pub agent: Option<AgentId>,
    /// The container.
    pub format: RecordingFormat,
    /// `line policy`, or the id of the agent who pressed the button.
    pub started_by: String,
    /// Wall-clock start; names the folder.
    pub started_at: Timestamp,
    /// The same moment on the monotonic clock; time 0 of the file.
    pub started: Instant,
}

/// A recording that was closed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finished {
    /// What it holds.
    pub manifest: Manifest,
    /// The sound file.
    pub file: PathBuf,
}

/// A recording that was found unfinished at start-up and repaired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recovered {
    /// What it holds.
    pub manifest: Manifest,
    /// The sound file.
    pub file: PathBuf,
}

/// Records calls. Cheap to clone; the threads end when the last handle is dropped, leaving what
/// is open to be recovered at the next start.
#[derive(Clone, Debug)]
pub struct Recorder {
    commands: SyncSender<Command>,
    unclaimed: Arc<AtomicU64>,
}

type Reply = oneshot::Sender<Result<(), RecordingError>>;

enum Command {
    Open(Box<NewRecording>, Reply),
    Pause(RecordingId, Instant, Reply),
    Resume(RecordingId, Instant, Reply),
    Close(RecordingId, Instant, FinishReply),
}

impl Recorder {
    /// Repairs what a crash left in the vault, then starts recording. Blocks while repairing.
    ///
    /// # Errors
    /// [`RecordingError::Io`] when the vault cannot be created or listed, or a thread not be
    /// started.
    pub fn start(
        config: RecorderConfig,
        source: Box<dyn FrameSource>,
    ) -> Result<(Self, Vec<Recovered>), RecordingError> {
        let folder = config.folder;
        std::fs::create_dir_all(&folder)
            .map_err(|e| RecordingError::io("create the vault", &folder, e))?;
        let recovered = recovery::adopt_all(&folder)?;
        let open = Arc::new(AtomicUsize::new(0));
        let unclaimed = Arc::new(AtomicU64::new(0));
        let (jobs, job_queue) = sync_channel(JOBS_MAX);
        let (commands, queue) = sync_channel(COMMANDS_MAX);
        let desk = Desk {
            folder: folder.clone(),
            source,
            jobs,
            open: open.clone(),
            unclaimed: unclaimed.clone(),
            live: FxHashMap::default(),
            advanced_at: Instant::now(),
            synced_at: Instant::now(),
        };
        let named = |name: &str| thread::Builder::new().name(name.to_owned());
        named("recording-disk")
            .spawn(move || keeper::run(&job_queue, &open))
            .and_then(|_| named("recording").spawn(move || desk.run(&queue)))
            .map_err(|e| RecordingError::io("start a thread for", &folder, e))?;
        Ok((Self { commands, unclaimed }, recovered))
    }

    /// Opens a recording; frames are kept from here on.
    ///
    /// # Errors
    /// When the id is taken, too many are open, or the disk refuses.
    pub async fn open(&self, new: NewRecording) -> Result<(), RecordingError> {
        self.ask(|reply| Command::Open(Box::new(new), reply)).await
    }

    /// Leaves out everything from `at` on. When this returns, nothing that arrived since reaches
    /// the file. Pausing what is paused changes nothing.
    ///
    /// # Errors
    /// When the recording is not open or was paused too often.
    pub async fn pause(&self, id: RecordingId, at: Instant) -> Result<(), RecordingError> {
        self.ask(|reply| Command::Pause(id, at, reply)).await
    }

    /// Records again from `at` on. Resuming what is not paused changes nothing.
    ///
    /// # Errors
    /// When the recording is not open.
    pub async fn resume(&self, id: RecordingId, at: Instant) -> Result<(), RecordingError> {
        self.ask(|reply| Command::Resume(id, at, reply)).await
    }

    /// Ends a recording at `at`; returns once file and manifest are durable.
    ///
    /// # Errors
    /// When the recording is not open, or the disk refuses; then the next start finishes it.
    pub async fn close(&self, id: RecordingId, at: Instant) -> Result<Finished, RecordingError> {
        self.ask(|reply| Command::Close(id, at, reply)).await
    }

    /// Frames of recordings that were not open.
    pub fn unclaimed_frames(&self) -> u64 {
        self.unclaimed.load(Ordering::Relaxed)
    }

    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, RecordingError>>) -> Command,
    ) -> Result<T, RecordingError> {
        let (reply, answer) = oneshot::channel();
        self.commands.try_send(command(reply)).map_err(|error| match error {
            TrySendError::Full(_) => RecordingError::Busy,
            TrySendError::Disconnected(_) => RecordingError::Stopped,
        })?;
        answer.await.unwrap_or(Err(RecordingError::Stopped))
    }
}

impl NewRecording {
    pub(crate) fn into_head(self) -> Head {
        Head {
            version: VERSION,
            id: self.id,
            call: self.call,
            line: self.line,
            agent: self.agent,
            format: self.format,
            started_by: self.started_by,
            started_at: self.started_at,
        }
    }
}

/// What the recorder's thread owns.
struct Desk {
    folder: PathBuf,
    source: Box<dyn FrameSource>,
    jobs: SyncSender<Job>,
    /// Open recordings, those that the keeper is finishing included.
    open: Arc<AtomicUsize>,
    unclaimed: Arc<AtomicU64>,
    live: FxHashMap<RecordingId, Live>,
    advanced_at: Instant,
    synced_at: Instant,
}

impl Desk {
    fn run(mut self, commands: &Receiver<Command>) {
        loop {
            let first = match commands.recv_timeout(POLL) {
                Ok(command) => Some(command),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            for command in first.into_iter().chain(commands.try_iter()) {
                // The source before each command: what came before a pause or a close counts.
                self.take_frames();
                self.execute(command);
            }
            // The clock before the source: a frame that is still to come is not late.
            let now = Instant::now();
            self.take_frames();
            self.advance(now);
        }
    }

    fn take_frames(&mut self) {
        let Self { source, live, unclaimed, .. } = self;
        source.drain(&mut |frame| match live.get_mut(&frame.recording) {
            Some(recording) => recording.accept(&frame),
            None => {
                unclaimed.fetch_add(1, Ordering::Relaxed);
            }
        });
    }

    fn advance(&mut self, now: Instant) {
        if now.saturating_duration_since(self.advanced_at) < ADVANCE_EVERY {
            return;
        }
        self.advanced_at = now;
        for recording in self.live.values_mut() {
            recording.advance(now);
        }
        if now.saturating_duration_since(self.synced_at) < SYNC_EVERY {
            return;
        }
        self.synced_at = now;
        let requests: Vec<_> = self.live.values_mut().filter_map(Live::unsynced).collect();
        if !requests.is_empty() {
            send(&self.jobs, Job::Sync(requests));
        }
    }

    fn execute(&mut self, command: Command) {
        match command {
            Command::Open(new, reply) => answer(reply, self.open(*new)),
            Command::Pause(id, at, reply) => {
                answer(reply, self.find(id).and_then(|recording| recording.pause(at)));
            }
            Command::Resume(id, at, reply) => {
                answer(reply, self.find(id).map(|recording| recording.resume(at)));
            }
            Command::Close(id, at, reply) => match self.live.remove(&id) {
                Some(recording) => {
                    send(&self.jobs, Job::Finish(Box::new(recording.close(at)), reply));
                }
                None => answer(reply, Err(RecordingError::NotOpen(id))),
            },
        }
    }

    fn open(&mut self, new: NewRecording) -> Result<(), RecordingError> {
        if self.open.load(Ordering::Acquire) >= OPEN_MAX {
            return Err(RecordingError::TooMany { limit: OPEN_MAX });
        }
        if self.live.contains_key(&new.id) {
            return Err(RecordingError::Exists(new.id));
        }
        let id = new.id;
        self.live.insert(id, Live::create(&self.folder, new)?);
        self.open.fetch_add(1, Ordering::AcqRel);
        Ok(())
    }

    fn find(&mut self, id: RecordingId) -> Result<&mut Live, RecordingError> {
        self.live.get_mut(&id).ok_or(RecordingError::NotOpen(id))
    }
}

/// Hands a job to the keeper, whose queue has room for every open recording.
fn send(jobs: &SyncSender<Job>, job: Job) {
    if jobs.try_send(job).is_err() {
        tracing::error!("the recorder's disk thread is gone; restart the daemon");
    }
}

fn answer<T>(
    reply: oneshot::Sender<Result<T, RecordingError>>,
    outcome: Result<T, RecordingError>,
) {
    if reply.send(outcome).is_err() {
        tracing::debug!("nobody waited for the answer of the recorder");
    }
}
