//! A wrong configuration names all its problems at once, and a secret never shows.

mod deploy_file;
mod precedence;
mod problems;
mod secrets;
mod workspaces;

use std::io;
use std::path::{Path, PathBuf};

use config::{Config, Problems};

/// The least that lets the daemon start.
const SECRETS: [(&str, &str); 3] = [
    ("RINGDOWN__WHATSAPP__APP_SECRET", "canary-app-secret"),
    ("RINGDOWN__WHATSAPP__VERIFY_TOKEN", "canary-verify-token"),
    ("RINGDOWN__WHATSAPP__ACCESS_TOKEN", "canary-access-token"),
];

fn variables(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect::<Vec<_>>()
        .into_iter()
}

/// Loads files given as (name, text) in order, with variables. Files that are only read as
/// secrets are named `*.secret`.
fn load(files: &[(&str, &str)], env: &[(&str, &str)]) -> Result<Config, Problems> {
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(name, _)| PathBuf::from(name))
        .filter(|path| path.extension().is_none_or(|kind| kind != "secret"))
        .collect();
    let read = |path: &Path| {
        files
            .iter()
            .find(|(name, _)| Path::new(name) == path)
            .map(|(_, text)| (*text).to_owned())
            .ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    };
    config::load_with(&paths, variables(env), &read)
}

/// Loads one file beside the required secrets.
fn load_file(text: &str) -> Result<Config, Problems> {
    load(&[("ringdown.toml", text)], &SECRETS)
}
