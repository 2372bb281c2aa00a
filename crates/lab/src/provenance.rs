//! Where a number came from: the code's commit.

use std::{path::Path, process::Command};

/// The commit of the checkout at `root`, `-dirty` behind it where tracked files differ; `unknown`
/// outside a checkout.
pub(crate) fn git_commit(root: &Path) -> String {
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
