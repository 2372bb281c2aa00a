//! A published file onto this machine: into the Hub cache that all Hugging Face programs share, or into a folder.

use std::path::{Path, PathBuf};

use hf_hub::HFClient;

use crate::{
    Error, Options, Result,
    error::without_queries,
    part::Part,
    transfer::{Connection, Event},
};

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
/// [`Error::Offline`] where the file is not here and the network is forbidden; [`Error::Forbidden`],
/// [`Error::NotFound`], [`Error::Busy`], [`Error::Interrupted`], [`Error::Protocol`] as the server answers;
/// [`Error::Digest`] for other content than was published; [`Error::Io`].
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
    if options.offline {
        return Err(Error::Offline { file: to.display().to_string() });
    }
    let mut part = Part::open(PathBuf::from(format!("{}.part", to.display())))?;
    // Another process may have brought it while this one waited for the lock.
    if to.exists() {
        part.discard()?;
    } else {
        Connection::new(options)?.transfer(url, &mut part, tell, None)?;
        part.finish(to, wanted.sha256.as_deref(), wanted.md5.as_deref())?;
    }
    Ok(Fetched { path: to.into(), present: false })
}

/// A file of a repository.
struct Source<'a> {
    /// Of a model; of a data set otherwise.
    model: bool,
    repo: &'a str,
    path: &'a str,
    revision: &'a str,
}

impl Source<'_> {
    fn url(&self, endpoint: &str) -> String {
        let kind = if self.model { "" } else { "datasets/" };
        format!("{endpoint}/{kind}{}/resolve/{}/{}", self.repo, self.revision.replace('/', "%2F"), self.path)
    }
}

/// The folder of a repository in the Hub cache.
pub(crate) fn cached(model: bool, repo: &str, options: &Options) -> PathBuf {
    let kind = if model { "models" } else { "datasets" };
    options.cache.join(format!("{kind}--{}", repo.replace('/', "--")))
}

fn hub(wanted: &Wanted, source: &Source<'_>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Fetched> {
    if let Some(path) = link(source, options, true)? {
        return Ok(Fetched { path, present: true });
    }
    let &Source { model, repo, path, .. } = source;
    if options.offline {
        return Err(Error::Offline { file: format!("{repo}/{path}") });
    }
    let url = source.url(&options.endpoint);
    let mut connection = Connection::new(options)?;
    let about = connection.about(&url, tell)?;
    let etag = about.etag.filter(|e| e.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
    let etag = etag.ok_or_else(|| Error::Protocol { url: url.clone(), problem: "the Hub does not name the content".into() })?;
    let blob = cached(model, repo, options).join("blobs").join(&etag);
    if !blob.exists() {
        let mut part = Part::open(PathBuf::from(format!("{}.incomplete", blob.display())))?;
        if blob.exists() {
            part.discard()?;
        } else {
            connection.transfer(&url, &mut part, tell, about.size)?;
            // The Hub names large files by their SHA-256.
            let named = (etag.len() == 64).then_some(etag.as_str());
            part.finish(&blob, wanted.sha256.as_deref().or(named), wanted.md5.as_deref())?;
        }
    }
    let path = link(source, options, false)?;
    let path = path.ok_or_else(|| Error::Hub { file: blob.display().to_string(), problem: "has no place in the cache".into() })?;
    Ok(Fetched { path, present: false })
}

/// The file in the snapshot of its revision. The Hub's library keeps the cache's books: it finds the content among
/// the blobs, and makes snapshot and reference. `local` asks for what is there already, without the network.
fn link(source: &Source<'_>, options: &Options, local: bool) -> Result<Option<PathBuf>> {
    let &Source { model, repo, path, revision } = source;
    let wrong = |e: hf_hub::HFError| Error::Hub { file: format!("{repo}/{path}"), problem: without_queries(&e.to_string()) };
    let mut client = HFClient::builder().endpoint(&options.endpoint).cache_dir(&options.cache);
    if let Some(token) = &options.token {
        client = client.token(token.secret());
    }
    let client = client.build_sync().map_err(wrong)?;
    let (owner, name) = repo.split_once('/').unwrap_or(("", repo));
    let found = if model {
        let repository = client.model(owner, name);
        repository.download_file().filename(path).revision(revision).local_files_only(local).send()
    } else {
        let repository = client.dataset(owner, name);
        repository.download_file().filename(path).revision(revision).local_files_only(local).send()
    };
    match found {
        Ok(path) => Ok(Some(path)),
        Err(_) if local => Ok(None),
        Err(error) => Err(wrong(error)),
    }
}
