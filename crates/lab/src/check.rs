//! An experiment checked as far as that goes without its data.

use std::path::Path;

use vimae_core::{PixelRange, catalogue::unknown_name};
use vimae_datasets::{DATASETS, parted};
use vimae_spec::{Experiment, Paper, RunSpec};

use crate::{Error, Estimator, Result, Shelf, own, resolve};

/// Reads an experiment file with what it includes and checks every run: names, settings, ranges, parts that must fit one
/// another, images that the network must take, targets that the paper must have. The data itself is read only where
/// nothing else says what its images are.
///
/// # Errors
/// The first mistake, with its file and method.
pub fn check_experiment(path: &Path, paper: &Paper, estimator: &mut Estimator, shelf: &mut Shelf) -> Result<Experiment> {
    let experiment = own::load(path, &[])?;
    check_targets(&experiment, paper)?;
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

/// That the paper has every target of an experiment.
pub(crate) fn check_targets(experiment: &Experiment, paper: &Paper) -> Result<()> {
    let Some(target) = experiment.targets.iter().find(|target| !paper.0.contains_key(*target)) else { return Ok(()) };
    let source = unknown_name("target", target, paper.0.keys().map(String::as_str));
    Err(Error::Part { place: experiment.path.display().to_string(), source })
}

fn dataset(spec: &RunSpec) -> vimae_core::Result<()> {
    DATASETS.check(parted(&spec.dataset.name).0, &spec.dataset.settings).map(drop)
}
