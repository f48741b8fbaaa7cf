//! The file we ship shows every default as it is, and every key there is.

use crate::{SECRETS, load};

const SHIPPED: &str = include_str!("../../../../deploy/ringdown.toml");

#[test]
fn the_shipped_file_changes_nothing() {
    let shipped = load(&[("deploy/ringdown.toml", SHIPPED)], &SECRETS).unwrap();
    let defaults = load(&[], &SECRETS).unwrap();
    assert_eq!(format!("{shipped:?}"), format!("{defaults:?}"));
}

#[test]
fn every_key_it_offers_exists() {
    // Lines such as `# public_url = "…"` and `# [[lines]]` are offers; the rest is talk. Of a
    // secret and its file only one can be set, so the twins are left out here.
    let offered: String = SHIPPED
        .lines()
        .filter(|line| !line.contains("_file = "))
        .map(|line| {
            let offer = line.strip_prefix("# ").filter(|rest| {
                let key = rest.split_once(" = ").map_or("", |(key, _)| key);
                let is_key =
                    !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                is_key || (rest.starts_with("[[") && rest.ends_with("]]"))
            });
            format!("{}\n", offer.unwrap_or(line))
        })
        .collect();
    let config = load(&[("offered.toml", &offered)], &[]).unwrap();
    assert_eq!(config.lines.len(), 1);
    assert_eq!(config.server.public_url.as_deref(), Some("https://calls.example.com"));
    assert!(config.whatsapp.previous_app_secret.is_some());
    assert_eq!(config.turn.map(|turn| turn.urls.len()), Some(2));
}
