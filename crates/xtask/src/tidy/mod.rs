//! The rules of the source tree that no compiler checks. Each rule is a module with a sentence.

mod code;
mod files;
mod floors;
mod manifest;
mod shape;
mod text;

use crate::Outcome;
use crate::place::Place;
use crate::talk::say;

/// A breach of a rule, as `path:line: what`.
type Breach = String;

/// Checks every rule and tells all breaches.
pub(crate) fn run(place: &Place) -> Outcome {
    let sources = files::read(&place.root)?;
    let mut breaches = Vec::new();
    for source in &sources {
        text::check(source, &mut breaches);
        shape::check(source, &mut breaches);
        floors::check_source(source, &mut breaches);
    }
    let manifests: Vec<_> = sources.iter().filter_map(manifest::read).collect();
    floors::check_manifests(&manifests, &mut breaches);
    if breaches.is_empty() {
        return Ok(());
    }
    breaches.sort();
    for breach in &breaches {
        say(breach);
    }
    Err(format!("breaches of the tree's rules: {}", breaches.len()))
}
