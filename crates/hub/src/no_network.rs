//! In place of `network` where the feature is left out: whatever needs the network is refused, before anything is asked or written.

use std::path::{Path, PathBuf};

use crate::{Error, Event, Options, Package, Publish, Pushed, RepoName, Result, Wanted, cache::Source};

/// Checks that the network may be used for `what`: never, in this build.
///
/// # Errors
/// [`Error::Offline`] where its use is forbidden, and [`Error::NoNetwork`].
pub fn check_network(options: &Options, what: &str) -> Result<()> {
    let file = what.to_owned();
    Err(if options.offline { Error::Offline { file } } else { Error::NoNetwork { file } })
}

pub(crate) fn to_file(_: &Wanted, _: &str, to: &Path, _: &Options, _: &mut dyn FnMut(Event)) -> Result<()> {
    Err(Error::NoNetwork { file: to.display().to_string() })
}

pub(crate) fn to_cache(_: &Wanted, source: &Source<'_>, _: &Options, _: &mut dyn FnMut(Event)) -> Result<PathBuf> {
    Err(Error::NoNetwork { file: format!("{}/{}", source.repo, source.path) })
}

pub(crate) fn content(_: &Wanted, source: &Source<'_>, _: &Options, _: &mut dyn FnMut(Event)) -> Result<()> {
    Err(Error::NoNetwork { file: format!("{}/{}", source.repo, source.path) })
}

/// What was brought was held against its digest.
pub(crate) fn check_name(_: &Path) -> Result<()> {
    Ok(())
}

pub(crate) fn dataset(repo: &RepoName, revision: &str, _: &Options) -> Result<Option<(String, Vec<String>)>> {
    Err(Error::NoNetwork { file: format!("{repo} at {revision}") })
}

pub(crate) fn listed(repo: &RepoName, revision: &str, _: &Options) -> Result<String> {
    Err(Error::NoNetwork { file: format!("{repo} at {revision}") })
}

pub(crate) fn publish(package: &Package, _: &Publish, _: &Options, _: &mut dyn FnMut(Event)) -> Result<Pushed> {
    Err(Error::NoNetwork { file: format!("{} on the Hub", package.repo()) })
}
