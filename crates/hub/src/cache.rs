//! The Hub cache, as all Hugging Face programs lay it out.

use std::{
    fs,
    path::{Path, PathBuf},
};

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

/// Where the cache keeps which commit a branch or tag is.
pub(crate) fn reference(model: bool, repo: &str, revision: &str, options: &Options) -> PathBuf {
    cached(model, repo, options).join("refs").join(revision)
}

/// The commit that a reference names.
pub(crate) fn commit_of(reference: &Path) -> Option<String> {
    fs::read_to_string(reference).ok().map(|text| text.trim().to_owned()).filter(|text| is_commit(text))
}

/// The file in the snapshot of its revision, where the cache has it.
pub(crate) fn here(source: &Source<'_>, options: &Options) -> Option<PathBuf> {
    let &Source { model, repo, path, revision } = source;
    let commit = if is_commit(revision) { revision.to_owned() } else { commit_of(&reference(model, repo, revision, options))? };
    let path = cached(model, repo, options).join("snapshots").join(commit).join(path);
    path.is_file().then_some(path)
}
