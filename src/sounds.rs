//! What callers hear while no agent does: read and encoded once, when the daemon starts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use config::{Config, Place, Problem, Problems, Ringback};
use media::{Cadence, Clip, MediaError};
use switchboard::Sounds;

/// Reads every file that a line names; lines that share a file share its frames. Takes about 1 ms
/// for a second of sound: not for an async thread.
///
/// # Errors
/// [`Problems`] with every file that cannot be played, by its key.
pub(crate) fn load(config: &Config) -> anyhow::Result<Sounds> {
    let mut sounds = Sounds::built_in().context("the built-in sounds cannot be encoded")?;
    let north_america = Clip::ringback(Cadence::NorthAmerica)?;
    let mut files: BTreeMap<PathBuf, Clip> = BTreeMap::new();
    let mut problems = Vec::new();
    for (at, line) in config.lines.iter().enumerate() {
        let mut own = sounds.built_in.clone();
        match line.ringback {
            Ringback::Europe => {}
            Ringback::NorthAmerica => own.ringback = north_america.clone(),
        }
        if let Some(path) = &line.hold_music {
            match file(&mut files, path) {
                Ok(clip) => own.hold = clip,
                Err(error) => problems.push(unplayable(at, "hold_music", &error)),
            }
        }
        if let Some(path) = &line.notice {
            match file(&mut files, path) {
                Ok(clip) => own.notice = Some(clip),
                Err(error) => problems.push(unplayable(at, "notice", &error)),
            }
        }
        sounds.lines.insert(line.id.clone(), own);
    }
    if problems.is_empty() { Ok(sounds) } else { Err(Problems::new(problems).into()) }
}

fn file(files: &mut BTreeMap<PathBuf, Clip>, path: &Path) -> Result<Clip, MediaError> {
    if let Some(clip) = files.get(path) {
        return Ok(clip.clone());
    }
    let is_wav = path.extension().is_some_and(|kind| kind.eq_ignore_ascii_case("wav"));
    let clip = if is_wav { Clip::from_wav(path) } else { Clip::from_ogg_opus(path) }?;
    files.insert(path.to_owned(), clip.clone());
    Ok(clip)
}

fn unplayable(at: usize, key: &str, error: &MediaError) -> Problem {
    Problem {
        key: format!("lines[{at}].{key}"),
        message: error.to_string(),
        hint: "name a WAV or Ogg Opus file that this user may read, or leave the key out"
            .to_owned(),
        place: Place::Nowhere,
    }
}
