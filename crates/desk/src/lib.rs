//! The agent desk and the browser SDK as files inside the binary.
//!
//! The web sources live under `web/`; `npm run build` there writes `web/dist`, which the build
//! script copies in. A binary compiled without them serves a page that says how to build them.

use std::borrow::Cow;

use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/desk"]
struct Files;

/// A file of the desk, ready to be served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeskFile {
    /// The content.
    pub bytes: Cow<'static, [u8]>,
    /// The `Content-Type` header, charset included for texts.
    pub content_type: &'static str,
    /// The strong `ETag` header, quotes included (RFC 9110 section 8.8.3).
    pub etag: String,
    /// True when the name carries a hash of the content, so that clients may keep it for ever.
    pub immutable: bool,
}

/// The file at `path`, relative and without a leading slash: `index.html`, `assets/…`,
/// `sdk/ringdown-sdk.js`. `None` for everything that is not part of the desk.
pub fn file(path: &str) -> Option<DeskFile> {
    let file = Files::get(path)?;
    let digest = file.metadata.sha256_hash();
    Some(DeskFile {
        bytes: file.data,
        content_type: content_type(path),
        etag: format!("\"{}\"", hex::encode(&digest[..16])),
        immutable: path.starts_with("assets/"),
    })
}

/// Whether the binary carries the built desk rather than the page that says how to build it.
pub fn is_built() -> bool {
    Files::get("sdk/ringdown-sdk.js").is_some()
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some(_) | None => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_a_page_to_show() {
        let page = file("index.html").unwrap();
        assert_eq!(page.content_type, "text/html; charset=utf-8");
        assert!(!page.immutable);
        assert!(page.etag.starts_with('"') && page.etag.ends_with('"') && page.etag.len() == 34);
        let text = std::str::from_utf8(&page.bytes).unwrap();
        assert!(text.contains("<title>"));
        assert_eq!(text.contains("cargo xtask demo"), !is_built());
    }

    #[test]
    fn a_built_desk_carries_the_sdk_and_hashed_assets_that_the_page_names() {
        if !is_built() {
            return;
        }
        let sdk = file("sdk/ringdown-sdk.js").unwrap();
        assert_eq!(sdk.content_type, "text/javascript; charset=utf-8");
        assert!(!sdk.immutable);
        let assets: Vec<_> = Files::iter().filter(|path| path.starts_with("assets/")).collect();
        let script = assets.iter().find(|path| path.ends_with(".js")).unwrap();
        assert!(file(script).unwrap().immutable);
        let page = file("index.html").unwrap();
        assert!(String::from_utf8(page.bytes.into_owned()).unwrap().contains(&**script));
    }

    #[test]
    fn paths_outside_the_desk_name_nothing() {
        for path in ["", "/index.html", "../Cargo.toml", "assets/../index.html", "assets"] {
            assert_eq!(file(path), None, "{path}");
        }
    }
}
