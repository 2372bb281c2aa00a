//! What a repository holds, before it is brought.

use super::remote::{Refusal, Remote};
use crate::{Error, Options, RepoName, Result, config::CONFIG, is_pickle_name, run_files::MODEL};

/// The commit of a revision that holds one of ours, and no pickle.
pub(crate) fn listed(repo: &RepoName, revision: &str, options: &Options) -> Result<String> {
    let remote = Remote::new(repo, options)?;
    let url = format!("{}/{repo}", options.endpoint);
    let head = remote.head(Some(revision)).map_err(|refusal| refused(refusal, &url, repo, revision))?;
    let head = head
        .ok_or_else(|| Error::no_model(&url, format!("there is no model repository with a revision {revision}, or you may not see it")))?;
    if let Some(file) = head.files.iter().find(|file| is_pickle_name(file)) {
        return Err(Error::Pickle { place: repo.to_string(), file: file.clone() });
    }
    for needed in [CONFIG, MODEL] {
        if !head.files.iter().any(|file| file == needed) {
            return Err(Error::no_model(&url, format!("holds no {needed}: it was not published by `hub push`")));
        }
    }
    Ok(head.commit)
}

/// The commit of a revision of a data set, and the names of its files; none where there is no such repository or revision.
pub(crate) fn dataset(repo: &RepoName, revision: &str, options: &Options) -> Result<Option<(String, Vec<String>)>> {
    let remote = Remote::new(repo, options)?;
    let url = format!("{}/datasets/{repo}", options.endpoint);
    let head = remote.dataset(revision).map_err(|refusal| refused(refusal, &url, repo, revision))?;
    Ok(head.map(|head| (head.commit, head.files)))
}

/// The error of a repository that the Hub does not show.
fn refused(refusal: Refusal, url: &str, repo: &RepoName, revision: &str) -> Error {
    match refusal.status {
        Some(status @ (401 | 403)) => Error::Forbidden { url: url.into(), status },
        _ => Error::Hub { file: format!("{repo} at {revision}"), problem: refusal.problem },
    }
}
