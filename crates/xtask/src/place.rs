//! Where things are in the source tree.

use std::env;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// The source tree.
pub(crate) struct Place {
    /// The repository's top folder.
    pub(crate) root: PathBuf,
}

impl Place {
    /// The tree this task was started in. Cargo tells where the running package is; the path
    /// compiled in serves a binary that is started by hand.
    pub(crate) fn find() -> Outcome<Self> {
        let package = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        match package.parent().and_then(Path::parent) {
            Some(root) if root.join("Cargo.toml").is_file() => Ok(Self { root: root.to_owned() }),
            Some(_) | None => Err(format!(
                "{} is not in the Ringdown source tree; run `cargo xtask` there",
                package.display()
            )),
        }
    }

    /// The web sources of the desk.
    pub(crate) fn desk(&self) -> PathBuf {
        self.root.join("crates/desk/web")
    }

    /// The browser tests.
    pub(crate) fn browser_tests(&self) -> PathBuf {
        self.root.join("tests/browser")
    }

    /// The daemon as cargo builds it.
    pub(crate) fn daemon(&self, profile: &str) -> PathBuf {
        self.program(profile, "ringdown")
    }

    /// A program of this tree as cargo builds it.
    pub(crate) fn program(&self, profile: &str, name: &str) -> PathBuf {
        let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| "target".into(), PathBuf::from);
        self.root.join(target).join(profile).join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }
}
