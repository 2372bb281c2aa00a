//! One file from the network, into its place.

use std::path::{Path, PathBuf};

use hf_hub::HFClient;

use super::{
    git::is_git,
    part::{Expected, Part},
    transfer::Connection,
    words::without_queries,
};
use crate::{
    Error, Event, Options, Result, Wanted,
    cache::{Source, cached},
};

/// Brings a file from `url` to `to`.
///
/// # Errors
/// As [`fetch`](crate::fetch()).
pub(crate) fn to_file(wanted: &Wanted, url: &str, to: &Path, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<()> {
    let mut part = Part::open(PathBuf::from(format!("{}.part", to.display())))?;
    // Another process may have brought it while this one waited for the lock.
    if to.exists() {
        return part.discard();
    }
    Connection::new(options)?.transfer(url, &mut part, tell, None)?;
    part.finish(to, &Expected { sha256: wanted.sha256.as_deref(), md5: wanted.md5.as_deref(), git: None })
}

impl Source<'_> {
    fn url(&self, endpoint: &str) -> String {
        let kind = if self.model { "" } else { "datasets/" };
        // What would end the path of an address, or begin an escape in it.
        let path = self.path.replace('%', "%25").replace('?', "%3F").replace('#', "%23");
        format!("{endpoint}/{kind}{}/resolve/{}/{path}", self.repo, self.revision.replace('/', "%2F"))
    }
}

/// Brings a file of the Hub into its cache, and gives its place there.
///
/// # Errors
/// As [`fetch`](crate::fetch()).
pub(crate) fn to_cache(wanted: &Wanted, source: &Source<'_>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<PathBuf> {
    content(wanted, source, options, tell)?;
    link(source, options)
}

/// Brings the content of a file of the Hub into its cache, where no snapshot has it yet.
///
/// # Errors
/// As [`fetch`](crate::fetch()).
pub(crate) fn content(wanted: &Wanted, source: &Source<'_>, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<()> {
    let &Source { model, repo, .. } = source;
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
            // The Hub names large files by their SHA-256, and small ones by git's digest.
            let named = (etag.len() == 64).then_some(etag.as_str());
            let (sha256, md5) = (wanted.sha256.as_deref().or(named), wanted.md5.as_deref());
            let git = Some(etag.as_str()).filter(|etag| sha256.is_none() && md5.is_none() && is_git(etag));
            part.finish(&blob, &Expected { sha256, md5, git })?;
        }
    }
    Ok(())
}

/// The file in the snapshot of its revision. The Hub's library keeps the cache's books: it finds the content among
/// the blobs, and makes snapshot and reference.
fn link(source: &Source<'_>, options: &Options) -> Result<PathBuf> {
    let &Source { model, repo, path, revision } = source;
    let wrong = |e: hf_hub::HFError| Error::Hub { file: format!("{repo}/{path}"), problem: without_queries(&e.to_string()) };
    let mut client = HFClient::builder().endpoint(&options.endpoint).cache_dir(&options.cache);
    if let Some(token) = &options.token {
        client = client.token(token.secret());
    }
    let client = client.build_sync().map_err(wrong)?;
    let (owner, name) = repo.split_once('/').unwrap_or(("", repo));
    let found = if model {
        client.model(owner, name).download_file().filename(path).revision(revision).send()
    } else {
        client.dataset(owner, name).download_file().filename(path).revision(revision).send()
    };
    found.map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_ends_behind_the_whole_path() {
        let source = Source { model: false, repo: "o/n", path: "a/50%?#1.parquet", revision: "refs/pr/1" };
        assert_eq!(source.url("https://hub"), "https://hub/datasets/o/n/resolve/refs%2Fpr%2F1/a/50%25%3F%231.parquet");
    }
}
