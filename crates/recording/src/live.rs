//! One open recording: two timelines, what was left out, and the file that grows.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use model::Track;

use crate::error::RecordingError;
use crate::journal::{Fact, Head, Journal};
use crate::keeper::{Finish, SyncRequest};
use crate::manifest::{FrameCounts, Gap, Pause, push_gap};
use crate::ogg_writer::PRE_SKIP;
use crate::packet::SLOT;
use crate::recorder::{Frame, NewRecording};
use crate::timeline::{SlotFrames, Tapped, Timeline};
use crate::track::SlotInput;
use crate::vault::Paths;
use crate::writer::Writer;

/// How long a slot waits for late and reordered packets.
const REORDER_WINDOW: u64 = 9_600; // 200 ms
/// Slots that wait to be written together: one at a time would find its memory cold each time.
const TOGETHER: u64 = 10; // 200 ms
/// A shorter hole is concealed well enough to pass unmentioned.
const GAP_MIN: u64 = 2_880; // 60 ms
/// Pauses of one recording: far more than anybody presses a button.
const PAUSES_MAX: usize = 1_000;
/// How often the counters reach the journal: every 10 s.
const COUNT_EVERY_SLOTS: u64 = 500;

/// A stretch in samples; without an end it goes on.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u64,
    to: Option<u64>,
}

/// One track: what waits, and the hole it may be in.
#[derive(Debug, Default)]
struct TrackState {
    timeline: Timeline,
    /// Where the present hole began.
    hole_from: Option<u64>,
    /// Where the sound that was written ends.
    covered: u64,
    last_seq: Option<u64>,
}

/// An open recording.
pub(crate) struct Live {
    head: Head,
    paths: Paths,
    started: Instant,
    file: Arc<File>,
    journal: Arc<Journal>,
    writer: Writer,
    caller: TrackState,
    agent: TrackState,
    pauses: Vec<Span>,
    gaps: Vec<Gap>,
    frames: FrameCounts,
    next_slot: u64,
    failed: Option<String>,
    sync: Arc<SyncRequest>,
    unsynced: bool,
}

impl Live {
    /// Creates the files of a recording.
    pub(crate) fn create(folder: &Path, new: NewRecording) -> Result<Self, RecordingError> {
        let paths = Paths::new(folder, new.id, new.started_at, new.format);
        let started = new.started;
        let head = new.into_head();
        if paths.file.exists() || paths.manifest.exists() {
            return Err(RecordingError::Exists(head.id));
        }
        std::fs::create_dir_all(&paths.day)
            .map_err(|e| RecordingError::io("create the folder", &paths.day, e))?;
        let journal = Arc::new(Journal::create(&paths.journal, &head)?);
        match Self::begin(&paths, &head) {
            Ok((file, writer)) => Ok(Self {
                sync: Arc::new(SyncRequest::new(file.clone(), journal.clone(), paths.day.clone())),
                head,
                paths,
                started,
                file,
                journal,
                writer,
                caller: TrackState::default(),
                agent: TrackState::default(),
                pauses: Vec::new(),
                gaps: Vec::new(),
                frames: FrameCounts::default(),
                next_slot: 0,
                failed: None,
                unsynced: true,
            }),
            Err(error) => {
                // Nothing was recorded, so nothing may be recovered either.
                for path in [&paths.part, &paths.journal] {
                    if let Err(error) = std::fs::remove_file(path) {
                        tracing::debug!(path = %path.display(), %error, "nothing to clean up");
                    }
                }
                Err(error)
            }
        }
    }

    fn begin(paths: &Paths, head: &Head) -> Result<(Arc<File>, Writer), RecordingError> {
        let file = File::options()
            .append(true)
            .create_new(true)
            .open(&paths.part)
            .map_err(|e| RecordingError::io("create", &paths.part, e))?;
        let file = Arc::new(file);
        let writer = Writer::new(head.format, file.clone(), &paths.part, &head.tags())?;
        Ok((file, writer))
    }

