//! The second thread: everything that waits for the disk, so that one slow sync never delays the
//! sound of the others.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Receiver;
use std::sync::{Arc, OnceLock};

use model::Track;
use sha2::{Digest, Sha256};
use tokio::sync::oneshot;

use crate::error::RecordingError;
use crate::journal::{Evidence, Head, Journal};
use crate::live::millis;
use crate::manifest::{FrameCounts, Gap, Manifest, Pause, VERSION, clip, push_gap};
use crate::recorder::Finished;
use crate::vault::{self, Paths};
use crate::writer;

/// Bytes hashed at a time.
const HASH_BLOCK: usize = 64 * 1024;

/// The day's folder, the month's, the year's and the vault.
const FOLDERS: usize = 4;
/// Files from which on the whole file system is synced instead of each: every sync of a file is a
/// commit of the file system's own journal, and that is the same for one file as for all.
const TOGETHER_FROM: usize = 4;

/// A file that wants its data on the disk. At most one request per recording is under way.
#[derive(Debug)]
pub(crate) struct SyncRequest {
    file: Arc<File>,
    journal: Arc<Journal>,
    /// The day's folder, whose new names must be durable too.
    day: PathBuf,
    named: AtomicBool,
    under_way: AtomicBool,
    failure: OnceLock<String>,
}

impl SyncRequest {
    pub(crate) fn new(file: Arc<File>, journal: Arc<Journal>, day: PathBuf) -> Self {
        Self {
            file,
            journal,
            day,
            named: AtomicBool::new(false),
            under_way: AtomicBool::new(false),
            failure: OnceLock::new(),
        }
    }

    /// Whether the caller may send the request now.
    pub(crate) fn claim(&self) -> bool {
        !self.under_way.swap(true, Ordering::AcqRel)
    }

    /// Why a sync failed. It is never repeated: after a failure the kernel may have dropped the
    /// data and report success the next time.
    pub(crate) fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }

    /// Syncs many at once.
    fn perform_all(requests: &[Arc<Self>]) {
        let together = requests.len() >= TOGETHER_FROM
            && requests.first().is_some_and(|first| sync_file_system(&first.file).is_ok());
        for request in requests {
            if together {
                request.named.store(true, Ordering::Release);
                request.under_way.store(false, Ordering::Release);
            } else {
                // After a failure each file says whether it is the one.
                request.perform();
            }
        }
    }

    fn perform(&self) {
        if let Err(error) = self.journal.sync().and_then(|()| self.file.sync_data()) {
            self.failure.get_or_init(|| error.to_string());
        }
        if !self.named.swap(true, Ordering::AcqRel) {
            // The day, month and year may be new as well.
            self.day.ancestors().take(FOLDERS).for_each(vault::sync_folder);
        }
        self.under_way.store(false, Ordering::Release);
    }
}

/// A recording whose last sound is written.
#[derive(Debug)]
pub(crate) struct Finish {
    pub(crate) head: Head,
    pub(crate) paths: Paths,
    pub(crate) file: Arc<File>,
    pub(crate) journal: Arc<Journal>,
    pub(crate) duration_ms: u64,
    pub(crate) gaps: Vec<Gap>,
    pub(crate) pauses: Vec<Pause>,
    pub(crate) frames: FrameCounts,
    pub(crate) failed: Option<String>,
}

/// Where the answer to a close goes.
pub(crate) type FinishReply = oneshot::Sender<Result<Finished, RecordingError>>;

/// Makes everything durable that was written to the file system of the vault, names included.
#[cfg(target_os = "linux")]
fn sync_file_system(file: &File) -> io::Result<()> {
    Ok(nix::unistd::syncfs(file)?)
}

/// Makes everything durable that was written to the file system of the vault.
#[cfg(not(target_os = "linux"))]
fn sync_file_system(_file: &File) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What the keeper is asked to do.
pub(crate) enum Job {
    Sync(Vec<Arc<SyncRequest>>),
    Finish(Box<Finish>, FinishReply),
}

