//! Where files are: `<folder>/<yyyy>/<mm>/<dd>/<recording id>.<extension>`.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use model::{RecordingFormat, RecordingId, Timestamp};

use crate::error::RecordingError;
use crate::manifest::Manifest;

/// The files of one recording while it is open and after.
#[derive(Clone, Debug)]
pub(crate) struct Paths {
    /// The day's folder.
    pub(crate) day: PathBuf,
    /// The sound file once it is whole.
    pub(crate) file: PathBuf,
    /// The sound file while it grows.
    pub(crate) part: PathBuf,
    /// The journal while the sound file grows.
    pub(crate) journal: PathBuf,
    /// The manifest once it is whole.
    pub(crate) manifest: PathBuf,
}

impl Paths {
    pub(crate) fn in_day(day: &Path, id: RecordingId, format: RecordingFormat) -> Self {
        let extension = extension(format);
        Self {
            day: day.to_owned(),
            file: day.join(format!("{id}.{extension}")),
            part: day.join(format!("{id}.{extension}.part")),
            journal: day.join(format!("{id}{JOURNAL_SUFFIX}")),
            manifest: day.join(format!("{id}.json")),
        }
    }

    pub(crate) fn new(
        folder: &Path,
        id: RecordingId,
        at: Timestamp,
        format: RecordingFormat,
    ) -> Self {
        Self::in_day(&day_folder(folder, at), id, format)
    }

    /// The name that the manifest gives to the sound file.
    pub(crate) fn file_name(&self) -> String {
        self.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    }
}

/// How a journal's name ends.
pub(crate) const JOURNAL_SUFFIX: &str = ".head.jsonl";

/// The path of a finished recording's sound file.
pub fn file_path(
    folder: &Path,
    id: RecordingId,
    started_at: Timestamp,
    format: RecordingFormat,
) -> PathBuf {
    Paths::new(folder, id, started_at, format).file
}

/// Deletes every file of a recording: sound, manifest, and what a crash may have left. One that is
/// gone already is no error.
///
/// # Errors
/// [`RecordingError::Io`] when a file cannot be deleted.
pub fn erase(
    folder: &Path,
    id: RecordingId,
    started_at: Timestamp,
    format: RecordingFormat,
) -> Result<(), RecordingError> {
    let paths = Paths::new(folder, id, started_at, format);
    for file in [&paths.file, &paths.part, &paths.journal, &paths.manifest] {
        match fs::remove_file(file) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(RecordingError::io("delete a recording", file, error)),
        }
    }
    sync_folder(&paths.day);
    Ok(())
}

/// Reads the manifest of a finished recording; `None` when the vault has none with this id.
///
/// Ids are version 7 UUIDs in this house, so the day is usually known from the id; any other id
/// is looked for in every day's folder.
///
/// # Errors
/// [`RecordingError::Io`] when the vault cannot be read, [`RecordingError::Manifest`] when the
/// document is damaged.
pub fn load_manifest(folder: &Path, id: RecordingId) -> Result<Option<Manifest>, RecordingError> {
    let name = format!("{id}.json");
    let likely = minted_at(id).map(|moment| day_folder(folder, moment).join(&name));
    if let Some(path) = likely.filter(|path| path.is_file()) {
        return read_manifest(&path).map(Some);
    }
    for day in day_folders(folder)? {
        let path = day.join(&name);
        if path.is_file() {
            return read_manifest(&path).map(Some);
        }
    }
    Ok(None)
}

pub(crate) fn read_manifest(path: &Path) -> Result<Manifest, RecordingError> {
    let text = fs::read(path).map_err(|e| RecordingError::io("read the manifest", path, e))?;
    serde_json::from_slice(&text)
        .map_err(|source| RecordingError::Manifest { path: path.to_owned(), source })
}

/// Writes a manifest so that a reader finds either nothing or all of it.
pub(crate) fn write_manifest(path: &Path, manifest: &Manifest) -> Result<(), RecordingError> {
    let draft = path.with_extension("json.tmp");
    let mut text = serde_json::to_vec_pretty(manifest)
        .map_err(|source| RecordingError::Manifest { path: path.to_owned(), source })?;
    text.push(b'\n');
    let write = || -> io::Result<()> {
        let mut file = File::create(&draft)?;
        file.write_all(&text)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|e| RecordingError::io("write the manifest", path, e))
}

/// Makes names in a folder durable. Best effort: some file systems cannot sync folders.
pub(crate) fn sync_folder(folder: &Path) {
    if let Err(error) = File::open(folder).and_then(|handle| handle.sync_all()) {
        tracing::debug!(folder = %folder.display(), %error, "the folder could not be synced");
    }
}

/// Every day's folder of the vault, oldest first.
pub(crate) fn day_folders(folder: &Path) -> Result<Vec<PathBuf>, RecordingError> {
    let mut level = vec![folder.to_owned()];
    for digits in [4, 2, 2] {
        let mut next = Vec::new();
        for parent in &level {
            next.extend(numbered_folders(parent, digits)?);
        }
        level = next;
    }
    Ok(level)
}

fn numbered_folders(parent: &Path, digits: usize) -> Result<Vec<PathBuf>, RecordingError> {
    let entries = match fs::read_dir(parent) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(RecordingError::io("list the vault", parent, error)),
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let name = entry.file_name();
            name.len() == digits && name.to_string_lossy().bytes().all(|b| b.is_ascii_digit())
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    Ok(found)
}

fn day_folder(folder: &Path, at: Timestamp) -> PathBuf {
    let text = at.to_string(); // RFC 3339 in UTC, so the first ten characters are the date
    let date = text.get(..10).filter(|date| {
        date.bytes().enumerate().all(|(i, b)| match i {
            4 | 7 => b == b'-',
            _ => b.is_ascii_digit(),
        })
    });
    let (year, month, day) = match date {
        Some(date) => (&date[..4], &date[5..7], &date[8..]),
        None => ("0000", "00", "00"),
    };
    folder.join(year).join(month).join(day)
}

/// When a version 7 id was made.
fn minted_at(id: RecordingId) -> Option<Timestamp> {
    let (seconds, nanos) = id.as_uuid().get_timestamp()?.to_unix();
    let millis = i64::try_from(seconds).ok()?.checked_mul(1_000)?;
    Some(Timestamp::from_millis(millis.checked_add(i64::from(nanos / 1_000_000))?))
}

fn extension(format: RecordingFormat) -> &'static str {
    match format {
        RecordingFormat::OggOpus => "opus",
        RecordingFormat::Wav => "wav",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_lies_in_the_folder_of_its_day() {
        let id: RecordingId = "rec_0193e3a0c0de7000800000000000002a".parse().unwrap();
        let at = Timestamp::from_millis(1_767_225_600_250);
        assert_eq!(
            file_path(Path::new("/v"), id, at, RecordingFormat::OggOpus),
            Path::new("/v/2026/01/01/rec_0193e3a0c0de7000800000000000002a.opus")
        );
        assert_eq!(
            day_folder(Path::new("/v"), Timestamp::from_millis(i64::MAX)),
            Path::new("/v/0000/00/00")
        );
    }

    #[test]
    fn an_unknown_id_has_no_manifest() {
        let vault = tempfile::tempdir().unwrap();
        let id: RecordingId = "rec_0193e3a0c0de7000800000000000002a".parse().unwrap();
        assert!(load_manifest(vault.path(), id).unwrap().is_none());
        assert!(load_manifest(&vault.path().join("absent"), id).unwrap().is_none());
    }
}
