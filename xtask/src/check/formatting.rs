//! Whether every Rust file has the layout that rustfmt gives it. `cargo fmt` does not follow the modules that a macro
//! declares, as `catalogue!` does: rustfmt is given the files one by one.

use std::{collections::BTreeSet, path::PathBuf, process::Command};

use anyhow::{Context, Result, bail};

use super::files;
use crate::root;

/// Fails with the names of the files that rustfmt would change, and the command that changes them.
pub(super) fn check() -> Result<()> {
    let sources: Vec<PathBuf> = files(&["*.rs"])?.into_iter().filter(|file| root().join(file).is_file()).collect();
    if sources.is_empty() {
        bail!("git lists no Rust file in {}", root().display());
    }
    let output = Command::new("rustfmt")
        .args(["--check", "--files-with-diff"])
        .args(&sources)
        .current_dir(root())
        .output()
        .context("cannot start rustfmt (rustup component add rustfmt)")?;
    let found = String::from_utf8_lossy(&output.stdout);
    // A file is named once more for every file that declares it as a module.
    let wrong: BTreeSet<&str> = found.lines().collect();
    if !wrong.is_empty() {
        let list = wrong.into_iter().collect::<Vec<_>>().join("\n    ");
        bail!("not formatted:\n    {list}\nformat with: git ls-files -z '*.rs' | xargs -0 rustfmt");
    }
    if !output.status.success() {
        bail!("rustfmt failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
