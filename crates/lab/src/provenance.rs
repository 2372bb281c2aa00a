//! Where a number came from: the code's commit.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

/// The commit of the checkout at `root`, `-dirty` behind it where tracked files differ; `unknown`
/// outside a checkout.
///
/// Asked once in the life of a process: a commit that is made while it works is not the code that runs.
pub(crate) fn git_commit(root: &Path) -> String {
    static ASKED: Mutex<BTreeMap<PathBuf, String>> = Mutex::new(BTreeMap::new());
    let mut asked = ASKED.lock().unwrap_or_else(PoisonError::into_inner);
    asked.entry(root.to_path_buf()).or_insert_with(|| ask(root)).clone()
}

fn ask(root: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match git(&["rev-parse", "HEAD"]) {
        Some(commit) if git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|s| s.is_empty()) => commit,
        Some(commit) => format!("{commit}-dirty"),
        None => "unknown".into(),
    }
}