    /// Samples from the start of the recording to a moment.
    fn sample_at(&self, moment: Instant) -> u64 {
        let since = moment.saturating_duration_since(self.started);
        since.as_secs() * 48_000 + u64::from(since.subsec_nanos()) * 48_000 / 1_000_000_000
    }

    /// Takes a frame in and writes what no later frame can change.
    pub(crate) fn accept(&mut self, frame: &Frame<'_>) {
        let arrived = self.sample_at(frame.arrived);
        let taken = self.failed.is_none()
            && frame.arrived >= self.started
            && !self.is_paused(arrived, arrived + 1);
        let written = self.next_slot * SLOT;
        let tapped = Tapped {
            arrived,
            seq: frame.seq,
            rtp_timestamp: frame.rtp_timestamp,
            payload: frame.payload,
        };
        let taken = taken
            && match self.track(frame.track).timeline.accept(tapped, written) {
                Ok(()) => true,
                Err(refused) => {
                    tracing::trace!(id = %self.head.id, ?refused, "a frame is left out");
                    false
                }
            };
        let counts = self.frames.track_mut(frame.track);
        if taken {
            counts.received += 1;
        } else {
            counts.dropped += 1;
        }
        // Usually the clock has come first; after a stall the frames bring it along.
        if Self::end_of_slot(self.next_slot + TOGETHER) < self.sample_at(frame.arrived) {
            self.advance(frame.arrived);
        }
    }

    /// When this slot is over, the reorder window included.
    const fn end_of_slot(slot: u64) -> u64 {
        (slot + 1) * SLOT + REORDER_WINDOW
    }

    /// Writes the slots that are over at `now`, the reorder window included.
    pub(crate) fn advance(&mut self, now: Instant) {
        let clock = self.sample_at(now);
        while Self::end_of_slot(self.next_slot) <= clock {
            self.write_slot(None);
        }
    }

    /// Leaves out everything from `at` on, including what arrived since and is not written yet.
    pub(crate) fn pause(&mut self, at: Instant) -> Result<(), RecordingError> {
        if self.pauses.last().is_some_and(|pause| pause.to.is_none()) {
            return Ok(());
        }
        if self.pauses.len() >= PAUSES_MAX {
            return Err(RecordingError::TooManyPauses { id: self.head.id, limit: PAUSES_MAX });
        }
        let from = self.sample_at(at).max(self.next_slot * SLOT);
        self.pauses.push(Span { from, to: None });
        self.caller.timeline.forget_arrivals_since(from);
        self.agent.timeline.forget_arrivals_since(from);
        self.journal.note(&Fact::PausedAt(millis(from)));
        Ok(())
    }

    /// Records again from `at` on.
    pub(crate) fn resume(&mut self, at: Instant) {
        let at = self.sample_at(at);
        if let Some(pause) = self.pauses.last_mut().filter(|pause| pause.to.is_none()) {
            let to = at.max(pause.from);
            pause.to = Some(to);
            self.journal.note(&Fact::ResumedAt(millis(to)));
        }
    }

    /// Writes the rest and hands over what the keeper needs to finish the file.
    pub(crate) fn close(mut self, at: Instant) -> Finish {
        let mut total = self.sample_at(at);
        let mut slots = (total + PRE_SKIP).div_ceil(SLOT);
        if slots <= self.next_slot {
            // More is written already than was asked for; the stream still needs its end.
            slots = self.next_slot + 1;
            total = slots * SLOT - PRE_SKIP;
        }
        while self.next_slot + 1 < slots {
            self.write_slot(None);
        }
        self.write_slot(Some(total));
        for track in [Track::Caller, Track::Agent] {
            self.end_hole(track, total, None);
        }
        let pauses = self.pauses.iter().map(|pause| Pause {
            from_ms: millis(pause.from),
            to_ms: millis(pause.to.unwrap_or(total)),
        });
        Finish {
            pauses: pauses.collect(),
            head: self.head,
            paths: self.paths,
            file: self.file,
            journal: self.journal,
            duration_ms: millis(total),
            gaps: self.gaps,
            frames: self.frames,
            failed: self.failed,
        }
    }

