//! Finished runs that the repository keeps: another machine made them, and this one need not make them again.

use std::{fs, path::Path};

use vimae_spec::RunSpec;

use super::plan::Node;
use crate::{
    Error, Layout, Result, RunFolder,
    record::{Found, damaged_files},
};

/// Where a checkout keeps the runs of a profile.
pub(crate) fn layout(root: &Path, profile: &str) -> Layout {
    Layout::new(root.join("experiments/results").join(profile).join("runs"))
}

/// Whether the run of `node` in `folder` is a copy of one that is kept: it has its record, and nothing that training here leaves.
pub(crate) fn is_copy(kept: &Layout, node: &Node, folder: &RunFolder) -> bool {
    let record = |folder: &RunFolder| fs::read(folder.record()).ok();
    let from = RunFolder::at(kept.root().join(&node.folder));
    !folder.model().exists() && !folder.has_checkpoint() && record(&from).is_some_and(|kept| record(folder) == Some(kept))
}

/// Copies the kept run of `spec` on the data with this digest into `folder`, where there is one that counts. Its weights are
/// not among the files that are kept; neither are images that may not be passed on.
///
/// # Errors
/// [`Error::Record`] where a file cannot be copied.
pub(super) fn take_over(kept: &Layout, experiment: &str, spec: &RunSpec, data_sha256: &str, folder: &RunFolder) -> Result<bool> {
    let from = kept.run(experiment, spec);
    let Found::Same(record) = Found::of(spec, data_sha256, &from) else { return Ok(false) };
    if let Some((path, problem)) = damaged_files(&from, &record).into_iter().find(|(path, _)| path.exists()) {
        tracing::warn!("{} {problem}; the run is made again", path.display());
        return Ok(false);
    }
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |error: std::io::Error| Error::Record { path, problem: error.to_string() }
    };
    let to = folder.path();
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    let part = to.with_file_name(format!(".{name}.{}.part", std::process::id()));
    fs::create_dir_all(&part).map_err(failed(&part))?;
    for entry in fs::read_dir(from.path()).map_err(failed(from.path()))? {
        let entry = entry.map_err(failed(from.path()))?;
        fs::copy(entry.path(), part.join(entry.file_name())).map_err(failed(&entry.path()))?;
    }
    fs::rename(&part, to).map_err(failed(to))?;
    tracing::info!("{experiment} {} seed {}: taken over from {}", spec.method, spec.seed, from.path().display());
    Ok(true)
}
