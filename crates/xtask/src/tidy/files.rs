//! The files the rules are about.

use std::fs;
use std::path::Path;

use crate::Outcome;

/// A source file.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the top of the tree, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Source {
    pub(crate) fn has_kind(&self, kinds: &[&str]) -> bool {
        let kind = self.path.rsplit_once('.').map_or("", |(_, kind)| kind);
        kinds.contains(&kind)
    }

    /// The crate it belongs to; the daemon's own package at the top is `ringdown`.
    pub(crate) fn crate_name(&self) -> &str {
        self.path
            .strip_prefix("crates/")
            .and_then(|rest| rest.split_once('/'))
            .map_or("ringdown", |(name, _)| name)
    }
}

/// Folders with what is made, installed, or recorded.
const SKIPPED: [&str; 8] = [
    ".git",
    "target",
    "node_modules",
    "dist",
    "recordings",
    "demo-data",
    "test-results",
    "fixtures",
];

/// Kinds of files that people write.
const KINDS: [&str; 10] = ["rs", "toml", "md", "ts", "mjs", "js", "css", "html", "yaml", "sql"];

/// All files under the rules.
pub(crate) fn read(root: &Path) -> Outcome<Vec<Source>> {
    let mut sources = Vec::new();
    walk(root, root, &mut sources)
        .map_err(|error| format!("the source tree cannot be read: {error}"))?;
    Ok(sources)
}

fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if entry.file_type()?.is_dir() {
            if !SKIPPED.iter().any(|skipped| name == *skipped) {
                walk(root, &path, sources)?;
            }
            continue;
        }
        let kind = path.extension().unwrap_or_default();
        if KINDS.iter().any(|known| kind == *known) {
            let shown = path.strip_prefix(root).unwrap_or(&path);
            sources.push(Source {
                path: shown.to_string_lossy().replace('\\', "/"),
                text: String::from_utf8_lossy(&fs::read(&path)?).into_owned(),
            });
        }
    }
    Ok(())
}
