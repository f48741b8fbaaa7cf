//! The recordings of calls: what the recorder is told, and what the store lists.

use std::path::Path;
use std::time::{Duration, Instant};

use call::Input;
use media::Tap;
use model::{CallId, RecordingId, RecordingMode, Timestamp, Track};
use recording::{NewRecording, RecordingError};
use store::RecordingRow;
use uuid::Uuid;

use crate::owner::Owner;
use crate::switchboard::Inner;

/// How long the recorder may take before the call goes on without it.
const RECORDER_WAIT: Duration = Duration::from_secs(1);

impl Owner {
    pub(crate) async fn tap_all(&self, recording: Option<RecordingId>) {
        // What a parted agent says, to a colleague perhaps, is not the caller's to have recorded.
        let joined = self.call.holder().filter(|_| recording.is_none() || !self.call.held());
        let holder = joined.map(|target| target.device);
        let agent_leg = holder.and_then(|device| self.inner.board.lock().agent_leg(device));
        for (leg, track) in [(self.carrier_leg, Track::Caller), (agent_leg, Track::Agent)] {
            if let Some(leg) = leg {
                let tap = recording.map(|recording| Tap { recording, track });
                self.inner.doors.plane.tap(leg, tap).await;
            }
        }
    }

    pub(crate) async fn start_recording(&mut self) {
        let id = RecordingId::from_uuid(Uuid::now_v7());
        let agent = self.call.holder().map(|target| target.agent.clone());
        let started_by = match (self.line.recording, &agent) {
            (RecordingMode::OnDemand, Some(agent)) => agent.to_string(),
            (RecordingMode::Off | RecordingMode::Always, _) | (RecordingMode::OnDemand, None) => {
                "line policy".to_owned()
            }
        };
        let new = NewRecording {
            id,
            call: self.id,
            line: self.line.id.clone(),
            agent,
            format: self.inner.house.recording_format,
            started_by,
            started_at: Timestamp::now(),
            started: Instant::now(),
        };
        match in_time(self.inner.doors.recorder.open(new)).await {
            Ok(()) => {
                self.recording = Some(id);
                self.last_recording = Some(id);
                self.inner.board.lock().recordings.insert(self.id, id);
                self.tap_all(Some(id)).await;
            }
            Err(error) => self.recording_failed(&error).await,
        }
    }

    /// The call goes on without its recording; what was kept so far is finished.
    async fn recording_failed(&mut self, error: &str) {
        tracing::error!(call = %self.id, error, "the call goes on without its recording");
        self.stop_recording().await;
        self.follow_ups.push(Input::RecordingFailed);
    }

    pub(crate) async fn pause_recording(&mut self) {
        let Some(id) = self.recording else { return };
        let paused = in_time(self.inner.doors.recorder.pause(id, Instant::now())).await;
        if let Err(error) = paused {
            // Fail closed: without taps nothing more of the secret can reach the file.
            self.recording_failed(&error).await;
        }
    }

    pub(crate) async fn resume_recording(&mut self) {
        let Some(id) = self.recording else { return };
        let resumed = in_time(self.inner.doors.recorder.resume(id, Instant::now())).await;
        if let Err(error) = resumed {
            self.recording_failed(&error).await;
        }
    }

    /// Stops the recorder; the file is finished beside the call, and then listed.
    pub(crate) async fn stop_recording(&mut self) {
        let Some(id) = self.recording.take() else { return };
        let ended = Instant::now();
        self.inner.board.lock().recordings.remove(&self.id);
        self.tap_all(None).await;
        let (inner, call) = (self.inner.clone(), self.id);
        self.inner.tasks.spawn(async move { inner.finish_recording(id, call, ended).await });
    }
}

/// Waits for the recorder, but not for a slow disk: a call has other things to do.
async fn in_time(asked: impl Future<Output = Result<(), RecordingError>>) -> Result<(), String> {
    match tokio::time::timeout(RECORDER_WAIT, asked).await {
        Ok(done) => done.map_err(|error| error.to_string()),
        Err(_) => Err("the recorder did not answer in time".to_owned()),
    }
}

impl Inner {
    pub(crate) async fn finish_recording(&self, id: RecordingId, call: CallId, ended: Instant) {
        match self.doors.recorder.close(id, ended).await {
            Ok(finished) => self.list_recording(&finished.manifest).await,
            Err(error) => {
                tracing::error!(%call, recording = %id, %error, "the recording is not finished; the next start repairs it");
            }
        }
    }

    /// Writes a finished recording into the database.
    pub(crate) async fn list_recording(&self, manifest: &recording::Manifest) {
        let row = RecordingRow {
            id: manifest.id,
            call: manifest.call,
            format: manifest.format,
            started_at: manifest.started_at,
            duration_ms: i64::try_from(manifest.duration_ms).unwrap_or(i64::MAX),
            bytes: i64::try_from(manifest.bytes).unwrap_or(i64::MAX),
            sha256: manifest.sha256.clone(),
            path: path_in_vault(manifest),
            recovered: manifest.recovered,
        };
        if let Err(error) = self.doors.store.add_recording(row).await {
            tracing::error!(recording = %manifest.id, %error, "a finished recording is not listed; its manifest lies beside it");
        }
    }
}

fn path_in_vault(manifest: &recording::Manifest) -> String {
    let path =
        recording::file_path(Path::new(""), manifest.id, manifest.started_at, manifest.format);
    path.to_string_lossy().into_owned()
}
