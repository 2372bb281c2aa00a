//! A published file onto this machine: into the Hub cache that all Hugging Face programs share, or into a folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Event, Options, Result, name::is_commit, network};

/// Where a file is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In a data set repository of the Hub; it goes into the Hub cache.
    Hub {
        /// `owner/name`.
        repo: String,
        /// The path in the repository.
        path: String,
        /// A commit, branch or tag; `main` where there is none.
        revision: Option<String>,
    },
    /// In a model repository of the Hub; it goes into the Hub cache.
    Model {
        /// `owner/name`.
        repo: String,
        /// The path in the repository.
        path: String,
        /// A commit, branch or tag.
        revision: String,
    },
    /// Anywhere else; it goes into a folder.
    Web {
        /// Its address.
        url: String,
        /// Where it goes, its name included.
        to: PathBuf,
    },
}

/// A file that is wanted, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is published.
    pub place: Place,
    /// Its SHA-256, in hex.
    pub sha256: Option<String>,
    /// Its MD5, in hex.
    pub md5: Option<String>,
}

/// A file that is on this machine now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Where.
    pub path: PathBuf,
    /// Whether it was there already: nothing was transferred.
    pub present: bool,
}

/// Brings one file, unless it is there. A transfer that breaks is taken up where it stopped, by this call and by any
/// later one; the file appears under its name only once it is whole and verified.
///
/// `tell` hears of bytes and waits.
///
/// # Errors
/// [`Error::Offline`] where the file is not here and the network is forbidden; [`Error::NoNetwork`] where it is not here and
/// this build has none; [`Error::Forbidden`], [`Error::NotFound`], [`Error::Busy`], [`Error::Interrupted`],
/// [`Error::Protocol`] as the server answers; [`Error::Digest`] for other content than was published; [`Error::Io`].
pub fn fetch(wanted: &Wanted, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Fetched> {
    match &wanted.place {
        Place::Hub { repo, path, revision } => {
            hub(wanted, &Source { model: false, repo, path, revision: revision.as_deref().unwrap_or("main") }, options, tell)
        }
        Place::Model { repo, path, revision } => hub(wanted, &Source { model: true, repo, path, revision }, options, tell),
        Place::Web { url, to } => web(wanted, url, to, options, tell),
    }
}

fn web(wanted: &Wanted, url: &str, to: &Path, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Fetched> {
    if to.exists() {
        return Ok(Fetched { path: to.into(), present: true });
    }
    network::check_network(options, &to.display().to_string())?;
    network::to_file(wanted, url, to, options, tell)?;
    Ok(Fetched { path: to.into(), present: false })
}

/// A file of a repository.
pub(crate) struct Source<'a> {
    /// Of a model; of a data set otherwise.
    pub(crate) model: bool,
    pub(crate) repo: &'a str,
    pub(crate) path: &'a str,
    pub(crate) revision: &'a str,
}

/// The folder of a repository in the Hub cache.
pub(crate) fn cached(model: bool, repo: &str, options: &Options) -> PathBuf {
    let kind = if model { "models" } else { "datasets" };
    options.cache.join(format!("{kind}--{}", repo.replace('/', "--")))
}

fn hub(wanted: &Wanted, source: &Source<'_>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Fetched> {
    if let Some(path) = here(source, options) {
        return Ok(Fetched { path, present: true });
    }
    network::check_network(options, &format!("{}/{}", source.repo, source.path))?;
    Ok(Fetched { path: network::to_cache(wanted, source, options, tell)?, present: false })
}

/// The file in the snapshot of its revision, where the cache has it: a reference names the commit of a branch or tag.
fn here(source: &Source<'_>, options: &Options) -> Option<PathBuf> {
    let &Source { model, repo, path, revision } = source;
    let folder = cached(model, repo, options);
    let commit = if is_commit(revision) { revision.to_owned() } else { fs::read_to_string(folder.join("refs").join(revision)).ok()? };
    let path = folder.join("snapshots").join(commit.trim()).join(path);
    path.is_file().then_some(path)
}
