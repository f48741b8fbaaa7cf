//! Turns the Opus frames of two tracks into one two-channel file that survives a crash.
//!
//! A [`Recorder`] owns two threads. One polls a [`FrameSource`], places every frame on its
//! recording's timeline and writes; the other does what may wait for the disk: data syncs,
//! hashing, renaming, manifests. Ogg/Opus is written without transcoding as two uncoupled mono
//! streams, caller left and agent right; WAV is decoded live.
//!
//! A recording is a `.part` with a journal (`.head.jsonl`) beside it until it is closed, then a
//! file with a [`Manifest`] (`.json`). [`Recorder::start`] repairs what a crash left behind.

mod error;
mod journal;
mod keeper;
mod live;
mod manifest;
mod ogg_page;
mod ogg_repair;
mod ogg_writer;
mod packet;
mod pcm;
mod placing;
mod recorder;
mod recovery;
mod timeline;
mod track;
mod vault;
mod wav;
mod writer;

pub use error::RecordingError;
pub use manifest::{FrameCounts, Gap, Manifest, Pause, TrackFrames};
pub use recorder::{
    Finished, Frame, FrameSource, NewRecording, Recorder, RecorderConfig, Recovered,
};
pub use vault::{erase, file_path, load_manifest};
