//! The Hub cache, as all Hugging Face programs lay it out.

use std::{fs, path::PathBuf};

use crate::{Options, name::is_commit};

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

/// The file in the snapshot of its revision, where the cache has it: a reference names the commit of a branch or tag.
pub(crate) fn here(source: &Source<'_>, options: &Options) -> Option<PathBuf> {
    let &Source { model, repo, path, revision } = source;
    let folder = cached(model, repo, options);
    let commit = if is_commit(revision) { revision.to_owned() } else { fs::read_to_string(folder.join("refs").join(revision)).ok()? };
    let path = folder.join("snapshots").join(commit.trim()).join(path);
    path.is_file().then_some(path)
}
