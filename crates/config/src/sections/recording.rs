//! `[recording]`: where and how recordings are kept.

use std::path::PathBuf;

use model::RecordingFormat;

use crate::section::Section;

/// Where and how recordings are kept. Whether calls are recorded is a matter of each line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recording {
    /// The vault's folder. Made when absent.
    pub folder: PathBuf,
    /// The container of new recordings.
    pub format: RecordingFormat,
}

impl Recording {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            folder: section.parsed("folder", "recordings".into(), "a folder name", super::path),
            format: section.choice(
                "format",
                &[("ogg_opus", RecordingFormat::OggOpus), ("wav", RecordingFormat::Wav)],
            ),
        }
    }
}
