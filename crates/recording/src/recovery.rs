//! Start-up: adopts what a crash left behind, guided by the journals.

use std::fs;
use std::path::Path;

use crate::error::RecordingError;
use crate::journal::{self, Abandoned};
use crate::keeper::{declare_damage, seal};
use crate::live::millis;
use crate::manifest::clip;
use crate::recorder::Recovered;
use crate::vault::{self, JOURNAL_SUFFIX, Paths};
use crate::writer;

/// Repairs every recording whose writer is gone. What cannot be repaired stays where it is and
/// is reported in the log.
pub(crate) fn adopt_all(folder: &Path) -> Result<Vec<Recovered>, RecordingError> {
    let mut found = Vec::new();
    for day in vault::day_folders(folder)? {
        let entries = fs::read_dir(&day).map_err(|e| RecordingError::io("list", &day, e))?;
        let mut names: Vec<String> =
            entries.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        for name in names.iter().filter(|name| name.ends_with(JOURNAL_SUFFIX)) {
            let path = day.join(name);
            match adopt(&day, &path) {
                Ok(Some(recovered)) => found.push(recovered),
                Ok(None) => tracing::info!(
                    journal = %path.display(), "another process is writing this recording"
                ),
                Err(error) => tracing::error!(
                    journal = %path.display(), %error, "a recording could not be recovered"
                ),
            }
        }
        warn_of_orphans(&day, &names);
    }
    Ok(found)
}

fn adopt(day: &Path, journal: &Path) -> Result<Option<Recovered>, RecordingError> {
    let Some(Abandoned { head, mut evidence, lock }) = journal::read(journal)? else {
        return Ok(None);
    };
    let paths = Paths::in_day(day, head.id, head.format);
    if paths.manifest.is_file() && paths.file.is_file() {
        // Everything was done but removing the journal; nobody may have been told, though.
        let manifest = vault::read_manifest(&paths.manifest)?;
        fs::remove_file(journal)
            .map_err(|e| RecordingError::io("remove the journal", journal, e))?;
        return Ok(Some(Recovered { manifest, file: paths.file }));
    }
    let sound = if paths.file.is_file() { &paths.file } else { &paths.part };
    let salvaged = writer::salvage(head.format, sound, &head.tags())?;
    declare_damage(&mut evidence, &salvaged);
    let duration_ms = millis(salvaged.samples);
    clip(&mut evidence.gaps, &mut evidence.pauses, duration_ms);
    let manifest = seal(&paths, sound, head, evidence, duration_ms, true)?;
    drop(lock);
    tracing::warn!(
        id = %manifest.id, call = %manifest.call, duration_ms,
        "a recording was cut short by a crash and is recovered"
    );
    Ok(Some(Recovered { manifest, file: paths.file }))
}

/// A `.part` without a journal says neither whose it is nor when it was.
fn warn_of_orphans(day: &Path, names: &[String]) {
    for name in names.iter().filter(|name| name.ends_with(".part")) {
        let id = name.split('.').next().unwrap_or_default();
        if !names.contains(&format!("{id}{JOURNAL_SUFFIX}")) {
            tracing::warn!(
                part = %day.join(name).display(),
                "a sound file without a journal is left alone; listen to it or delete it"
            );
        }
    }
}
