//! `[store]`: where facts are kept.

use std::path::PathBuf;

use crate::section::Section;

/// Where facts are kept.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Store {
    /// The SQLite file: journal, CDRs, ledger, keys. Made when absent.
    pub path: PathBuf,
}

impl Store {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self { path: section.parsed("path", "ringdown.db".into(), "a file name", super::path) }
    }
}
