//! Experiments as files: profiles, targets, the paper's numbers.

use std::path::{Path, PathBuf};

use vimae_core::catalogue::unknown_name;
use vimae_spec::{Experiment, Paper};

use crate::{Error, Result, own};

/// The paper's numbers, from the experiments folder.
///
/// # Errors
/// Where the file is absent or not of the right form.
pub fn paper(experiments: &Path) -> Result<Paper> {
    let path = experiments.join("paper/targets.toml");
    let text = std::fs::read_to_string(&path).map_err(|source| vimae_spec::Error::File { path: path.clone(), source })?;
    Ok(Paper::parse(&text, &path)?)
}

/// A set of experiments.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// `quick`, `paper`, or the stem of a file.
    pub name: String,
    /// Its experiments, by name.
    pub experiments: Vec<Experiment>,
}

impl Profile {
    /// The profile `name`: a folder of `experiments`, or the path of one experiment file.
    ///
    /// # Errors
    /// Where there is neither, or a file is not of the right form.
    pub fn load(experiments: &Path, name: &str) -> Result<Self> {
        let file = Path::new(name);
        if file.extension().is_some_and(|e| e == "toml") {
            return Self::of_file(file, &[]);
        }
        let folder = experiments.join(name);
        let mut files = Vec::new();
        find_experiments(&folder, &mut files)?;
        files.sort();
        let experiments = files.iter().map(|f| own::load(f, &[])).collect::<Result<Vec<_>>>()?;
        if experiments.is_empty() {
            return Err(Error::NoProfile { name: name.into(), folder });
        }
        Ok(Self { name: name.into(), experiments })
    }

    /// The profile of one experiment file, with `changes`, each `KEY=VALUE` with a dotted key.
    ///
    /// # Errors
    /// As [`Profile::load`].
    pub fn of_file(file: &Path, changes: &[String]) -> Result<Self> {
        Ok(Self::of(own::load(file, changes)?))
    }

    /// The profile of these objectives at their defaults on a data set, with `changes`.
    ///
    /// # Errors
    /// [`Error::Core`] for an objective or data set that does not exist, with the nearest; as [`Profile::of_file`].
    pub fn own(objectives: &[String], dataset: &str, changes: &[String]) -> Result<Self> {
        Ok(Self::of(own::own(objectives, dataset, changes)?))
    }

    fn of(experiment: Experiment) -> Self {
        Self { name: experiment.name.clone(), experiments: vec![experiment] }
    }

    /// The profile cut down to the experiments that give cells for `targets`; all of it where none is named.
    ///
    /// # Errors
    /// For a name that is no table or figure of the paper, and for one that the profile does not cover.
    pub fn only(mut self, targets: &[String], paper: &Paper) -> Result<Self> {
        for target in targets {
            if !paper.0.contains_key(target) {
                return Err(unknown_name("target", target, paper.0.keys().map(String::as_str).chain(["quick"])).into());
            }
            if !self.experiments.iter().any(|e| e.targets.contains(target)) {
                return Err(Error::NotCovered { target: target.clone(), profile: self.name.clone(), covered: self.covered() });
            }
        }
        if !targets.is_empty() {
            self.experiments.retain(|e| e.targets.iter().any(|t| targets.contains(t)));
        }
        Ok(self)
    }

    /// The paper's tables and figures that it gives cells for, in order.
    pub fn covered(&self) -> Vec<String> {
        let mut covered: Vec<String> = self.experiments.iter().flat_map(|e| e.targets.clone()).collect();
        covered.sort();
        covered.dedup();
        covered
    }
}

/// Every experiment file under `folder`; the paper's numbers beside them are none.
fn find_experiments(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let path = entry.map_err(|source| vimae_spec::Error::File { path: folder.into(), source })?.path();
        if path.is_dir() {
            find_experiments(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "toml") && path.file_name().is_some_and(|n| n != "targets.toml") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quick_and_the_paper_profile_cover_every_table_and_figure() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments");
        let all: Vec<String> = paper(&folder).unwrap().0.into_keys().collect();
        for name in ["quick", "paper"] {
            assert_eq!(Profile::load(&folder, name).unwrap().covered(), all, "{name}");
        }
        assert!(!Profile::load(&folder, "sweeps").unwrap().experiments.is_empty());
    }
}
