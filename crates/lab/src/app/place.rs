//! Where a command works and what it is called.

use std::path::{Path, PathBuf};

use candle_core::Device;
use vimae_spec::Paper;

use crate::{Error, HubOptions, Result, Sources, TimedStep};

/// Where a command works and what it is called.
#[derive(Debug, Clone)]
pub struct Place {
    /// What people type to call the command: `cargo xtask`, or the name of the program.
    pub command: String,
    /// The directory with `experiments`, `runs` and the cache of data sets.
    pub root: PathBuf,
    /// Times a training step, from which the time of runs is foretold where none has finished.
    pub(super) timed_step: Option<TimeStep>,
}

/// Times a training step on a device.
pub type TimeStep = fn(&Device) -> std::result::Result<TimedStep, Box<dyn std::error::Error + Send + Sync>>;

impl Place {
    /// The folder of a reproduction: the one named, or that of the quick profile.
    pub(super) fn reproduction(&self, named: Option<&Path>) -> PathBuf {
        named.map_or_else(|| self.root.join("runs/quick"), Path::to_path_buf)
    }

    /// The directory of profiles.
    pub(super) fn experiments(&self) -> PathBuf {
        self.root.join("experiments")
    }

    /// The paper's numbers; none where there is no directory of experiments.
    pub(super) fn paper(&self) -> Result<Paper> {
        let experiments = self.experiments();
        if experiments.exists() { crate::paper(&experiments) } else { Ok(Paper::default()) }
    }

    /// Where data sets are looked for: the folder named, or that of VIMAE_DATA_DIR, the Hub's cache, the project's own cache.
    pub fn sources(&self, data_dir: Option<PathBuf>) -> Sources {
        Sources {
            data_dir: data_dir.or_else(|| std::env::var_os("VIMAE_DATA_DIR").filter(|dir| !dir.is_empty()).map(PathBuf::from)),
            hub_cache: Some(HubOptions::from_env().cache),
            cache_dir: Some(self.root.join("datasets/cache")),
            skip_broken: false,
        }
    }

    /// As [`Place::sources`], for commands that read the folder and do not make it.
    ///
    /// # Errors
    /// [`Error::NoDataDir`] where the folder named is none.
    pub(super) fn sources_there(&self, data_dir: Option<PathBuf>) -> Result<Sources> {
        let given = if data_dir.is_some() { "--data-dir" } else { "VIMAE_DATA_DIR" };
        let sources = self.sources(data_dir);
        match sources.data_dir.as_ref().filter(|dir| !dir.is_dir()) {
            Some(path) => Err(Error::NoDataDir { given, path: path.clone() }),
            None => Ok(sources),
        }
    }
}
