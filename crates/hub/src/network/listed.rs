//! What a repository holds, before it is brought.

use super::remote::Remote;
use crate::{Error, Options, RepoName, Result, config::CONFIG, is_pickle_name, run_files::MODEL};

/// The commit of a revision that holds one of ours, and no pickle.
pub(crate) fn listed(repo: &RepoName, revision: &str, options: &Options) -> Result<String> {
    let remote = Remote::new(repo, options)?;
    let url = format!("{}/{repo}", options.endpoint);
    let head = remote.head(Some(revision)).map_err(|refusal| match refusal.status {
        Some(status @ (401 | 403)) => Error::Forbidden { url: url.clone(), status },
        _ => Error::Hub { file: format!("{repo} at {revision}"), problem: refusal.problem },
    })?;
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