/// Works until the recorder is gone. `open` counts the recordings whose files are held.
pub(crate) fn run(jobs: &Receiver<Job>, open: &AtomicUsize) {
    while let Ok(job) = jobs.recv() {
        match job {
            Job::Sync(requests) => SyncRequest::perform_all(&requests),
            Job::Finish(finish, reply) => {
                let id = finish.head.id;
                let outcome = finish.finish();
                open.fetch_sub(1, Ordering::AcqRel);
                match &outcome {
                    Ok(done) => tracing::info!(
                        %id, duration_ms = done.manifest.duration_ms, bytes = done.manifest.bytes,
                        partial = done.manifest.failed.is_some(), "recording finished"
                    ),
                    Err(error) => tracing::error!(
                        %id, %error, "a recording is not finished; the next start tries again"
                    ),
                }
                if reply.send(outcome).is_err() {
                    tracing::debug!(%id, "nobody waited for the end of this recording");
                }
            }
        }
    }
}

impl Finish {
    fn finish(self) -> Result<Finished, RecordingError> {
        let Self {
            head,
            paths,
            file,
            journal,
            duration_ms: asked_ms,
            gaps,
            pauses,
            frames,
            failed,
        } = self;
        if let Err(error) = journal.sync() {
            tracing::debug!(%error, "the journal could not be synced");
        }
        drop(file);
        let mut evidence = Evidence { gaps, pauses, frames, failed };
        let whole = head.format == model::RecordingFormat::OggOpus && evidence.failed.is_none();
        let duration_ms = if whole {
            asked_ms
        } else {
            let salvaged = writer::salvage(head.format, &paths.part, &head.tags())?;
            declare_damage(&mut evidence, &salvaged);
            millis(salvaged.samples)
        };
        clip(&mut evidence.gaps, &mut evidence.pauses, duration_ms);
        if evidence.failed.is_some() {
            let lost = |track| Gap { track, from_ms: duration_ms, to_ms: asked_ms };
            push_gap(&mut evidence.gaps, lost(Track::Caller));
            push_gap(&mut evidence.gaps, lost(Track::Agent));
        }
        let manifest = seal(&paths, &paths.part, head, evidence, duration_ms, false)?;
        drop(journal); // its lock ends only after its name is gone
        Ok(Finished { manifest, file: paths.file })
    }
}

/// Adds what salvaging found to the gaps.
pub(crate) fn declare_damage(evidence: &mut Evidence, salvaged: &writer::Salvaged) {
    for (from, to) in &salvaged.damaged {
        for track in [Track::Caller, Track::Agent] {
            let gap = Gap { track, from_ms: millis(*from), to_ms: millis(*to) };
            push_gap(&mut evidence.gaps, gap);
        }
    }
}

/// Makes a whole file final: durable, hashed, under its name, with its manifest, and without its
/// journal. Whatever step a crash interrupts, the journal is still there and says so.
pub(crate) fn seal(
    paths: &Paths,
    sound: &Path,
    head: Head,
    evidence: Evidence,
    duration_ms: u64,
    recovered: bool,
) -> Result<Manifest, RecordingError> {
    let (bytes, sha256) =
        sync_and_hash(sound).map_err(|e| RecordingError::io("sync and hash", sound, e))?;
    let manifest = Manifest {
        version: VERSION,
        id: head.id,
        call: head.call,
        line: head.line,
        agent: head.agent,
        format: head.format,
        file: paths.file_name(),
        started_at: head.started_at,
        duration_ms,
        bytes,
        sha256,
        channels: [Track::Caller, Track::Agent],
        gaps: evidence.gaps,
        pauses: evidence.pauses,
        started_by: head.started_by,
        recovered,
        failed: evidence.failed,
        frames: evidence.frames,
    };
    if sound != paths.file {
        fs::rename(sound, &paths.file).map_err(|e| RecordingError::io("rename", sound, e))?;
    }
    vault::write_manifest(&paths.manifest, &manifest)?;
    vault::sync_folder(&paths.day);
    fs::remove_file(&paths.journal)
        .map_err(|e| RecordingError::io("remove the journal", &paths.journal, e))?;
    Ok(manifest)
}

fn sync_and_hash(path: &Path) -> io::Result<(u64, String)> {
    let mut file = File::options().read(true).write(true).open(path)?;
    file.sync_all()?;
    let mut hash = Sha256::new();
    let mut block = vec![0; HASH_BLOCK];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut block)?;
        if read == 0 {
            return Ok((bytes, hex::encode(hash.finalize())));
        }
        hash.update(&block[..read]);
        bytes += read as u64;
    }
}
