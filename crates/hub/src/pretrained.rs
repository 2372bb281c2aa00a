//! A run as values, published or where it was trained: the network's description, the specification, the record, the weights.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use candle_core::Tensor;
use vimae_spec::{RunRecord, RunSpec};

use crate::{Config, Error, Event, Options, Result, RunFiles, check_revision, config::CONFIG, digest, is_pickle_name, pull};

/// A finished run, checked.
#[derive(Debug, Clone)]
pub struct Pretrained {
    /// The folder that holds its files.
    pub folder: PathBuf,
    /// The commit, where it came from the Hub.
    pub commit: Option<String>,
    /// The network and the digests.
    pub config: Config,
    /// Everything known about the run.
    pub record: RunRecord,
    /// Weights and running statistics on the CPU, by the names of the equivalent PyTorch module.
    pub weights: BTreeMap<String, Tensor>,
}

impl Pretrained {
    /// The run's specification.
    pub fn spec(&self) -> &RunSpec {
        &self.record.spec
    }

    /// Opens the folder of a finished run, where it was trained, as `push --dry-run` writes it or as `pull` brings it, and
    /// checks every file whose digest is known.
    ///
    /// # Errors
    /// [`Error::NoModel`] for another folder; [`Error::Pickle`], [`Error::Format`], [`Error::Damaged`], [`Error::Io`].
    pub fn open(folder: &Path) -> Result<Self> {
        let path = folder.join(CONFIG);
        let entries = folder.read_dir().map_err(|e| Error::io(folder, e))?;
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        if let Some(file) = names.filter(|name| is_pickle_name(name)).min() {
            return Err(Error::Pickle { place: folder.display().to_string(), file });
        }
        if !path.is_file() {
            return Err(Error::no_model(folder.display(), "holds no config.json; give what `hub pull` or `hub push --dry-run` wrote"));
        }
        for (name, published) in &Config::read(&path)?.files {
            digest::check(&folder.join(name), &published.sha256, digest::LOCAL)?;
        }
        let RunFiles { config, record, weights, .. } = RunFiles::open(folder)?;
        Ok(Self { folder: folder.into(), commit: None, config, record, weights: weights.0 })
    }
}

/// Loads `owner/name`, or `owner/name@revision`, from the Hub or from its cache, as the environment says
/// ([`Options::from_env`]).
///
/// # Errors
/// As [`from_pretrained_with`].
pub fn from_pretrained(name: &str) -> Result<Pretrained> {
    from_pretrained_with(name, &Options::from_env(), &mut |_| ())
}

/// Loads `owner/name`, or `owner/name@revision`. `tell` hears of files, bytes and waits.
///
/// # Errors
/// [`Error::Name`]; as [`pull`](crate::pull()) and [`Pretrained::open`].
pub fn from_pretrained_with(name: &str, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Pretrained> {
    let (repo, revision) = name.split_once('@').map_or((name, None), |(repo, revision)| (repo, Some(revision)));
    revision.map(check_revision).transpose()?;
    let pulled = pull(&repo.parse()?, revision, options, tell)?;
    Ok(Pretrained { commit: Some(pulled.commit), ..Pretrained::open(&pulled.folder)? })
}
