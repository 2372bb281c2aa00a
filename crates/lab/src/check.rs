//! An experiment checked as far as that goes without its data.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    slice,
};

use vimae_core::{Error as CoreError, PixelRange, catalogue::unknown_name};
use vimae_datasets::{DATASETS, parted};
use vimae_spec::{Experiment, Paper, PaperTarget, RunSpec};

use crate::{Error, Estimator, Layout, Result, Shelf, own, resolve};

/// Reads an experiment file with what it includes and checks every run: names, settings, ranges, parts that must fit one
/// another, images that the network must take, targets that the paper must have, runs that need folders of their own. The data
/// itself is read only where nothing else says what its images are.
///
/// # Errors
/// The first mistake, with its file and method.
pub fn check_experiment(path: &Path, paper: &Paper, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Experiment> {
    let experiment = own::load(path, &[])?;
    check_targets(&experiment, paper)?;
    check_folders(slice::from_ref(&experiment))?;
    for spec in experiment.runs(1) {
        let place = format!("{}, method {}", path.display(), spec.method);
        let part = |source| Error::Part { place: place.clone(), source };
        dataset(&spec).map_err(part)?;
        resolve::check_names(&spec, &place)?;
        let shape = match estimator.cost(&spec, shelf).and_then(|_| estimator.shape(&spec.dataset, shelf)) {
            Err(Error::Core(source)) => return Err(part(source)),
            other => other?,
        };
        // No part is refused for the range of the pixels.
        resolve::check_fit(&spec, (shape, PixelRange::Unit)).map_err(part)?;
    }
    Ok(experiment)
}

/// That the paper has every target of an experiment, and on a data set that the experiment stands for: else nothing of it would be
/// held against the paper.
pub(crate) fn check_targets(experiment: &Experiment, paper: &Paper) -> Result<()> {
    let part = |source| Err(Error::Part { place: experiment.path.display().to_string(), source });
    let all: BTreeSet<&str> = paper.0.values().flat_map(datasets).collect();
    if let Some(name) = experiment.paper_dataset.as_deref().filter(|name| !all.contains(name)) {
        return part(unknown_name("paper_dataset", name, all));
    }
    let runs = experiment.runs(1);
    let stands_for: BTreeSet<&str> = match &experiment.paper_dataset {
        Some(name) => BTreeSet::from([name.as_str()]),
        None => runs.iter().map(|run| run.dataset.name.as_str()).collect(),
    };
    for name in &experiment.targets {
        let Some(target) = paper.0.get(name) else {
            return part(unknown_name("target", name, paper.0.keys().map(String::as_str)));
        };
        let of: BTreeSet<&str> = datasets(target).collect();
        if of.is_disjoint(&stands_for) {
            let words = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
            return part(CoreError::Unsupported {
                what: format!("target \"{name}\" of an experiment on {}", words(stands_for)),
                reason: format!("the paper has it of {}; name that as paper_dataset, or leave the target out", words(of)),
            });
        }
    }
    Ok(())
}

/// The data sets of a table or figure.
fn datasets(target: &PaperTarget) -> impl Iterator<Item = &str> {
    target.rows.iter().filter_map(|row| row.dataset.as_deref()).chain([target.dataset.as_str()])
}

/// That no two runs share a folder, which each call would take from one of them for the other.
pub(crate) fn check_folders(experiments: &[Experiment]) -> Result<()> {
    let mut owners: BTreeMap<PathBuf, (&Experiment, RunSpec)> = BTreeMap::new();
    for experiment in experiments {
        for spec in experiment.runs(1) {
            let folder = Layout::new("").run(&experiment.name, &spec).path().to_path_buf();
            let before = owners.insert(folder.clone(), (experiment, spec.clone()));
            if let Some((other, before)) = before.filter(|(_, before)| *before != spec) {
                let problem = format!(
                    "method {} would share the folder {} with method {} of {}; rename one of the two",
                    spec.method,
                    folder.display(),
                    before.method,
                    other.path.display()
                );
                return Err(vimae_spec::Error::Form { path: experiment.path.clone(), problem }.into());
            }
        }
    }
    Ok(())
}

fn dataset(spec: &RunSpec) -> vimae_core::Result<()> {
    DATASETS.check(parted(&spec.dataset.name).0, &spec.dataset.settings).map(drop)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::Sources;

    /// Checks an experiment on the digits with these lines at its top and these methods.
    fn checked(top: &str, methods: &str) -> Result<Experiment> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        std::fs::write(&path, format!("version = 1\n{top}\ndataset = \"digits\"\nmodel = \"mlp\"\n{methods}\n")).unwrap();
        let paper = crate::paper(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments")).unwrap();
        check_experiment(&path, &paper, &mut Estimator::new(&Device::Cpu), &mut Shelf::new(Sources::default()))
    }

    #[test]
    fn a_target_is_held_against_numbers_of_the_papers_data() {
        let vae = "[methods.vae]\nobjective = \"vae\"";
        for (top, expected) in [
            ("targets = [\"figure1\"]\npaper_dataset = \"mnits\"", "unknown paper_dataset \"mnits\" (did you mean \"mnist\"?)"),
            ("paper_dataset = \"mnits\"", "unknown paper_dataset \"mnits\""),
            ("targets = [\"figure1\"]\npaper_dataset = \"omniglot\"", "target \"figure1\" of an experiment on omniglot"),
            ("targets = [\"figure1\"]", "target \"figure1\" of an experiment on digits: the paper has it of mnist; name that"),
            ("targets = [\"figure9\"]\npaper_dataset = \"mnist\"", "unknown target \"figure9\""),
        ] {
            let message = checked(top, vae).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        }
        // Table 1 is of Omniglot, and one row of it of MNIST.
        for top in ["", "targets = [\"figure1\", \"table1\"]\npaper_dataset = \"mnist\""] {
            checked(top, vae).unwrap();
        }
    }

    #[test]
    fn methods_that_would_share_a_folder_are_named() {
        let two = |names: [&str; 2], more: &str| {
            let [one, other] = names.map(|name| format!("[methods.\"{name}\"]\nobjective = \"vae\"\n"));
            checked("", &(one + &other + more))
        };
        let message = two(["vae 200/2", "vae 200+2"], "evaluation = { labels = 0 }").unwrap_err().to_string();
        for expected in ["method vae 200/2", "method vae 200+2", "rename one of the two"] {
            assert!(message.contains(expected), "{message}");
        }
        // Another training is another folder, as is another name.
        two(["vae 200/2", "vae 200+2"], "training = { epochs = 3 }").unwrap();
        two(["vae_200_2", "vae_200+2b"], "evaluation = { labels = 0 }").unwrap();
    }
}