    /// The file to sync, if something was written since.
    pub(crate) fn unsynced(&mut self) -> Option<Arc<SyncRequest>> {
        if self.failed.is_none()
            && let Some(reason) = self.sync.failure()
        {
            self.fail(format!("the disk did not keep what was written: {reason}"));
        }
        if !self.unsynced || self.failed.is_some() || !self.sync.claim() {
            return None;
        }
        self.unsynced = false;
        Some(self.sync.clone())
    }

    fn track(&mut self, track: Track) -> &mut TrackState {
        match track {
            Track::Caller => &mut self.caller,
            Track::Agent => &mut self.agent,
        }
    }

    fn is_paused(&self, from: u64, to: u64) -> bool {
        self.pauses
            .iter()
            .rev()
            .take_while(|pause| pause.to.is_none_or(|end| end > from))
            .any(|pause| pause.from < to)
    }

    fn write_slot(&mut self, total: Option<u64>) {
        let start = self.next_slot * SLOT;
        let end = start + SLOT;
        let paused = self.is_paused(start, end);
        // The last slot may only serve to bring out what the decoder holds back.
        let audible = total.is_none_or(|total| start < total);
        let caller = self.take_slot(Track::Caller, start, paused, audible);
        let agent = self.take_slot(Track::Agent, start, paused, audible);
        if self.failed.is_none() {
            let caller =
                SlotInput { start, frames: &caller, next: self.caller.timeline.at(end), paused };
            let agent =
                SlotInput { start, frames: &agent, next: self.agent.timeline.at(end), paused };
            match self.writer.slot(&caller, &agent, total) {
                Ok(written) => self.unsynced |= written,
                Err(error) => self.fail(error.to_string()),
            }
        }
        self.next_slot += 1;
        if self.next_slot.is_multiple_of(COUNT_EVERY_SLOTS) {
            self.journal.note(&Fact::Counted(self.frames));
        }
    }

    /// Takes the frames of one slot and keeps account of holes.
    fn take_slot(&mut self, track: Track, start: u64, paused: bool, audible: bool) -> SlotFrames {
        let state = self.track(track);
        let frames = state.timeline.take_until(start + SLOT);
        if paused {
            state.covered = 0;
            self.end_hole(track, start, None);
            return SlotFrames::new();
        }
        for (position, frame) in &frames {
            state.covered = state.covered.max(position + frame.toc.frame_samples());
        }
        if state.covered > start {
            self.end_hole(track, start, frames.first().map(|(_, frame)| frame.seq));
        } else if audible {
            state.hole_from.get_or_insert(start);
            self.frames.track_mut(track).concealed += 1;
        }
        if let Some(newest) = frames.iter().map(|(_, frame)| frame.seq).max() {
            self.track(track).last_seq = Some(newest);
        }
        frames
    }

    /// Declares the hole that ends at `end`, unless it is short or nothing was sent in it.
    fn end_hole(&mut self, track: Track, end: u64, next_seq: Option<u64>) {
        let state = self.track(track);
        let Some(from) = state.hole_from.take() else { return };
        let unsent = state.last_seq.zip(next_seq).is_some_and(|(last, next)| next == last + 1);
        if unsent || end.saturating_sub(from) <= GAP_MIN {
            return;
        }
        let gap = Gap { track, from_ms: millis(from), to_ms: millis(end) };
        push_gap(&mut self.gaps, gap);
        self.journal.note(&Fact::Lost(gap));
    }

    /// Stops writing. The call and other recordings go on.
    fn fail(&mut self, reason: String) {
        tracing::error!(
            id = %self.head.id, call = %self.head.call, part = %self.paths.part.display(), %reason,
            "a recording stops here; what is on disk is kept; make room or mend the disk"
        );
        self.journal.note(&Fact::Failed(reason.clone()));
        self.failed = Some(reason);
    }
}

/// Milliseconds of a number of samples, rounded down.
pub(crate) fn millis(samples: u64) -> u64 {
    samples / 48
}
