//! Dependencies point down only, doors do not know each other, and rules read no clock.

use super::Breach;
use super::code;
use super::files::Source;
use super::manifest::Manifest;

/// Where a crate stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stand {
    /// On a floor: it may know the floors below.
    Floor(u8),
    /// Beside the house: it may know only floor 0, and only the daemon's package may know it.
    Beside,
    /// The daemon's own package: it may know all.
    Top,
}

use Stand::{Beside, Floor, Top};

/// The house.
const CRATES: [(&str, Stand); 19] = [
    ("model", Floor(0)),
    ("wire", Floor(0)),
    ("call", Floor(1)),
    ("ledger", Floor(1)),
    ("whatsapp", Floor(2)),
    ("media", Floor(2)),
    ("deliver", Floor(2)),
    ("recording", Floor(2)),
    ("store", Floor(2)),
    ("cluster", Floor(2)),
    ("switchboard", Floor(3)),
    ("dispatch", Floor(3)),
    ("api", Floor(4)),
    ("desk", Floor(4)),
    ("config", Beside),
    ("sim", Beside),
    ("bench", Beside),
    ("xtask", Beside),
    ("ringdown", Top),
];

/// Arrows that go along a floor, or in from beside the house: frames are made of words, the API
/// serves the desk's files, and what is measured is driven; the whole daemon by a simulated Meta.
const ALONG: [(&str, &str); 8] = [
    ("wire", "model"),
    ("api", "desk"),
    ("bench", "ledger"),
    ("bench", "media"),
    ("bench", "recording"),
    ("bench", "sim"),
    ("bench", "store"),
    // Markups and time zones are read into the values that price calls.
    ("config", "ledger"),
];

/// Foreign crates, by name or by beginning (`*`), that only some of ours may know.
const KEPT_APART: [(&str, &[&str]); 5] = [
    ("webrtc*", &["media", "sim"]),
    ("rtc", &["media", "sim"]),
    ("rtc-*", &["media", "sim"]),
    ("axum*", &["api", "sim"]),
    ("sqlx*", &["store", "bench"]),
];

/// What the rules must not touch: they are given the time, and chance happens elsewhere.
const IMPURE: [&str; 6] =
    ["Instant::now", "SystemTime::now", "Timestamp::now", "now_v7", "tokio", "rand"];

/// The one reader of the wall clock.
const CLOCK: &str = "crates/model/src/time.rs";

fn stand(name: &str) -> Option<Stand> {
    CRATES.iter().find(|(known, _)| *known == name).map(|(_, stand)| *stand)
}

/// Checks every arrow of every package.
pub(crate) fn check_manifests(manifests: &[Manifest], breaches: &mut Vec<Breach>) {
    for manifest in manifests {
        let (path, name) = (&manifest.path, &*manifest.name);
        let Some(from) = stand(name) else {
            breaches.push(format!("{path}:1: give `{name}` a floor in xtask's tidy/floors.rs"));
            continue;
        };
        for (line, dependency) in &manifest.dependencies {
            if let Some(to) = stand(dependency)
                && !may_know(from, to)
                && !ALONG.contains(&(name, &**dependency))
            {
                breaches.push(format!(
                    "{path}:{line}: `{name}` must not know `{dependency}`: dependencies point down"
                ));
            }
            for (kept, knowers) in KEPT_APART {
                if matches(kept, dependency) && !knowers.contains(&name) {
                    breaches.push(format!(
                        "{path}:{line}: `{dependency}` is for {} only",
                        knowers.join(" and ")
                    ));
                }
            }
        }
    }
}

fn may_know(from: Stand, to: Stand) -> bool {
    match (from, to) {
        (Top, Floor(_) | Beside) => true,
        (Floor(from), Floor(to)) => to < from,
        (Beside, Floor(to)) => to == 0,
        (_, Top) | (Floor(_) | Beside, Beside) => false,
    }
}

fn matches(kept: &str, name: &str) -> bool {
    match kept.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == kept,
    }
}

/// Checks that floors 0 and 1 read no clock, roll no dice and know no runtime.
pub(crate) fn check_source(source: &Source, breaches: &mut Vec<Breach>) {
    let is_product = source.path.starts_with("crates/") && source.path.contains("/src/");
    let is_pure = matches!(stand(source.crate_name()), Some(Floor(0 | 1)));
    if !is_product || !is_pure || !source.has_kind(&["rs"]) || source.path == CLOCK {
        return;
    }
    for (number, line) in (1..).zip(code::only(&source.text).lines()) {
        for impure in IMPURE {
            if code::has_word(line, impure) {
                breaches.push(format!(
                    "{}:{number}: `{impure}` on a floor of pure rules; take it as an argument",
                    source.path
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrows(name: &str, dependencies: &[&str]) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let manifest = Manifest {
            path: format!("crates/{name}/Cargo.toml"),
            name: name.to_owned(),
            dependencies: (1..).zip(dependencies.iter().map(|name| (*name).to_owned())).collect(),
        };
        check_manifests(&[manifest], &mut breaches);
        breaches
    }

    fn impurities(path: &str, text: &str) -> usize {
        let mut breaches = Vec::new();
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        check_source(&source, &mut breaches);
        breaches.len()
    }

    #[test]
    fn arrows_down_are_fine() {
        assert!(arrows("switchboard", &["call", "media", "store", "wire", "dashmap"]).is_empty());
        assert!(arrows("api", &["switchboard", "desk", "axum"]).is_empty());
        assert!(arrows("wire", &["model"]).is_empty());
        assert!(arrows("ringdown", &["api", "sim", "config", "store"]).is_empty());
        assert!(arrows("media", &["webrtc", "rtc-dtls"]).is_empty());
    }

    #[test]
    fn arrows_up_along_and_aside_are_found() {
        for (name, dependency) in [
            ("call", "switchboard"),
            ("call", "ledger"),
            ("model", "wire"),
            ("media", "recording"),
            ("desk", "api"),
            ("api", "sim"),
            ("switchboard", "config"),
            ("sim", "media"),
            ("media", "ringdown"),
            ("api", "sqlx"),
            ("ringdown", "axum"),
            ("switchboard", "rtc-ice"),
            ("whatsapp", "axum-extra"),
        ] {
            let breaches = arrows(name, &[dependency]);
            assert_eq!(breaches.len(), 1, "{name} -> {dependency}: {breaches:?}");
        }
    }

    #[test]
    fn a_crate_without_a_floor_is_found() {
        assert_eq!(arrows("attic", &[]).len(), 1);
    }

    #[test]
    fn rules_read_no_clock() {
        let reads = "let now = Instant::now();";
        assert_eq!(impurities("crates/call/src/state.rs", reads), 1);
        assert_eq!(impurities("crates/ledger/src/lib.rs", "use rand::rng;"), 1);
        assert_eq!(impurities("crates/call/src/a.rs", "// tokio and Instant::now"), 0);
        assert_eq!(impurities("crates/media/src/shard.rs", reads), 0);
        assert_eq!(impurities("crates/call/tests/call.rs", reads), 0);
        assert_eq!(impurities(CLOCK, "jiff::Timestamp::now()"), 0);
    }
}
