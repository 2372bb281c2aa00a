//! Where on this machine data sets are looked for.

use std::path::{Path, PathBuf};

/// Folders that may hold the files of data sets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// The folder that the user named with `--data-dir`. Files are looked for in `DIR/<name>` and in `DIR`.
    pub data_dir: Option<PathBuf>,
}

impl Sources {
    /// Looks in `dir` alone.
    pub fn in_dir(dir: impl AsRef<Path>) -> Self {
        Self { data_dir: Some(dir.as_ref().into()) }
    }
}
