//! A published file onto this machine: into the Hub cache that all Hugging Face programs share, or into a folder.

use std::path::Path;

use crate::{
    Event, Fetched, Options, Place, Result, Wanted,
    cache::{Source, here},
    network,
};

/// Brings one file, unless it is there. A transfer that breaks is taken up where it stopped, by this call and by any
/// later one; the file appears under its name only once it is whole and verified.
///
/// `tell` hears of bytes and waits.
///
/// # Errors
/// [`Error`](crate::Error): `Offline` where the file is not here and the network is forbidden, `NoNetwork` where it is not here and this
/// build has none; `Forbidden`, `NotFound`, `Busy`, `Interrupted`, `Protocol` as the server answers; `Digest` for other content than was
/// published; `Io`.
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

fn hub(wanted: &Wanted, source: &Source<'_>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Fetched> {
    if let Some(path) = here(source, options) {
        return Ok(Fetched { path, present: true });
    }
    network::check_network(options, &format!("{}/{}", source.repo, source.path))?;
    Ok(Fetched { path: network::to_cache(wanted, source, options, tell)?, present: false })
}
